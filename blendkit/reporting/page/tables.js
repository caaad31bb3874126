// Tables that sort and filter by keyboard and mouse, and that are plain tables to a screen reader.
import { el } from "./dom.js";

// columns: {key, label, numeric, short: never broken, wide: words that take room, cell(row) -> node or text, value(row) -> what sorts, title}
export function plainTable(caption, columns, rows, attributes) {
  return el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": caption },
    el("table", attributes,
      el("caption", null, el("span", null, caption)),
      el("thead", null, el("tr", null, columns.map((c) => el("th", { scope: "col", class: c.numeric && "number" }, c.label)))),
      el("tbody", null, rows.map((row) => tableRow(columns, row)))));
}

function tableRow(columns, row) {
  return el("tr", row.attributes, columns.map((c, i) =>
    el(i === 0 ? "th" : "td", { scope: i === 0 && "row", class: c.numeric ? "number" : c.short ? "short" : c.wide && "wide" }, c.cell(row))));
}

function compared(x, y) {
  if (x === null || x === undefined) return y === null || y === undefined ? 0 : 1;
  if (y === null || y === undefined) return -1;
  return typeof x === "number" && typeof y === "number" ? x - y : String(x).localeCompare(String(y), undefined, { numeric: true });
}

// options: {sort: key, down: bool, filters: [{label, text(row)} or {label, choices, choice(row)}], page: rows at first}
export function sortedTable(caption, columns, rows, options = {}) {
  const state = { sort: options.sort ?? null, down: options.down ?? false, shown: options.page ?? 50, tests: new Map() };
  const body = el("tbody"), count = el("p", { class: "quiet", role: "status" }), more = el("button", { type: "button", class: "more" });
  const heads = columns.map((c) => headOf(c, state, () => draw()));
  const draw = () => {
    let found = rows.filter((r) => [...state.tests.values()].every((test) => test(r)));
    const by = columns.find((c) => c.key === state.sort);
    if (by) found = [...found].sort((x, y) => compared(by.value(x), by.value(y)) * signOf(by, x, y, state.down));
    columns.forEach((c, i) => heads[i].setAttribute("aria-sort", c.key !== state.sort ? "none" : state.down ? "descending" : "ascending"));
    body.replaceChildren(...found.slice(0, state.shown).map((r) => tableRow(columns, r)));
    more.hidden = found.length <= state.shown;
    count.textContent = `${found.length === rows.length ? "" : `${found.length} of `}${rows.length} rows${more.hidden ? "" : `, ${state.shown} shown`}`;
    more.textContent = `Show all ${found.length}`;
  };
  more.addEventListener("click", () => { state.shown = Infinity; draw(); });
  const controls = (options.filters ?? []).map((f) => filterOf(f, rows, state, draw));
  draw();
  const table = el("table", { class: "sorted" }, el("caption", null, el("span", null, caption)), el("thead", null, el("tr", null, heads)), body);
  return el("div", { class: "sortable" }, controls.length > 0 && el("div", { class: "controls" }, controls, count),
    el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": caption }, table), more);
}

// Rows without a value stay at the end, whichever way the others are sorted.
function signOf(column, x, y, down) {
  const missing = [x, y].some((r) => column.value(r) === null || column.value(r) === undefined);
  return down && !missing ? -1 : 1;
}

function headOf(column, state, draw) {
  const head = el("th", { scope: "col", class: column.numeric && "number", "aria-sort": "none" });
  if (!column.value) {
    head.append(column.label);
    return head;
  }
  head.append(el("button", { type: "button", title: column.title, on: { click: () => {
    state.down = state.sort === column.key ? !state.down : Boolean(column.numeric);
    state.sort = column.key;
    draw();
  } } }, column.label));
  return head;
}

function filterOf(filter, rows, state, draw) {
  if (filter.choices) {
    const select = el("select", null, el("option", { value: "" }, "all"), filter.choices.map((c) => el("option", { value: c }, c)));
    select.addEventListener("change", () => {
      state.tests.set(filter.label, (r) => !select.value || filter.choice(r) === select.value);
      draw();
    });
    return el("label", null, filter.label, select);
  }
  const input = el("input", { type: "search", autocomplete: "off", spellcheck: "false" });
  input.addEventListener("input", () => {
    const wanted = input.value.trim().toLowerCase();
    state.tests.set(filter.label, (r) => !wanted || filter.text(r).toLowerCase().includes(wanted));
    draw();
  });
  return el("label", null, filter.label, input);
}
