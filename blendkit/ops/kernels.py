"""Compiled loops shared by ops. Every element is summed in one fixed order, whatever the shape."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import prange

from blendkit.compiled import compiled


def bounds_of(x: Any, offsets: Any) -> Any:
    """Return the recordings' first rows (R + 1,) as given; without any, all rows of x are one recording."""
    return np.array([0, len(x)], np.int64) if offsets is None else offsets


@compiled()
def highest(row: Any, top: Any) -> None:
    """Write the len(top) highest values of a row, highest first."""
    held = 0
    for c in range(len(row)):
        value = float(row[c])
        if held < len(top):
            held += 1
        elif held == 0 or value <= top[held - 1]:
            continue
        at = held - 1
        while at > 0 and top[at - 1] < value:
            top[at] = top[at - 1]
            at -= 1
        top[at] = value


@compiled()
def _taps_left(taps: Any, before: int, after: int) -> Any:
    """Taps where only some neighbours are at hand: together these weigh as much as all would, if there is any."""
    radius = len(taps) // 2
    own = np.zeros(len(taps), np.float64)
    for k in range(len(taps)):
        if k != radius and radius - k <= before and k - radius <= after:
            own[k] = taps[k]
    here = own.sum()
    if here > 0:
        own *= (1.0 - taps[radius]) / here
    own[radius] = taps[radius] if here > 0 else 1.0
    return own


@compiled()
def correlate_kernel(x: Any, taps: Any, offsets: Any, edge: int, out: Any) -> None:
    """Correlate each recording's rows with taps (odd length, sum 1).

    edge 0: the first and last chunk are repeated; 1: what lies beyond leaves its weight to the other
    neighbours; 2: chunks whose neighbours are not all there stay.
    """
    radius = len(taps) // 2
    width = x.shape[1]
    row = np.empty(width, np.float64)
    for r in range(len(offsets) - 1):
        first, last = offsets[r], offsets[r + 1] - 1
        for t in range(first, last + 1):
            inside = first <= t - radius and t + radius <= last
            if not inside and edge == 2:
                for c in range(width):
                    out[t, c] = x[t, c]
                continue
            own = taps if inside or edge == 0 else _taps_left(taps, t - first, last - t)
            row[:] = 0.0
            for k in range(len(own)):
                source = min(max(t + k - radius, first), last)
                for c in range(width):
                    row[c] += own[k] * x[source, c]
            for c in range(width):
                out[t, c] = row[c]


@compiled()
def adaptive_kernel(x: Any, alphas: Any, offsets: Any, edge: int, above: float, ratio: float, out: Any) -> None:
    """Mix each chunk t with its two neighbours by alphas (N,), but for cells above `above` and `ratio` x their mean.

    Edges as in `correlate_kernel`.
    """
    for r in range(len(offsets) - 1):
        first, last = offsets[r], offsets[r + 1] - 1
        for t in range(first, last + 1):
            alone = t in (first, last)
            if first == last or (alone and edge == 2):
                for c in range(x.shape[1]):
                    out[t, c] = x[t, c]
                continue
            before, after = max(t - 1, first), min(t + 1, last)
            if alone and edge == 1:
                before, after = (after, after) if t == first else (before, before)
            for c in range(x.shape[1]):
                own = float(x[t, c])  # in this form equal chunks stay equal to the last bit
                near = 0.5 * (x[before, c] + x[after, c])
                out[t, c] = own if own > above and own > ratio * near else own + alphas[t] * (near - own)


@compiled(parallel=True)
def segment_kernel(x: Any, offsets: Any, threshold: float, alpha: float, out: Any) -> None:
    """Pull each chunk towards the mean of its run of chunks without a step above `threshold`, class by class."""
    width = x.shape[1]
    for r in prange(len(offsets) - 1):
        first, last = offsets[r], offsets[r + 1]
        start, total = np.empty(width, np.int64), np.empty(width, np.float64)
        for t in range(first, last + 1 if last > first else first):
            for c in range(width):
                if t == first:
                    start[c], total[c] = t, x[t, c]
                elif t < last and abs(float(x[t, c]) - float(x[t - 1, c])) <= threshold:
                    total[c] += x[t, c]
                else:
                    mean = total[c] / (t - start[c])
                    for s in range(start[c], t):
                        own = float(x[s, c])
                        out[s, c] = own + alpha * (mean - own)
                    if t < last:
                        start[c], total[c] = t, x[t, c]


