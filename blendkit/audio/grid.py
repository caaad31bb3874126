"""A member's windows on the recipe's chunks, in exact sample arithmetic for any window, hop and rate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import ceil
from typing import Literal

import numpy as np

from blendkit.core import Float64, Int64
from blendkit.errors import BlendkitError

WindowPool = Literal["mean", "max"]
FramePool = WindowPool | Literal["frames"]
Pool = FramePool | Literal["parts"]
Anchor = Literal["recording", "chunk", "centre"]


def samples_at(seconds: float, rate: int, times: int = 1) -> int:
    """Return `times` x seconds x rate (Hz) to the nearest whole sample.

    Seconds count as the decimals that they are written as, so that the places do not drift in long recordings.
    """
    return round(Fraction(str(seconds)) * rate * times)


def edges(count: int, step_s: float, rate: int) -> Int64:
    """Return (count + 1,) the first sample of every step of `step_s` seconds, and the end of the last."""
    p, q = (Fraction(str(step_s)) * rate).as_integer_ratio()
    return np.array([_nearest(k * p, q) for k in range(count + 1)], np.int64)


def _nearest(p: int, q: int) -> int:
    """Return p / q to the nearest whole number, of two to the even one: what `round` gives of a fraction, faster."""
    whole, rest = divmod(p, q)
    return whole + (2 * rest > q or (2 * rest == q and whole % 2 == 1))


def window_starts(end: int, window_s: float, hop_s: float, rate: int) -> Int64:
    """Return (W,) the first samples of windows every `hop_s` seconds, until one reaches sample `end`.

    There is always one; the last may reach beyond the end.
    """
    size, starts = samples_at(window_s, rate), [0]
    while starts[-1] + size < end:
        starts.append(samples_at(hop_s, rate, len(starts)))
    return np.array(starts, np.int64)


@dataclass(frozen=True, eq=False)
class Overlaps:
    """Pairs (P,) of a chunk and a window that share samples, in order of chunk and window."""

    chunk: Int64
    window: Int64
    samples: Int64
    chunks: int


def overlaps(starts: Int64, ends: Int64, chunk_edges: Int64) -> Overlaps:
    """Return which windows [start, end) share samples with which chunks, and how many.

    starts, ends (W,) in any order, chunk_edges (K + 1,) rising; windows may reach beyond the chunks.
    """
    first = np.maximum(np.searchsorted(chunk_edges, starts, side="right") - 1, 0)
    last = np.minimum(np.searchsorted(chunk_edges, ends, side="left"), len(chunk_edges) - 1)
    counts = np.where(ends > starts, np.maximum(last - first, 0), 0)
    window = np.repeat(np.arange(len(starts)), counts)
    chunk = np.arange(len(window)) - np.repeat(np.cumsum(counts) - counts, counts) + first[window]
    low = np.maximum(starts[window], chunk_edges[chunk])
    high = np.minimum(ends[window], chunk_edges[chunk + 1])
    touching = high > low
    window, chunk, shared = window[touching], chunk[touching], (high - low)[touching]
    order = np.lexsort((window, chunk))
    return Overlaps(chunk[order], window[order], shared[order], len(chunk_edges) - 1)


def require_all(pairs: Overlaps) -> None:
    """Raise BlendkitError if a chunk has no window, which a hop longer than the window can leave."""
    covered = np.bincount(pairs.chunk, minlength=pairs.chunks) > 0
    if not covered.all():
        first = int(np.argmin(covered)) + 1
        raise BlendkitError(f"no window of the member overlaps chunk {first}: its hop leaves gaps")


def place(chunk_edges: Int64, window_s: float, hop_s: float, rate: int, anchor: Anchor) -> tuple[Int64, Overlaps]:
    """Return the first samples (W,) of a recording's windows, and which of them make up which chunk.

    anchor `recording`: every hop from the recording's start; a window counts in every chunk it touches.
    `chunk`: every hop from each chunk's own start until one reaches its end; a window counts in its chunk
    alone. `centre`: one window centred on each chunk, whatever the hop; it counts in every chunk it
    touches, and the first and last reach beyond the recording. Raises BlendkitError if a chunk has no window.
    """
    size, chunks = samples_at(window_s, rate), len(chunk_edges) - 1
    if not chunks:
        none = np.empty(0, np.int64)
        return none, Overlaps(none, none, none, 0)
    if anchor != "chunk":
        centred = chunk_edges[:-1] + (np.diff(chunk_edges) - size) // 2
        starts = centred if anchor == "centre" else window_starts(int(chunk_edges[-1]), window_s, hop_s, rate)
        pairs = overlaps(starts, starts + size, chunk_edges)
        require_all(pairs)
        return starts, pairs
    own = [a + window_starts(int(b - a), window_s, hop_s, rate) for a, b in pairwise(chunk_edges)]
    starts = np.concatenate(own)
    chunk = np.repeat(np.arange(chunks), [len(o) for o in own])
    shared = np.minimum(starts + size, chunk_edges[chunk + 1]) - starts
    return starts, Overlaps(chunk, np.arange(len(starts)), shared, chunks)


def onto_chunks(values: Float64, pairs: Overlaps, pool: WindowPool) -> Float64:
    """Return (K, C) chunk scores from window scores (W, C).

    mean: weighted by shared samples, so that a window with a short overlap hardly counts. max: the highest
    of the windows that overlap the chunk, as in public BirdNET and BirdSet pipelines; a call in the part of
    a window that lies in the neighbouring chunk then counts in both chunks.
    """
    if pool == "max":
        out = np.full((pairs.chunks, values.shape[1]), -np.inf)
        np.maximum.at(out, pairs.chunk, values[pairs.window])
        return out
    share = pairs.samples / np.bincount(pairs.chunk, pairs.samples, pairs.chunks)[pairs.chunk]
    total = np.zeros((pairs.chunks, values.shape[1]))
    np.add.at(total, pairs.chunk, values[pairs.window] * share[:, None])
    return total


def frames_onto_chunks(
    frames: Float64, starts: Int64, size: int, chunk_edges: Int64, moves: Sequence[int] = (0,)
) -> Float64:
    """Return (M, K, C) maxima per chunk of frames (W, T, C), averaged first where windows overlap.

    A window of `size` samples has T frames; starts (W,) may be negative. This is the overlap-average-max
    of the BirdCLEF 2025 winner (Babych). moves: by how many frames the frames of every chunk are moved; NaN where that
    would leave the recording's own frames. Raises BlendkitError if a chunk is shorter than a frame.
    """
    count, classes = frames.shape[1:]
    step = Fraction(size, count)
    first = np.array([round(Fraction(int(s)) / step) for s in starts], np.int64)
    at = (first[:, None] + np.arange(count)).ravel()
    low = int(at.min())
    total = np.zeros((int(at.max()) - low + 1, classes))
    np.add.at(total, at - low, frames.reshape(-1, classes))
    seen = np.bincount(at - low, minlength=len(total))
    mean = total / np.maximum(seen, 1)[:, None]
    # the frames whose middle lies inside the chunk
    bounds = [max(0, ceil(Fraction(x) / step - Fraction(1, 2)) - low) for x in chunk_edges.tolist()]
    own = (bounds[0], min(bounds[-1], len(mean)))
    out = np.full((len(moves), len(bounds) - 1, classes), np.nan)
    for k, (begin, end) in enumerate(pairwise(bounds)):
        if not seen[begin:end].any():
            raise BlendkitError(f"chunk {k + 1} holds no whole frame: frames are {float(step):g} samples long")
        for m, move in enumerate(moves):
            a, b = begin + move, min(end, own[1]) + move
            if a >= own[0] and b <= own[1] and seen[a:b].any():
                out[m, k] = mean[a:b][seen[a:b] > 0].max(axis=0)
    return out
