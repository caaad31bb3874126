// The share of a member, moved by hand: the exact macro-AUC is counted anew for every share, in a thread of its own.
import { sharePathChart } from "./charts.js";
import { el, responsive } from "./dom.js";
import { fixed, signed } from "./numbers.js";
import { unpack } from "./packed.js";
import { plainTable } from "./tables.js";

const WHOLE = 1000;

// A counter of one path: ask(k) calls told({k, macro}) later, and only for the latest k that was asked.
export function counterOf(path, truth, workerText, told) {
  const url = URL.createObjectURL(new Blob([workerText], { type: "text/javascript" })), worker = new Worker(url);
  let busy = false, next = null, ready = false;
  const send = () => {
    if (busy || next === null || !ready) return;
    worker.postMessage({ k: next, whole: WHOLE, id: next });
    busy = true;
    next = null;
  };
  worker.onmessage = ({ data }) => {
    busy = false;
    told(data);
    send();
  };
  Promise.all([unpack(path.a), unpack(path.b), unpack(truth)]).then(([a, b, y]) => {
    worker.postMessage({ load: { a, b, truth: y, n: truth.shape[0] } });
    URL.revokeObjectURL(url);
    ready = true;
    send();
  });
  return { ask: (k) => { next = k; send(); }, end: () => worker.terminate() };
}

// The point of the embedded path that is nearest to a share.
function nearest(path, share) {
  let at = 0;
  path.shares.forEach((s, i) => { if (Math.abs(s - share) < Math.abs(path.shares[at] - share)) at = i; });
  return { share: path.shares[at], macro: path.macro[at] };
}

export function shareSlider(shares, workerText) {
  let path = shares.paths[0], mark = null, counter = null;
  const input = el("input", { type: "range", min: 0, max: WHOLE, step: 1, id: "share-input", "aria-describedby": "share-said" });
  const said = el("output", { id: "share-said", for: "share-input" }), note = el("p", { class: "quiet" });
  const chart = responsive((width) => sharePathChart(path, { member: path.member, blend: shares.blend, marked: () => mark })(width));
  const beside = el("div");
  const tell = (found) => {
    mark = found;
    said.dataset.share = found.share;
    said.dataset.macro = found.macro ?? "";
    said.textContent = `share ${found.share.toFixed(3)}: macro-AUC ${fixed(found.macro, 6)}, ${signed(found.macro === null ? null : found.macro - path.current_macro, 6)} against the recipe`;
    input.setAttribute("aria-valuetext", said.textContent);
    chart.redraw();
  };
  const move = () => {
    const share = Number(input.value) / WHOLE;
    if (counter) counter.ask(Number(input.value)); else tell(nearest(path, share));
  };
  input.addEventListener("input", move);
  const choose = (member) => {
    counter?.end();
    path = shares.paths.find((p) => p.member === member);
    counter = path.a ? counterOf(path, shares.truth, workerText, (d) => tell({ share: d.k / WHOLE, macro: d.macro })) : null;
    input.value = Math.round(path.current * WHOLE);
    note.textContent = counter ? "Every share is counted exactly in this page, over all pairs of chunks, ties as half." : path.shares.length > WHOLE ? "Every thousandth was counted exactly when this report was made." : "The page has no room for the scores of this member: the slider moves along the exact path that is embedded.";
    beside.replaceChildren(...besidePath(path));
    tell({ share: path.current, macro: path.current_macro });
  };
  const select = el("select", { id: "member", on: { change: () => choose(select.value) } }, shares.paths.map((p) => el("option", { value: p.member }, p.member)));
  const controls = el("div", { class: "controls" }, shares.paths.length > 1 && el("label", null, "Member ", select), el("label", { class: "wide" }, "Share ", input), said);
  choose(path.member);
  return el("figure", { class: "picture", id: "slider" }, el("figcaption", null, "Macro-AUC along the share of one member; the others keep their ratio"), chart, controls, note, beside);
}

// Of the shares that were redrawn, those that cannot be told from the best; what lies between them and the next is open.
function alikeText({ shares, alike }) {
  const low = Math.min(...alike), high = Math.max(...alike);
  const beside = [shares.filter((s) => s < low).at(-1), shares.find((s) => s > high)].filter((s) => s !== undefined);
  const next = beside.length ? `; ${beside.join(" and ")}, the next on either side, can` : "";
  return low < high ? `Of the ${shares.length} shares that were redrawn, those from ${low} to ${high} (shaded) cannot be told from the best${next}.`
    : `Every other of the ${shares.length} shares that were redrawn is worse than the best, ${low}.`;
}

function besidePath(path) {
  const band = path.band, words = [`Best at share ${path.best}: ${fixed(path.best_macro, 6)}, ${signed(path.best_macro - path.current_macro, 6)} against the recipe. The same labels chose this share: in-sample.`];
  if (band) words.push(`${alikeText(band)} The light band is the interval.`);
  const rows = path.shares.map((s, i) => ({ share: s, macro: path.macro[i] })).filter((r, i, all) => i % Math.max(1, Math.floor(all.length / 20)) === 0);
  return [
    ...words.map((t) => el("p", null, t)),
    path.jumps.length > 0 && plainTable(`Classes whose AUC changes most along the share of ${path.member}`, [
      { label: "class", cell: (j) => j.class_id }, { label: "lowest AUC", numeric: true, cell: (j) => fixed(j.low) },
      { label: "highest AUC", numeric: true, cell: (j) => fixed(j.high) }, { label: "at the first step", numeric: true, cell: (j) => signed(j.first) }, { label: "at the last step", numeric: true, cell: (j) => signed(j.last) }], path.jumps),
    el("details", { class: "data" }, el("summary", null, "The path as a table"), plainTable("Macro-AUC along the path", [
      { label: "share", numeric: true, cell: (r) => r.share }, { label: "macro-AUC", numeric: true, cell: (r) => fixed(r.macro, 6) }], rows)),
  ].filter(Boolean);
}
