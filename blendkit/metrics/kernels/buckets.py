"""Compiled pair counts of one class: every row against the sorted positives, by a table of buckets.

Positives are sorted into buckets by a linear map that never decreases; every row then finds its place by
one table access and one comparison, and only rows whose bucket holds several positives are compared further.
Indices are unsigned: numba tests signed ones for negative values, which costs more than the work of these loops.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from blendkit.core import compiled

PER_POSITIVE = 8  # buckets per positive: most buckets then hold none or one, and the table still fits in cache
_TILE = 1024  # rows compared at a time, so that the arrays between the loops stay in the nearest cache
_INSERTION_SORT = 24  # positives; a fuller bucket is sorted by numpy, as the time of insertion sort is quadratic
_SCAN = 4  # positives; a longer range is bisected
_SHORT_TIE = 8  # equal positives are counted one by one up to this many


@compiled()
def _bucket(v: Any, low: Any, scale: Any, top: Any) -> Any:
    """Return the bucket of v; it never decreases with v, because every rounded operation in it is monotone."""
    at = (v - low) * scale
    at = at if at < top else top  # false for NaN too, which goes to the last bucket and is found there
    return np.uint32(np.int32(at if at > 0 else top - top))  # top - top: a zero of the type of x


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
    if not (0 < scale < np.inf and spread < np.inf):  # one bucket is slow but right for values so near or so far apart
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
        count = ends[b]
        ends[b] = total
        total += count
    for p in pos:
        b = _bucket(p, low, scale, top)
        out[ends[b]] = p
        ends[b] += one
    first = 0
    for b in range(len(ends)):
        last = ends[b]
        if last - first > _INSERTION_SORT:
            out[first:last].sort()
        for i in range(first + 1, last if last - first <= _INSERTION_SORT else first):
            v, j = out[i], i
            while j > first and out[j - 1] > v:
                out[j] = out[j - 1]
                j -= 1
            out[j] = v
        first = last


@compiled()
def _at_least(sorted_: Any, first: int, last: int, v: Any) -> int:
    """Return the first place in sorted_[first:last] that is not below v."""
    while first < last:
        middle = (first + last) // 2
        if sorted_[middle] < v:
            first = middle + 1
        else:
            last = middle
    return first


@compiled()
def _not_above(sorted_: Any, first: int, last: int, v: Any) -> tuple[int, int]:
    """Return the number of sorted_[first:last] not above v plus the number below v, and the number equal to v."""
    if last - first <= _SCAN:
        twice, ties = 0, 0
        for i in range(first, last):
            twice += (sorted_[i] <= v) + (sorted_[i] < v)
            ties += sorted_[i] == v
        return twice, ties
    below = _at_least(sorted_, first, last, v)
    equal = below
    while equal < last and equal < below + _SHORT_TIE and sorted_[equal] == v:
        equal += 1
    if equal == below + _SHORT_TIE and equal < last:  # many ties: find their end by bisection
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
    """Fill table per bucket with twice the number of its first positive, plus 1 if its rows need further comparisons.

    These are the rows of buckets with several positives, and of the last bucket, because a NaN would be there.
    """
    first, last = np.uint32(0), len(ends) - 1
    for b in range(len(ends)):
        table[b] = np.uint32(2) * first + np.uint32(ends[b] > first + np.uint32(1) or b == last)
        first = ends[b]


@compiled()
def _tile(x: Any, ordered: Any, ends: Any, table: Any, bounds: Any, place: Any, close: Any) -> tuple[Any, Any, bool]:
    """Return, for a few rows x, the positives not above plus those below each, summed; ties; whether one is NaN.

    Separate plain loops over short arrays run on vector registers; one loop with a branch would not.
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

    The pairs of the positives with themselves and with each other are included; the caller subtracts them.
    """
    low, scale, buckets = _bounds(pos)
    bounds = (x.dtype.type(low), x.dtype.type(scale), x.dtype.type(buckets - 1))
    ends = ends[:buckets]
    _sort_buckets(pos, bounds[0], bounds[1], ends, ordered)
    ordered[len(pos)] = np.nan  # read for buckets after the last positive; every comparison with it is false
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
    """Return the number of ordered pairs of equal positives, each with itself included."""
    total, first = 0, 0
    for i in range(1, len(ordered) + 1):
        if i == len(ordered) or ordered[i] != ordered[first]:
            total += (i - first) ** 2
            first = i
    return total
