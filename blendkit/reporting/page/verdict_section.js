// What to take away, and the recipe as a drawing.
import { el } from "./dom.js";
import { drawnGraph, graphTable } from "./graph.js";
import { NONE, fixed } from "./numbers.js";

// held out by a search, or by these labels alone: never the same words
const WORDS = {
  real: ["\u2713", "held out: real"], undecided: ["?", "held out: undecided"], not: ["\u2717", "held out: not"],
  above: ["\u25b2", "better on these labels"], below: ["\u25bc", "worse on these labels"], alike: ["=", "not told apart"],
};

function listed(title, lines, open) {
  if (!lines.length) return null;
  return el("details", { class: "notes", open }, el("summary", null, `${title} (${lines.length})`), el("ul", null, lines.map((t) => el("li", null, t))));
}

function spanText(data, macro) {
  return macro.low === null ? "without an interval" : `${Math.round(100 * data.measured.level)} % interval ${fixed(macro.low)} to ${fixed(macro.high)}`;
}

export function verdictSection(data) {
  const v = data.verdict, main = data.streams[0], badge = WORDS[v.judgement];
  const figure = main.macro && main.macro.estimate !== null;
  const held = v.held_out !== null && v.held_out !== undefined; // a tuned figure never stands alone
  return [
    el("div", { class: "verdict" },
      figure && el("p", { class: "figure" }, el("span", { class: "name" }, main.name),
        el("strong", null, fixed(held ? v.held_out : main.macro.estimate)),
        el("span", { class: "quiet" }, held ? `macro-AUC on recordings held out; ${fixed(main.macro.estimate)} on the labels that chose the weights, ${spanText(data, main.macro)}` : `macro-AUC, ${spanText(data, main.macro)}`)),
      el("div", { class: "said" },
        !figure && el("p", { class: "lead" }, v.headline),
        v.sentences.map((t, i) => el("p", { class: i === 0 && "lead" }, i === 0 && badge && el("span", { class: `badge ${v.judgement}` }, el("span", { "aria-hidden": "true" }, badge[0]), ` ${badge[1]}`), " ", t)))),
    v.alarms.length > 0 && el("div", { class: "alarm", role: "note" }, el("h3", null, "What makes these figures doubtful"), el("ul", null, v.alarms.map((t) => el("li", null, t)))),
    listed("Notes", v.notes, v.notes.length <= 3),
    statusLine(data.recordings?.statuses),
  ];
}

function statusLine(statuses) {
  if (!statuses) return null;
  const counts = Object.entries(statuses.counts).map(([s, n]) => `${n} ${s}`).join(", ");
  return el("p", { class: "quiet" }, `Recordings: ${counts || NONE}.`);
}

export function graphSection(data) {
  return data.graphs.map((g) => el("figure", { class: "picture" },
    el("figcaption", null, data.graphs.length > 1 ? `The recipe ${g.name}` : "Members, their steps, the blend with its shares, and what is written (thick frame)"),
    drawnGraph(g), graphTable(g)));
}
