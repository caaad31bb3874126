"""Compiled pair counts behind the AUC: how often a positive beats a negative, exactly, for all classes."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blendkit.core import Bools, Int64, compiled, few, loop_threads, read_only, side_by_side
from blendkit.metrics.kernels.buckets import PER_POSITIVE, own_ties, pairs_of
from blendkit.metrics.kernels.few_cells import plain_pairs

_COLUMNS = 32  # gathered together, so that most of a row-major matrix's cache lines are used at once
_TILE_ROWS = 64  # transposed at a time: their part of all columns stays in the nearest cache
_CELLS = 50_000  # that are worth a thread: they take longer than to wake it
_WORD_STATES = 8  # one-byte states in a word of 64 bits
NAN_FOUND = -1  # in place of 2U, which is never negative


class Cell(IntEnum):
    """The state of a cell. Values above LEFT_OUT are left out too: count_pairs adds LEFT_OUT to the truth."""

    NEGATIVE = 0
    POSITIVE = 1
    LEFT_OUT = 2


class PairCount(IntEnum):
    """The columns of the counts (C, 4) of `count_pairs`."""

    TWICE_U = 0
    TIES = 1
    POSITIVES = 2
    NEGATIVES = 3


_TWICE_U, _TIES, _POSITIVES, _NEGATIVES = map(int, PairCount)  # older numba takes no member of an enum for an index


@compiled()
def _transposed(x: Any, low: int, out: Any) -> None:
    """Copy columns low.. of x (N, C) into the first N places of the rows of out (B, N or more), in tiles."""
    width, n, start = np.uint64(out.shape[0]), np.uint64(x.shape[0]), np.uint64(low)
    for first in range(np.uint64(0), n, np.uint64(_TILE_ROWS)):
        for j in range(width):
            for i in range(first, min(first + np.uint64(_TILE_ROWS), n)):
                out[j, i] = x[i, start + j]


@compiled()
def _positives(x: Any, words: Any, pos: Any) -> tuple[Any, bool]:
    """Gather the positives, eight rows' states to a word; return their number and whether one is NaN."""
    p, bad = np.uint64(0), False
    one, eight, n = np.uint64(1), np.uint64(_WORD_STATES), np.uint64(len(x))
    for w in range(np.uint64(len(words))):
        if words[w]:  # positives are rare: most words are 0, and one test skips eight rows
            first = eight * w
            for i in range(first, min(first + eight, n)):
                pos[p] = x[i]  # written always and overwritten by the next row unless p moves: no branch to mispredict
                p += (words[w] >> (eight * (i - first))) & one  # 8 bits to a state, and the lowest byte is the first
    for v in pos[:p]:
        bad |= v != v  # only a NaN differs from itself
    return np.int64(p), bad


@compiled()
def _gather_counted(x: Any, state: Any, counted: Any, counted_state: Any) -> int:
    """Gather the cells that count, and pad their states to whole words; return their number."""
    n = 0
    for i in range(len(x)):
        counted[n], counted_state[n] = x[i], state[i]  # as in _positives: written always, without a branch
        n += state[i] < Cell.LEFT_OUT
    for i in range(n, len(counted_state)):
        counted_state[i] = Cell.NEGATIVE
    return n


@compiled()
def _count_class(x: Any, words: Any, buffers: Any, ends: Any, table: Any, out: Any) -> None:
    """Fill out (4,), columns as in `PairCount`, for one class; 2U is NAN_FOUND for a NaN."""
    pos, ordered = buffers
    p, bad = _positives(x, words, pos)
    out[_POSITIVES], out[_NEGATIVES] = p, len(x) - p
    if 0 < p < len(x) and not bad:
        # all rows are compared with the positives, which is faster than gathering the negatives first; the pairs of
        # positives among themselves add p * p to 2U, whatever their order (2 + 0 or 1 + 1 per pair, 1 with itself)
        total, ties, bad = pairs_of(x, pos[:p], ordered, ends, table)
        out[_TWICE_U] = total - p * p
        out[_TIES] = ties - own_ties(ordered[:p])
    elif p == 0:  # no pairs, but a NaN must be reported; with p == len(x) _positives has looked at every row
        for v in x:
            bad |= v != v
    if bad:
        out[_TWICE_U] = NAN_FOUND


@compiled()
def _copied(x: Any, low: int, out: Any) -> None:
    """Copy rows low.. of x (C, N) into the first N places of the rows of out (B, N or more)."""
    for j in range(len(out)):
        for i in range(x.shape[1]):
            out[j, i] = x[low + j, i]


