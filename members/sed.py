"""`sed`: a fold ensemble of sound event detection CNNs in ONNX, on one shared log-mel spectrogram."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from blendkit.audio import Anchor, Pool, samples_at
from blendkit.core import Float32, Float64, Matrix, Saw, logit
from blendkit.errors import BlendkitError
from blendkit.graphs import load_graph, metadata, metadata_names, metadata_seconds, open_session, ports
from blendkit.member import (
    BELOW_FLOAT32,
    PART,
    Batch,
    ClassBy,
    ClassMap,
    ClipAndFrame,
    Column,
    FilePath,
    FrameShift,
    GraphInput,
    GraphRunner,
    Mel,
    MemberContext,
    MemberInfo,
    Part,
    PartFrames,
    Seconds,
    SpreadFront,
    Threads,
    WindowParts,
    apart,
    as_logits,
    as_probabilities,
    audio_input,
    find_clip_and_frame,
    frame_moves,
    logits_version,
    match_classes,
    of_each_on_parts,
    part_frames,
    picture_input,
    read_class_names,
    saw_of_folds,
    stated_space,
    trial_windows,
)

LogitOrProb = Literal["logit", "prob"]


@dataclass(frozen=True)
class SedMember:
    """Folds of one architecture."""

    info: MemberInfo
    front: SpreadFront
    folds: tuple[GraphRunner, ...]
    labels: ClassMap
    outputs: ClipAndFrame
    frame_weight: float
    mix: LogitOrProb
    gives: LogitOrProb
    fold_saw: tuple[Saw, ...] = ()
    parts: PartFrames | None = None
    workers: int = 1

    def only(self, folds: Sequence[int]) -> SedMember:
        """Return the ensemble of these folds alone."""
        return replace(self, folds=tuple(self.folds[i] for i in folds))

    def predict(self, windows: Float32) -> Matrix:
        """Return logits (B, C) or (B, P, C) with the pool `parts`, or frame probabilities (B, T, C) with `frames`."""
        return self.predict_front(self.front(windows))

    def predict_front(self, pictures: Float32) -> Matrix:
        """As `predict`, for spectrograms (B, 1, mels, frames)."""
        one = {"frames": self._frames, "parts": self._parts}.get(self.info.pool, self._mixed)
        size = self.folds[0].part
        mean = np.mean(of_each_on_parts(one, self.folds, pictures, size, self.workers), axis=0)
        if self.info.pool != "frames" and self.mix == "prob":
            mean = logit(mean, floor=BELOW_FLOAT32)
        flat: Float64 = self.labels.place(mean.reshape(-1, mean.shape[-1]))
        found = flat.reshape(*mean.shape[:-1], -1)
        return found if self.info.pool == "frames" else found.astype(np.float32)  # frames near 1 stay apart

    def _mixed(self, fold: GraphRunner, pictures: Float32) -> Float64:
        """One fold: (1 - w) clip + w max over frames, as probabilities or as logits."""
        found = fold.run([o.name for o in self.outputs.used], pictures)
        scores = []
        for output, values in zip(self.outputs.used, found, strict=True):
            x = output.arranged(values)
            scores.append(self._in_mix(output.name, x.max(axis=1) if x.ndim == 3 else x))
        if len(scores) == 1:
            return scores[0]
        return (1 - self.frame_weight) * scores[0] + self.frame_weight * scores[1]

    def _parts(self, fold: GraphRunner, pictures: Float32) -> Float64:
        """One fold, for every chunk in the window: (1 - w) clip + w the highest of the chunk's own frames."""
        assert self.parts is not None
        scores = []
        for output, values in zip(
            self.outputs.used, fold.run([o.name for o in self.outputs.used], pictures), strict=True
        ):
            p = as_probabilities("sed", output.name, output.arranged(values), self.gives)
            whole = p if p.ndim == 3 else p[:, None]
            scores.append(self.parts.highest(whole) if output is self.outputs.frame else whole)
        if len(scores) == 1:
            return scores[0]
        return (1 - self.frame_weight) * scores[0] + self.frame_weight * scores[1]

    def _frames(self, fold: GraphRunner, pictures: Float32) -> Float64:
        output = self.outputs.frame
        assert output is not None
        values = output.arranged(fold.run([output.name], pictures)[0])
        frames = values if values.ndim == 3 else values[:, None]
        return as_probabilities("sed", output.name, frames, self.gives)

    def _in_mix(self, name: str, values: NDArray[Any]) -> Float64:
        return (as_probabilities if self.mix == "prob" else as_logits)("sed", name, values, self.gives)


