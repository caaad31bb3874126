// The blend, moved by hand: shares and step values, with the figure of each half, history, and recipes to take away.
import { blendControls } from "./blend_controls.js";
import { trailChart } from "./blend_trail.js";
import { counterOf, WHOLE } from "./drag_counter.js";
import { el, responsive } from "./dom.js";
import { drawnGraph, graphTable } from "./graph.js";
import { fixed, signed } from "./numbers.js";
import { savingTools } from "./saving_tools.js";
import { order, state } from "./server.js";

const REST_MS = 250, LATE_MS = 150; // a setting is stopped at; an answer is waited for, which is said
const TITLES = { looked: "the half you look at", held: "the held-out half" };
const WORDS = { real: "real", undecided: "undecided", not: "not better" };

export function blendPage(about) {
  if (about.no_blend) return [el("p", null, `Nothing can be moved here: ${about.no_blend}.`)];
  const desk = { values: {}, history: [], at: -1, ask: state.ask, drag: null, queue: Promise.resolve(), pending: null, refused: 0, failed: null };
  const show = figuresOf(about), controls = blendControls(about.controls, { move: (...a) => moved(about, desk, show, ...a), set: (...a) => set(desk, show, ...a) });
  const trail = responsive((width) => trailChart(desk.history, desk.at)(width)), graph = el("div"), saving = savingTools(about, () => desk.values, () => finish(desk));
  const back = el("button", { type: "button", on: { click: () => go(desk, show, () => desk.at - 1) } }, "Undo");
  const forth = el("button", { type: "button", on: { click: () => go(desk, show, () => desk.at + 1) } }, "Redo");
  const first = el("button", { type: "button", on: { click: () => go(desk, show, () => 0) } }, "Back to the recipe");
  desk.settled = () => {
    back.disabled = desk.at <= 0;
    forth.disabled = desk.at >= desk.history.length - 1;
    first.disabled = desk.at <= 0;
    if (!desk.pending) controls.take(desk.history[desk.at]); // not while another is being changed
    trail.redraw();
    saving.refresh();
    order("graph", { values: desk.values }).then(({ graph: g }) => graph.replaceChildren(drawnGraph(g), graphTable(g)), (e) => show.fail(e));
  };
  stop(desk, show, {});
  return [show.box, el("div", { class: "row" }, back, forth, first), el("div", { class: "bench" }, controls.boxes), controls.notes,
    el("figure", { class: "picture" }, el("figcaption", null, "Settings you stopped at, in their order: thin, the half you look at; thick, the held-out half. Where the two part, the choice fits the recordings and not the birds."), trail),
    saving.box, el("figure", { class: "picture" }, el("figcaption", null, "The recipe as it is set now"), graph)];
}

// The two figures. They change together: one is never shown without the other.
function figuresOf(about) {
  const names = about.halves.why_not ? ["looked"] : ["looked", "held"], parts = {};
  const rows = names.map((n) => {
    parts[n] = { big: el("dd", { class: "big", id: `figure-${n}` }, "\u2013"), bounds: el("dd", { class: "quiet" }), gain: el("dd", { class: "quiet" }) };
    return el("div", { class: n }, el("dt", null, names.length === 1 ? "macro-AUC, in-sample" : `${TITLES[n]} (${about.halves.recordings[n]} recordings)`), parts[n].big, parts[n].bounds, parts[n].gain);
  });
  const said = el("p", { class: "quiet", role: "status", id: "looks" }), trouble = el("p", { role: "alert" }), note = el("p", { class: "quiet" });
  const box = el("div", null, el("dl", { class: "halves" }, rows), said, note, trouble,
    about.halves.why_not && el("p", { class: "alarm" }, `Nothing is held out: ${about.halves.why_not}. Every figure here is in-sample.`));
  return { box, note: (text) => { note.textContent = text; }, fail: (error) => { trouble.textContent = error.message; },
    clear: () => { trouble.textContent = ""; },
    figures: (macro) => {
      for (const n of names) {
        parts[n].big.textContent = fixed(macro[n]);
        parts[n].big.dataset.macro = macro[n];
        parts[n].bounds.textContent = parts[n].gain.textContent = "\u2026";
      }
    },
    judged: (found) => {
      for (const n of names) {
        const { macro, gain, judgement } = found.halves[n];
        parts[n].bounds.textContent = macro.low === null ? "no interval: too few recordings" : `95 % interval (${about.redraws} redraws) ${fixed(macro.low)} to ${fixed(macro.high)}`;
        parts[n].gain.textContent = `${signed(gain.estimate)} [${signed(gain.low)}, ${signed(gain.high)}] against the recipe${n === "held" && gain.estimate !== 0 ? `: ${WORDS[judgement]}` : ""}`;
      }
      said.title = `All labelled recordings together: ${fixed(found.whole, 6)}, in-sample.`;
    },
    looks: (found) => {
      const cost = found.optimism === null ? "" : ` The best of them looks better on this half than it is by about ${fixed(Math.max(0, found.optimism))}: so much the best of ${found.redrawn} of these settings leads by chance in redraws of its recordings.`;
      said.textContent = `${found.looks} setting${found.looks === 1 ? "" : "s"} looked at.${found.looks > 1 ? cost : ""}`;
      said.dataset.looks = found.looks;
    } };
}

