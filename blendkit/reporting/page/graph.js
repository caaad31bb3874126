// A recipe as a drawing: boxes for streams with their steps, lines for what flows between them.
import { cutText, el, responsive, svg } from "./dom.js";
import { plainTable } from "./tables.js";

const LINE = 17, PAD = 10, GAP = 26, LANE = 6; // a gap between two boxes has room for three lines

function ranksOf(drawing) {
  const rank = Object.fromEntries(drawing.boxes.map((b) => [b.name, 0]));
  for (const box of drawing.boxes) {
    for (const line of drawing.lines) if (line.target === box.name) rank[box.name] = Math.max(rank[box.name], rank[line.source] + 1);
  }
  // a stream that is needed late is drawn beside what needs it
  for (const box of [...drawing.boxes].reverse()) {
    const next = drawing.lines.filter((l) => l.source === box.name).map((l) => rank[l.target]);
    if (next.length && box.kind !== "member") rank[box.name] = Math.max(rank[box.name], Math.min(...next) - 1);
  }
  return rank;
}

function wordsOf(box) {
  const name = box.covered === null ? box.space : `${box.space}, ${box.covered} classes`;
  return { title: box.name, made: box.kind === "member" ? `member: ${box.made}` : `${box.kind} ${box.made}`, steps: box.steps, out: name };
}

function placed(drawing, width) {
  const rank = ranksOf(drawing), columns = Math.max(...Object.values(rank)) + 1;
  const tall = width < 220 * columns, gap = Math.max(74, Math.min(320, (width - columns * 380) / Math.max(1, columns - 1)));
  const side = tall ? width - 30 : Math.min(380, (width - 4 - (columns - 1) * gap) / columns); // 4: thick frames at both ends
  const letters = Math.floor((side - 2 * PAD) / 7.2), at = {}, ends = new Array(columns).fill(0);
  for (const box of drawing.boxes) {
    const words = wordsOf(box), column = rank[box.name], height = (3 + words.steps.length) * LINE + 2 * PAD;
    at[box.name] = { box, words, letters, width: side, height, column, x: tall ? 26 : 2 + column * (side + gap), y: ends[column] };
    ends[column] += height + (tall ? 14 : GAP);
  }
  const high = Math.max(...ends);
  let top = 0;
  for (let c = 0; c < columns; c++) {
    const own = Object.values(at).filter((b) => b.column === c);
    for (const b of own) b.y += tall ? top : (high - ends[c]) / 2;
    top += ends[c] + 22;
  }
  return { at, tall, height: tall ? top : high, lanes: {} };
}

