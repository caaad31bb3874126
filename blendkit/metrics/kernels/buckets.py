"""Compiled pair counts of one class: every row against the sorted positives, by a table of buckets.

Positives are sorted into buckets by a linear map that never decreases; every row then finds its place by
one look-up and one comparison, and only rows whose bucket holds several positives are compared further.
Indices are unsigned: numba checks signed ones for counting from the end, which costs more than the work.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from blendkit.core import compiled

PER_POSITIVE = 8  # buckets
_TILE = 1024  # rows compared at a time


@compiled()
def _bucket(v: Any, low: Any, scale: Any, top: Any) -> Any:
    """The bucket of v; never decreases with v, whatever rounding does."""
    at = (v - low) * scale
    at = at if at < top else top
    return np.uint32(np.int32(at if at > 0 else top - top))


@compiled()
def _bounds(pos: Any) -> Any:
    """Return (low, scale, buckets) of the linear map over the finite positives."""
    low, high = np.inf, -np.inf
    for v in pos:
        if -np.inf < v < np.inf:
            low, high = min(low, np.float64(v)), max(high, np.float64(v))
    buckets = PER_POSITIVE * len(pos)
    if not high > low:
        return 0.0, 0.0, 1
    spread = pos.dtype.type(high - low)
    scale = pos.dtype.type(buckets) / spread
    if not (0 < scale < np.inf and spread < np.inf):
        return 0.0, 0.0, 1
    return low, np.float64(scale), buckets


@compiled()
def _sort_buckets(pos: Any, low: Any, scale: Any, ends: Any, out: Any) -> None:
    """Sort pos (P,) into out (P,); ends (B,) uint32 becomes one past each bucket's last positive."""
    top = pos.dtype.type(len(ends) - 1)
    one = np.uint32(1)
    ends[:] = 0
    for p in pos:
        ends[_bucket(p, low, scale, top)] += one
    total = np.uint32(0)
    for b in range(len(ends)):
        here = ends[b]
        ends[b] = total
        total += here
    for p in pos:
        b = _bucket(p, low, scale, top)
        out[ends[b]] = p
        ends[b] += one
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
def _not_above(sorted_: Any, first: int, last: int, v: Any) -> tuple[int, int]:
    """Return how many of sorted_[first:last] are not above v and how many are below it, added up; and the ties."""
    if last - first <= 4:
        twice, ties = 0, 0
        for i in range(first, last):
            twice += (sorted_[i] <= v) + (sorted_[i] < v)
            ties += sorted_[i] == v
        return twice, ties
    below = _at_least(sorted_, first, last, v)
    equal = below
    while equal < last and equal < below + 8 and sorted_[equal] == v:
        equal += 1
    if equal == below + 8 and equal < last:  # many ties: find their end by bisection
        upper = last
        while equal < upper:
            middle = (equal + upper) // 2
            if sorted_[middle] > v:
                upper = middle
            else:
                equal = middle + 1
    return (equal - first) + (below - first), equal - below


@compiled()
def _table(ends: Any, table: Any) -> None:
    """Per bucket: twice the number of its first positive; the lowest bit asks for a closer look.

    A bucket with several positives needs one, and the last bucket, where a NaN would fall.
    """
    first, last = np.uint32(0), len(ends) - 1
    for b in range(len(ends)):
        table[b] = np.uint32(2) * first + np.uint32(ends[b] > first + np.uint32(1) or b == last)
        first = ends[b]


@compiled()
def _tile(x: Any, ordered: Any, ends: Any, table: Any, bounds: Any, place: Any, close: Any) -> tuple[Any, Any, bool]:
    """For a few rows x: positives not above plus positives below each, added up; ties; whether one is NaN.

    Plain loops over short arrays, so that they run on vector registers and stay in the nearest cache.
    """
    low, scale, top = bounds
    n, one = np.uint64(len(x)), np.uint32(1)
    for i in range(n):
        place[i] = table[_bucket(x[i], low, scale, top)]
    before, up_to, below, found = np.int64(0), np.int64(0), np.int64(0), np.uint64(0)
    for i in range(n):
        first = ordered[place[i] >> one]
        before += np.int64(place[i] >> one)
        up_to += np.int64(first <= x[i])
        below += np.int64(first < x[i])
    for i in range(n):
        close[found] = np.uint32(i)
        found += np.uint64(place[i] & one)
    total, ties, bad = 2 * before + up_to + below, up_to - below, False
    for i in close[:found]:
        v, last = x[i], np.int64(ends[_bucket(x[i], low, scale, top)])
        twice, equal = _not_above(ordered, np.int64(place[i] >> one) + 1, last, v)
        total += twice
        ties += equal
        bad |= v != v
    return total, ties, bad


@compiled()
def pairs_of(x: Any, pos: Any, ordered: Any, ends: Any, table: Any) -> tuple[Any, Any, bool]:
    """Return 2U of all rows x (N,) against pos (P,), the tied pairs, and whether any x is NaN.

    P's own pairs are included.
    """
    low, scale, buckets = _bounds(pos)
    bounds = (x.dtype.type(low), x.dtype.type(scale), x.dtype.type(buckets - 1))
    ends = ends[:buckets]
    _sort_buckets(pos, bounds[0], bounds[1], ends, ordered)
    ordered[len(pos)] = np.nan  # beyond the last positive: neither above nor below anything
    _table(ends, table)
    place, close = np.empty(_TILE, np.uint32), np.empty(_TILE + 1, np.uint32)
    total, ties, bad = np.int64(0), np.int64(0), False
    for first in range(0, len(x), _TILE):
        twice, equal, wrong = _tile(x[first : first + _TILE], ordered, ends, table, bounds, place, close)
        total += twice
        ties += equal
        bad |= wrong
    return 2 * len(pos) * len(x) - total, ties, bad


@compiled()
def own_ties(ordered: Any) -> int:
    """Ordered pairs of positives that are equal, each with itself included."""
    total, first = 0, 0
    for i in range(1, len(ordered) + 1):
        if i == len(ordered) or ordered[i] != ordered[first]:
            total += (i - first) ** 2
            first = i
    return total
