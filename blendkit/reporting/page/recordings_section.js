// Recordings: strips of chunks by class, sites and hours with the effort, those that moved most, statuses.
import { cutText, el, picture, responsive, svg } from "./dom.js";
import { NONE, fixed, percent } from "./numbers.js";
import { unpack } from "./packed.js";
import { drawing, roomFor } from "./scales.js";
import { plainTable, sortedTable } from "./tables.js";

const CLASSES = 14; // in a strip

export function recordingsSection(data) {
  const r = data.recordings, strip = el("div", { class: "detail", "aria-live": "polite" });
  const can = new Set(r.strips?.recordings ?? []);
  const name = (x) => (can.has(x.name) ? el("button", { type: "button", class: "link", on: { click: () => openStrip(strip, r.strips, x.name, true) } }, x.name) : x.name);
  const columns = [
    { key: "name", label: "recording", value: (x) => x.name, cell: name },
    { key: "chunks", label: "chunks", numeric: true, value: (x) => x.chunks, cell: (x) => x.chunks },
    ...(data.measured ? [{ key: "labelled", label: "labelled", numeric: true, value: (x) => x.labelled, cell: (x) => x.labelled }] : []),
    ...(r.listed.some((x) => x.site) ? [{ key: "site", label: "site", value: (x) => x.site, cell: (x) => x.site }] : []),
    ...(r.listed.some((x) => x.date) ? [{ key: "date", label: "date", short: true, value: (x) => x.date, cell: (x) => x.date }] : []),
    ...(r.listed.some((x) => x.hour !== null) ? [{ key: "hour", label: "hour", numeric: true, value: (x) => x.hour, cell: (x) => x.hour ?? NONE }] : []),
    ...(r.listed.some((x) => x.moved !== null) ? [{ key: "moved", label: "moved", numeric: true, value: (x) => x.moved, cell: (x) => percent(x.moved, 2), title: "mean change of ranks, of all ranks" }] : []),
  ];
  const moved = r.rival ? `; moved: by how much of all ranks the chunks moved from ${r.rival} to ${data.main}, mean over classes` : "";
  const few = r.count > r.listed.length ? `The ${r.listed.length} that moved most of ${r.count} recordings` : "Recordings";
  if (can.size) openStrip(strip, r.strips, r.strips.recordings[0], false);
  return [sortedTable(`${few}${moved}`, columns, r.listed, { page: 12, sort: r.rival ? "moved" : "name", down: Boolean(r.rival), filters: [{ label: "Find ", text: (x) => `${x.name} ${x.site} ${x.date}` }] }),
    strip, r.effort && effortGrid(r.effort), r.statuses && statusTable(r.statuses)];
}

const unpacked = new Map();
async function cellsOf(strips) {
  if (!unpacked.has(strips)) unpacked.set(strips, Promise.all([unpack(strips.ranks), strips.present ? unpack(strips.present) : null]));
  return unpacked.get(strips);
}

async function openStrip(box, strips, name, focus) {
  const [ranks, present] = await cellsOf(strips), at = strips.recordings.indexOf(name), n = strips.chunks[at], rows = strips.chunks.reduce((a, b) => a + b, 0);
  const first = strips.chunks.slice(0, at).reduce((a, b) => a + b, 0);
  const lines = strips.classes.map((id, c) => {
    const from = c * rows + first, cells = Array.from(ranks.subarray(from, from + n)), there = present ? Array.from(present.subarray(from, from + n)) : cells.map(() => 0);
    return { id, label: strips.names[c] || id, cells, there, labelled: there.some(Boolean), top: Math.max(...cells), mean: cells.reduce((a, b) => a + b, 0) / n };
  });
  const shown = lines.sort((a, b) => b.labelled - a.labelled || b.mean - a.mean).slice(0, Math.max(CLASSES, lines.filter((l) => l.labelled).length));
  const starts = strips.starts.slice(first, first + n), heard = shown.filter((l) => l.labelled).length;
  const summary = `Ranks of ${shown.length} classes over ${n} chunks of ${name}; ${heard} of them are labelled as present somewhere.`;
  const table = plainTable(`Percentile of each chunk of ${name}`, [{ label: "class", cell: (l) => l.id }, ...starts.map((s, i) => ({ label: `${s} s`, numeric: true, cell: (l) => `${Math.round(l.cells[i] / 2.55)}${l.there[i] ? "*" : ""}` }))], shown);
  const title = el("h3", { tabindex: -1 }, name);
  box.replaceChildren(title, picture(`Rank of every chunk inside its class, stronger colours are higher${present ? "; a dot: labelled as present" : ""}. ${heard ? "Labelled classes first, then" : "First"} the highest on average.`, responsive(stripChart(shown, starts, summary)), table));
  if (focus) title.focus();
}

