"""Compiled pair counts behind the AUC: how often a positive beats a negative, exactly, for all classes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import get_num_threads, prange
from numpy.typing import NDArray

from blendkit.core import Bools, Int64, compiled
from blendkit.metrics.kernels.buckets import PER_POSITIVE, own_ties, pairs_of

_COLUMNS = 32  # gathered together, so that most of a row-major matrix's cache lines are used at once


@compiled()
def _transposed(x: Any, low: int, out: Any) -> None:
    """Copy columns low.. of x (N, C) into out (B, N), in tiles."""
    width, n, start = np.uint64(out.shape[0]), np.uint64(out.shape[1]), np.uint64(low)
    for first in range(np.uint64(0), n, np.uint64(64)):
        for j in range(width):
            for i in range(first, min(first + np.uint64(64), n)):
                out[j, i] = x[i, start + j]


@compiled()
def _positives(x: Any, words: Any, pos: Any) -> tuple[Any, bool]:
    """Gather the positives, eight rows' states to a word; return their number and whether one is NaN."""
    p, bad = np.uint64(0), False
    one, eight, n = np.uint64(1), np.uint64(8), np.uint64(len(x))
    for w in range(np.uint64(len(words))):
        if words[w]:
            first = eight * w
            for i in range(first, min(first + eight, n)):
                pos[p] = x[i]
                p += (words[w] >> (eight * (i - first))) & one
    for v in pos[:p]:
        bad |= v != v
    return np.int64(p), bad


@compiled()
def _keep(x: Any, state: Any, kept: Any, kept_state: Any) -> int:
    """Gather the cells that count, and pad their states to whole words; return their number."""
    n = 0
    for i in range(len(x)):
        kept[n], kept_state[n] = x[i], state[i]
        n += state[i] < 2
    kept_state[n:] = 0
    return n


@compiled()
def _count_class(x: Any, words: Any, rooms: Any, ends: Any, table: Any, out: Any) -> None:
    """Fill out (4,) with 2U, tied pairs, positives and negatives of one class; 2U is -1 for a NaN."""
    pos, ordered = rooms
    p, bad = _positives(x, words, pos)
    out[2], out[3] = p, len(x) - p
    if 0 < p < len(x) and not bad:
        total, ties, bad = pairs_of(x, pos[:p], ordered, ends, table)
        out[0] = total - p * p
        out[1] = ties - own_ties(ordered[:p])
    elif p == 0:
        for v in x:
            bad |= v != v
    if bad:
        out[0] = -1


@compiled(parallel=True)
def _count(x: Any, class_major: bool, state: Any, masked: bool, out: Any, columns: int, threads: int) -> None:
    """Count pairs per class into out (C, 4), a block of columns at a time in every thread.

    x is (C, N) if class_major, else (N, C); state (N, C): 0 negative, 1 positive, more (where masked):
    left out. States lie in rows of whole words of eight.
    """
    n, width = state.shape
    words = n // 8 + 2
    for t in prange(threads):
        values = np.empty((0 if class_major else columns, n), x.dtype)
        states = np.zeros((columns, 8 * words), np.uint8)
        rooms = (np.empty(n + 1, x.dtype), np.empty(n + 2, x.dtype))
        ends, table = np.empty(PER_POSITIVE * n + 1, np.uint32), np.empty(PER_POSITIVE * n + 1, np.uint32)
        kept, kept_state = np.empty(n + 1 if masked else 0, x.dtype), np.zeros(8 * words, np.uint8)
        for block in range(t, (width + columns - 1) // columns, threads):
            low = block * columns
            high = min(low + columns, width)
            _transposed(state, low, states[: high - low, :n])
            if not class_major:
                _transposed(x, low, values[: high - low])
            for c in range(low, high):
                column = x[c] if class_major else values[c - low]
                if masked:
                    rows = _keep(column, states[c - low], kept, kept_state)
                    _count_class(kept[:rows], kept_state.view(np.uint64), rooms, ends, table, out[c])
                else:
                    _count_class(column, states[c - low].view(np.uint64), rooms, ends, table, out[c])


def count_pairs(y: Bools, x: NDArray[Any], mask: Bools | None = None) -> Int64:
    """Return (C, 4) int64: 2U = sum(2*[p > n] + [p == n]), tied pairs, positives and negatives per class.

    y (N, C), x (N, C) float32 or float64 (anything else is taken as float64), mask (N,) or (N, C) of the
    cells that count. 2U is -1 where a cell that counts is NaN. Class-major (Fortran) x is read as it lies, any
    other a few columns at a time.
    """
    if x.dtype != np.float32:
        x = np.asarray(x, np.float64)
    state: NDArray[Any] = np.asarray(y, bool).view(np.uint8)
    if mask is not None:
        state = state | (~(mask[:, None] if mask.ndim == 1 else mask)).view(np.uint8) << 1
    out = np.zeros((x.shape[1], 4), np.int64)
    if x.size:
        class_major = x.flags.f_contiguous and not x.flags.c_contiguous
        values = x.T if class_major else np.ascontiguousarray(x)
        if not (state.flags.c_contiguous or state.flags.f_contiguous):
            state = np.ascontiguousarray(state)
        threads = get_num_threads()
        rounds = -(-len(out) // (_COLUMNS * threads))  # blocks of equal size, as many for every thread
        columns = -(-len(out) // (rounds * threads))
        _count(values, class_major, state, mask is not None, out, columns, threads)
    return out
