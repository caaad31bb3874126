// Pictures of figures: intervals, paths, matrices, curves. Every function returns draw(width), which returns an SVG.
import { cutText, svg } from "./dom.js";
import { bounds, fixed, signed } from "./numbers.js";
import { axisBelow, axisLeft, drawing, reach, roomFor, scale } from "./scales.js";

// lines: {name, estimate, low, high, tone, note}; zero: a number that all are read against, or null
export function forestPlot(lines, { zero = 0, label, form = signed, summary, bars = false }) {
  return (width) => {
    const narrow = width < 560, row = narrow ? 46 : 32, left = narrow ? 8 : roomFor(lines.map((l) => l.name), Math.min(240, width * 0.3));
    const right = narrow ? width - 8 : width - 190, bottom = lines.length * row + 8;
    const [low, high] = reach([zero, ...lines.flatMap((l) => [l.estimate, l.low, l.high])]);
    const at = scale(low, high, left + 4, right);
    return drawing(width, bottom + 42, summary,
      axisBelow(at, low, high, 4, bottom, label, right - left, form),
      zero !== null && svg("line", { x1: at(zero), x2: at(zero), y1: 0, y2: bottom, class: "zero" }),
      lines.map((l, i) => interval(l, { y: i * row + (narrow ? 32 : row / 2 + 4), at, left, right, narrow, form, zero, bars })));
  };
}

function interval(l, { y, at, left, right, narrow, form, zero, bars }) {
  const digits = narrow ? 3 : 4, text = bounds(l, form, digits);
  return svg("g", { class: `interval ${l.tone ?? ""}` },
    svg("title", null, `${l.name}: ${text}${l.note ? `, ${l.note}` : ""}`),
    narrow
      ? svg("text", { x: left, y: y - 14, class: "name" }, cutText(l.name, 26), svg("tspan", { class: "quiet", dx: 8 }, text))
      : [svg("text", { x: left - 8, y: y + 4, "text-anchor": "end", class: "name" }, cutText(l.name, Math.floor((left - 8) / 7.2))),
        svg("text", { x: right + 12, y: y + 4, class: "quiet" }, text)],
    bars && svg("rect", { x: Math.min(at(zero), at(l.estimate)), y: y - 7, width: Math.abs(at(l.estimate) - at(zero)), height: 14, class: "bar" }),
    l.low !== null && svg("line", { x1: at(l.low), x2: at(l.high), y1: y, y2: y, class: "whisker" }),
    l.low !== null && [l.low, l.high].map((x) => svg("line", { x1: at(x), x2: at(x), y1: y - 4, y2: y + 4, class: "whisker" })),
    svg("circle", { cx: at(l.estimate), cy: y, r: 4.5, class: "dot" }));
}

// rows: {name, macro, from: the figure before, change or null, tone}; every bar begins where the last one ended
export function waterfall(rows, { summary }) {
  return (width) => {
    const narrow = width < 560, row = narrow ? 48 : 34, left = narrow ? 8 : roomFor(rows.map((r) => r.name), Math.min(240, width * 0.3)), right = narrow ? width - 8 : width - 264, bottom = rows.length * row + 8;
    const ends = rows.flatMap((r) => [r.macro.estimate, ...(r.change && r.change.low !== null ? [r.from + r.change.low, r.from + r.change.high] : [])]);
    const [low, high] = reach(ends), at = scale(low, high, left + 4, right);
    return drawing(width, bottom + 42, summary, axisBelow(at, low, high, 4, bottom, "macro-AUC", right - left, fixed),
      rows.map((r, i) => fallRow(r, rows[i + 1], { y: i * row + (narrow ? 34 : row / 2 + 4), row, at, left, right, narrow })));
  };
}

