// Chunks worth listening to, one after the other: sound, picture, scores, and an answer by a key.
import { clipView } from "./clip_view.js";
import { el } from "./dom.js";
import { fixed } from "./numbers.js";
import { ask, order } from "./server.js";

const NAMES = { disagreement: "where members disagree most", top: "highest scores", uncertain: "uncertain", missed: "missed: labelled, with low scores", false: "false: without a label, with high scores", review: "the clips of the review" };
const ANSWERS = [["y", "yes"], ["n", "no"], ["u", "unsure"]];

export function listenPage(about, tones) {
  // at: the chunk that was asked for; shown: the one that is on the page, to which answers belong; turn: of the lists
  const room = { about, tones, chunks: [], at: -1, shown: -1, turn: 0, answers: new Map(Object.entries(about.answered)) };
  const orders = [...(about.review ? ["review"] : []), ...about.orders.filter((o) => o !== "disagreement" || about.members.length > 1)];
  const by = el("select", { id: "order" }, orders.map((o) => el("option", { value: o }, NAMES[o])));
  const cls = el("input", { type: "search", id: "class", list: "class-names", autocomplete: "off", spellcheck: "false", placeholder: "any class" });
  room.said = el("p", { class: "quiet", role: "status" });
  room.meaning = el("p");
  room.list = el("ol", { "aria-label": "Chunks", tabindex: -1 });
  room.place = el("div", { id: "clip" });
  const fill = () => load(room, by.value, cls.value.trim());
  by.addEventListener("change", fill);
  cls.addEventListener("change", fill);
  const linked = () => {
    const name = linkedClass();
    if (name) [by.value, cls.value] = ["top", name];
    return name;
  };
  linked();
  fill();
  addEventListener("hashchange", () => linked() && fill());
  addEventListener("keydown", (event) => key(room, event));
  return [
    el("div", { class: "controls" }, el("label", null, "Order ", by), el("label", null, "Class ", cls), el("datalist", { id: "class-names" }, about.classes.map((c) => el("option", { value: c }))), room.said),
    !about.audio && el("p", { class: "alarm" }, "There is no sound: start the studio with --audio FOLDER, the folder of the recordings. Scores and answers work without it."),
    el("div", { class: "listen" }, room.list, room.place),
    el("p", { class: "quiet" }, "Keys: ", keys("y"), " ", keys("n"), " ", keys("u"), " answer and go on, ", keys("\u2192"), " next, ", keys("\u2190"), " back, ", keys("space"), " play."),
    el("details", { class: "notes" }, el("summary", null, "Where the sound is, where answers go, and what they say"), soundWords(about), room.meaning)];
}

// The class that the address of the page names, if it does.
function linkedClass() {
  const [page, name] = location.hash.slice(1).split("/");
  if (page !== "listen" || !name) return "";
  try { return decodeURIComponent(name); } catch { return name; } // typed by hand, with a % of its own
}

function keys(text) {
  return el("kbd", null, text);
}

function soundWords(about) {
  if (!about.audio) return null;
  const outside = about.audio.outside.length ? ` ${about.audio.outside.length} are links that lead out of the folder, and are not read.` : "";
  return el("p", null, `${about.audio.recordings} of ${about.recordings} recordings have sound in ${about.audio.folder}.${outside}`);
}

async function load(room, by, name) {
  const turn = ++room.turn;
  try {
    const found = by === "review" ? await ask("review") : await ask("chunks", { order: by, class: name });
    if (turn !== room.turn) return; // another list was asked for meanwhile
    room.said.textContent = by === "review" ? `${found.chunks.length} ${found.what}.` : `${found.chunks.length} chunks: ${found.what}.`;
    room.meaning.textContent = by === "review" ? `Answers go into ${room.about.review}.`
      : `Answers go into ${room.about.answers}. Of chunks chosen by hand they say nothing of how often a class is right; clips of \`blendkit review\` do.`;
    [room.chunks, room.by] = [found.chunks, by];
    for (const c of found.chunks) if (c.answer !== undefined) room.answers.set(place(c), c.answer);
  } catch (error) {
    if (turn !== room.turn) return;
    room.said.textContent = error.message;
    room.chunks = [];
  }
  room.list.replaceChildren(...room.chunks.map((c, i) => el("li", null, el("button", { type: "button", on: { click: () => open(room, i) } }, lineOf(room, c)))));
  room.view?.stop();
  room.place.replaceChildren();
  [room.at, room.shown] = [-1, -1];
  if (room.chunks.length) open(room, 0);
}

