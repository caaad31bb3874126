// Detections and activity: thresholds with what they are worth, and when and where classes are detected.
import { cutText, el, picture, responsive, svg } from "./dom.js";
import { NONE, fixed, percent } from "./numbers.js";
import { drawing, roomFor } from "./scales.js";
import { plainTable, sortedTable } from "./tables.js";

const FEW = 8; // hours, dates or sites, which need half of the width at most
const WHEN = { hour: "hour of the day", date: "date", site: "site" };

export function detectionsSection(data) {
  return data.detections.map((d) => [
    el("p", null, `${d.detections} detections in ${d.recordings} recordings, from ${d.source} (${d.folder}).`),
    d.thresholds && thresholdTable(d), el("div", { class: "flow" }, Object.keys(WHEN).filter((p) => d.activity?.[p]).map((p) => activityPicture(p, d.activity[p]))),
    d.notes.length > 0 && el("details", { class: "notes" }, el("summary", null, `Notes (${d.notes.length})`), el("ul", null, d.notes.map((n) => el("li", null, n))))]);
}

function thresholdTable(d) {
  const judged = d.thresholds.some((t) => t.precision !== null);
  const told = (t) => (t.precision === null ? NONE : `${percent(t.precision)} [${percent(t.low)}, ${percent(t.high)}]`);
  const number = (key, label, cell) => ({ key, label, numeric: true, value: (t) => t[key], cell });
  return sortedTable(judged ? "Thresholds, with precision and recall on recordings that did not choose them" : "Thresholds", [
    { key: "class", label: "class", value: (t) => t.class, cell: (t) => t.class },
    number("threshold", "threshold", (t) => fixed(t.threshold)),
    ...(judged ? [number("positives", "labelled", (t) => t.positives ?? NONE), number("precision", "precision", told), number("recall", "recall", (t) => (t.recall === null ? NONE : percent(t.recall))),
      { key: "why", label: "why none", wide: true, value: (t) => t.why, cell: (t) => t.why ?? "" }] : []),
  ], d.thresholds, { page: 12, sort: judged ? "precision" : "class", down: judged });
}

function activityPicture(part, own) {
  if (!own.lines) return el("p", { class: "quiet" }, `By ${WHEN[part]}: ${own.cells} of them are too many for a picture; activity.csv has all.`);
  const most = Math.max(1e-9, ...own.lines.flatMap((l) => l.per_hour)), whole = part === "hour" ? Array.from({ length: 24 }, (_, h) => String(h).padStart(2, "0")) : own.cells;
  const place = whole.map((c) => own.cells.indexOf(c)), heard = place.map((k) => (k < 0 ? 0 : own.recordings[k])), top = Math.max(1, ...heard);
  const few = own.lines.length < own.classes ? ` (${own.lines.length} of ${own.classes} classes, those of the most detections)` : "";
  const summary = `Detections per hour listened by ${WHEN[part]}, ${own.lines.length} classes; most often ${own.lines[0]?.name ?? "none"}.`;
  const draw = (width) => {
    const left = roomFor(["recordings", ...own.lines.map((l) => l.name)], Math.min(170, width * 0.3)), cell = Math.min(46, (width - left - 4) / whole.length), row = 20, bars = own.lines.length * row + 8, height = bars + 52;
    const every = Math.ceil(whole.length / Math.max(1, Math.floor((cell * whole.length) / (10 + 7 * Math.max(...whole.map((c) => c.length))))));
    return drawing(width, height, summary,
      own.lines.map((l, i) => [svg("text", { x: left - 8, y: i * row + 14, "text-anchor": "end", class: "name" }, cutText(l.name, Math.floor(left / 8)), svg("title", null, l.id)),
        place.map((k, j) => k >= 0 && svg("g", { class: `heat h${Math.ceil((10 * l.per_hour[k]) / most)}` }, svg("rect", { x: left + j * cell, y: i * row + 1, width: Math.max(0.6, cell - 1), height: row - 2 },
          svg("title", null, `${l.name}, ${whole[j]}: ${fixed(l.per_hour[k], 2)} per hour${l.low[k] === null ? "" : ` [${fixed(l.low[k], 2)}, ${fixed(l.high[k], 2)}]`}, ${own.recordings[k]} recordings`))))]),
      svg("text", { x: left - 8, y: bars + 22, "text-anchor": "end", class: "quiet" }, "recordings"),
      heard.map((n, j) => n > 0 && svg("rect", { x: left + j * cell, y: bars + 28 - (26 * n) / top, width: Math.max(0.6, cell - 1), height: (26 * n) / top, class: "effort" }, svg("title", null, `${whole[j]}: ${n} recordings`))),
      whole.map((c, j) => j % every === 0 && svg("text", { x: left + j * cell, y: height - 6, class: "quiet" }, c)));
  };
  const shown = picture(`Detections per hour listened, by ${WHEN[part]}${few}: the strongest colour is ${fixed(most, 1)}; places without colour were not listened to`, responsive(draw), activityTable(part, own));
  shown.classList.toggle("small", whole.length <= FEW);
  return shown;
}

function activityTable(part, own) {
  const rows = own.lines.flatMap((l) => own.cells.map((c, k) => ({ l, c, k }))).filter(({ l, k }) => l.per_hour[k] > 0);
  return plainTable(`Detections per hour listened, by ${WHEN[part]}, without those of none`, [{ label: "class", cell: (r) => r.l.name }, { label: WHEN[part], cell: (r) => r.c },
    { label: "per hour", numeric: true, cell: (r) => fixed(r.l.per_hour[r.k], 3) }, { label: "interval", numeric: true, cell: (r) => (r.l.low[r.k] === null ? NONE : `${fixed(r.l.low[r.k], 3)} to ${fixed(r.l.high[r.k], 3)}`) },
    { label: "recordings", numeric: true, cell: (r) => own.recordings[r.k] }, { label: "hours listened", numeric: true, cell: (r) => fixed(own.hours[r.k], 3) }], rows);
}
