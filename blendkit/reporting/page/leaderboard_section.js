// What a leaderboard could show: plateaus of equal figures, and places lost from public to private.
import { el } from "./dom.js";
import { NONE, fixed, percent } from "./numbers.js";
import { plainTable } from "./tables.js";

export function leaderboardSection(data) {
  const b = data.leaderboard, alike = b.plateaus.filter((p) => p.names.length > 1);
  const range = (l) => (l.lost_low === null ? NONE : `${fixed(l.lost_low, 0)} to ${fixed(l.lost_high, 0)}`);
  return [
    ...alike.map((p) => el("p", null, `${p.names.join(", ")} all show ${p.shown.toFixed(b.decimals)}: they differ by ${fixed(p.width, 6)}, with a standard deviation of ${fixed(p.sd, 6)}, and tie in ${percent(p.tied)} of the replicates.`)),
    plainTable(`${b.draws} simulated leaderboards by ${b.split_by}, ${percent(b.public)} of the chunks public`, [
      { label: "stream", cell: (l) => l.name }, { label: "public", numeric: true, cell: (l) => fixed(l.public, 6) }, { label: "private", numeric: true, cell: (l) => fixed(l.private, 6) },
      { label: "places lost", numeric: true, cell: range }, { label: `above ${b.first}`, numeric: true, cell: (l) => (l.above === null ? "" : percent(l.above)) },
      { label: "stays above", numeric: true, cell: (l) => (l.name === b.first ? "" : percent(l.stays)) }], b.lines),
    el("p", { class: "quiet" }, `Rank correlation of public and private: ${b.correlation === null ? "none, all streams tie in every split" : fixed(b.correlation, 3)}.`),
    ...b.ahead.map((text) => el("p", null, `${text[0].toUpperCase()}${text.slice(1)}.`)),
  ];
}
