"""Compiled loops over recordings: their highest chunks, their anchors."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import prange

from blendkit.compiled import compiled
from blendkit.ops.kernels import highest


@compiled()
def _anchor(x: Any, first: int, last: int, kind: int, out: Any) -> None:
    """Write (C,) the anchor of one recording: its maximum (0), mean of mean and maximum (1), 1 - product(1 - x) (2)."""
    for c in range(x.shape[1]):
        high, total = float(x[first, c]), 0.0
        if kind == 2:
            for t in range(first, last):
                total += x[t, c] * (1.0 - total)  # summed so that tiny ones count
            high = total
        else:
            for t in range(first, last):
                high = max(high, x[t, c])
                total += x[t, c]
            if kind == 1:
                high = (total / (last - first) + high) / 2
        out[c] = high


@compiled()
def anchor_kernel(x: Any, offsets: Any, kind: int, alpha: float, out: Any) -> None:
    """Pull each recording's chunks towards its anchor: (1 - alpha) x + alpha anchor."""
    anchor = np.empty(x.shape[1], np.float64)
    for r in range(len(offsets) - 1):
        _anchor(x, offsets[r], offsets[r + 1], kind, anchor)
        for t in range(offsets[r], offsets[r + 1]):
            for c in range(x.shape[1]):
                out[t, c] = (1 - alpha) * x[t, c] + alpha * anchor[c]


@compiled(parallel=True)
def soft_anchor_kernel(x: Any, offsets: Any, beta: float, alpha: float, out: Any) -> None:
    """Pull each recording's chunks towards log(mean(exp(beta x))) / beta of it."""
    width = x.shape[1]
    for r in prange(len(offsets) - 1):
        high, total = np.empty(width, np.float64), np.zeros(width, np.float64)
        first, last = offsets[r], offsets[r + 1]
        for c in range(width):
            high[c] = x[first, c]
        for t in range(first, last):
            for c in range(width):
                high[c] = max(high[c], x[t, c])
        for t in range(first, last):
            for c in range(width):
                total[c] += np.exp(beta * (x[t, c] - high[c]))
        for c in range(width):
            high[c] = alpha * (high[c] + np.log(total[c] / (last - first)) / beta)
        for t in range(first, last):
            for c in range(width):
                out[t, c] = (1 - alpha) * x[t, c] + high[c]


@compiled()
def _highest(x: Any, first: int, last: int, top: Any, row: Any) -> None:
    """Write (n, C) the n highest values of every column in rows first to last, highest first; -inf if there are fewer.

    Each value sinks through the places: no branch, so that a row of classes goes at once.
    """
    top[:] = -np.inf
    for t in range(first, last):
        for c in range(x.shape[1]):
            row[c] = x[t, c]
        for k in range(min(len(top), t - first + 1)):
            for c in range(x.shape[1]):
                higher = max(top[k, c], row[c])
                row[c] = min(top[k, c], row[c])
                top[k, c] = higher


@compiled()
def top_mean_kernel(x: Any, offsets: Any, n: int, out: Any) -> None:
    """Write (R, C) means of the n highest values of every recording and class; of all where there are fewer."""
    top, row = np.empty((n, x.shape[1]), np.float64), np.empty(x.shape[1], np.float64)
    for r in range(len(offsets) - 1):
        _highest(x, offsets[r], offsets[r + 1], top, row)
        held = min(n, offsets[r + 1] - offsets[r])
        for c in range(x.shape[1]):
            total = 0.0
            for k in range(held):
                total += top[k, c]
            out[r, c] = total / held


@compiled(parallel=True)
def log_top_kernel(z: Any, offsets: Any, n: int, out: Any) -> None:
    """Write (R, C) log of the mean of sigmoid over the n highest logits of every recording and class."""
    for r in prange(len(offsets) - 1):
        top, row = np.empty((n, z.shape[1]), np.float64), np.empty(z.shape[1], np.float64)
        _highest(z, offsets[r], offsets[r + 1], top, row)
        held = min(n, offsets[r + 1] - offsets[r])
        for c in range(z.shape[1]):
            total, first = 0.0, 0.0
            for k in range(held):
                low = min(top[k, c], 0.0) - np.log1p(np.exp(-abs(top[k, c])))  # log sigmoid
                first = low if k == 0 else first
                total += np.exp(low - first)
            out[r, c] = first + np.log(total / held)


@compiled(parallel=True)
def low_rank_kernel(x: Any, offsets: Any, keep: int, power: float, out: Any) -> None:
    """Raise the classes to a power whose maximum over their recording is below the `keep` highest of these."""
    width = x.shape[1]
    for r in prange(len(offsets) - 1):
        first, last = offsets[r], offsets[r + 1]
        high, top = np.empty(width, np.float64), np.empty(keep, np.float64)
        for c in range(width):
            high[c] = x[first, c]
        for t in range(first + 1, last):
            for c in range(width):
                high[c] = max(high[c], x[t, c])
        highest(high, top)
        for t in range(first, last):
            for c in range(width):
                p = x[t, c]
                if high[c] < top[keep - 1]:
                    p = p * p if power == 2.0 else p**power
                out[t, c] = p
