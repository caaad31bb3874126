"""Compiled loops along the chunks of a recording. Every element is summed in one fixed order that ignores the shape."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import numpy as np

from blendkit.core import compiled


class EdgeRule(IntEnum):
    """What a kernel does with a chunk whose neighbours are not all in the recording."""

    NEAREST = 0  # the first and last chunk are repeated
    AVAILABLE = 1  # the present neighbours share the weight of the missing ones
    KEEP = 2  # the chunk stays


@compiled()
def _available_taps(taps: Any, before: int, after: int) -> Any:
    """Return taps for a chunk with `before` and `after` chunks beside it; present neighbours share the full weight."""
    radius = len(taps) // 2
    own = np.zeros(len(taps), np.float64)
    for k in range(len(taps)):
        if k != radius and radius - k <= before and k - radius <= after:
            own[k] = taps[k]
    present = own.sum()
    if present > 0:
        own *= (1.0 - taps[radius]) / present
    own[radius] = taps[radius] if present > 0 else 1.0
    return own


@compiled()
def correlate_kernel(x: Any, taps: Any, offsets: Any, edge: int, out: Any) -> None:
    """Correlate each recording's rows with taps (odd length, sum 1); edge is an `EdgeRule`."""
    radius = len(taps) // 2
    width = x.shape[1]
    row = np.empty(width, np.float64)
    for r in range(len(offsets) - 1):
        first, last = offsets[r], offsets[r + 1] - 1
        for t in range(first, last + 1):
            inside = first <= t - radius and t + radius <= last
            if not inside and edge == EdgeRule.KEEP:
                for c in range(width):
                    out[t, c] = x[t, c]
                continue
            own = taps if inside or edge == EdgeRule.NEAREST else _available_taps(taps, t - first, last - t)
            row[:] = 0.0  # float64: a float32 sum would round after every tap
            # tap by tap in the same order for every cell, so that a shard of classes or recordings gives the same bits
            for k in range(len(own)):
                source = min(max(t + k - radius, first), last)
                for c in range(width):
                    row[c] += own[k] * x[source, c]
            for c in range(width):
                out[t, c] = row[c]


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
            if at_end and edge == EdgeRule.AVAILABLE:
                before, after = (after, after) if t == first else (before, before)
            for c in range(x.shape[1]):
                own = float(x[t, c])  # in this form equal chunks stay equal to the last bit
                near = 0.5 * (x[before, c] + x[after, c])
                out[t, c] = own if own > above and own > ratio * near else own + alphas[t] * (near - own)


@compiled()
def segment_kernel(x: Any, offsets: Any, threshold: float, alpha: float, out: Any) -> None:
    """Move each chunk towards the mean of its run of chunks without a step above `threshold`, class by class."""
    width = x.shape[1]
    start, total = np.empty(width, np.int64), np.empty(width, np.float64)
    for r in range(len(offsets) - 1):
        first, last = offsets[r], offsets[r + 1]
        # one step beyond the last chunk closes the last run; a recording without chunks has no run to close
        for t in range(first, last + 1 if last > first else first):
            for c in range(width):
                if t == first:
                    start[c], total[c] = t, x[t, c]
                elif t < last and abs(float(x[t, c]) - float(x[t - 1, c])) <= threshold:
                    total[c] += x[t, c]
                else:
                    mean = total[c] / (t - start[c])  # a run holds at least one chunk, so this is never 0 / 0
                    for s in range(start[c], t):
                        own = float(x[s, c])
                        out[s, c] = own + alpha * (mean - own)
                    if t < last:
                        start[c], total[c] = t, x[t, c]


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
