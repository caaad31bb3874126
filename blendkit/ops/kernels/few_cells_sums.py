"""The same sums in plain numpy, to the last bit, for so few cells that compiling loops would take far longer.

Every element is summed in the order of the compiled loops: one term at a time, never by numpy's own sums.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from blendkit.core import Bools, Float64, Int64


def plain_correlation(x: NDArray[Any], taps: Float64, offsets: Int64) -> Float64:
    """Return each recording's rows of x (N, C), correlated with taps (odd length); end rows are repeated."""
    lengths = np.diff(offsets)
    first, last = np.repeat(offsets[:-1], lengths), np.repeat(offsets[1:] - 1, lengths)
    out, at = np.zeros(x.shape, np.float64), np.arange(len(x)) - len(taps) // 2
    for k, tap in enumerate(taps):
        out += tap * x[np.clip(at + k, first, last)].astype(np.float64)
    return out


def plain_group_means(x: NDArray[Any], groups: Int64, members: Bools, alphas: Float64, share: Float64) -> Float64:
    """Return rows of x (N, C) moved towards their groups' means, level after level; all else as in the kernel."""
    out = x.astype(np.float64)
    for level, alpha in enumerate(alphas):
        means = np.zeros_like(out)
        found = np.zeros(out.shape[1], bool)
        for g in np.unique(groups[level][members[level] & (groups[level] >= 0)]):
            inside = groups[level] == g
            counted = np.flatnonzero(inside & members[level])
            total = np.zeros(len(out))
            for c in counted:
                total += out[:, c]
            means[:, inside], found[inside] = (total / len(counted))[:, None], True
        out[:, found] += (alpha * share)[:, None] * (means - out)[:, found]
    return out
