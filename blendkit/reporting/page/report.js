// The report: sections in order of value, each only where its data are there.
import { classesSection } from "./classes_section.js";
import { ablationSection, forestSection, shareSection } from "./differences_section.js";
import { detectionsSection } from "./detections_section.js";
import { el } from "./dom.js";
import { leaderboardSection } from "./leaderboard_section.js";
import { membersSection } from "./members_section.js";
import { provenanceSection } from "./provenance_section.js";
import { recordingsSection } from "./recordings_section.js";
import { themeButton } from "./theme.js";
import { graphSection, verdictSection } from "./verdict_section.js";

function held(id) {
  return JSON.parse(document.getElementById(id).textContent);
}

function sectionsOf(data, tones) {
  const worker = held("worker");
  return [
    ["verdict", "Verdict", true, () => verdictSection(data)],
    ["recipe", "The recipe", data.graphs.length > 0, () => graphSection(data)],
    ["members", "Members and streams", true, () => membersSection(data, tones)],
    ["differences", "Differences", data.streams.some((s) => s.change), () => forestSection(data, tones)],
    ["parts", "What each part contributes", data.ablation, () => ablationSection(data)],
    ["share", "The share of a member", data.shares, () => shareSection(data, worker)],
    ["classes", "Classes", data.by_class, () => classesSection(data, tones)],
    ["recordings", "Recordings", data.recordings, () => recordingsSection(data)],
    ["detections", "Detections and activity", data.detections, () => detectionsSection(data)],
    ["leaderboard", "Leaderboard", data.leaderboard, () => leaderboardSection(data)],
    ["provenance", "Provenance", true, () => provenanceSection(data)],
  ].filter(([, , there]) => there);
}

// Paper has nothing to click: texts and notes are open on it, and closed again afterwards.
function openedForPaper() {
  const closed = [...document.querySelectorAll("details.text:not([open]), details.notes:not([open])")];
  closed.forEach((d) => { d.open = true; });
  addEventListener("afterprint", () => closed.forEach((d) => { d.open = false; }), { once: true });
}

function start() {
  const data = held("payload"), tones = Object.fromEntries(data.streams.map((s, i) => [s.name, `tone-${i % 9}`]));
  const sections = sectionsOf(data, tones);
  document.getElementById("top").append(
    el("div", { class: "head" }, el("h1", null, data.title), themeButton()),
    el("nav", { "aria-label": "Sections" }, el("ul", null, sections.map(([id, title]) => el("li", null, el("a", { href: `#${id}` }, title))))));
  document.getElementById("content").replaceChildren(...sections.map(([id, title, , build]) =>
    el("section", { id, "aria-labelledby": `${id}-title` }, el("h2", { id: `${id}-title` }, title), build())));
  document.getElementById("end").append(el("p", null, `Made by blendkit ${data.provenance.versions.blendkit}. This file makes no request; all figures in it are exact and count ties as half.`));
  addEventListener("beforeprint", openedForPaper);
  document.documentElement.dataset.ready = "true";
}

start();
