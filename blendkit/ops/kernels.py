"""Compiled loops shared by ops. Every element is summed in one fixed order, whatever the shape."""

from __future__ import annotations

from typing import Any

import numpy as np

from blendkit.compiled import compiled


@compiled()
def correlate_kernel(x: Any, taps: Any, offsets: Any, out: Any) -> None:
    """Correlate each recording's rows with taps (odd length), repeating its first and last chunk."""
    radius = len(taps) // 2
    width = x.shape[1]
    row = np.empty(width, np.float64)
    for r in range(len(offsets) - 1):
        first, last = offsets[r], offsets[r + 1] - 1
        for t in range(first, last + 1):
            row[:] = 0.0
            for k in range(len(taps)):
                source = min(max(t + k - radius, first), last)
                for c in range(width):
                    row[c] += taps[k] * x[source, c]
            for c in range(width):
                out[t, c] = row[c]


@compiled()
def group_mean_kernel(x: Any, groups: Any, members: Any, alphas: Any, out: Any) -> None:
    """Pull each row's values towards their group's mean, level after level.

    groups (L, C): group numbers, -1 for none. members (L, C): 1 where a class counts in the mean.
    """
    levels, width = groups.shape
    row = np.empty(width, np.float64)
    total = np.empty(width, np.float64)
    count = np.empty(width, np.int64)
    for i in range(len(x)):
        for c in range(width):
            row[c] = x[i, c]
        for level in range(levels):
            total[:] = 0.0
            count[:] = 0
            for c in range(width):
                g = groups[level, c]
                if g >= 0 and members[level, c]:
                    total[g] += row[c]
                    count[g] += 1
            for c in range(width):
                g = groups[level, c]
                if g >= 0 and count[g] > 0:
                    row[c] += alphas[level] * (total[g] / count[g] - row[c])
        for c in range(width):
            out[i, c] = row[c]
