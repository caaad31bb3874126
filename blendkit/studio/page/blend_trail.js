// Every setting that was stopped at: the figure of each half, one after the other.
import { svg } from "./dom.js";
import { fixed } from "./numbers.js";
import { axisLeft, drawing, reach, scale } from "./scales.js";

export function trailChart(history, at) {
  return (width) => {
    const height = 190, left = 52, right = width - 14, top = 26, bottom = height - 16;
    const names = ["looked", "held"].filter((n) => history.length && history[0].macro[n] !== undefined);
    const [low, high] = reach(history.flatMap((h) => names.map((n) => h.macro[n])), 0.1);
    const x = scale(0, Math.max(1, history.length - 1), left + 10, right - 10), y = scale(low, high, bottom, top);
    const now = history[at], words = now ? names.map((n) => `${n} ${fixed(now.macro[n])}`).join(", ") : "none";
    return drawing(width, height, `${history.length} settings; the present one: ${words}.`,
      axisLeft(y, low, high, left, right, "macro-AUC", bottom - top),
      now && svg("line", { x1: x(at), x2: x(at), y1: top, y2: bottom, class: "at" }),
      svg("g", { class: "trail" }, names.map((n) => [
        svg("polyline", { class: `line ${n}`, points: history.map((h, i) => `${x(i).toFixed(1)},${y(h.macro[n]).toFixed(1)}`).join(" ") }),
        history.map((h, i) => svg("circle", { cx: x(i), cy: y(h.macro[n]), r: 3.5, class: n }, svg("title", null, `setting ${i}: ${n} ${fixed(h.macro[n], 6)}`)))])));
  };
}
