// Axes of drawings: where a number lies, and the lines and labels that say so.
import { svg } from "./dom.js";
import { digitsFor, fixed, ticks } from "./numbers.js";

export function scale(low, high, from, to) {
  const span = high - low || 1;
  const at = (x) => from + ((x - low) / span) * (to - from);
  at.back = (y) => low + ((y - from) / (to - from)) * span;
  return at;
}

// The least range that holds all numbers, with a little air; null values are left out.
export function reach(values, air = 0.06) {
  const known = values.filter((v) => v !== null && v !== undefined && Number.isFinite(v));
  if (!known.length) return [0, 1];
  const low = Math.min(...known), high = Math.max(...known), more = (high - low || 0.02) * air;
  return [low - more, high + more];
}

// The room that names need left of a drawing, at most so much.
export function roomFor(names, most) {
  return Math.min(most, 18 + 7.6 * Math.max(4, ...names.map((n) => [...String(n)].length)));
}

export function axisBelow(at, low, high, top, bottom, label, width, form = fixed) {
  const steps = ticks(low, high, Math.max(3, Math.floor(width / 80))), digits = digitsFor(steps);
  return svg("g", { class: "axis", "aria-hidden": "true" },
    steps.map((t) => svg("g", null,
      svg("line", { x1: at(t), x2: at(t), y1: top, y2: bottom, class: "grid" }),
      svg("text", { x: at(t), y: bottom + 16, "text-anchor": "middle" }, form(t, digits)))),
    label && svg("text", { x: (at(low) + at(high)) / 2, y: bottom + 34, "text-anchor": "middle", class: "label" }, label));
}

export function axisLeft(at, low, high, left, right, label, height, form = fixed) {
  const steps = ticks(low, high, Math.max(2, Math.floor(height / 48))), digits = digitsFor(steps);
  return svg("g", { class: "axis", "aria-hidden": "true" },
    steps.map((t) => svg("g", null,
      svg("line", { x1: left, x2: right, y1: at(t), y2: at(t), class: "grid" }),
      svg("text", { x: left - 6, y: at(t) + 4, "text-anchor": "end" }, form(t, digits)))),
    label && svg("text", { x: left, y: Math.min(at(low), at(high)) - 8, "text-anchor": "start", class: "label" }, label));
}

export function drawing(width, height, label, ...children) {
  return svg("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": label }, children);
}
