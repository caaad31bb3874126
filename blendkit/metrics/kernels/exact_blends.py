"""Compiled blends of two streams in twice the bits of a float64: what of a blend float64 alone would round away."""

from __future__ import annotations

from typing import Any

import numpy as np

from blendkit.core import Bools, Float64, compiled, few, loop_threads, read_only, side_by_side
from blendkit.metrics.kernels.exact_signs import _two_product, _two_sum, two_product, two_sum


@compiled()
def _blend_columns(a: Any, b: Any, p: float, q: float, high: Any, low: Any, first: int, step: int) -> None:
    """Fill rows first, first + step and so on of high and low (C, N) with p a + q b."""
    for c in range(first, len(a), step):
        for i in range(a.shape[1]):
            x, x_error = _two_product(a[c, i], p)
            y, y_error = _two_product(b[c, i], q)
            s, error = _two_sum(x, y)
            high[c, i], low[c, i] = _two_sum(s, error + (x_error + y_error))


def exact_blend(a: Float64, b: Float64, p: float, q: float) -> tuple[Float64, Float64, Bools]:
    """Return p a + q b for a, b (N, C) as high and low parts (N, C), and which columns (C,) have low parts.

    p, q: whole numbers below 2**53. The sum is exact to twice the bits of a float64; equal numbers have equal parts.
    """
    if few(a.size, _blend_columns):
        (x, x_error), (y, y_error) = two_product(a, p), two_product(b, q)
        s, error = two_sum(x, y)
        high, low = two_sum(s, error + (x_error + y_error))
        return high, low, np.asarray((low != 0).any(axis=0))
    one, other = read_only(a.T), read_only(b.T)  # class-major, as paths hold them: without a copy
    high, low = np.empty(one.shape), np.empty(one.shape)
    threads = min(loop_threads(), len(one))
    side_by_side(lambda t: _blend_columns(one, other, p, q, high, low, t, threads), threads, threads)
    return high.T, low.T, np.asarray(low.any(axis=1))
