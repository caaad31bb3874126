// Both halves of the recordings, counted in this page while a share is dragged: exact, and always together.
import { unpack } from "./packed.js";

export const WHOLE = 1000;

function worker(arrays, told) {
  const own = new Worker(new URL("./auc_worker.js", import.meta.url), { type: "module" });
  own.onmessage = ({ data }) => told(data);
  return Promise.all([unpack(arrays.a), unpack(arrays.b), unpack(arrays.truth)]).then(([a, b, truth]) => {
    own.postMessage({ load: { a, b, truth, n: arrays.truth.shape[0] } });
    return own;
  });
}

// sides: {looked: {arrays}, held: {arrays}}; told(k, {looked, held}): the figures at share k / 1000, of the latest k only.
async function arraysCounter(sides, told) {
  const names = Object.keys(sides), found = new Map();
  let busy = null, next = null, workers = [];
  const send = () => {
    if (busy !== null || next === null) return;
    [busy, next] = [next, null];
    found.clear();
    workers.forEach((w) => w.postMessage({ k: busy, whole: WHOLE, id: busy }));
  };
  const came = (name) => (data) => {
    found.set(name, data.macro);
    if (found.size < names.length) return;
    const k = busy;
    busy = null;
    told(k, Object.fromEntries(found));
    send();
  };
  workers = await Promise.all(names.map((n) => worker(sides[n].arrays, came(n))));
  return { ask: (k) => { next = k; send(); }, end: () => workers.forEach((w) => w.terminate()) };
}

export function counterOf(found, told) {
  return arraysCounter(Object.fromEntries(["looked", "held"].filter((n) => found[n]).map((n) => [n, found[n]])), told);
}