function fallRow(r, next, { y, row, at, left, right, narrow }) {
  const x = at(r.macro.estimate), from = at(r.from), text = `${fixed(r.macro.estimate)}${r.change ? `  ${bounds(r.change, signed, narrow ? 3 : 4)}` : ""}`;
  const known = r.change && r.change.low !== null;
  return svg("g", { class: `interval fall ${r.tone}` }, svg("title", null, `${r.name}: ${text}`),
    narrow ? svg("text", { x: left, y: y - 15, class: "name" }, cutText(r.name, 20), svg("tspan", { class: "quiet", dx: 8 }, text))
      : [svg("text", { x: left - 8, y: y + 4, "text-anchor": "end", class: "name" }, cutText(r.name, Math.floor((left - 8) / 7.2))), svg("text", { x: right + 12, y: y + 4, class: "quiet" }, text)],
    next && svg("line", { x1: x, x2: x, y1: y, y2: y + row, class: "joint" }),
    r.change ? svg("rect", { x: Math.min(x, from), y: y - 8, width: Math.max(1, Math.abs(x - from)), height: 16, class: "bar" }) : svg("circle", { cx: x, cy: y, r: 4.5, class: "dot" }),
    known && [svg("line", { x1: at(r.from + r.change.low), x2: at(r.from + r.change.high), y1: y, y2: y, class: "whisker" }),
      [r.change.low, r.change.high].map((v) => svg("line", { x1: at(r.from + v), x2: at(r.from + v), y1: y - 4, y2: y + 4, class: "whisker" }))]);
}

// path: {shares, macro, current, best, band}; marked(): the share of the slider and its figure, or null
export function sharePathChart(path, { member, blend, marked }) {
  return (width) => {
    const height = Math.max(240, Math.min(340, width * 0.42)), left = 52, right = width - 14, bottom = height - 46, top = 26;
    const band = path.band;
    const [low, high] = reach([...path.macro, ...(band ? [...band.low, ...band.high] : [])], 0.04);
    const x = scale(0, 1, left, right), y = scale(low, high, bottom, top);
    const points = (shares, values) => shares.map((s, i) => `${x(s).toFixed(2)},${y(values[i]).toFixed(2)}`);
    const mark = marked();
    const alike = band ? [Math.min(...band.alike), Math.max(...band.alike)] : null;
    const summary = `Macro-AUC along the share of ${member} in ${blend}: ${fixed(path.macro[0])} at 0, best ${fixed(path.best_macro)} at ${path.best}, ${fixed(path.macro.at(-1))} at 1; the recipe has ${path.current.toFixed(3)}.`;
    return drawing(width, height, summary,
      alike && svg("rect", { x: x(alike[0]), width: Math.max(2, x(alike[1]) - x(alike[0])), y: top, height: bottom - top, class: "alike-shares" },
        svg("title", null, `redrawn shares from ${alike[0]} to ${alike[1]} cannot be told from the best`)),
      axisBelow(x, 0, 1, top, bottom, `share of ${cutText(member, 30)} in ${cutText(blend, 20)}`, right - left),
      axisLeft(y, low, high, left, right, "macro-AUC", bottom - top),
      band && svg("polygon", { points: [...points(band.shares, band.low), ...points(band.shares, band.high).reverse()].join(" "), class: "band" }),
      svg("polyline", { points: points(path.shares, path.macro).join(" "), class: "path" }),
      markLine(x, y, top, bottom, path.current, path.current_macro, "now", width),
      svg("circle", { cx: x(path.best), cy: y(path.best_macro), r: 5, class: "best" }, svg("title", null, `best: ${fixed(path.best_macro)} at ${path.best}`)),
      mark && svg("g", { class: "handle" }, svg("line", { x1: x(mark.share), x2: x(mark.share), y1: top, y2: bottom }),
        mark.macro !== null && svg("circle", { cx: x(mark.share), cy: y(mark.macro), r: 5 })));
  };
}

function markLine(x, y, top, bottom, share, macro, text, width) {
  const near = x(share) > width - 90;
  return svg("g", { class: "now" }, svg("line", { x1: x(share), x2: x(share), y1: top, y2: bottom }),
    svg("circle", { cx: x(share), cy: y(macro), r: 4 }),
    svg("text", { x: x(share) + (near ? -5 : 5), y: y(macro) < (top + bottom) / 2 ? bottom - 8 : top + 13, "text-anchor": near ? "end" : "start" }, `recipe ${share.toFixed(3)}`));
}

