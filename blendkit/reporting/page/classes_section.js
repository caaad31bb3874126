// Every class: a dumbbell of all streams, sorted and filtered, and its curves on a click.
import { dumbbell, lowestTick, unitChart } from "./charts.js";
import { el, responsive } from "./dom.js";
import { fixed, percent, signed } from "./numbers.js";
import { unpack } from "./packed.js";
import { sortedTable } from "./tables.js";

export function classesSection(data, tones) {
  const c = data.by_class, main = data.main, shown = Object.keys(c.curves), rival = shown.find((n) => n !== main);
  const names = Object.keys(c.auc), low = lowestTick(names.flatMap((n) => c.auc[n]));
  const detail = el("div", { class: "detail", "aria-live": "polite" });
  const rows = c.ids.map((id, i) => ({ id, i, name: c.names[i], group: c.groups[i], positives: c.positives[i],
    auc: Object.fromEntries(names.map((n) => [n, c.auc[n][i]])), gain: rival && c.auc[main][i] !== null && c.auc[rival][i] !== null ? c.auc[main][i] - c.auc[rival][i] : null }));
  const columns = [
    { key: "id", label: "class", value: (r) => r.id, cell: (r) => el("button", { type: "button", class: "link", on: { click: () => openClass(detail, data, r, tones) } }, r.id) },
    ...(c.names.some(Boolean) ? [{ key: "name", label: "name", value: (r) => r.name, cell: (r) => r.name }] : []),
    { key: "positives", label: "positives", numeric: true, value: (r) => r.positives, cell: (r) => r.positives },
    { key: "auc", label: `AUC of ${main}`, numeric: true, value: (r) => r.auc[main], cell: (r) => fixed(r.auc[main]) },
    ...(rival ? [{ key: "gain", label: `\u2212 ${rival}`, title: `AUC of ${main} minus that of ${rival}`, numeric: true, value: (r) => r.gain, cell: (r) => signed(r.gain) }] : []),
    { key: "ap", label: "AP", numeric: true, value: (r) => c.ap[main][r.i], cell: (r) => fixed(c.ap[main][r.i], 3) },
    { key: "bells", label: `all streams, ${fixed(low, 2)} to 1`, cell: (r) => dumbbell(r.auc, main, tones, low) },
  ];
  const groups = [...new Set(c.groups)].filter(Boolean).sort();
  const filters = [{ label: "Find ", text: (r) => `${r.id} ${r.name}` }, ...(groups.length > 1 ? [{ label: "Group ", choices: groups, choice: (r) => r.group }] : [])];
  return [legend(names, main, tones),
    sortedTable("Classes with positives and negatives; a click on a class draws its curves", columns, rows, { sort: "auc", filters, page: 25 }), detail];
}

function legend(names, main, tones) {
  return el("p", { class: "legend" }, names.map((n) => el("span", null, el("span", { class: `key ${n === main ? "full" : "ring"} ${tones[n]}`, "aria-hidden": "true" }), n)));
}

const opened = new Map();
async function countsOf(curves) {
  if (!opened.has(curves)) opened.set(curves, Promise.all([unpack(curves.found), unpack(curves.retrieved), curves.scores ? unpack(curves.scores) : null]));
  return opened.get(curves);
}

async function openClass(detail, data, row, tones) {
  const c = data.by_class, curves = [];
  detail.dataset.class = row.id;
  for (const [name, own] of Object.entries(c.curves)) {
    const [found, retrieved, scores] = await countsOf(own), points = [], cuts = [];
    for (let k = own.offsets[row.i]; k < own.offsets[row.i + 1]; k++) {
      points.push([found[k] / c.positives[row.i], found[k] / retrieved[k]]);
      cuts.push({ found: found[k], retrieved: retrieved[k], score: scores?.[k] });
    }
    curves.push({ name, tone: tones[name], points, cuts });
  }
  if (detail.dataset.class !== row.id) return; // another class was opened meanwhile
  const baseline = c.positives[row.i] / c.labelled;
  const summary = `Precision and recall for ${row.id}: ${curves.map((k) => `${k.name} average precision ${fixed(c.ap[k.name][row.i], 3)}`).join(", ")}; chance is ${fixed(baseline, 3)}.`;
  const parts = [el("figure", { class: "picture" }, el("figcaption", null, `Precision and recall, ${row.positives} of ${c.labelled} chunks; dashed: chance (${percent(baseline, 1)})`),
    thresholdPicker(curves, data.main, c.positives[row.i], { summary, baseline }), legend(curves.map((k) => k.name), data.main, tones)), reliable(data, row, tones)];
  const title = el("h3", { tabindex: -1 }, row.name ? `${row.id}, ${row.name}` : row.id);
  detail.replaceChildren(title, figuresOf(data, row), el("div", { class: "pair" }, parts.filter(Boolean)));
  title.focus();
  detail.scrollIntoView({ block: "nearest" });
}

// A threshold, moved by hand along the scores of the output: what it retrieves, counted exactly.
function thresholdPicker(curves, main, positives, { summary, baseline }) {
  const own = curves.find((k) => k.name === main), f1 = own.cuts.map((t) => (2 * t.found) / (positives + t.retrieved));
  let at = f1.indexOf(Math.max(...f1));
  const chart = responsive((width) => unitChart([...curves, { name: "threshold", tone: "picked", points: [own.points[at]], dots: true }], { x: "recall", y: "precision", summary, baseline })(width));
  const said = el("output", { class: "picked-said" });
  const tell = () => {
    const t = own.cuts[at];
    said.textContent = `score ${t.score.toPrecision(6)} and above: ${t.retrieved} chunks, ${t.found} of ${positives} positives; precision ${fixed(t.found / t.retrieved, 3)}, recall ${fixed(t.found / positives, 3)}, F1 ${fixed(f1[at], 3)}`;
    Object.assign(said.dataset, { score: t.score, found: t.found, retrieved: t.retrieved });
    chart.redraw();
  };
  const input = el("input", { type: "range", min: 0, max: own.cuts.length - 1, value: at, "aria-label": `threshold of ${main}`, on: { input: () => { at = Number(input.value); tell(); } } });
  tell();
  return [chart, el("label", { class: "wide" }, `Threshold of ${main}`, input), said,
    el("p", { class: "quiet" }, `It starts where F1 is highest on these labels, which is in-sample; blendkit detect chooses thresholds on recordings held out.`)];
}

function figuresOf(data, row) {
  return el("p", null, Object.entries(row.auc).map(([n, v]) => `${n} ${fixed(v, 6)}`).join(" \u00b7 "));
}

function reliable(data, row, tones) {
  const tables = Object.entries(data.by_class.reliability);
  if (!tables.length) return null;
  const curves = tables.map(([name, t]) => ({ name, tone: tones[name], dots: true,
    points: t.count[row.i].flatMap((n, b) => (n ? [[t.predicted[row.i][b], t.observed[row.i][b]]] : [])) }));
  const summary = `Reliability for ${row.id}: ${tables.map(([n, t]) => `${n} expected calibration error ${fixed(t.ece[row.i], 3)}`).join(", ")}.`;
  return el("figure", { class: "picture" }, el("figcaption", null, `Reliability in ten bins; dashed: as predicted. ${tables.map(([n, t]) => `${n}: ECE ${fixed(t.ece[row.i], 3)}`).join("; ")}`),
    responsive(unitChart(curves, { x: "predicted", y: "observed", summary, diagonal: true })));
}
