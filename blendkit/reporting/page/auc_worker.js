// Counts in a thread of its own, so that the page never waits. Messages: {load: {a, b, truth, n}} and {k, whole, id}.
import { macroAuc } from "./auc.js";

let held = null;
self.onmessage = ({ data }) => {
  if (data.load) {
    held = data.load;
    return;
  }
  const began = performance.now();
  const found = macroAuc(held.a, held.b, held.truth, held.n, data.k, data.whole);
  self.postMessage({ id: data.id, k: data.k, macro: found.macro, perClass: found.perClass, ms: performance.now() - began });
};