@dataclass(frozen=True)
class RawAudio:
    """No front end: the graph's input is the samples themselves, at `rate` Hz."""

    rate: int

    def __call__(self, windows: Float32) -> Float32:
        """Return the windows."""
        return windows


@logits_version(4)
def sed(
    context: MemberContext,
    *,
    folds: list[FilePath],
    classes: FilePath | None = None,
    class_by: ClassBy = "id",
    class_column: str | Column | None = None,
    synonyms: FilePath | None = None,
    mel: Mel | None = Mel(),  # noqa: B008 - frozen
    window_s: Seconds | None = None,
    hop_s: Seconds | None = None,
    anchor: Anchor = "recording",
    pool: Pool = "mean",
    clip: str | None = None,
    frame: str | None = None,
    frame_weight: Part = 0.5,
    frame_shift: FrameShift = 0,
    main_weight: Part = 0.5,
    mix: LogitOrProb = "prob",
    gives: LogitOrProb | None = None,
    batch: Batch = 12,
) -> SedMember:
    """A fold ensemble of SED CNNs [batch, 1, mels, frames] -> clip [batch, L] and frame [batch, T, L] scores.

    folds: the ONNX files, one per fold. A window's probability is the mean over folds of (1 - w) s(clip) + w
    s(highest frame), with w frame_weight, 0.5 in the public distilled SED chains (`mix: logit` averages logits
    instead, which is not the same). classes: its columns, as text or CSV; default: the list in the graph's
    metadata. class_by, class_column, synonyms: the kind of name in it and how it is matched, as in `onnx`. mel: the
    spectrogram of the training; folds and members with equal settings share one computation. `mel: null`: the
    graph's input is raw audio, and its metadata says its `rate` and the `window_s` to use unless it is stated here,
    as a student of `blendkit fit student` does. clip, frame: the outputs' names; default: the one without and the
    one with frames. gives: `logit` or `prob`; unless stated, what looks like probabilities is refused.

    Longer windows: `window_s: 20, anchor: centre, pool: frames` averages the frames of overlapping windows on one
    timeline; a chunk's score is its highest frame (Babych, BirdCLEF 2025). `pool: parts` takes per fold and window the
    highest frame of each whole chunk in it, mixed by frame_weight with a clip score per window or per chunk, as
    probabilities; then the mean over folds, then over the windows that hold the chunk. frame_shift: with these two
    pools, the frames of every chunk also move by so many either way, where they stay inside, and main_weight is that
    of its own. A recording that some folds were trained on, as their metadata `saw` says, is scored by the others.
    """
    if not folds:
        raise BlendkitError("sed: `folds:` is empty; name at least one ONNX file")
    if not 0 <= frame_weight <= 1:
        raise BlendkitError(f"sed: frame_weight must lie between 0 and 1, got {frame_weight:g}")
    graph, source = load_graph(Path(folds[0]), "sed"), Path(folds[0]).name
    _check_pool(pool, frame_shift, mix)
    front = _front(mel, graph, source)
    labels, said = _labels(graph, source, classes, class_by, class_column)
    stated = metadata_seconds(graph, "window_s", source, "sed") if isinstance(front, RawAudio) else None
    window = (stated or context.chunk_s) if window_s is None else window_s
    samples = samples_at(window, front.rate)
    mapped = match_classes("sed", labels, class_by, context, synonyms=Path(synonyms) if synonyms else None)
    tried = front(trial_windows(samples))
    threads = Threads.of(context, len(folds) * ceil(batch / PART))
    runners = tuple(_runner(Path(f), front, samples, replace(context, threads=threads.each)) for f in folds)
    outputs = find_clip_and_frame(
        runners[0], ports(graph)[1], tried, (clip, frame), labels, need_frames=pool in ("frames", "parts")
    )
    runners, values, mixed = _checked(runners, outputs, tried, len(labels))
    spaces = [
        stated_space("sed", graph, o.name, o.arranged(v), gives) for o, v in zip(outputs.used, values, strict=True)
    ]
    notes = (mapped.note, *said, f"{len(folds)} folds averaged as {mix}", f"frame weight {frame_weight:g}", *mixed)
    seen = saw_of_folds(folds, "sed")
    saw = seen[0].joined(*seen[1:])
    moves = frame_moves(frame_shift, main_weight)
    per_part, frames = None, 0
    if pool == "parts":
        per_part = part_frames(outputs, WindowParts.of(window, hop_s, context.chunk_s, anchor), moves)
        frames = len(per_part.ranges)
    elif pool == "frames" and outputs.frame is not None:
        frames = max(1, outputs.frame.frames)
    info = MemberInfo(
        mapped.classes, mapped.covered, front.rate, window, runners[0].input.whole_batches(batch), notes, saw,
        hop_s, pool, anchor, frames, moves if pool == "frames" else (),
    )  # fmt: skip
    spread = SpreadFront(front, context.threads)
    made = SedMember(info, spread, runners, mapped, outputs, frame_weight, mix, spaces[0], seen, per_part)
    return replace(made, workers=threads.workers)


