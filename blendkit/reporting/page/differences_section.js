// Paired differences, what each part contributes, and the share of a member.
import { forestPlot, waterfall } from "./charts.js";
import { el, picture, responsive } from "./dom.js";
import { bounds, fixed, signed } from "./numbers.js";
import { shareSlider } from "./share_slider.js";
import { plainTable } from "./tables.js";

function toneOf(b) {
  return b.low === null ? "" : b.low > 0 ? "up" : b.high < 0 ? "down" : "even";
}

function changeColumns(first, label) {
  return [{ label: first, cell: (l) => l.name }, { label, numeric: true, cell: (l) => bounds(l, signed, 6) },
    { label: "p", numeric: true, cell: (l) => fixed(l.p, 4) }, { label: "p (Holm)", numeric: true, cell: (l) => fixed(l.holm, 4) }];
}

export function forestSection(data, tones) {
  const lines = data.streams.filter((s) => s.change).map((s) => ({ name: s.name, ...s.change, tone: tones[s.name] }));
  const summary = `Differences to ${data.main}: ${lines.map((l) => `${l.name} ${signed(l.estimate)}`).join(", ")}.`;
  return [picture(`Each stream minus ${data.main}, with ${Math.round(100 * data.measured.level)} % intervals: paired on the same redrawn recordings`,
    responsive(forestPlot(lines, { label: `macro-AUC minus that of ${data.main}`, summary })),
    plainTable("Paired differences", changeColumns("stream", `minus ${data.main}`), lines))];
}

export function ablationSection(data) {
  const a = data.ablation;
  if (a.why_not) return [el("p", null, `Not measured: ${a.why_not}.`)];
  // what a part contributes is what is lost without it
  const lines = a.lines.map((l) => ({ name: l.name, estimate: -l.change.estimate, low: l.change.high === null ? null : -l.change.high,
    high: l.change.low === null ? null : -l.change.low, p: l.change.p, holm: l.change.holm })).sort((x, y) => y.estimate - x.estimate)
    .map((l) => ({ ...l, tone: toneOf(l) }));
  const summary = `What each part contributes to ${data.main}: ${lines.map((l) => `${l.name} ${signed(l.estimate)}`).join(", ")}.`;
  const fall = a.fall ?? [];
  const needed = Object.entries(a.needed);
  return [picture(`What is lost without each part of the recipe (whole: ${fixed(a.whole)})`,
    responsive(forestPlot(lines, { label: "macro-AUC of the whole minus that without the part", summary, bars: true })),
    plainTable("What each part contributes", changeColumns("part", "contribution"), lines)),
  fall.length > 1 && fallPicture(fall, data),
  needed.length > 0 && el("p", { class: "quiet" }, `Cannot be left out: ${needed.map(([n, why]) => `${n} (${why})`).join("; ")}.`)];
}

// Members removed one after the other, those that cost least alone first.
function fallPicture(fall, data) {
  const last = fall.at(-1), name = (f, i) => (i === 0 ? "all members" : `without ${f.member}`);
  const rows = fall.map((f, i) => ({ ...f, name: name(f, i), from: i === 0 ? f.macro.estimate : fall[i - 1].macro.estimate, tone: f.change ? toneOf(f.change) : "" }));
  const summary = `Members removed one after the other: ${rows.map((r) => `${r.name} ${fixed(r.macro.estimate)}`).join(", ")}.`;
  return picture(`Members removed one after the other, those that cost least alone first, until ${last.left === 1 ? "one is" : `${last.left} are`} left; each bar is one removal, with the ${Math.round(100 * data.measured.level)} % interval of its change`,
    responsive(waterfall(rows, { summary })),
    plainTable("Members removed one after the other", [{ label: "removed", cell: (r) => r.member || "none" }, { label: "left", numeric: true, cell: (r) => r.left },
      { label: "macro-AUC", numeric: true, cell: (r) => bounds(r.macro, fixed, 6) }, { label: "change", numeric: true, cell: (r) => (r.change ? bounds(r.change, signed, 6) : "") },
      { label: "p", numeric: true, cell: (r) => (r.change ? fixed(r.change.p, 4) : "") }], rows));
}

export function shareSection(data, workerText) {
  const s = data.shares;
  if (!s.paths.length) return [el("p", null, `A share of ${s.blend} has no exact path: ${s.why_not}.`)];
  return [shareSlider(s, workerText)];
}
