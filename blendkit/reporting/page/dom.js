// Elements from names, attributes and children. Texts become text nodes: a name can never become markup.

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "on") for (const [event, handler] of Object.entries(value)) node.addEventListener(event, handler);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    node.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
  return node;
}

export function el(tag, attributes, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

export function svg(tag, attributes, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

// A box whose content is drawn anew whenever its width changes: draw(width) returns a node.
export function responsive(draw, attributes) {
  const box = el("div", { class: "drawn", ...attributes });
  let last = 0;
  const redraw = () => {
    const width = Math.floor(box.clientWidth);
    if (!width || width === last) return;
    last = width;
    box.replaceChildren(draw(width));
  };
  new ResizeObserver(redraw).observe(box);
  box.redraw = () => { last = 0; redraw(); };
  return box;
}

// A picture with its caption, and the same numbers as a table for those who cannot see it.
export function picture(caption, drawing, table, extra) {
  return el("figure", { class: "picture" },
    el("figcaption", null, caption), drawing, extra,
    table && el("details", { class: "data" }, el("summary", null, "The same numbers as a table"), table));
}

let names = 0;
export function freshId(start) {
  names += 1;
  return `${start}-${names}`;
}

// Cut a text to about so many letters of a drawing; the whole text stays in a title.
export function cutText(text, most) {
  const letters = [...String(text)];
  return letters.length <= most ? String(text) : `${letters.slice(0, Math.max(1, most - 1)).join("")}\u2026`;
}