export function drawnGraph(drawing) {
  const summary = `The recipe ${drawing.name} as a graph: ${drawing.boxes.length} streams. The table below lists them.`;
  const draw = (width) => {
    const place = placed(drawing, width), { at, tall } = place;
    const edges = drawing.lines.map((l, i) => {
      const before = drawing.lines.slice(0, i).filter((o) => o.source === l.source && wordOf(o)).length;
      return edge(l, at[l.source], at[l.target], tall, waysAround(place, at[l.source], at[l.target]), before);
    });
    const lanes = Object.values(place.lanes).flat(), top = Math.min(-2, ...lanes.map((y) => y - 6)), height = Math.max(place.height + 6, ...lanes.map((y) => y + 6)) - top;
    return svg("svg", { viewBox: `0 ${top} ${width} ${height}`, width, height, role: "img", "aria-label": summary, class: "graph" },
      svg("defs", null, svg("marker", { id: "arrow", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto-start-reverse" }, svg("path", { d: "M0 0L8 4L0 8z" }))),
      // on a narrow page shares stand inside the boxes that they come from, at their right
      tall ? [Object.values(at).map(card), edges] : [edges, Object.values(at).map(card)]);
  };
  return responsive(draw);
}

function card({ box, words, x, y, width, height, letters }) {
  const last = box.written ? " written" : "";
  return svg("g", { class: `box ${box.kind}${last}`, transform: `translate(${x},${y})` },
    svg("title", null, [words.title, words.made, ...words.steps, words.out].join("\n")),
    svg("rect", { width, height, rx: 6 }),
    svg("svg", { width: width - 3, height }, // which cuts what is wider than its letters promised
      svg("text", { x: PAD, y: PAD + 13, class: "title" }, cutText(words.title, Math.floor(letters * 0.84))),
      svg("text", { x: PAD, y: PAD + 13 + LINE, class: "quiet" }, cutText(words.made, letters)),
      words.steps.map((s, i) => svg("text", { x: PAD, y: PAD + 13 + (2 + i) * LINE, class: "step" }, cutText(`\u2192 ${s}`, letters))),
      svg("text", { x: PAD, y: height - PAD - 2, class: "quiet" }, cutText(words.out, letters))));
}

// Where a line over several columns passes those between: {left, right, y}, in the free lane that is nearest. Between
// two boxes there are three lanes; above the first and below the last there are as many as it takes.
function waysAround({ at, tall, lanes }, from, to) {
  const ways = [];
  for (let c = from.column + 1; !tall && c < to.column; c++) {
    const boxes = Object.values(at).filter((b) => b.column === c).sort((x, y) => x.y - y.y), taken = (lanes[c] ??= []);
    if (!boxes.length) continue;
    const part = (c - from.column) / (to.column - from.column), wanted = from.y + from.height / 2 + part * (to.y + to.height / 2 - from.y - from.height / 2);
    const inner = boxes.slice(1).flatMap((b) => [-1, 0, 1].map((k) => b.y - GAP / 2 + k * LANE));
    const outer = Array.from({ length: taken.length + 1 }, (_, k) => [boxes[0].y - (k + 2) * LANE, boxes.at(-1).y + boxes.at(-1).height + (k + 2) * LANE]).flat();
    const y = [...inner, ...outer].filter((g) => taken.every((t) => Math.abs(t - g) > LANE / 2)).reduce((x, g) => (Math.abs(g - wanted) < Math.abs(x - wanted) ? g : x));
    taken.push(y);
    ways.push({ left: boxes[0].x - 10, right: boxes[0].x + boxes[0].width + 10, y });
  }
  return ways;
}

function wordOf(line) {
  return line.share !== null ? line.share.toFixed(3).replace(/0+$/, "").replace(/\.$/, "") : line.weight !== null ? `\u00d7 ${line.weight}` : line.reads ? "reads" : "";
}

// before: lines from the same box that have a word already, beside which this one's is written
function edge(line, from, to, tall, ways, before) {
  const text = wordOf(line);
  if (tall) {
    const x = 12 - (to.column - from.column > 1 ? 6 : 0), y1 = from.y + from.height / 2, y2 = to.y + to.height / 2;
    return svg("g", { class: `edge${line.reads ? " reads" : ""}` },
      svg("path", { d: `M${from.x} ${y1}H${x}V${y2}H${to.x}`, "marker-end": "url(#arrow)" }),
      text && svg("text", { x: from.x + from.width - 8, y: from.y + 23 + 16 * before, "text-anchor": "end" }, text, svg("title", null, to.box.name)));
  }
  const x1 = from.x + from.width, y1 = from.y + from.height / 2, x2 = to.x, y2 = to.y + to.height / 2;
  let d = `M${x1} ${y1}`, x = x1, y = y1;
  const bend = (tx, ty) => { const half = (tx - x) / 2; d += `C${x + half} ${y} ${tx - half} ${ty} ${tx} ${ty}`; [x, y] = [tx, ty]; };
  for (const w of ways) { bend(w.left, w.y); d += `H${w.right}`; x = w.right; }
  bend(x2, y2);
  const up = (ways[0]?.y ?? y2) < y1 - 4, down = up !== before % 2 > 0, further = 14 * Math.floor(before / 2);
  return svg("g", { class: `edge${line.reads ? " reads" : ""}` },
    svg("path", { d, "marker-end": "url(#arrow)" }),
    text && svg("text", { x: x1 + 8, y: y1 + (down ? 17 + further : -7 - further) }, text, svg("title", null, to.box.name)));
}

export function graphTable(drawing) {
  const into = (name) => drawing.lines.filter((l) => l.target === name).map((l) => `${l.source}${l.share !== null ? ` ${l.share.toFixed(4)}` : ""}`).join(", ");
  return el("details", { class: "data" }, el("summary", null, "The same graph as a table"),
    plainTable(`Streams of ${drawing.name}, in the order in which they are made`, [
      { label: "stream", cell: (b) => b.name }, { label: "what", cell: (b) => `${b.kind} ${b.made}` },
      { label: "from", cell: (b) => into(b.name) || "recordings or a file" }, { label: "steps", cell: (b) => b.steps.join("; ") || "none" },
      { label: "space", cell: (b) => b.space }, { label: "classes", numeric: true, cell: (b) => b.covered ?? "" },
    ], drawing.boxes));
}
