"""`sed`: a fold ensemble of sound event detection CNNs in ONNX, on one shared log-mel spectrogram."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from blendkit.audio import Anchor, Pool, samples_at
from blendkit.core import Float32, Float64, logit, sigmoid
from blendkit.errors import BlendkitError
from blendkit.graphs import load_graph, metadata, metadata_names, open_session, ports, require_names
from blendkit.member import BELOW_FLOAT32, ClassMap, FilePath, Mel, MemberContext, MemberInfo, by_id, read_class_list

Mix = Literal["prob", "logit"]
Gives = Literal["logit", "prob"]


@dataclass(frozen=True)
class SedMember:
    """Folds of one architecture; `clip` (B, L) and `frame` (B, T, L) outputs, either may be absent."""

    info: MemberInfo
    front: Mel | RawAudio
    folds: tuple[Any, ...]
    labels: ClassMap
    input: str
    clip: str | None
    frame: str | None
    frame_weight: float
    mix: Mix
    gives: Gives

    def predict(self, windows: Float32) -> Float32:
        """Return logits (B, C), or frame probabilities (B, T, C) with the pool `frames`."""
        return self.predict_front(self.front(windows))

    def predict_front(self, pictures: Float32) -> Float32:
        """As `predict`, for spectrograms (B, 1, mels, frames)."""
        one = self._frames if self.info.pool == "frames" else self._mixed
        mean = np.mean([one(fold, pictures) for fold in self.folds], axis=0)
        if self.info.pool == "frames":
            flat = self.labels.place(mean.reshape(-1, mean.shape[-1]).astype(np.float32))
            return flat.reshape(*mean.shape[:-1], -1)
        logits = logit(mean, floor=BELOW_FLOAT32) if self.mix == "prob" else mean
        return self.labels.place(logits.astype(np.float32))

    def _mixed(self, fold: Any, pictures: Float32) -> Float64:
        """One fold: (1 - w) clip + w max over frames, as probabilities or as logits."""
        names = [n for n in (self.clip, self.frame) if n is not None]
        found = dict(zip(names, fold.run(names, {self.input: pictures}), strict=True))
        clip = None if self.clip is None else self._in_mix(found[self.clip])
        frame = None if self.frame is None else self._in_mix(found[self.frame].max(axis=1))
        if clip is None or frame is None:
            only = frame if clip is None else clip
            assert only is not None
            return only
        return (1 - self.frame_weight) * clip + self.frame_weight * frame

    def _frames(self, fold: Any, pictures: Float32) -> Float64:
        values = fold.run([self.frame], {self.input: pictures})[0]
        return values.astype(np.float64) if self.gives == "prob" else sigmoid(values)

    def _in_mix(self, values: Float32) -> Float64:
        if self.gives == self.mix:
            return values.astype(np.float64)
        return sigmoid(values) if self.mix == "prob" else logit(values, floor=BELOW_FLOAT32)


@dataclass(frozen=True)
class RawAudio:
    """No front end: the graph's input is the samples themselves, at `rate` Hz."""

    rate: int

    def __call__(self, windows: Float32) -> Float32:
        """Return the windows."""
        return windows


