"""Compiled loops that map single values."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import prange

from blendkit.compiled import compiled


@compiled()
def sharpen_kernel(x: Any, thresholds: Any, out: Any) -> None:
    """Move each class's threshold (C,) to 0.5, straight on either side."""
    above, below = 0.5 / (1 - thresholds), 0.5 / thresholds
    for i in range(len(x)):
        for c in range(x.shape[1]):
            t = thresholds[c]
            out[i, c] = 0.5 + (x[i, c] - t) * above[c] if x[i, c] > t else min(x[i, c] * below[c], 0.5)


@compiled()
def scale_below_kernel(x: Any, limits: Any, factor: float, out: Any) -> None:
    """Multiply what lies below its class's limit (C,)."""
    for i in range(len(x)):
        for c in range(x.shape[1]):
            out[i, c] = factor * x[i, c] if x[i, c] < limits[c] else x[i, c]


@compiled(parallel=True)
def interpolate_kernel(x: Any, first: Any, knots: Any, values: Any, otherwise: float, out: Any) -> None:
    """Map column c through its knots first[c, 0]:first[c, 1], straight between and flat beyond, as numpy's interp.

    Some rows of a column at a time keep its knots at hand. A column without knots holds `otherwise`, or stays where
    that is NaN.
    """
    for block in prange((len(x) + 511) // 512):
        for c in range(x.shape[1]):
            for i in range(512 * block, min(512 * block + 512, len(x))):
                v, low, left = float(x[i, c]), first[c, 0], first[c, 1] - first[c, 0]
                if left == 0:
                    out[i, c] = v if np.isnan(otherwise) else otherwise
                    continue
                while left > 1:
                    half = left // 2
                    if knots[low + half] <= v:
                        low += half
                    left -= half
                if v <= knots[low] or low + 1 == first[c, 1]:
                    out[i, c] = values[low]
                else:
                    slope = (values[low + 1] - values[low]) / (knots[low + 1] - knots[low])
                    out[i, c] = slope * (v - knots[low]) + values[low]


@compiled(parallel=True)
def median_kernel(xs: Any, weights: Any, out: Any) -> None:
    """Write (n, C) medians of the streams xs (K, n, C) that weigh anything, weights (K, C); 0.5 where none does."""
    for i in prange(out.shape[0]):
        held = np.empty(len(xs), np.float64)
        for c in range(out.shape[1]):
            count = 0
            for k in range(len(xs)):
                if weights[k, c] > 0:
                    at = count
                    while at > 0 and held[at - 1] > xs[k, i, c]:
                        held[at] = held[at - 1]
                        at -= 1
                    held[at] = xs[k, i, c]
                    count += 1
            out[i, c] = (held[(count - 1) // 2] + held[count // 2]) / 2 if count > 0 else 0.5