function place(c) {
  return `${c.class}\n${c.recording}\n${c.start}`;
}

function lineOf(room, c) {
  const given = room.answers.get(place(c)), known = c.label === null ? "" : c.label ? ", labelled" : ", labelled without it";
  return [el("strong", null, c.class), ` ${c.recording} ${c.start} s`, el("br"), el("span", { class: "quiet" }, `score ${fixed(c.scores[room.about.main], 3)}${known}`), given && el("span", { class: "given" }, ` ${given}`)];
}

async function open(room, i) {
  if (i < 0 || i >= room.chunks.length) return;
  room.at = i;
  [...room.list.querySelectorAll("button")].forEach((b, k) => { if (k === i) { b.setAttribute("aria-current", "true"); b.scrollIntoView({ block: "nearest" }); } else b.removeAttribute("aria-current"); });
  const chunk = room.chunks[i];
  room.buttons?.forEach((b) => { b.disabled = true; }); // of the chunk before, until this one is here
  try {
    const found = await ask("around", { row: chunk.row, class: chunk.class });
    if (room.at !== i || room.chunks[i] !== chunk) return;
    room.view?.stop();
    room.shown = i;
    room.view = clipView(room.about, found, room.tones);
    room.buttons = ANSWERS.map(([a, word]) => el("button", { type: "button", "data-answer": a, "aria-pressed": String(room.answers.get(place(chunk)) === a), on: { click: () => give(room, a) } }, keys(a), ` ${word}`));
    room.place.replaceChildren(el("div", { class: "row answers", role: "group", "aria-label": `Is ${chunk.class} in it?` }, room.buttons,
      el("button", { type: "button", on: { click: () => open(room, i + 1) } }, "next")), room.view.box);
  } catch (error) {
    if (room.chunks[i] === chunk && room.at === i) room.place.replaceChildren(el("p", { role: "alert" }, error.message));
  }
}

// An answer that is there already is taken back.
async function give(room, given) {
  const i = room.shown, chunk = room.chunks[i];
  if (!chunk || i !== room.at) return; // what is asked for is not on the page yet
  const answer = room.answers.get(place(chunk)) === given ? "" : given, here = () => room.chunks[i] === chunk;
  try {
    await order("answer", { row: chunk.row, class: chunk.class, answer, by: room.by, number: chunk.number ?? null });
  } catch (error) {
    room.said.textContent = `The answer was not kept: ${error.message}`;
    return;
  }
  room.answers.set(place(chunk), answer);
  if (!here()) return; // another list came meanwhile
  room.list.querySelectorAll("button")[i]?.replaceChildren(...[lineOf(room, chunk)].flat(Infinity).filter(Boolean));
  if (room.shown === i) room.buttons.forEach((b) => b.setAttribute("aria-pressed", String(b.dataset.answer === answer)));
  if (answer && room.at === i) open(room, i + 1);
}

function key(room, event) {
  if (document.getElementById("content").dataset.page !== "listen" || room.at < 0) return;
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea")) return;
  const player = event.target.closest("audio"), listed = room.list.contains(event.target);
  if (player && (event.key === " " || event.key.startsWith("Arrow"))) return; // the player's own keys
  const done = { ArrowRight: () => open(room, room.at + 1), ArrowLeft: () => open(room, room.at - 1), " ": () => room.view?.toggle(),
    ...Object.fromEntries(ANSWERS.map(([a]) => [a, () => give(room, a)])) }[event.key];
  if (!done || (event.key === " " && event.target.closest("button, a") && !listed)) return; // in the list, Enter opens
  event.preventDefault();
  done();
}
