"""The same sums in plain numpy, to the last bit, for so few cells that compiling loops would take far longer.

Every element is summed in the order of the compiled loops: one term at a time, never by numpy's own sums.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from blendkit.core import Bools, Float64, Int64
from blendkit.ops.kernels.along_time import EdgeRule
from blendkit.ops.kernels.window_ends import WindowEnds


def plain_correlation(x: NDArray[Any], taps: Float64, offsets: Int64, edge: EdgeRule, pull: float) -> Float64:
    """Return each recording's rows of x (N, C) smoothed with symmetric taps (radius + 1,); else as in the kernel."""
    ends, held = WindowEnds.of(offsets, edge), x.astype(np.float64)
    partial = edge in (EdgeRule.BESIDE, EdgeRule.AVAILABLE, EdgeRule.SHRINK)
    row, beside = np.zeros_like(held), np.zeros(len(x))
    for k, tap in enumerate(taps[1:].tolist(), 1):
        (a, on_left), (b, on_right) = ends.at(-k), ends.at(k)
        left, right = on_left.astype(np.float64), on_right.astype(np.float64)
        beside += tap * (left + right)
        away = pull * (left + right if partial else np.full(len(x), 2.0))
        row += tap * ((left[:, None] * held[a] + right[:, None] * held[b]) - away[:, None] * held)
    inside = ends.inside(len(taps) - 1)
    share = np.where(inside | (not partial), 1.0, _shares(taps[0], beside, edge))[:, None]
    own = 1.0 if pull > 0 else np.where(share == 0, 1.0, taps[0] * (1.0 if edge is EdgeRule.BESIDE else share))
    out = own * held + share * row
    return np.where(inside[:, None], out, held) if edge is EdgeRule.KEEP else out


def _shares(own: float, beside: Float64, edge: EdgeRule) -> Float64:
    """Return the factors (N,) on the neighbours' weights, which sum to `beside`; 0 where there are none."""
    if edge is EdgeRule.BESIDE:
        return np.divide(1.0 - own, beside, out=np.zeros_like(beside), where=beside > 0)
    return np.divide(1.0, own + beside, out=np.zeros_like(beside), where=beside > 0)


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
