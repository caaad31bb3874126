// Where it all comes from: the recipe to copy, hashes, versions, what was learned from, and how to cite it.
import { el } from "./dom.js";
import { plainTable } from "./tables.js";

function copied(title, text) {
  const said = el("span", { class: "quiet", role: "status" });
  const block = el("pre", { tabindex: 0, "aria-label": title }, text);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      said.textContent = " copied";
    } catch {
      const range = document.createRange();
      range.selectNodeContents(block);
      getSelection().removeAllRanges();
      getSelection().addRange(range);
      said.textContent = " marked: copy it with the keyboard";
    }
  };
  return el("details", { class: "text" }, el("summary", null, title), el("p", null, el("button", { type: "button", on: { click: copy } }, "Copy"), said), block);
}

function pairs(title, table, first, second) {
  const rows = Object.entries(table).filter(([, v]) => v !== null);
  return rows.length > 0 && plainTable(title, [{ label: first, cell: (r) => r[0] }, { label: second, cell: (r) => el("code", null, r[1]) }], rows, { class: "hashes" });
}

export function provenanceSection(data) {
  const p = data.provenance;
  return [
    p.recipes.map((r) => copied(`The recipe ${r.name}, every default written out`, r.text)),
    copied("How to cite blendkit (BibTeX)", p.bibtex),
    p.recipes.length > 0 && pairs("Recipes, SHA-256 of the filled text", Object.fromEntries(p.recipes.map((r) => [r.name, r.sha256])), "recipe", "SHA-256"),
    pairs("Files that went in, SHA-256", p.inputs, "file", "SHA-256"),
    Object.keys(p.written).length > 0 && plainTable("Files that were written", [
      { label: "stream", cell: (r) => r[0] }, { label: "file", cell: (r) => r[1].file }, { label: "rows", numeric: true, cell: (r) => r[1].rows },
      { label: "classes", numeric: true, cell: (r) => r[1].classes }, { label: "ties made by writing", numeric: true, cell: (r) => r[1].ties_by_writing },
      { label: "SHA-256", cell: (r) => el("code", null, r[1].sha256) }], Object.entries(p.written), { class: "hashes" }),
    p.saw.length > 0 && plainTable("What was learned from", [{ label: "what", cell: (s) => s.name },
      { label: "recordings", numeric: true, cell: (s) => (s.recordings || s.known ? s.recordings ?? "" : "") },
      { label: "known", cell: (s) => s.how ?? (s.known ? "these are all" : s.recordings ? "there may be others" : "nothing is known") }], p.saw),
    p.labels.length > 0 && el("p", null, `Labels: ${p.labels.join(", ")}.`),
    pairs("Versions", p.versions, "package", "version"),
  ];
}
