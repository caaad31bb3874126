// The setting as a recipe file with the old one's comments, and as a command. finish(): comes when what is being changed
// is part of values().
import { el } from "./dom.js";
import { order } from "./server.js";

export function savingTools(about, values, finish) {
  const said = el("p", { role: "status" }), command = el("pre", { class: "command", tabindex: 0, "aria-label": "The command that gives these figures" });
  const name = el("input", { type: "text", value: `${about.title}_tuned`, "aria-label": "Name of the new recipe", spellcheck: "false", autocomplete: "off" });
  const save = el("button", { type: "button", id: "save", on: { click: () => finish().then((kept) => { if (!kept) throw new Error("Nothing was saved: the last change was refused."); return order("save", { values: values(), name: name.value }); }).then(
    ({ file }) => { said.textContent = `Saved as ${file}; comments were kept.`; }, (e) => { said.textContent = e.message; }) } }, "Save as recipe");
  const refresh = () => order("command", { values: values() }).then((found) => { command.textContent = found.command; }, (e) => { command.textContent = e.message; });
  const box = el("div", null, el("h3", null, "Take it away"),
    about.can_save ? [el("div", { class: "row" }, name, save, said), command]
      : el("p", { class: "quiet" }, "This source has no recipe file whose text could be edited: open the recipe itself to save settings."));
  return { box, refresh: () => about.can_save && refresh() };
}