@compiled()
def _count_blocks(held: Any, masked: bool, scratch: Any, blocks: tuple[int, int, int], out: Any) -> None:
    """Count pairs per class into out (C, 4), a block of columns at a time: blocks first, first + step and so on.

    held: x and states, of `Cell`, each as (C, N) and True if class-major, else as (N, C) and False. scratch: two
    buffers, for columns (B, N) and for cells that count (N + 1,), each to write and to read. The states of a class are
    padded to whole words of eight. Buffers have one place more than rows, because the gathering loops write first.
    """
    x, x_major, state, state_major = held
    values, read_values, counted, read_counted = scratch
    first, step, columns = blocks
    n = x.shape[1] if x_major else x.shape[0]
    states = np.zeros((columns, _WORD_STATES * (n // _WORD_STATES + 2)), np.uint8)
    counted_state = np.zeros(states.shape[1], np.uint8)
    buffers = (np.empty(n + 1, x.dtype), np.empty(n + 2, x.dtype))
    ends, table = np.empty(PER_POSITIVE * n + 1, np.uint32), np.empty(PER_POSITIVE * n + 1, np.uint32)
    for low in range(first * columns, len(out), step * columns):
        high = min(low + columns, len(out))
        if state_major:
            _copied(state, low, states[: high - low])
        else:
            _transposed(state, low, states[: high - low])
        if not x_major:
            _transposed(x, low, values[: high - low])
        for c in range(low, high):
            column, words = x[c] if x_major else read_values[c - low], states[c - low]
            if masked:
                rows = _gather_counted(column, words, counted, counted_state)
                column, words = read_counted[:rows], counted_state
            _count_class(column, words.view(np.uint64), buffers, ends, table, out[c])


def count_pairs(y: Bools, x: NDArray[Any], mask: Bools | None = None) -> Int64:
    """Return (C, 4) int64: 2U = sum(2*[p > n] + [p == n]), tied pairs, positives and negatives per class.

    y (N, C), x (N, C) float32 or float64 (others are converted to float64), mask (N,) or (N, C) of the
    cells that count. 2U is -1 where a cell that counts is NaN. Class-major (Fortran) x is read without a
    copy, any other is copied a few columns at a time.
    """
    if x.dtype != np.float32:
        x = np.asarray(x, np.float64)
    if few(x.size, _count_blocks):
        return _plain_counts(np.asarray(y, bool), x, mask)
    state: NDArray[Any] = np.asarray(y, bool).view(np.uint8)
    if mask is not None:
        left_out = ~(mask[:, None] if mask.ndim == 1 else mask)
        state = state | left_out.view(np.uint8) * np.uint8(Cell.LEFT_OUT)
    out = np.zeros((x.shape[1], len(PairCount)), np.int64)
    if x.size:
        held = (*_contiguous(x), *_contiguous(state))
        threads = min(loop_threads(), 1 + x.size // _CELLS)
        # blocks of equal size, and the same number for every thread, so that no thread waits for another
        rounds = -(-len(out) // (_COLUMNS * threads))
        columns = -(-len(out) // (rounds * threads))
        values = np.empty((threads, 0 if held[1] else columns, len(x)), x.dtype)
        counted = np.empty((threads, 0 if mask is None else len(x) + 1), x.dtype)
        scratch = (values, read_only(values), counted, read_only(counted))

        def work(t: int) -> None:
            _count_blocks(held, mask is not None, tuple(s[t] for s in scratch), (t, threads, columns), out)

        side_by_side(work, threads, threads)
    return out


def _plain_counts(y: Bools, x: NDArray[Any], mask: Bools | None) -> Int64:
    """Return what `count_pairs` does, of few cells, without compiled loops."""
    out = np.zeros((x.shape[1], len(PairCount)), np.int64)
    keep = (
        np.ones(x.shape, bool) if mask is None else np.broadcast_to(mask[:, None] if mask.ndim == 1 else mask, x.shape)
    )
    out[:, _POSITIVES], out[:, _NEGATIVES] = (y & keep).sum(axis=0), (~y & keep).sum(axis=0)
    if x.size:
        twice_u, ties, bad = plain_pairs(y, x, keep)
        out[:, _TWICE_U], out[:, _TIES] = np.where(bad, NAN_FOUND, twice_u), ties
    return out


def _contiguous(x: NDArray[Any]) -> tuple[NDArray[Any], bool]:
    """Return x (N, C) as contiguous (C, N) and True if it is class-major, else as (N, C) and False."""
    class_major = x.flags.f_contiguous and not x.flags.c_contiguous
    return read_only(x.T if class_major else x), class_major
