"""Compiled pair counts behind the AUC: how often a positive beats a negative, exactly.

Positives are sorted into buckets by a linear map that never decreases; every other row then finds its
place by one look-up, and only rows that share a bucket with a positive are compared one by one.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import get_num_threads, prange
from numpy.typing import NDArray

from blendkit.compiled import compiled

_COLUMNS = 16  # gathered together: of a row-major float32 matrix, one cache line
_PER_POSITIVE = 4  # buckets


@compiled()
def _transposed(x: Any, low: int, out: Any) -> None:
    """Copy columns low.. of x (N, C) into out (B, N), in tiles."""
    width, n = out.shape
    for first in range(0, n, 64):
        for j in range(width):
            for i in range(first, min(first + 64, n)):
                out[j, i] = x[i, low + j]


@compiled()
def _bucket(v: Any, low: Any, scale: Any, top: Any) -> Any:
    """The bucket of v; never decreases with v, whatever rounding does. NaN falls into the first."""
    at = (v - low) * scale
    at = at if at > 0 else top - top
    return np.int32(at if at < top else top)


@compiled()
def _bounds(pos: Any) -> Any:
    """Return (low, scale, buckets) of the linear map over the finite positives."""
    low, high = np.inf, -np.inf
    for v in pos:
        if -np.inf < v < np.inf:
            low, high = min(low, np.float64(v)), max(high, np.float64(v))
    buckets = _PER_POSITIVE * len(pos)
    if not high > low:
        return 0.0, 0.0, 1
    spread = pos.dtype.type(high - low)
    scale = pos.dtype.type(buckets) / spread
    if not (0 < scale < np.inf and spread < np.inf):
        return 0.0, 0.0, 1
    return low, np.float64(scale), buckets


@compiled()
def _sort_buckets(pos: Any, low: Any, scale: Any, ends: Any, out: Any) -> None:
    """Sort pos (P,) into out (P,); ends (B,) becomes one past each bucket's last positive."""
    top = pos.dtype.type(len(ends) - 1)
    ends[:] = 0
    for p in pos:
        ends[_bucket(p, low, scale, top)] += 1
    total = np.int32(0)
    for b in range(len(ends)):
        here = ends[b]
        ends[b] = total
        total += here
    for p in pos:
        b = _bucket(p, low, scale, top)
        out[ends[b]] = p
        ends[b] += 1
    first = 0
    for b in range(len(ends)):
        last = ends[b]
        if last - first > 24:
            out[first:last].sort()
        for i in range(first + 1, last if last - first <= 24 else first):
            v, j = out[i], i
            while j > first and out[j - 1] > v:
                out[j] = out[j - 1]
                j -= 1
            out[j] = v
        first = last


@compiled()
def _at_least(sorted_: Any, first: int, last: int, v: Any) -> int:
    """The first place in sorted_[first:last] that is not below v."""
    while first < last:
        middle = (first + last) // 2
        if sorted_[middle] < v:
            first = middle + 1
        else:
            last = middle
    return first


@compiled()
def _beaten(sorted_: Any, first: int, last: int, v: Any) -> tuple[int, int]:
    """Return 2 x (positives of this bucket above v) + (equal to v), and the equal ones alone."""
    if last - first <= 4:
        above, ties = 0, 0
        for i in range(first, last):
            above += sorted_[i] > v
            ties += sorted_[i] == v
        return 2 * above + ties, ties
    lower = _at_least(sorted_, first, last, v)
    equal = lower
    while equal < last and equal < lower + 8 and sorted_[equal] == v:
        equal += 1
    if equal == lower + 8 and equal < last:  # many ties: find their end by bisection
        upper = last
        while equal < upper:
            middle = (equal + upper) // 2
            if sorted_[middle] > v:
                upper = middle
            else:
                equal = middle + 1
    return 2 * (last - equal) + (equal - lower), equal - lower


@compiled()
def _pairs(x: Any, pos: Any, ordered: Any, ends: Any, table: Any, close: Any) -> tuple[int, int]:
    """Return 2U of all rows x (N,) against pos (P,), and the tied pairs; P's own pairs are included."""
    low_, scale_, buckets = _bounds(pos)
    low, scale, top = x.dtype.type(low_), x.dtype.type(scale_), x.dtype.type(buckets - 1)
    ends = ends[:buckets]
    _sort_buckets(pos, low, scale, ends, ordered)
    first = np.int32(0)
    for b in range(buckets):  # twice the positives above this bucket; the lowest bit: it holds some
        table[b] = 4 * (len(pos) - ends[b]) + (ends[b] > first)
        first = ends[b]
    total, ties, found = 0, 0, 0
    for v in x:
        entry = table[_bucket(v, low, scale, top)]
        total += entry >> 1
        close[found] = v
        found += entry & 1
    for v in close[:found]:
        b = _bucket(v, low, scale, top)
        above, equal = _beaten(ordered, ends[b - 1] if b else np.int32(0), ends[b], v)
        total += above
        ties += equal
    return total, ties


