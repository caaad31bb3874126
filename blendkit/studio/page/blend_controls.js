// Sliders for the shares of blends and the numbers of steps. Each has a field for the exact number beside it.
import { WHOLE } from "./drag_counter.js";
import { el, freshId } from "./dom.js";

function control(label, range, number) {
  const id = freshId("control");
  range.id = id;
  number.setAttribute("aria-label", `${label}, as a number`);
  return el("div", { class: "control" }, el("label", { for: id }, label), range, number);
}

function shareBox(own, move, redo) {
  const parts = own.members.map(({ name, share }) => {
    const range = el("input", { type: "range", min: 0, max: WHOLE, step: 1, "data-share": `${own.blend}.${name}` });
    const number = el("input", { type: "number", min: 0, max: 1, step: 0.001 });
    const part = { name, share, range, number };
    range.addEventListener("input", () => { drawn(parts, part, Number(range.value) / WHOLE); move(own.blend, name, Number(range.value)); });
    number.addEventListener("change", () => {
      const { badInput, rangeOverflow, rangeUnderflow } = number.validity;
      if (number.value === "" || badInput || rangeOverflow || rangeUnderflow) { // nothing, or no share
        number.reportValidity();
        number.value = Number(part.share.toFixed(4));
        return;
      }
      const k = Math.round(Number(number.value) * WHOLE);
      drawn(parts, part, k / WHOLE);
      move(own.blend, name, k);
    });
    return part;
  });
  redo.push((state) => {
    for (const part of parts) part.share = state.shares[own.blend]?.[part.name] ?? part.share;
    parts.forEach((p) => write(p, p.share));
  });
  parts.forEach((p) => write(p, p.share));
  return el("fieldset", null, el("legend", null, `Shares in ${own.blend}`), parts.map((p) => control(p.name, p.range, p.number)));
}

function write(part, share) {
  part.range.value = Math.round(share * WHOLE);
  if (document.activeElement !== part.number) part.number.value = Number(share.toFixed(4));
}

// While one share is moved, the others keep their ratio.
function drawn(parts, moved, share) {
  const rest = parts.filter((p) => p !== moved), sum = rest.reduce((s, p) => s + p.share, 0);
  rest.forEach((p) => write(p, sum > 0 ? (p.share / sum) * (1 - share) : 0));
  moved.number.value = Number(share.toFixed(4));
}

function valueBox(stream, values, set, redo) {
  return el("fieldset", null, el("legend", null, stream), values.map((v) => {
    const about = { min: v.low, max: v.high, step: v.step, value: v.value };
    const range = el("input", { type: "range", ...about, "data-address": v.address });
    const number = el("input", { type: "number", step: "any", value: v.value });
    range.addEventListener("input", () => { number.value = range.value; set(v.address, Number(range.value)); });
    number.addEventListener("change", () => { if (number.value !== "") { range.value = number.value; set(v.address, Number(number.value)); } });
    redo.push((state) => { number.value = state.values[v.address] ?? v.value; range.value = number.value; });
    return control(v.label, range, number);
  }));
}

// controls: {shares, values, without}; {move(blend, member, k), set(address, value)}
export function blendControls(controls, { move, set }) {
  const redo = [], streams = [...new Set(controls.values.map((v) => v.stream))];
  const boxes = [
    ...controls.shares.map((own) => shareBox(own, move, redo)),
    ...streams.map((s) => valueBox(s, controls.values.filter((v) => v.stream === s), set, redo)),
  ];
  const notes = controls.without.length > 0 && el("p", { class: "quiet" }, `Without a slider: ${controls.without.join("; ")}.`);
  return { boxes, notes, take: (state) => state && redo.forEach((f) => f(state)) };
}