@compiled()
def window_max_kernel(x: Any, offsets: Any, radius: int, alpha: float, out: Any) -> None:
    """Pull each chunk towards the maximum of the chunks at most `radius` away in its recording."""
    width = x.shape[1]
    row = np.empty(width, np.float64)
    for r in range(len(offsets) - 1):
        first, last = offsets[r], offsets[r + 1] - 1
        for t in range(first, last + 1):
            for c in range(width):
                row[c] = x[t, c]
            for s in range(max(t - radius, first), min(t + radius, last) + 1):
                for c in range(width):
                    row[c] = max(row[c], x[s, c])
            for c in range(width):
                out[t, c] = (1 - alpha) * x[t, c] + alpha * row[c] if alpha < 1 else row[c]


@compiled()
def group_reduce_kernel(x: Any, groups: Any, members: Any, alphas: Any, noisy: bool, out: Any) -> None:
    """Pull each row's values towards their group's maximum, or its 1 - product(1 - x), level after level.

    groups, members as in `group_mean_kernel`.
    """
    levels, width = groups.shape
    row = np.empty(width, np.float64)
    found = np.empty(width, np.float64)
    some = np.empty(width, np.bool_)
    for i in range(len(x)):
        for c in range(width):
            row[c] = x[i, c]
        for level in range(levels):
            some[:] = False
            for c in range(width):
                g = groups[level, c]
                if g >= 0 and members[level, c]:
                    if noisy:
                        found[g] = (found[g] if some[g] else 1.0) * (1.0 - row[c])
                    else:
                        found[g] = max(found[g], row[c]) if some[g] else row[c]
                    some[g] = True
            for c in range(width):
                g = groups[level, c]
                if g >= 0 and some[g]:
                    to = 1.0 - found[g] if noisy else found[g]
                    row[c] = (1 - alphas[level]) * row[c] + alphas[level] * to
        for c in range(width):
            out[i, c] = row[c]


@compiled()
def group_mean_kernel(x: Any, groups: Any, members: Any, alphas: Any, share: Any, out: Any) -> None:
    """Pull each row's values towards their group's mean, level after level.

    groups (L, C): group numbers, -1 for none. members (L, C): 1 where a class counts in the mean. share (N,): how far
    of alphas (L,) each row goes.
    """
    levels, width = groups.shape
    row = np.empty(width, np.float64)
    total = np.empty(width, np.float64)
    count = np.empty(width, np.int64)
    for i in range(len(x)):
        for c in range(width):
            row[c] = x[i, c]
        for level in range(levels):
            total[:] = 0.0
            count[:] = 0
            for c in range(width):
                g = groups[level, c]
                if g >= 0 and members[level, c]:
                    total[g] += row[c]
                    count[g] += 1
            for c in range(width):
                g = groups[level, c]
                if g >= 0 and count[g] > 0:
                    row[c] += alphas[level] * share[i] * (total[g] / count[g] - row[c])
        for c in range(width):
            out[i, c] = row[c]


@compiled()
def share_kernel(x: Any, taxa: Any, covered: Any, power: float, out: Any) -> None:
    """Multiply each value by (its taxon's share of the row's sum)^power; taxa (C,): numbers, -1 for none."""
    width = x.shape[1]
    held, scale = np.empty(width + 1, np.float64), np.empty(width + 1, np.float64)
    for i in range(len(x)):
        held[:] = 0.0
        for c in range(width):
            if covered[c]:
                held[taxa[c]] += x[i, c]  # -1 is the last
        total = held.sum()
        for g in range(width):
            scale[g] = (held[g] / total) ** power if total > 0.0 and held[g] > 0.0 else 1.0
        scale[width] = 1.0
        for c in range(width):
            out[i, c] = x[i, c] * scale[taxa[c]] if covered[c] else x[i, c]