@compiled()
def _own_ties(ordered: Any) -> int:
    """Ordered pairs of positives that are equal, each with itself included."""
    total, first = 0, 0
    for i in range(1, len(ordered) + 1):
        if i == len(ordered) or ordered[i] != ordered[first]:
            total += (i - first) ** 2
            first = i
    return total


@compiled()
def _positives(x: Any, state: Any, pos: Any) -> tuple[int, bool]:
    """Gather the positives; return their number and whether any value is NaN."""
    p, bad = 0, False
    for i in range(len(x)):
        v = x[i]
        pos[p] = v
        p += state[i] & 1
        bad |= v != v
    return p, bad


@compiled()
def _keep(x: Any, state: Any, kept: Any, kept_state: Any) -> int:
    """Gather the cells that count; return their number."""
    n = 0
    for i in range(len(x)):
        kept[n], kept_state[n] = x[i], state[i]
        n += state[i] < 2
    return n


@compiled()
def _count_class(values: Any, states: Any, rooms: Any, ends: Any, table: Any, out: Any) -> None:
    """Fill out (4,) with 2U, tied pairs, positives and negatives of one class; 2U is -1 for a NaN."""
    pos, ordered, close = rooms
    p, bad = _positives(values, states, pos)
    out[2], out[3] = p, len(values) - p
    if bad:
        out[0] = -1
    elif 0 < p < len(values):
        total, ties = _pairs(values, pos[:p], ordered, ends, table, close)
        out[0] = total - p * p
        out[1] = ties - _own_ties(ordered[:p])


@compiled(parallel=True)
def _count(x: Any, state: Any, masked: bool, out: Any, threads: int) -> None:
    """Count pairs per class of x (N, C) into out (C, 4), a block of columns at a time in every thread.

    state (N, C): 0 negative, 1 positive, more (where masked): left out.
    """
    n, width = x.shape
    blocks = (width + _COLUMNS - 1) // _COLUMNS
    for t in prange(threads):
        values, states = np.empty((_COLUMNS, n), x.dtype), np.empty((_COLUMNS, n), state.dtype)
        rooms = (np.empty(n + 1, x.dtype), np.empty(n + 1, x.dtype), np.empty(n + 1, x.dtype))
        ends, table = np.empty(_PER_POSITIVE * n + 1, np.int32), np.empty(_PER_POSITIVE * n + 1, np.int32)
        kept, kept_state = np.empty(n + 1 if masked else 0, x.dtype), np.empty(n + 1 if masked else 0, state.dtype)
        for block in range(t, blocks, threads):
            low = block * _COLUMNS
            high = min(low + _COLUMNS, width)
            _transposed(x, low, values[: high - low])
            _transposed(state, low, states[: high - low])
            for c in range(low, high):
                if masked:
                    rows = _keep(values[c - low], states[c - low], kept, kept_state)
                    _count_class(kept[:rows], kept_state[:rows], rooms, ends, table, out[c])
                else:
                    _count_class(values[c - low], states[c - low], rooms, ends, table, out[c])


def count_pairs(y: NDArray[np.bool_], x: NDArray[Any], mask: NDArray[np.bool_] | None = None) -> NDArray[np.int64]:
    """Return (C, 4) int64: 2U = sum(2*[p > n] + [p == n]), tied pairs, positives and negatives per class.

    y (N, C), x (N, C) float32 or float64 (anything else is taken as float64), mask (N,) or (N, C) of the
    cells that count. 2U is -1 where a cell that counts is NaN. Any layout is read a few columns at a time.
    """
    if x.dtype != np.float32:
        x = np.asarray(x, np.float64)
    state: NDArray[Any] = np.asarray(y, bool).view(np.uint8)
    if mask is not None:
        state = state | (~(mask[:, None] if mask.ndim == 1 else mask)).view(np.uint8) << 1
    out = np.zeros((x.shape[1], 4), np.int64)
    if len(x):
        layouts = [a if a.flags.c_contiguous or a.flags.f_contiguous else np.ascontiguousarray(a) for a in (x, state)]
        _count(*layouts, mask is not None, out, get_num_threads())
    return out
