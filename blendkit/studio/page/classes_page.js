// Classes: a table; of one class its scores with and without it, its weight curves, and the chunks that cost most.
import { dumbbell, lowestTick } from "./charts.js";
import { el, responsive, svg } from "./dom.js";
import { fixed, signed } from "./numbers.js";
import { axisBelow, axisLeft, drawing, reach, scale } from "./scales.js";
import { ask } from "./server.js";
import { plainTable, sortedTable } from "./tables.js";

export function classesPage(about, tones) {
  if (!about.labels) return [el("p", null, "There are no labels, so nothing is known of classes: give --labels.")];
  const place = el("div", null, el("p", { class: "quiet", role: "status" }, "Measuring every class \u2026"));
  ask("report").then((data) => place.replaceChildren(...tableOf(about, data, tones)), (e) => place.replaceChildren(el("p", { role: "alert" }, e.message)));
  return [place];
}

function tableOf(about, data, tones) {
  const c = data.by_class, main = data.main;
  if (!c) return [el("p", null, "No class has both positives and negatives.")];
  const names = Object.keys(c.auc), low = lowestTick(names.flatMap((n) => c.auc[n]));
  const detail = el("div", { class: "detail", "aria-live": "polite", id: "class-detail" });
  const rows = c.ids.map((id, i) => ({ id, i, name: c.names[i], positives: c.positives[i], auc: Object.fromEntries(names.map((n) => [n, c.auc[n][i]])) }));
  const best = (r) => Math.max(...names.filter((n) => about.members.includes(n)).map((n) => r.auc[n] ?? 0));
  const columns = [
    { key: "id", label: "class", value: (r) => r.id, cell: (r) => el("button", { type: "button", class: "link", on: { click: () => openClass(about, detail, r, tones) } }, r.id) },
    { key: "name", label: "name", value: (r) => r.name, cell: (r) => r.name },
    { key: "positives", label: "positives", numeric: true, value: (r) => r.positives, cell: (r) => r.positives },
    { key: "auc", label: `AUC of ${main}`, numeric: true, value: (r) => r.auc[main], cell: (r) => fixed(r.auc[main]) },
    ...(about.members.length > 1 ? [{ key: "gain", label: "\u2212 best member", numeric: true, value: (r) => r.auc[main] - best(r), cell: (r) => signed(r.auc[main] - best(r)) }] : []),
    { key: "bells", label: `all streams, ${fixed(low, 2)} to 1`, cell: (r) => dumbbell(r.auc, main, tones, low) },
  ];
  return [el("p", { class: "quiet" }, "Of the recipe as it was opened, on all labelled chunks: in-sample where these labels chose its weights."),
    sortedTable("Classes with positives and negatives; a click opens one", columns, rows, { sort: "auc", filters: [{ label: "Find ", text: (r) => `${r.id} ${r.name}` }], page: 25 }), detail];
}

async function openClass(about, detail, row, tones) {
  detail.dataset.class = row.id;
  try {
    const found = await ask("class", { class: row.id });
    if (detail.dataset.class !== row.id) return; // another class was opened meanwhile
    const title = el("h3", { tabindex: -1 }, row.name ? `${row.id}, ${row.name}` : row.id);
    const listen = el("a", { href: `#listen/${encodeURIComponent(row.id)}` }, "Listen to its highest chunks");
    detail.replaceChildren(title, el("div", { class: "pair" }, bars(found), curves(found, tones)), costly(about, found), listen);
    title.focus();
    detail.scrollIntoView({ block: "nearest" });
  } catch (error) {
    if (detail.dataset.class === row.id) detail.replaceChildren(el("p", { role: "alert" }, error.message));
  }
}

function bars(found) {
  const h = found.histogram, shares = { with: h.with.map((n) => n / Math.max(1, found.positives)), without: h.without.map((n) => n / Math.max(1, found.negatives)) };
  const draw = (width) => {
    const height = 230, left = 44, right = width - 8, top = 26, bottom = height - 44, high = Math.max(...shares.with, ...shares.without);
    const x = scale(h.edges[0], h.edges.at(-1), left, right), y = scale(0, high, bottom, top), each = x(h.edges[1]) - x(h.edges[0]);
    return drawing(width, height, `Scores of ${found.positives} chunks with ${found.class} and ${found.negatives} without.`,
      axisBelow(x, h.edges[0], h.edges.at(-1), top, bottom, "score", right - left), axisLeft(y, 0, high, left, right, "share of chunks", bottom - top),
      svg("g", { class: "bars" }, ["without", "with"].map((n, k) => shares[n].map((v, i) => v > 0 && svg("rect", { class: n, x: x(h.edges[i]) + (k * each) / 2, width: Math.max(1, each / 2 - 0.5), y: y(v), height: bottom - y(v) })))));
  };
  return el("figure", { class: "picture" }, el("figcaption", null, `Scores of the ${found.positives} chunks with it (coloured) and the ${found.negatives} without it (grey), each as shares`), responsive(draw));
}

function curves(found, tones) {
  const names = Object.keys(found.curves).filter((n) => n !== "why_not");
  if (!names.length) return el("p", { class: "quiet" }, found.curves.why_not ? `No weight curve: ${found.curves.why_not}.` : "No weight curve: scores alone have no shares.");
  const draw = (width) => {
    const height = 230, left = 48, right = width - 8, top = 26, bottom = height - 44;
    const [low, high] = reach(names.flatMap((n) => found.curves[n].auc)), x = scale(0, 1, left, right), y = scale(low, high, bottom, top);
    return drawing(width, height, `AUC of ${found.class} along the share of ${names.join(", ")}.`, axisBelow(x, 0, 1, top, bottom, "share of the member", right - left), axisLeft(y, low, high, left, right, "AUC", bottom - top),
      svg("g", { class: "classcurve" }, names.map((n) => svg("g", { class: tones[n] }, svg("polyline", { points: found.curves[n].auc.map((v, i) => `${x(found.curves[n].shares[i]).toFixed(1)},${y(v).toFixed(1)}`).join(" ") }, svg("title", null, n))))));
  };
  return el("figure", { class: "picture" }, el("figcaption", null, "Its exact AUC along the share of each member, the others in their ratio"), responsive(draw),
    el("p", { class: "legend" }, names.map((n) => el("span", null, el("span", { class: `key ${tones[n]}`, "aria-hidden": "true" }), n))));
}

function costly(about, found) {
  return plainTable("Chunks in the most pairs of the wrong order; ties count half", [
    { label: "recording", cell: (c) => c.recording }, { label: "second", numeric: true, cell: (c) => c.start }, { label: "label", cell: (c) => (c.label ? "with it" : "without it") },
    { label: "score", numeric: true, cell: (c) => fixed(c.scores[about.main], 4) }, { label: "pairs", numeric: true, cell: (c) => c.pairs }], found.costly);
}