// A control is moved. ends(): stops at what it is set to. One control at a time is being changed: what another was set to
// is stopped at first, and this one starts from there.
function change(desk, key, ends) {
  if (desk.pending?.key !== key) finish(desk);
  desk.pending = { key, ends };
  clearTimeout(desk.timer);
  desk.timer = setTimeout(() => finish(desk), REST_MS);
}

// Stop at what is being changed; the promise comes when all settings that were stopped at have their figures, and says
// whether none of them was refused.
function finish(desk) {
  clearTimeout(desk.timer);
  const { pending, refused } = desk;
  desk.pending = null;
  pending?.ends();
  return desk.queue.then(() => desk.refused === refused);
}

// Settings are stopped at one after the other: each starts from the values of the one before.
function stop(desk, show, setting) {
  desk.queue = desk.queue.then(() => settle(desk, show, setting)).catch((e) => show.fail(e));
}

function moved(about, desk, show, blend, member, k) {
  const began = performance.now(), ends = () => endDrag(desk, show, blend, member, k);
  change(desk, `${blend}.${member}`, ends);
  desk.queue.then(() => { if (desk.pending?.ends === ends) drag(about, desk, show, blend, member, k, began); });
}

// A share on its way: counted in the page once its line is here, asked of the server until then.
function drag(about, desk, show, blend, member, k, began) {
  const line = lineOf(desk, show, blend, member);
  if (!desk.drag || desk.drag.line !== line) desk.drag = { line, blend, member, values: desk.values, passed: new Set() };
  const own = desk.drag;
  [line.k, line.began] = [k, began];
  if (!about.large) own.passed.add(k);
  if (line.counter) line.counter.ask(k);
  else if (line.points) nearest(desk, show, line);
  else if (about.large && !line.why) show.note("The path of this share is being counted \u2026");
  else desk.ask("figures", { values: own.values, share: [blend, member, k / WHOLE] }).then((f) => desk.drag === own && show.figures(f.macro), (e) => show.fail(e));
}

// The output along all shares of one member. It stays the same while nothing else is moved, so it is fetched once.
function lineOf(desk, show, blend, member) {
  const known = desk.line;
  if (known && known.blend === blend && known.member === member && known.on.has(desk.values)) return known;
  known?.counter?.end();
  const line = { blend, member, on: new Set([desk.values]), counter: null };
  desk.line = line;
  const told = (k, macro) => {
    if (desk.line !== line || desk.drag?.line !== line) return;
    show.figures(macro);
    if (k === line.k) performance.measure("redraw", { start: line.began });
  };
  const values = desk.values;
  desk.ask("sides", { values, blend, member }).then(async (found) => {
    if (desk.line !== line) return;
    line.why = found.why_not;
    show.note(found.why_not ?? "");
    if (found.why_not) return;
    if (found.levels) { await pathOf(desk, show, line, found, values); return; }
    const counter = await counterOf(found, told);
    if (desk.line !== line) { counter.end(); return; }
    line.counter = counter;
    if (desk.drag?.line === line) counter.ask(line.k);
  }, (e) => show.fail(e));
  return line;
}

