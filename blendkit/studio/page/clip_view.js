// One chunk: its spectrogram and sound, and under them what every member says of the class over the recording.
import { drawnSpectrogram } from "./spectrogram.js";
import { el, responsive, svg } from "./dom.js";
import { fixed } from "./numbers.js";
import { axisBelow, axisLeft, drawing, scale } from "./scales.js";
import { clipAddress } from "./server.js";

const AROUND = [[0, "the chunk alone"], [5, "5 s around"], [15, "15 s around"]];
const HIGHEST = [[0, "all"], [4000, "to 4 kHz"], [8000, "to 8 kHz"], [12000, "to 12 kHz"]];

export function clipView(about, found, tones) {
  const title = el("h3", null, `${found.class} in ${found.recording}, ${found.start} to ${found.end} s`);
  const label = found.label === null ? "not labelled" : found.label ? "labelled with it" : "labelled without it";
  const scores = Object.entries(found.scores).map(([n, v]) => `${n} ${fixed(v, 4)}`).join(" \u00b7 ");
  const sound = about.audio ? soundParts(about, found) : null;
  const tracks = responsive((width) => tracksChart(about, found, tones, sound?.now() ?? null)(width));
  sound?.moved(() => tracks.redraw());
  const legend = el("p", { class: "legend" }, Object.keys(found.ranks).map((n) => el("span", null, el("span", { class: `key ${tones[n]}`, "aria-hidden": "true" }), n)));
  const box = el("div", null, title, el("p", { class: "quiet" }, `${label} \u00b7 ${scores}`), sound?.box,
    el("figure", { class: "picture" }, el("figcaption", null, "Rank of every chunk of the recording among all chunks, for this class; squares below: labels"), tracks, legend));
  return { box, stop: () => sound?.stop(), toggle: () => sound?.toggle() };
}

function choice(name, options, change) {
  const select = el("select", { on: { change } }, options.map(([v, t]) => el("option", { value: v }, t)));
  return [el("label", null, `${name} `, select), select];
}

function soundParts(about, found) {
  const last = found.ends.at(-1), player = el("audio", { controls: true, preload: "auto" }), said = el("p", { class: "quiet", role: "status" });
  const canvas = el("canvas", { role: "img", "aria-label": `Spectrogram of ${found.recording} around ${found.start} s`, height: 300, width: 900 });
  let span = null, picture = null, told = () => {};
  const show = async () => {
    const pad = Number(around.value);
    span = { recording: found.recording, from: Math.max(0, found.start - pad), to: Math.min(last, found.end + pad) };
    player.src = clipAddress("sound", span);
    said.textContent = "The spectrogram is being made \u2026";
    try {
      picture = await drawnSpectrogram(canvas, span, found, Number(highest.value));
      said.textContent = "";
    } catch (error) { said.textContent = error.message; }
  };
  const [aroundBox, around] = choice("Show", AROUND, show), [highestBox, highest] = choice("Frequencies", HIGHEST, show);
  const frame = () => {
    picture?.head(player.currentTime);
    told();
    if (!player.paused) requestAnimationFrame(frame);
  };
  new ResizeObserver(() => picture?.head(player.currentTime)).observe(canvas);
  player.addEventListener("play", frame);
  player.addEventListener("seeked", frame);
  canvas.addEventListener("click", (event) => { player.currentTime = picture?.timeAt(event.offsetX) ?? 0; });
  show();
  return { box: el("div", null, canvas, player, el("div", { class: "controls" }, aroundBox, highestBox), said),
    now: () => (span && (player.currentTime > 0 || !player.paused) ? span.from + player.currentTime : null), moved: (f) => { told = f; },
    stop: () => { player.pause(); player.removeAttribute("src"); }, toggle: () => (player.paused ? player.play().catch(() => {}) : player.pause()) };
}

function tracksChart(about, found, tones, now) {
  return (width) => {
    const height = 210, left = 44, right = width - 10, top = 24, bottom = height - 56, names = Object.keys(found.ranks);
    const x = scale(found.starts[0], found.ends.at(-1), left, right), y = scale(0, 1, bottom, top);
    const points = (n) => found.ranks[n].map((v, i) => `${x((found.starts[i] + found.ends[i]) / 2).toFixed(1)},${y(v).toFixed(1)}`).join(" ");
    const here = found.starts.indexOf(found.start), summary = `Ranks of ${found.class} over ${found.recording}; at ${found.start} s: ${names.map((n) => `${n} ${fixed(found.ranks[n][here], 2)}`).join(", ")}.`;
    return drawing(width, height, summary, axisLeft(y, 0, 1, left, right, "rank", bottom - top),
      axisBelow(x, found.starts[0], found.ends.at(-1), top, bottom + 12, "seconds", right - left, (v) => String(Math.round(v))),
      svg("g", { class: "tracks" },
        svg("rect", { x: x(found.start), width: x(found.end) - x(found.start), y: top, height: bottom - top, class: "here" }),
        names.map((n) => svg("g", { class: `${tones[n]}${n === about.main ? " main" : ""}` }, svg("polyline", { points: points(n) }, svg("title", null, n)))),
        found.truth.map((t, i) => t !== null && svg("rect", { x: x(found.starts[i]) + 1, width: Math.max(1, x(found.ends[i]) - x(found.starts[i]) - 2), y: bottom + 3, height: 8, class: t ? "yes" : "no" },
          svg("title", null, `${found.starts[i]} s: ${t ? "labelled with it" : "labelled without it"}`))),
        now !== null && svg("line", { x1: x(now), x2: x(now), y1: top, y2: bottom, class: "head" })));
  };
}
