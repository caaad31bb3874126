// Members: figures, coverage, how alike they err. Compare: what was measured before, and what a leaderboard could show.
import { forestSection } from "./differences_section.js";
import { el, responsive, svg } from "./dom.js";
import { leaderboardSection } from "./leaderboard_section.js";
import { membersSection } from "./members_section.js";
import { fixed } from "./numbers.js";
import { axisLeft, drawing, reach, scale } from "./scales.js";
import { ask } from "./server.js";
import { cutText } from "./dom.js";
import { plainTable } from "./tables.js";

function later(question, build) {
  const place = el("div", null, el("p", { class: "quiet", role: "status" }, "Measuring \u2026"));
  question.then((found) => place.replaceChildren(...[build(found)].flat(Infinity).filter(Boolean)), (e) => place.replaceChildren(el("p", { role: "alert" }, e.message)));
  return place;
}

export function membersPage(about, tones) {
  return [later(ask("report"), (data) => membersSection(data, tones)), el("h3", null, "Coverage"), later(ask("coverage"), coverage)];
}

function coverage({ classes, covered }) {
  const names = Object.keys(covered), counts = names.map((n) => [...covered[n]].filter((c) => c === "1").length);
  const draw = (width) => {
    const left = Math.min(170, width * 0.3), cell = (width - left - 4) / classes.length, row = 24;
    return drawing(width, names.length * row + 4, names.map((n, i) => `${n} covers ${counts[i]} of ${classes.length} classes`).join(", "),
      names.map((n, i) => svg("g", { class: "cover" }, svg("text", { x: left - 8, y: i * row + 16, "text-anchor": "end" }, cutText(n, Math.floor(left / 8)), svg("title", null, n)),
        stretches(covered[n]).map(([from, to, on]) => svg("rect", { class: on ? "on" : "off", x: left + from * cell, width: Math.max(0.5, (to - from) * cell), y: i * row + 3, height: row - 6 },
          svg("title", null, `${n}: ${classes[from]}${to - from > 1 ? ` to ${classes[to - 1]}` : ""} ${on ? "covered" : "not covered"}`))))));
  };
  return el("figure", { class: "picture" }, el("figcaption", null, `Which of the ${classes.length} classes each stream covers, in their order in the table`), responsive(draw));
}

function stretches(text) {
  const found = [];
  for (let i = 0; i < text.length; i++) {
    if (found.length && found.at(-1)[2] === (text[i] === "1")) found.at(-1)[1] = i + 1;
    else found.push([i, i + 1, text[i] === "1"]);
  }
  return found;
}

export function comparePage(about, tones) {
  return [el("h3", null, "Measured before"), later(ask("ledger"), ledger), el("h3", null, "Against the output"),
    later(ask("report"), (data) => (data.streams.some((s) => s.change) ? forestSection(data, tones) : [el("p", null, "There are no labels, or too few recordings, for differences.")])),
    el("h3", null, "What a leaderboard could show"),
    later(ask("report"), (data) => (data.leaderboard ? leaderboardSection(data) : [el("p", null, "No leaderboard can be simulated: that needs two streams or more, and labels in several recordings.")]))];
}

function ledger({ file, entries }) {
  if (!entries.length) return el("p", null, `Nothing was measured yet: \`blendkit compare RECIPE --ledger\` adds to ${file}.`);
  const draw = (width) => {
    const height = 230, left = 52, right = width - 14, top = 26, bottom = height - 14, scores = entries.flatMap((e) => [e.oof, e.low, e.high, e.public, e.private]);
    const [low, high] = reach(scores), x = scale(0, Math.max(1, entries.length - 1), left + 8, right - 8), y = scale(low, high, bottom, top);
    return drawing(width, height, `Out-of-fold figures of ${entries.length} recipes in the order in which they were measured.`, axisLeft(y, low, high, left, right, "macro-AUC", bottom - top),
      svg("g", { class: "trail" }, svg("polyline", { class: "line held", points: entries.map((e, i) => `${x(i).toFixed(1)},${y(e.oof).toFixed(1)}`).join(" ") }),
        entries.map((e, i) => [e.low !== null && e.high !== null && svg("line", { x1: x(i), x2: x(i), y1: y(e.low), y2: y(e.high), class: "spread" }),
          svg("circle", { cx: x(i), cy: y(e.oof), r: 4.5, class: "held" }, svg("title", null, `${e.recipe} ${fixed(e.oof, 6)}`)),
          e.public !== null && svg("circle", { cx: x(i), cy: y(e.public), r: 4, class: "public" }, svg("title", null, `${e.recipe} public ${e.public}`)),
          e.private !== null && svg("rect", { x: x(i) - 3.6, y: y(e.private) - 3.6, width: 7.2, height: 7.2, class: "private" }, svg("title", null, `${e.recipe} private ${e.private}`))])));
  };
  return [el("figure", { class: "picture" }, el("figcaption", null, "What was measured, in the order of the ledger: out-of-fold with its interval (line), public (rings), private (squares)"), responsive(draw)),
    plainTable(`The ledger ${file}`, [{ label: "recipe", cell: (e) => e.recipe }, { label: "measured by", cell: (e) => e.source }, { label: "out-of-fold", numeric: true, cell: (e) => fixed(e.oof, 6) },
      { label: "interval", numeric: true, cell: (e) => `${fixed(e.low)} to ${fixed(e.high)}` }, { label: "public", numeric: true, cell: (e) => e.public ?? "" }, { label: "private", numeric: true, cell: (e) => e.private ?? "" }], entries)];
}