// A large blend: the server counts the path, coarse first; between its points the slider shows the nearest.
async function pathOf(desk, show, line, { levels, note }, values) {
  show.note(note);
  for (const shares of levels) {
    const found = await desk.ask("path", { values, blend: line.blend, member: line.member, shares });
    if (desk.line !== line) return;
    if (found.why_not) { line.why = found.why_not; line.points = null; show.note(found.why_not); return; }
    line.points ??= [];
    found.shares.forEach((share, i) => line.points.push({ share, macro: Object.fromEntries(Object.entries(found.macro).map(([n, m]) => [n, m[i]])) }));
    if (desk.drag?.line === line) nearest(desk, show, line);
  }
}

function nearest(desk, show, line) {
  const at = line.k / WHOLE, found = line.points.reduce((x, y) => (Math.abs(y.share - at) < Math.abs(x.share - at) ? y : x));
  desk.drag.passed.add(Math.round(found.share * WHOLE));
  show.figures(found.macro);
  show.note(found.share === at ? "" : `These are the exact figures at share ${found.share}, the nearest of ${line.points.length} that were counted; those at ${at} come when you stop.`);
  performance.measure("redraw", { start: line.began });
}

function endDrag(desk, show, blend, member, k) {
  const own = desk.drag?.blend === blend && desk.drag.member === member ? desk.drag : null;
  desk.drag = null;
  const passed = own && { values: own.values, blend, member, shares: [...own.passed].sort((a, b) => a - b).map((j) => j / WHOLE) };
  stop(desk, show, { key: `${blend}.${member}`, share: [blend, member, k / WHOLE], passed, line: own?.line });
}

function set(desk, show, address, value) {
  const changed = (values) => ({ ...values, [address]: value }), ends = () => stop(desk, show, { key: address, changed });
  change(desk, address, ends);
  desk.late ??= setTimeout(() => show.note("These are the figures of the setting before: those of this one are being counted \u2026"), LATE_MS);
  const came = (shown) => { clearTimeout(desk.late); desk.late = null; show.note(""); shown(); };
  desk.queue.then(() => desk.pending?.ends === ends && desk.ask("figures", { values: changed(desk.values) }).then((f) => came(() => show.figures(f.macro)), (e) => came(() => show.fail(e))));
}

// A setting is stopped at: its exact figures, its place in the history, its intervals, and what all the looks cost.
// changed(values): the values with one more change; passed and line: of the drag that ended here.
async function settle(desk, show, { key = "", changed = (values) => values, share, passed, line }) {
  const before = desk.values, values = changed(before);
  try {
    const found = await desk.ask("settled", share ? { values, share } : { values });
    if (desk.late) { clearTimeout(desk.late); desk.late = null; show.note(""); } // its question overtook that of the last move
    desk.values = found.values;
    if (passed?.values === before) line?.on.add(found.values);
    desk.history = [...desk.history.slice(0, desk.at + 1), { values: found.values, shares: found.shares, macro: found.macro }];
    desk.at = desk.history.length - 1;
    show.figures(found.macro);
    if (desk.failed === null || desk.failed === key) { show.clear(); desk.failed = null; } // a refusal stays until it is made good
    if (line?.points) show.note("");
    desk.settled();
    judge(desk, show, passed).catch((e) => show.fail(e));
  } catch (error) {
    desk.refused += 1;
    desk.failed = key;
    if (desk.at >= 0) { // the controls go back to the setting before, and its figures with them
      show.figures(desk.history[desk.at].macro);
      judge(desk, show).catch((e) => show.fail(e));
    }
    show.fail(error);
    desk.settled();
  }
}

async function judge(desk, show, passed) {
  const values = desk.values, found = await desk.ask("judged", { values });
  if (values !== desk.values) return;
  show.judged(found);
  show.looks(passed && passed.shares.length > 1 ? await desk.ask("passed", passed) : found);
}

function go(desk, show, place) {
  const { refused } = desk;
  finish(desk);
  desk.queue = desk.queue.then(() => {
    if (desk.refused !== refused) return; // what was refused is undone already
    const at = place();
    if (at < 0 || at >= desk.history.length) return;
    show.clear();
    desk.failed = null;
    desk.at = at;
    desk.values = desk.history[at].values;
    show.figures(desk.history[at].macro);
    desk.settled();
    judge(desk, show).catch((e) => show.fail(e));
  }).catch((e) => show.fail(e));
}
