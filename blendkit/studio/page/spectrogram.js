// A log-mel spectrogram on a canvas, in the colours of the page, with the place that is playing.
import { clipAddress, state } from "./server.js";

const LEFT = 46, BELOW = 20;
const mel = (f) => 2595 * Math.log10(1 + f / 700);

function shades() {
  const root = getComputedStyle(document.documentElement), read = (name) => {
    const text = root.getPropertyValue(name).trim();
    return [1, 3, 5].map((i) => parseInt(text.slice(i, i + 2), 16));
  };
  const [low, middle, high] = [read("--faint"), read("--accent"), read("--ink")], found = new Uint8ClampedArray(256 * 4);
  for (let i = 0; i < 256; i++) {
    const t = i / 255, [a, b, u] = t < 0.6 ? [low, middle, t / 0.6] : [middle, high, (t - 0.6) / 0.4];
    for (let c = 0; c < 3; c++) found[4 * i + c] = a[c] + (b[c] - a[c]) * u;
    found[4 * i + 3] = 255;
  }
  return { table: found, ink: root.getPropertyValue("--soft").trim(), focus: root.getPropertyValue("--focus").trim() };
}

async function pictureOf(span, highest) {
  let response;
  try {
    response = await fetch(clipAddress("picture", span, { highest }));
  } catch {
    state.lost?.();
    throw new Error("the server does not answer");
  }
  if (!response.ok) throw new Error(await response.text());
  const about = Object.fromEntries(["mels", "frames", "highest"].map((n) => [n, Number(response.headers.get(`x-${n}`))]));
  return { ...about, cells: new Uint8Array(await response.arrayBuffer()) };
}

function painted({ cells, mels, frames }, table) {
  const image = new ImageData(frames, mels);
  for (let m = 0; m < mels; m++) for (let t = 0; t < frames; t++) {
    const shade = 4 * cells[m * frames + t], at = 4 * ((mels - 1 - m) * frames + t);
    for (let c = 0; c < 4; c++) image.data[at + c] = table[shade + c];
  }
  const canvas = new OffscreenCanvas(frames, mels);
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}

// Returns {head(seconds), timeAt(x)}: draw the place that is playing; the second of a place on the canvas.
export async function drawnSpectrogram(canvas, span, chunk, highest) {
  const found = await pictureOf(span, highest), colours = shades(), image = painted(found, colours.table), context = canvas.getContext("2d");
  const tall = 260, sharp = window.devicePixelRatio || 1, length = span.to - span.from, x = (s) => LEFT + (s / length) * (wide - LEFT);
  let wide = 0;
  const fit = () => { // a window that was made wider would show a picture of blurred letters
    const now = Math.max(300, canvas.clientWidth || wide || 900);
    if (now !== wide) [wide, canvas.width, canvas.height] = [now, now * sharp, tall * sharp];
  };
  const head = (seconds) => {
    fit();
    context.setTransform(sharp, 0, 0, sharp, 0, 0);
    context.clearRect(0, 0, wide, tall);
    context.drawImage(image, LEFT, 0, wide - LEFT, tall - BELOW);
    context.fillStyle = colours.ink;
    context.font = "12px system-ui, sans-serif";
    for (const f of [500, 1000, 2000, 4000, 8000, 12000].filter((v) => v < found.highest)) {
      const y = (1 - (mel(f) - mel(20)) / (mel(found.highest) - mel(20))) * (tall - BELOW);
      context.fillText(f < 1000 ? `${f} Hz` : `${f / 1000} kHz`, 0, y + 4);
    }
    const step = Math.max(1, Math.ceil(length / 8));
    for (let s = 0; s < length; s += step) context.fillText(`${span.from + s} s`, x(s), tall - 5);
    context.strokeStyle = colours.focus;
    if (length > chunk.end - chunk.start) context.strokeRect(x(chunk.start - span.from) + 1, 1, ((chunk.end - chunk.start) / length) * (wide - LEFT) - 2, tall - BELOW - 2);
    if (seconds > 0) context.strokeRect(x(seconds), 0, 0.5, tall - BELOW);
  };
  head(0);
  return { head, timeAt: (at) => Math.max(0, ((at * (wide / (canvas.clientWidth || wide)) - LEFT) / (wide - LEFT)) * length) };
}
