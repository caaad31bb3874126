// Light, dark, or as the reader's system wants it.
import { el } from "./dom.js";

const NEXT = { auto: "light", light: "dark", dark: "auto" };

export function themeButton() {
  const root = document.documentElement;
  const button = el("button", { type: "button", class: "theme" });
  const set = (theme) => {
    root.dataset.theme = theme;
    button.textContent = `Theme: ${theme}`;
  };
  button.addEventListener("click", () => set(NEXT[root.dataset.theme]));
  set("auto");
  return button;
}