def _check_pool(pool: Pool, frame_shift: int, mix: LogitOrProb) -> None:
    if frame_shift and pool not in ("frames", "parts"):
        ways = ["write `pool: parts` or `pool: frames`"]
        raise BlendkitError(f"sed: `frame_shift:` moves the frames of chunks, and `pool: {pool}` has none", ways)
    if pool == "parts" and mix == "logit":
        raise BlendkitError("sed: `pool: parts` averages probabilities", ["leave `mix: logit` out"])


def _labels(
    graph: Any, source: str, classes: str | None, by: ClassBy, column: str | int | None
) -> tuple[Sequence[str], list[str]]:
    if classes is None:
        return metadata_names(graph, "classes", source, "sed"), []
    found = read_class_names(Path(classes), by, column)
    return found.names, [found.note] if by != "id" else []


def _runner(path: Path, front: Mel | RawAudio, samples: int, context: MemberContext) -> GraphRunner:
    """Return the session of a fold, with the input that takes its spectrograms or raw audio."""
    name, inputs = f"sed: {path.name}", ports(load_graph(path, "sed"))[0]
    raw = isinstance(front, RawAudio)
    given: GraphInput = audio_input(name, inputs, None, samples, front.rate) if raw else picture_input(name, inputs)
    return GraphRunner(open_session(path, context.threads, "sed", context.provider), name, given, context.provider)


def _front(mel: Any, graph: Any, source: str) -> Mel | RawAudio:
    if mel is not None:
        return mel if isinstance(mel, Mel) else Mel(**mel)
    rate = metadata(graph).get("rate", "")
    if not rate.isdigit():
        details = ["name its spectrogram with `mel:`, or write `rate` into the graph's metadata"]
        raise BlendkitError(f"sed: the metadata of {source} has no `rate`, which `mel: null` needs", details)
    return RawAudio(int(rate))


def _checked(
    runners: Sequence[GraphRunner], outputs: ClipAndFrame, pictures: Float32, width: int
) -> tuple[tuple[GraphRunner, ...], Sequence[NDArray[Any]], list[str]]:
    """Run the trial spectrograms through every fold: only a run shows whether it fits, and whether it mixes windows.

    Returns the runners, the first one's outputs, and notes.
    """
    made, first, notes = [], None, []
    for runner in runners:
        runner, values, said = apart(runner, [o.name for o in outputs.used], pictures)
        widths = {v.shape[o.axis] if v.ndim > o.axis else 0 for o, v in zip(outputs.used, values, strict=True)}
        if widths != {width}:
            raise BlendkitError(f"{runner.member} gives {sorted(widths)} classes, the list has {width}")
        made.append(runner)
        first = values if first is None else first
        notes += [f"{runner.member.removeprefix('sed: ')}: {n}" for n in said]
    assert first is not None
    return tuple(made), first, notes
