"""Compiled loops along the chunks of a recording. Every element is summed in one fixed order that ignores the shape."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import numpy as np

from blendkit.core import compiled


class EdgeRule(IntEnum):
    """What a kernel does with a chunk whose neighbours are not all in the recording."""

    NEAREST = 0  # the first and last chunk are repeated
    BESIDE = 1  # the present neighbours share the weight of the missing ones; the chunk's own weight stays
    KEEP = 2  # the chunk stays
    REFLECT = 3  # the recording is mirrored beyond its ends, with its last chunk repeated: b a | a b
    ZERO = 4  # beyond the ends there is 0
    AVAILABLE = 5  # the weights of what is present, divided by their sum
    SHRINK = 6  # as many neighbours on both sides as the nearer end allows, their weights divided by their sum


@compiled()
def reflected(t: int, first: int, last: int) -> int:
    """Return the row that mirroring puts at row t, for recordings of any length; inside, the row itself."""
    n = last - first + 1
    at = (t - first) % (2 * n)
    return int(first + (at if at < n else 2 * n - 1 - at))


@compiled()
def _share(taps: Any, before: int, after: int, edge: int) -> float:
    """Return the factor on the neighbours' weights for a chunk with `before` and `after` chunks beside it."""
    beside = 0.0
    for k in range(1, len(taps)):
        beside += taps[k] * ((k <= before) + (k <= after))
    if edge == EdgeRule.BESIDE:
        return (1.0 - taps[0]) / beside if beside > 0.0 else 0.0
    return 1.0 / (taps[0] + beside) if beside > 0.0 else 0.0


@compiled()
def correlate_kernel(x: Any, taps: Any, offsets: Any, edge: int, pull: float, out: Any) -> None:
    """Smooth each recording's rows with symmetric taps (radius + 1,): of the chunk itself, then of either side.

    They sum to 1 with each side counted. edge: an `EdgeRule`. pull: 1 adds differences from the chunk itself, so that
    equal chunks stay equal to the last bit; 0, for a chunk with hardly any weight of its own, adds plain products.
    Both neighbours at a distance are added before they are weighted, so that a mirror image gives the same bits.
    """
    radius, width = len(taps) - 1, x.shape[1]
    row = np.empty(width, np.float64)
    partial = edge in (EdgeRule.BESIDE, EdgeRule.AVAILABLE, EdgeRule.SHRINK)
    for r in range(len(offsets) - 1):
        first, last = offsets[r], offsets[r + 1] - 1
        for t in range(first, last + 1):
            before, after = t - first, last - t
            inside = min(before, after) >= radius
            if not inside and edge == EdgeRule.KEEP:
                for c in range(width):
                    out[t, c] = x[t, c]
                continue
            if edge == EdgeRule.SHRINK:
                before = after = min(before, after)
            share = _share(taps, before, after, edge) if partial and not inside else 1.0
            reach = radius if not partial else min(radius, max(before, after))
            row[:] = 0.0  # float64: a float32 sum would round after every tap
            # tap by tap in the same order for every cell, so that a shard of classes or recordings gives the same bits
            for k in range(1, reach + 1):
                a, b = max(t - k, first), min(t + k, last)
                if edge == EdgeRule.REFLECT and not inside:
                    a, b = reflected(t - k, first, last), reflected(t + k, first, last)
                padded = edge in (EdgeRule.NEAREST, EdgeRule.REFLECT)
                left = 1.0 if padded or k <= before else 0.0
                right = 1.0 if padded or k <= after else 0.0
                away = pull * (left + right if partial else 2.0)
                for c in range(width):
                    row[c] += taps[k] * ((left * float(x[a, c]) + right * float(x[b, c])) - away * float(x[t, c]))
            # without neighbours share is 0, and the chunk stays; otherwise its weight is what theirs leave
            own = 1.0 if pull > 0.0 or share == 0.0 else taps[0] * (1.0 if edge == EdgeRule.BESIDE else share)
            for c in range(width):
                out[t, c] = own * float(x[t, c]) + share * row[c]


@compiled()
def adaptive_kernel(x: Any, alphas: Any, offsets: Any, edge: int, above: float, ratio: float, out: Any) -> None:
    """Mix each chunk t with its two neighbours by alphas (N,), but for cells above `above` and `ratio` x their mean.

    edge is an `EdgeRule`.
    """
    for r in range(len(offsets) - 1):
        first, last = offsets[r], offsets[r + 1] - 1
        for t in range(first, last + 1):
            at_end = t in (first, last)
            if first == last or (at_end and edge == EdgeRule.KEEP):
                for c in range(x.shape[1]):
                    out[t, c] = x[t, c]
                continue
            before, after = max(t - 1, first), min(t + 1, last)
            if at_end and edge == EdgeRule.BESIDE:
                before, after = (after, after) if t == first else (before, before)
            for c in range(x.shape[1]):
                own = float(x[t, c])  # in this form equal chunks stay equal to the last bit
                near = 0.5 * (x[before, c] + x[after, c])
                out[t, c] = own if own > above and own > ratio * near else own + alphas[t] * (near - own)


@compiled()
def _mean_between(x: Any, c: int, low: int, high: int) -> float:
    """Return the mean of x[low:high, c], the same to the last bit in reverse, and exact where all are equal."""
    least = float(x[low, c])
    for t in range(low + 1, high):
        least = min(least, float(x[t, c]))
    n, total = high - low, 0.0
    for k in range(n // 2):
        total += (float(x[low + k, c]) - least) + (float(x[high - 1 - k, c]) - least)
    if n % 2:
        total += float(x[low + n // 2, c]) - least
    return least + total / n


@compiled()
def segment_kernel(x: Any, offsets: Any, threshold: float, alpha: float, radius: int, out: Any) -> None:
    """Move each chunk towards the mean of its run of chunks without a step above `threshold`, class by class.

    Of the run, those at most `radius` away count.
    """
    start = np.empty(x.shape[1], np.int64)
    for r in range(len(offsets) - 1):
        first, last = offsets[r], offsets[r + 1]
        # one step beyond the last chunk closes the last run; a recording without chunks has no run to close
        for t in range(first, last + 1 if last > first else first):
            for c in range(x.shape[1]):
                if t == first:
                    start[c] = t
                elif t == last or abs(float(x[t, c]) - float(x[t - 1, c])) > threshold:
                    low, high, mean = -1, -1, 0.0
                    for s in range(start[c], t):
                        near = (max(start[c], s - radius), min(t, s + radius + 1))
                        if near != (low, high):
                            low, high = near
                            mean = _mean_between(x, c, low, high)
                        own = float(x[s, c])
                        out[s, c] = own + alpha * (mean - own)
                    start[c] = t


@compiled()
def window_max_kernel(x: Any, offsets: Any, radius: int, alpha: float, out: Any) -> None:
    """Move each chunk towards the maximum of the chunks at most `radius` away in its recording."""
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
                # alpha 1 must copy the maximum, since 0 * x + max is NaN for an infinite x
                out[t, c] = (1 - alpha) * x[t, c] + alpha * row[c] if alpha < 1 else row[c]