// A square of numbers from low to high, with the numbers in it where there is room.
export function heatMap(names, values, { summary, low = 0, high = 1 }) {
  return (width) => {
    const k = names.length, left = roomFor(names.map((n, i) => `${n} ${i + 1}`), Math.min(170, Math.max(70, width * 0.28))), cell = Math.min(64, Math.max(18, (width - left - 8) / k));
    const height = cell * k + 12 + (k > 1 ? 22 : 0);
    const shade = (v) => Math.round(Math.max(0, Math.min(1, (v - low) / (high - low))) * 10);
    return drawing(width, height, summary,
      names.map((n, i) => svg("text", { x: left - 8, y: i * cell + cell / 2 + 4, "text-anchor": "end", class: "name" }, `${cutText(n, Math.round((left - 18) / 7.6) - String(i + 1).length - 1)} ${i + 1}`, svg("title", null, n))),
      names.map((n, i) => svg("text", { x: left + i * cell + cell / 2, y: k * cell + 16, "text-anchor": "middle", class: "quiet" }, i + 1)),
      values.map((line, i) => line.map((v, j) => svg("g", { class: `heat h${shade(v)}` },
        svg("rect", { x: left + j * cell + 1, y: i * cell + 1, width: cell - 2, height: cell - 2, rx: 2 }, svg("title", null, `${names[i]} and ${names[j]}: ${fixed(v, 3)}`)),
        cell >= 34 && svg("text", { x: left + j * cell + cell / 2, y: i * cell + cell / 2 + 4, "text-anchor": "middle" }, i === j ? "" : fixed(v, 2))))));
  };
}

// Where a scale of AUCs begins: the twentieth below the lowest, so that most of it is used
export function lowestTick(values) {
  return Math.min(0.95, Math.floor(20 * Math.min(1, ...values.filter((v) => v !== null))) / 20);
}

// One class: the figure of every stream on one line, the output filled. values: {name: figure}; tones: {name: class}
export function dumbbell(values, main, tones, low) {
  const at = (v) => `${((100 * (v - low)) / (1 - low)).toFixed(2)}%`, known = Object.entries(values).filter(([, v]) => v !== null);
  const all = known.map(([, v]) => v), others = known.filter(([n]) => n !== main);
  return svg("svg", { width: "100%", height: 18, "aria-hidden": "true", class: "dumbbell" },
    low < 0.5 && svg("line", { x1: at(0.5), x2: at(0.5), y1: 0, y2: 18, class: "grid" }),
    svg("line", { x1: at(Math.min(...all)), x2: at(Math.max(...all)), y1: 9, y2: 9, class: "span" }),
    others.map(([n, v]) => svg("circle", { cx: at(v), cy: 9, r: 4, class: `ring ${tones[n]}` }, svg("title", null, `${n} ${fixed(v)}`))),
    values[main] !== null && svg("circle", { cx: at(values[main]), cy: 9, r: 5, class: `full ${tones[main]}` }, svg("title", null, `${main} ${fixed(values[main])}`)));
}

// curves: {name, tone, points: [[x, y], ...], step}; a square from 0 to 1
export function unitChart(curves, { x: across, y: up, summary, baseline = null, diagonal = false }) {
  return (width) => {
    const size = Math.min(width, 340), left = 40, right = size - 10, top = 26, bottom = size - 40;
    const x = scale(0, 1, left, right), y = scale(0, 1, bottom, top);
    return drawing(size, size, summary,
      axisBelow(x, 0, 1, top, bottom, across, right - left), axisLeft(y, 0, 1, left, right, up, bottom - top),
      diagonal && svg("line", { x1: x(0), y1: y(0), x2: x(1), y2: y(1), class: "zero" }),
      baseline !== null && svg("line", { x1: left, x2: right, y1: y(baseline), y2: y(baseline), class: "zero" }),
      curves.map((c) => svg("g", { class: `curve ${c.tone}` },
        svg("polyline", { points: c.points.map((p) => `${x(p[0]).toFixed(2)},${y(p[1]).toFixed(2)}`).join(" ") }, svg("title", null, c.name)),
        c.dots && c.points.map((p) => svg("circle", { cx: x(p[0]), cy: y(p[1]), r: 3 })))));
  };
}
