"""Compiled loops that map values one by one."""

from __future__ import annotations

from typing import Any

import numpy as np

from blendkit.core import compiled

_ROWS = 256  # interpolated at a time: few enough to stay in the nearest cache beside a column's knots


@compiled()
def sharpen_kernel(x: Any, thresholds: Any, out: Any) -> None:
    """Move each class's threshold (C,) to 0.5, straight on either side."""
    above, below = 0.5 / (1 - thresholds), 0.5 / thresholds
    for i in range(len(x)):
        for c in range(x.shape[1]):
            t = thresholds[c]
            # rounding of the lower half must not exceed 0.5, or a value at the threshold would pass those above it
            out[i, c] = 0.5 + (x[i, c] - t) * above[c] if x[i, c] > t else min(x[i, c] * below[c], 0.5)


@compiled()
def scale_below_kernel(x: Any, limits: Any, factor: float, out: Any) -> None:
    """Multiply values below their class's limit (C,)."""
    for i in range(len(x)):
        for c in range(x.shape[1]):
            out[i, c] = factor * x[i, c] if x[i, c] < limits[c] else x[i, c]


@compiled()
def _search(knots: Any, x: Any, at: Any) -> None:
    """Write at (n,) the last knot that is not above each of x (n,), the first where all are.

    All of x halve their range in the same step and without a branch, so that several are processed at once.
    """
    at[:] = 0
    left = len(knots)
    while left > 1:
        half = left // 2
        for i in range(len(x)):
            # unsigned: numba would test a signed index for negative values
            at[i] += half if knots[np.uint64(at[i] + half)] <= x[i] else 0
        left -= half


@compiled()
def interpolate_kernel(x: Any, first: Any, knots: Any, values: Any, otherwise: float, out: Any) -> None:
    """Map column c through its knots first[c, 0]:first[c, 1], straight between and flat beyond, as numpy's interp.

    Rows are processed in blocks, so that a column's knots stay in cache. A column without knots gets `otherwise`, or
    stays where that is NaN.
    """
    for block in range((len(x) + _ROWS - 1) // _ROWS):
        rows = x[block * _ROWS : (block + 1) * _ROWS]
        held, at = np.empty(len(rows), np.float64), np.empty(len(rows), np.int64)
        for c in range(x.shape[1]):
            own, level = knots[first[c, 0] : first[c, 1]], values[first[c, 0] : first[c, 1]]
            for i in range(len(rows)):
                held[i] = rows[i, c]
            if len(own) == 0:
                for i in range(len(rows)):
                    out[block * _ROWS + i, c] = held[i] if np.isnan(otherwise) else otherwise
                continue
            _search(own, held, at)
            for i in range(len(rows)):
                j, k = at[i], min(at[i] + 1, len(own) - 1)
                gap = own[k] - own[j]
                slope = (level[k] - level[j]) / gap if gap > 0 else 0.0  # at the last knot j is k, and it is flat
                out[block * _ROWS + i, c] = slope * min(max(held[i] - own[j], 0.0), gap) + level[j]


@compiled()
def median_kernel(xs: Any, weights: Any, out: Any) -> None:
    """Write (n, C) medians of the streams xs (K, n, C) whose weights (K, C) are above 0; 0.5 where none is.

    Streams are sorted by insertion, a row of classes at once; those without a weight are +inf and so come last.
    """
    held, row = np.empty(weights.shape, np.float64), np.empty(weights.shape[1], np.float64)
    counts = np.zeros(len(row), np.int64)
    for k in range(len(xs)):
        for c in range(len(row)):
            counts[c] += weights[k, c] > 0
    for i in range(len(out)):
        for k in range(len(xs)):
            for c in range(len(row)):
                row[c] = xs[k, i, c] if weights[k, c] > 0 else np.inf
            for j in range(k):
                for c in range(len(row)):
                    lower = min(held[j, c], row[c])
                    row[c] = max(held[j, c], row[c])
                    held[j, c] = lower
            for c in range(len(row)):
                held[k, c] = row[c]
        for c in range(len(row)):
            n = counts[c]
            out[i, c] = (held[(n - 1) // 2, c] + held[n // 2, c]) / 2 if n > 0 else 0.5


@compiled()
def standardise_kernel(x: Any, out: Any) -> None:
    """Subtract each column's mean and divide by its standard deviation (N in the denominator); constants become 0."""
    n, width = x.shape
    if n == 0:
        return
    mean, spread = np.zeros(width, np.float64), np.zeros(width, np.float64)
    for i in range(n):
        for c in range(width):
            mean[c] += x[i, c] - x[0, c]  # relative to the first row, so that a constant has a spread of exactly 0
    mean /= n
    # a second pass for the spread: the mean of squares less the squared mean would lose its digits to cancellation
    for i in range(n):
        for c in range(width):
            away = x[i, c] - x[0, c] - mean[c]
            spread[c] += away * away
    for c in range(width):
        spread[c] = 1.0 / np.sqrt(spread[c] / n) if spread[c] > 0.0 else 0.0
    for i in range(n):
        for c in range(width):
            out[i, c] = (x[i, c] - x[0, c] - mean[c]) * spread[c]
