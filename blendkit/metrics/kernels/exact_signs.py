"""Signs of weighted sums of differences, never wrong by rounding, and where float64 is enough for them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from blendkit.core import Float64, compiled

_HALF_BITS = 134217729.0  # 2**27 + 1, which splits a float64 of 53 bits into two halves whose products are exact
_ROUNDING = 2.0**-48  # of a sum of two products of rounded differences: far more than float64 can be wrong by
_GRID_BITS = 50  # of a float64's 53: a sum of two products of a weight and a difference may need three more
_MOST_PARTS = 8  # each of the eight summands adds at most one part to the expansion


def two_sum(a: Any, b: Any) -> Any:
    """Return the sum of numbers or arrays, and its exact rounding error (Knuth); no operation may be re-ordered."""
    s = a + b
    t = s - a
    return s, (a - (s - t)) + (b - t)


def two_product(a: Any, b: Any) -> Any:
    """Return the product of numbers, or of an array and a number, and its exact rounding error (Dekker, Veltkamp)."""
    p = a * b
    c, d = _HALF_BITS * a, _HALF_BITS * b
    a1, b1 = c - (c - a), d - (d - b)
    a2, b2 = a - a1, b - b1
    return p, ((a1 * b1 - p) + a1 * b2 + a2 * b1) + a2 * b2


_two_sum, _two_product = compiled()(two_sum), compiled()(two_product)  # of numbers, for compiled loops


@compiled()
def _expanded_sign(k: int, whole: int, ap: float, an: float, bp: float, bn: float) -> int:
    """Return the sign of (whole - k)(ap - an) + k (bp - bn), without rounding (Shewchuk's expansions)."""
    parts = np.zeros(_MOST_PARTS)
    used = 0
    # the differences are not formed first, because they would round; each of the four products is exact in two parts
    for weight, value in ((whole - k, ap), (whole - k, -an), (k, bp), (k, -bn)):
        high, low = _two_product(np.float64(weight), value)
        for summand in (low, high):
            q, place = summand, 0
            for i in range(used):
                q, rest = _two_sum(q, parts[i])
                if rest != 0.0:
                    parts[place] = rest
                    place += 1
            parts[place] = q
            used = place + 1
    for i in range(used - 1, -1, -1):  # parts do not overlap and rise in size, so the largest has the sign of the sum
        if parts[i] != 0.0:
            return 1 if parts[i] > 0 else -1
    return 0


@compiled()
def exact_sign(k: int, whole: int, ap: float, an: float, bp: float, bn: float, exact: bool) -> Any:
    """Return the sign of (whole - k)(ap - an) + k (bp - bn); exact: float64 does not round these numbers."""
    p, q = (whole - k) * (ap - an), k * (bp - bn)
    v = p + q
    if exact or abs(v) > _ROUNDING * (abs(p) + abs(q)):
        return (1 if v > 0.0 else 0) - (1 if v < 0.0 else 0)
    return _expanded_sign(k, whole, ap, an, bp, bn)


def blended_exactly(a: Float64, b: Float64, whole: int) -> bool:
    """Return whether float64 holds all (whole - k)(a[i] - a[j]) + k (b[i] - b[j]) exactly.

    So it is for ranks and most float32 values: a, b (N,) are multiples of one power of two, and the largest of these
    sums is below 2**53 of them.
    """
    size = max(float(np.abs(x).max(initial=0.0)) for x in (a, b))
    if size == 0.0:
        return True
    scale = 2.0 ** math.floor(_GRID_BITS - math.log2(whole * size))
    return all(bool(np.array_equal(np.rint(x * scale), x * scale)) for x in (a, b))
