"""A member's windows on the recipe's chunks: exact sample arithmetic for any window, hop and rate."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from blendkit.errors import BlendkitError

Pool = Literal["mean", "max"]
Anchor = Literal["recording", "chunk"]
Float = NDArray[np.float64]


def samples_at(seconds: float, rate: int, times: int = 1) -> int:
    """Return `times` x seconds x rate (Hz) to the nearest whole sample.

    Seconds count as the decimals they are written as, so that nothing drifts however long a recording is.
    """
    return round(Fraction(str(seconds)) * rate * times)


def edges(count: int, step_s: float, rate: int) -> NDArray[np.int64]:
    """Return (count + 1,) the first sample of every step of `step_s` seconds, and the end of the last."""
    return np.array([samples_at(step_s, rate, k) for k in range(count + 1)], np.int64)


def window_starts(end: int, window_s: float, hop_s: float, rate: int) -> NDArray[np.int64]:
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

    chunk: NDArray[np.int64]
    window: NDArray[np.int64]
    samples: NDArray[np.int64]
    chunks: int


def overlaps(starts: NDArray[np.int64], size: int, chunk_edges: NDArray[np.int64]) -> Overlaps:
    """Return which windows [start, start + size) share samples with which chunks, and how many.

    starts (W,) rising, chunk_edges (K + 1,). Raises BlendkitError if a chunk has no window, which a hop
    longer than the window can leave.
    """
    first = np.searchsorted(starts + size, chunk_edges[:-1], side="right")  # the first to end after the chunk starts
    last = np.searchsorted(starts, chunk_edges[1:], side="left")  # the first to start after the chunk ends
    counts = last - first
    if (counts < 1).any():
        k = int(np.argmax(counts < 1))
        raise BlendkitError(f"no window of the member touches chunk {k + 1}: its hop leaves gaps")
    chunk = np.repeat(np.arange(len(counts)), counts)
    window = np.concatenate([np.arange(a, b) for a, b in zip(first, last, strict=True)]).astype(np.int64)
    low = np.maximum(starts[window], chunk_edges[chunk])
    high = np.minimum(starts[window] + size, chunk_edges[chunk + 1])
    return Overlaps(chunk, window, high - low, len(counts))


def place(
    chunk_edges: NDArray[np.int64], window_s: float, hop_s: float, rate: int, anchor: Anchor
) -> tuple[NDArray[np.int64], Overlaps]:
    """Return the first samples (W,) of a recording's windows, and which of them make up which chunk.

    anchor `recording`: every hop from the recording's start; a window counts in every chunk it touches.
    `chunk`: every hop from each chunk's own start until one reaches its end; a window counts in its chunk
    alone. Raises BlendkitError if a chunk has no window.
    """
    size, chunks = samples_at(window_s, rate), len(chunk_edges) - 1
    if not chunks:
        none = np.empty(0, np.int64)
        return none, Overlaps(none, none, none, 0)
    if anchor == "recording":
        starts = window_starts(int(chunk_edges[-1]), window_s, hop_s, rate)
        return starts, overlaps(starts, size, chunk_edges)
    own = [a + window_starts(int(b - a), window_s, hop_s, rate) for a, b in pairwise(chunk_edges)]
    starts = np.concatenate(own)
    chunk = np.repeat(np.arange(chunks), [len(o) for o in own])
    shared = np.minimum(starts + size, chunk_edges[chunk + 1]) - starts
    return starts, Overlaps(chunk, np.arange(len(starts)), shared, chunks)


def onto_chunks(values: Float, pairs: Overlaps, pool: Pool) -> Float:
    """Return (K, C) chunk scores from window scores (W, C).

    mean: weighted by shared samples, so that a window that only brushes a chunk hardly counts. max: the
    highest of the windows that touch it, as public BirdNET and BirdSet pipelines take it; a call in a
    neighbouring chunk's half of a window then counts in both.
    """
    if pool == "max":
        out = np.full((pairs.chunks, values.shape[1]), -np.inf)
        np.maximum.at(out, pairs.chunk, values[pairs.window])
        return out
    share = pairs.samples / np.bincount(pairs.chunk, pairs.samples, pairs.chunks)[pairs.chunk]
    total = np.zeros((pairs.chunks, values.shape[1]))
    np.add.at(total, pairs.chunk, values[pairs.window] * share[:, None])
    return total