function stripChart(lines, starts, summary) {
  return (width) => {
    const left = roomFor(lines.map((l) => l.label), Math.min(190, width * 0.36)), n = starts.length, cell = Math.min(72, (width - left - 4) / n), row = 20, height = lines.length * row + 24;
    const every = Math.max(1, Math.ceil((22 + 7 * String(starts.at(-1)).length) / cell));
    return drawing(width, height, summary,
      lines.map((l, i) => [
        svg("text", { x: left - 8, y: i * row + 14, "text-anchor": "end", class: l.labelled ? "name strong" : "name" }, cutText(l.label, Math.floor(left / 8.3)), svg("title", null, `${l.id} ${l.label}`)),
        l.cells.map((v, k) => svg("g", { class: `heat h${Math.round(v / 25.5)}` },
          svg("rect", { x: left + k * cell, y: i * row + 1, width: Math.max(0.6, cell - (cell > 5 ? 1 : 0)), height: row - 2 }, svg("title", null, `${l.label}, ${starts[k]} s: percentile ${Math.round(v / 2.55)}${l.there[k] ? ", present" : ""}`)),
          l.there[k] ? svg("circle", { cx: left + k * cell + (cell - 1) / 2, cy: i * row + row / 2, r: Math.min(3.2, cell / 3), class: "mark" }) : null))]),
      starts.map((s, k) => k % every === 0 && svg("text", { x: left + k * cell, y: height - 6, class: "quiet" }, `${s} s`)));
  };
}

function effortGrid(effort) {
  const most = Math.max(1, ...effort.recordings.flat());
  const summary = `Recordings by site and hour: ${effort.sites.length} sites, ${effort.recordings.flat().reduce((a, b) => a + b, 0)} recordings with a known hour.`;
  const draw = (width) => {
    const left = roomFor(effort.sites, Math.min(120, width * 0.24)), cell = (width - left - 4) / 24, row = 22, height = effort.sites.length * row + 24;
    return drawing(width, height, summary,
      effort.sites.map((s, i) => [svg("text", { x: left - 8, y: i * row + 15, "text-anchor": "end", class: "name" }, cutText(s || "no site", 14)),
        effort.recordings[i].map((n, h) => svg("g", { class: `heat h${Math.ceil((10 * n) / most)}` },
          svg("rect", { x: left + h * cell, y: i * row + 1, width: cell - 1, height: row - 2 }, svg("title", null, `${s}, ${h} h: ${n} recordings`)),
          n > 0 && cell > 14 && svg("text", { x: left + h * cell + cell / 2, y: i * row + 15, "text-anchor": "middle" }, n)))]),
      [0, 6, 12, 18].map((h) => svg("text", { x: left + h * cell, y: height - 6, class: "quiet" }, `${h} h`)));
  };
  const table = plainTable("Effort by site", [{ label: "site", cell: (i) => effort.sites[i] || "none" },
    { label: "recordings", numeric: true, cell: (i) => effort.recordings[i].reduce((a, b) => a + b, 0) }, { label: "hours of sound", numeric: true, cell: (i) => fixed(effort.hours[i], 2) }], effort.sites.map((_, i) => i));
  return picture(`Effort: recordings by site and hour of the day${effort.unknown ? `; ${effort.unknown} recordings give no hour` : ""}`, responsive(draw), table);
}

function statusTable(statuses) {
  if (!statuses.odd.length) return null;
  return plainTable(`Recordings with a status or note to look at${statuses.more ? ` (${statuses.more} more)` : ""}`, [
    { label: "recording", cell: (s) => s.name }, { label: "status", cell: (s) => s.status }, { label: "chunks", numeric: true, cell: (s) => s.chunks },
    { label: "seconds", numeric: true, cell: (s) => fixed(s.seconds, 3) }, { label: "note", cell: (s) => s.note }], statuses.odd);
}
