// The studio: one page with tabs, each built when it is first opened.
import { blendPage } from "./blend_page.js";
import { classesPage } from "./classes_page.js";
import { comparePage, membersPage } from "./compare_page.js";
import { el } from "./dom.js";
import { listenPage } from "./listen_page.js";
import { ask, channel, state } from "./server.js";
import { themeButton } from "./theme.js";

const PAGES = [["blend", "Blend", blendPage], ["listen", "Listen", listenPage], ["classes", "Classes", classesPage],
  ["members", "Members", membersPage], ["compare", "Compare", comparePage]];

function lost() {
  const said = document.getElementById("lost");
  said.textContent = "The server of this page has stopped or cannot be reached: nothing here answers any more. Start `blendkit studio` again, and open the address that it prints. Answers that were given are kept.";
  said.hidden = false;
  document.documentElement.classList.add("stopped");
}

function saidOf(about) {
  const words = [`${about.chunks} chunks of ${about.recordings} recordings`];
  if (!about.labels) words.push("no labels: there are no figures; give --labels");
  if (!about.audio) words.push("no audio: give --audio FOLDER to listen");
  return words.join("; ");
}

function start(about) {
  if (!about.no_blend) state.ask = channel(() => state.lost()); // open on every page: its end says that the server has gone
  const built = new Map(), main = document.getElementById("content");
  const links = PAGES.map(([id, title]) => el("a", { href: `#${id}` }, title));
  document.title = `${about.title} - blendkit studio`;
  document.getElementById("top").append(
    el("div", { class: "head" }, el("h1", null, about.title), themeButton()),
    el("div", { class: "head" }, el("p", { class: "quiet" }, saidOf(about))),
    el("nav", { "aria-label": "Pages" }, el("ul", null, links.map((a) => el("li", null, a)))));
  const tones = Object.fromEntries(about.streams.map((s, i) => [s, `tone-${i % 9}`]));
  const open = () => {
    const wanted = location.hash.slice(1).split("/")[0], first = about.no_blend ? "listen" : "blend";
    const [id, title, build] = PAGES.find(([p]) => p === wanted) ?? PAGES.find(([p]) => p === first);
    if (!built.has(id)) built.set(id, el("section", { id: `page-${id}`, "aria-labelledby": `${id}-title` }, el("h2", { id: `${id}-title` }, title), build(about, tones)));
    links.forEach((a, i) => (PAGES[i][0] === id ? a.setAttribute("aria-current", "page") : a.removeAttribute("aria-current")));
    main.replaceChildren(built.get(id));
    main.dataset.page = id;
  };
  addEventListener("hashchange", () => location.hash !== "#content" && open());
  open();
  document.documentElement.dataset.ready = "true";
}

state.lost = lost;
ask("about").then(start, (error) => document.getElementById("content").replaceChildren(el("p", { role: "alert" }, error.message)));
