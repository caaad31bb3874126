// Members and streams: figures with intervals, coverage, ties, constant classes, and how alike they err.
import { forestPlot, heatMap } from "./charts.js";
import { el, picture, responsive } from "./dom.js";
import { bounds, fixed, percent } from "./numbers.js";
import { plainTable } from "./tables.js";

export function membersSection(data, tones) {
  const macro = data.measured && macroPicture(data, tones), alike = data.correlation && likeness(data.correlation);
  const beside = macro && alike && data.correlation.names.length <= 8; // more squares need the whole width for their numbers
  return [streamTable(data, tones), beside ? el("div", { class: "beside" }, macro, alike) : [macro, alike], dullClasses(data)];
}

function streamTable(data, tones) {
  const measured = data.streams.some((s) => s.macro !== null), folds = data.streams.some((s) => s.fold_mean !== null);
  const columns = [
    { label: "stream", cell: (s) => [el("span", { class: `key ${tones[s.name]}`, "aria-hidden": "true" }), s.name] },
    { label: "role", cell: (s) => s.role },
    ...(measured ? [
      { label: "macro-AUC", numeric: true, cell: (s) => bounds(s.macro, fixed, 4) },
      ...(folds ? [{ label: "mean of folds", numeric: true, cell: (s) => fixed(s.fold_mean) }] : []),
      { label: "tied pairs", numeric: true, cell: (s) => percent(s.ties, 2) },
    ] : []),
    { label: "space", cell: (s) => s.space },
    { label: "covered", numeric: true, cell: (s) => `${s.covered} of ${data.classes}` },
    { label: "constant", numeric: true, cell: (s) => s.constant.length },
    ...(data.streams.some((s) => s.kind !== "unknown") ? [{ label: "scores are", cell: (s) => s.kind }] : []),
  ];
  const scope = data.measured ? `, on ${data.measured.labelled} labelled chunks` : "";
  return plainTable(`Members and streams${scope}`, columns, data.streams, { class: "streams" });
}

function macroPicture(data, tones) {
  const lines = data.streams.filter((s) => s.macro && s.macro.estimate !== null)
    .map((s) => ({ name: s.name, ...s.macro, tone: tones[s.name], note: s.role }));
  if (lines.length < 2) return null;
  const summary = `Macro-AUC of ${lines.length} streams with intervals: ${lines.map((l) => `${l.name} ${fixed(l.estimate)}`).join(", ")}.`;
  return picture(`Macro-AUC with ${Math.round(100 * data.measured.level)} % intervals; recordings are redrawn as a whole`,
    responsive(forestPlot(lines, { zero: null, label: "macro-AUC", form: fixed, summary })));
}

function likeness(c) {
  const off = c.values.flatMap((line, i) => line.filter((v, j) => j < i && v !== null));
  const summary = `Correlation of errors between ${c.names.length} members, from ${fixed(Math.min(...off), 2)} to ${fixed(Math.max(...off), 2)}.`;
  const table = plainTable("Correlation of errors", [{ label: "", cell: (i) => c.names[i] },
    ...c.names.map((n, j) => ({ label: n, numeric: true, cell: (i) => fixed(c.values[i][j], 4) }))], c.names.map((_, i) => i));
  return picture(`How alike members err: correlation of ranks among chunks of the same truth, mean of ${c.classes} classes. Low values promise more of a blend.`,
    responsive(heatMap(c.names, c.values, { summary })), table);
}

function dullClasses(data) {
  const dull = data.streams.filter((s) => s.constant.length || s.nearly.length);
  if (!dull.length) return null;
  return el("details", { class: "notes" }, el("summary", null, `Classes that are constant, or nearly, in ${dull.length} streams`),
    el("dl", null, dull.map((s) => [el("dt", null, s.name),
      s.constant.length > 0 && el("dd", null, `constant: ${s.constant.join(", ")}`), s.nearly.length > 0 && el("dd", null, `one value in 99 of 100 chunks: ${s.nearly.join(", ")}`)])));
}