def sed(
    context: MemberContext,
    *,
    folds: list[FilePath],
    classes: FilePath | None = None,
    mel: Mel | None = Mel(),  # noqa: B008 - frozen
    window_s: float | None = None,
    hop_s: float | None = None,
    anchor: Anchor = "recording",
    pool: Pool = "mean",
    clip: str | None = None,
    frame: str | None = None,
    frame_weight: float = 0.5,
    mix: Mix = "prob",
    gives: Gives = "logit",
    batch: int = 12,
) -> SedMember:
    """A fold ensemble of SED CNNs [batch, 1, mels, frames] -> clip [batch, L] and frame [batch, T, L] scores.

    A window's probability is the mean over folds of (1 - w) s(clip) + w s(highest frame), with w
    frame_weight, 0.5 in the public distilled SED chains (`mix: logit` averages logits instead, which is not
    the same). classes: its columns, one id a line; default: the list in the graph's metadata. mel: the
    spectrogram of the training; folds and members with equal settings share one computation. `mel: null`: the
    graph's input is raw audio, and its metadata says its `rate`, as a student of `blendkit fit student` does. clip,
    frame: the outputs' names; default: the one of rank 2 and the one of rank 3. Longer windows:
    `window_s: 20, anchor: centre, pool: frames` averages the frames of overlapping windows on one timeline;
    a chunk's score is its highest frame (Babych, BirdCLEF 2025).
    """
    if not folds:
        raise BlendkitError("sed: `folds:` is empty; name at least one ONNX file")
    graph = load_graph(Path(folds[0]), "sed")
    front = _front(mel, graph, Path(folds[0]).name)
    labels = read_class_list(Path(classes)) if classes else metadata_names(graph, "classes", Path(folds[0]).name, "sed")
    if not 0 <= frame_weight <= 1:
        raise BlendkitError(f"sed: frame_weight must lie between 0 and 1, got {frame_weight:g}")
    inputs, outputs = ports(graph)
    clip, frame = _output(clip, 2, outputs), _output(frame, 3, outputs)
    if (clip is None and frame is None) or (pool == "frames" and frame is None):
        details = [f"found {', '.join(f'{o.name} {o.shape}' for o in outputs)}", "name them with `clip:` and `frame:`"]
        raise BlendkitError("sed: the graph has no output of clip [batch, L] or frame [batch, T, L] scores", details)
    sessions = tuple(open_session(Path(f), context.threads, "sed", context.provider) for f in folds)
    window = context.chunk_s if window_s is None else window_s
    mapped = by_id("sed", labels, context)
    notes = (mapped.note, f"{len(folds)} folds averaged as {mix}", f"frame weight {frame_weight:g}")
    info = MemberInfo(
        mapped.classes, mapped.covered, front.rate, window, batch, notes, _saw(folds), hop_s, pool, anchor
    )
    made = SedMember(info, front, sessions, mapped, inputs[0].name, clip, frame, frame_weight, mix, gives)
    return _tried(made, [Path(f).name for f in folds], samples_at(window, front.rate))


def _front(mel: Any, graph: Any, source: str) -> Mel | RawAudio:
    if mel is not None:
        return mel if isinstance(mel, Mel) else Mel(**mel)
    rate = metadata(graph).get("rate", "")
    if not rate.isdigit():
        details = ["name its spectrogram with `mel:`, or write `rate` into the graph's metadata"]
        raise BlendkitError(f"sed: the metadata of {source} has no `rate`, which `mel: null` needs", details)
    return RawAudio(int(rate))


def _saw(folds: list[FilePath]) -> tuple[str, ...]:
    """Return the labelled recordings that any fold was trained on, as their metadata say."""
    graphs = [(load_graph(Path(f), "sed"), Path(f).name) for f in folds]
    found = [metadata_names(g, "saw", n, "sed") for g, n in graphs if "saw" in metadata(g)]
    return tuple(sorted({r for saw in found for r in saw}))


def _output(name: str | None, rank: int, outputs: list[Any]) -> str | None:
    if name is not None:
        require_names("sed", "output", [name], [o.name for o in outputs])
        return name
    found = [o.name for o in outputs if len(o.shape) == rank]
    return found[0] if len(found) == 1 else None


def _tried(member: SedMember, files: list[str], samples: int) -> SedMember:
    """Run one silent window through every fold: only a run shows whether spectrogram and graph fit."""
    picture = member.front(np.zeros((1, samples), np.float32))
    names = [n for n in (member.clip, member.frame) if n is not None]
    frames = 0
    for file, fold in zip(files, member.folds, strict=True):
        try:
            found = fold.run(names, {member.input: picture})
        except Exception as error:  # the runtime raises its own family of exceptions
            details = [" ".join(str(error).split()), f"the spectrogram is {list(picture.shape)}"]
            raise BlendkitError(f"sed: {file} does not accept this spectrogram", details) from error
        widths = {v.shape[-1] for v in found}
        if widths != {member.labels.width}:
            raise BlendkitError(f"sed: {file} gives {sorted(widths)} classes, the list has {member.labels.width}")
        frames = found[-1].shape[1] if member.frame is not None else 0
    frames = frames if member.info.pool == "frames" else 0
    return replace(member, info=replace(member.info, frames=frames))
