"""Sums of many columns at once, each rounded once, as `math.fsum` rounds one."""

from __future__ import annotations

import math

import numpy as np

from blendkit.core import Float64
from blendkit.metrics.kernels.exact_signs import two_sum

_COARSE = 2.0**40  # the high parts are whole numbers of its inverse: sums of a thousand of them have 50 bits
_MOST_ROWS = 4096
_UNSURE = 2.0**-70  # more than the low parts' sum can be wrong by: each is below 2**-40, and 4096 of them below 2**-28


def rounded_sums(x: Float64) -> Float64:
    """Return the correctly rounded sums (R,) of the columns of x (C, R), numbers from 0 to 1: those of `math.fsum`.

    Every number is split into a high part, whose sums are exact, and a low part, whose sum is wrong by 2**-70 at most;
    columns in which that could change the rounding are summed by `math.fsum`.
    """
    if len(x) > _MOST_ROWS:
        return np.array([math.fsum(column) for column in x.T.tolist()])
    high = np.rint(x * _COARSE) / _COARSE
    sums, rest = two_sum(high.sum(axis=0), (x - high).sum(axis=0))
    half = np.spacing(sums) / 2
    below = np.spacing(np.nextafter(sums, 0)) / 2  # under a power of two numbers are twice as dense
    unsure = (np.abs(np.abs(rest) - half) <= _UNSURE) | (np.abs(np.abs(rest) - below) <= _UNSURE)
    for r in np.flatnonzero(unsure).tolist():
        sums[r] = math.fsum(x[:, r].tolist())
    return np.asarray(sums)
