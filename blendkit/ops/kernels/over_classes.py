"""Compiled loops over groups of classes. Every element is summed in one fixed order that ignores the shape."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import numpy as np

from blendkit.core import compiled

NO_GROUP = -1  # the group number of a class without one


class GroupReduction(IntEnum):
    """How a group's values become one: their maximum, or 1 - product(1 - x)."""

    MAX = 0
    NOISY_OR = 1


@compiled()
def group_reduce_kernel(x: Any, groups: Any, members: Any, alphas: Any, kind: int, out: Any) -> None:
    """Move each row's values towards their group's reduction, a `GroupReduction`, level after level.

    groups, members as in `group_mean_kernel`.
    """
    noisy = kind == GroupReduction.NOISY_OR
    levels, width = groups.shape
    row = np.empty(width, np.float64)
    found = np.empty(width, np.float64)
    some = np.empty(width, np.bool_)
    for i in range(len(x)):
        for c in range(width):
            row[c] = x[i, c]
        for level in range(levels):
            some[:] = False
            for c in range(width):
                g = groups[level, c]
                if g >= 0 and members[level, c]:
                    if noisy:
                        found[g] = (found[g] if some[g] else 1.0) * (1.0 - row[c])
                    else:
                        found[g] = max(found[g], row[c]) if some[g] else row[c]
                    some[g] = True
            # a second pass, because every class of a group moves towards the value of the whole group
            for c in range(width):
                g = groups[level, c]
                if g >= 0 and some[g]:
                    to = 1.0 - found[g] if noisy else found[g]
                    row[c] = (1 - alphas[level]) * row[c] + alphas[level] * to
        for c in range(width):
            out[i, c] = row[c]


@compiled()
def group_mean_kernel(x: Any, groups: Any, members: Any, alphas: Any, share: Any, out: Any) -> None:
    """Move each row's values towards their group's mean, level after level.

    groups (L, C): group numbers, or NO_GROUP. members (L, C): 1 where a class counts in the mean. alphas (L,) are
    multiplied by share (N,), one per row.
    """
    levels, width = groups.shape
    row = np.empty(width, np.float64)
    total = np.empty(width, np.float64)  # by group number: there are never more groups than classes
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
                if g >= 0 and count[g] > 0:  # in this form a class equal to its group's mean stays to the last bit
                    row[c] += alphas[level] * share[i] * (total[g] / count[g] - row[c])
        for c in range(width):
            out[i, c] = row[c]


@compiled()
def share_kernel(x: Any, taxa: Any, covered: Any, power: float, out: Any) -> None:
    """Multiply each value by (its taxon's share of the row's sum)^power; taxa (C,): numbers, or NO_GROUP."""
    width = x.shape[1]
    sums, scale = np.empty(width + 1, np.float64), np.empty(width + 1, np.float64)
    for i in range(len(x)):
        sums[:] = 0.0
        for c in range(width):
            if covered[c]:
                sums[taxa[c]] += x[i, c]  # NO_GROUP, -1, is the extra last place
        total = sums.sum()
        for g in range(width):  # one power per taxon, not per class; 0 / 0 cannot occur where the sum is above 0
            scale[g] = (sums[g] / total) ** power if total > 0.0 and sums[g] > 0.0 else 1.0
        scale[width] = 1.0
        for c in range(width):
            out[i, c] = x[i, c] * scale[taxa[c]] if covered[c] else x[i, c]
