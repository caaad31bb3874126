"""Parts of long windows: which of a window's frames belong to which chunk, and how parts become chunks."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import ceil

import numpy as np

from blendkit.audio import Anchor
from blendkit.core import Float64, Int64, logit, sigmoid
from blendkit.errors import BlendkitError
from blendkit.member.protocol import BELOW_FLOAT32

FrameMoves = tuple[tuple[int, float], ...]  # by how many frames a chunk's range is moved, and the weight of that


def frame_moves(shift: int, main_weight: float) -> FrameMoves:
    """Return the chunk's own range with the main weight, and the same moved by `shift` frames either way."""
    beside = (1 - main_weight) / 2
    return ((0, main_weight), (-shift, beside), (shift, beside)) if shift else ()


@dataclass(frozen=True)
class WindowParts:
    """The whole chunks that lie in every window: `count` of them, the first `offset_s` after the window's start."""

    window_s: Fraction
    chunk_s: Fraction
    offset_s: Fraction
    count: int

    @classmethod
    def of(cls, window_s: float, hop_s: float | None, chunk_s: float, anchor: Anchor) -> WindowParts:
        """Return the parts. Raises BlendkitError where they would differ between windows, or miss a chunk."""
        window, chunk = Fraction(str(window_s)), Fraction(str(chunk_s))
        hop = window if hop_s is None else Fraction(str(hop_s))
        offset = (window - chunk) / 2 % chunk if anchor == "centre" else Fraction(0)
        count = (window - offset) // chunk
        problems = []
        if count < 1:
            problems.append(f"a window of {window_s:g} s holds no chunk of {chunk_s:g} s")
        if anchor == "chunk":
            problems.append("windows anchored at a chunk count in it alone: write `anchor: recording` or `centre`")
        if anchor == "recording" and (hop % chunk or hop > count * chunk):
            ways = f"write `hop_s: {chunk_s:g}`" if count >= 1 else "write a longer `window_s:`"
            problems.append(
                f"windows every {float(hop):g} s do not start on chunks of {chunk_s:g} s, or miss some: {ways}"
            )
        if problems:
            raise BlendkitError("windows do not fit the pool `parts`", problems)
        return cls(window, chunk, offset, count)

    def ranges(self, frames: int) -> tuple[tuple[int, int], ...]:
        """Return each part's frames [a, b): those of a window's `frames` whose middle lies inside it."""
        step = self.window_s / frames
        bounds = [ceil((self.offset_s + k * self.chunk_s) / step - Fraction(1, 2)) for k in range(self.count + 1)]
        if any(a >= b for a, b in pairwise(bounds)):
            raise BlendkitError(f"a chunk holds no whole frame: a window of {float(self.window_s):g} s has {frames}")
        return tuple(pairwise(bounds))


@dataclass(frozen=True)
class PartFrames:
    """Which of a window's frames [a, b) belong to each of its parts, and how their ranges are moved."""

    ranges: tuple[tuple[int, int], ...]
    moves: FrameMoves = ()

    def highest(self, frames: Float64) -> Float64:
        """Return (B, P, C) the highest of each part's frames (B, T, C), averaged over the moves of its range.

        A range that would leave the window stays.
        """
        out = np.zeros((len(frames), len(self.ranges), frames.shape[2]))
        for k, (a, b) in enumerate(self.ranges):
            for move, weight in self.moves or ((0, 1.0),):
                d = move if a + move >= 0 and b + move <= frames.shape[1] else 0
                out[:, k] += weight * frames[:, a + d : b + d].max(axis=1)
        return out


def parts_onto_chunks(logits: Float64, parts: int, starts: Int64, chunks: int, chunk_s: float, rate: int) -> Float64:
    """Return logits (K, C) of the chunks: means of probabilities over the windows (W, P * C) that hold them whole.

    starts (W,): the windows' first samples; the first part of a window is the first chunk that begins in it. Parts
    beyond the recording are left out.
    """
    p = sigmoid(logits.reshape(len(logits), parts, -1))
    total, seen = np.zeros((chunks, p.shape[2])), np.zeros(chunks)
    step = Fraction(str(chunk_s)) * rate
    for own, start in zip(p, starts.tolist(), strict=True):
        first = ceil(Fraction(start - 1) / step)  # places are rounded to whole samples
        for k in range(max(first, 0), min(first + parts, chunks)):
            total[k] += own[k - first]
            seen[k] += 1
    if not seen.all():
        raise BlendkitError(f"no window holds chunk {int(np.argmin(seen)) + 1} whole")
    return logit(total / seen[:, None], floor=BELOW_FLOAT32)
