"""Compiled loops of the sidecar: two passes over the rows, nothing kept of the size of the matrix between them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import prange

from blendkit.compiled import compiled
from blendkit.ops.kernels import highest, kth


@compiled()
def _change(anchor: float, by: float, share: float, high: float, low: float, above: float) -> float:
    return share * (by - anchor) if anchor >= high or (by >= low and anchor >= above) else 0.0


@compiled(parallel=True)
def survey_kernel(anchor: Any, by: Any, shares: Any, counts: Any, above: float, bars: Any, sums: Any) -> None:
    """Write what each row's correction would be.

    counts: of the anchor's and the sidecar's classes that may change, then of the tops whose overlap is asked for.
    bars (N, 4): the anchor's and the sidecar's values that must be reached, and those of the anchor's tops.
    sums (N, 2): the sum of |change|, and how many cells change.
    """
    width = anchor.shape[1]
    room = min(max(counts[0], max(counts[2], counts[3])), width)
    for i in prange(len(anchor)):
        first, second = np.empty(room, np.float64), np.empty(min(counts[1], width), np.float64)
        highest(anchor[i], first)
        highest(by[i], second)
        bars[i, 0], bars[i, 1] = kth(first, counts[0], width), kth(second, counts[1], width)
        bars[i, 2], bars[i, 3] = kth(first, counts[2], width), kth(first, counts[3], width)
        total, active = 0.0, 0
        for c in range(width):
            d = _change(anchor[i, c], by[i, c], shares[c], bars[i, 0], bars[i, 1], above)
            total += abs(d)
            active += d != 0
        sums[i, 0], sums[i, 1] = total, active


@compiled(parallel=True)
def correct_kernel(
    anchor: Any, by: Any, shares: Any, counts: Any, above: float, bars: Any, scale: float, out: Any, shared: Any
) -> None:
    """Write anchor + scale x change, as surveyed; shared (N, 2, 2): size of the anchor's tops, and how much stays."""
    width = anchor.shape[1]
    room = min(max(counts[2], counts[3]), width)
    for i in prange(len(anchor)):
        top = np.empty(room, np.float64)
        for c in range(width):
            d = _change(anchor[i, c], by[i, c], shares[c], bars[i, 0], bars[i, 1], above)
            out[i, c] = anchor[i, c] + scale * d
        highest(out[i], top)
        for k in range(2):
            bar, own, both = kth(top, counts[2 + k], width), 0, 0
            for c in range(width):
                inside = anchor[i, c] >= bars[i, 2 + k]
                own += inside
                both += inside and out[i, c] >= bar
            shared[i, k, 0], shared[i, k, 1] = own, both
