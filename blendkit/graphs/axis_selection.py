"""Finding a selection along one axis in the tensor before its axes were split, merged or squeezed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from blendkit.core import Int64

Shape = tuple[int, ...]
Index = Int64


def source_axis(before: Shape, after: Shape, axis: int, keep: Index) -> tuple[int, Index] | None:
    """Return the axis of `before`, and the positions on it, that hold the same numbers as `keep` on `axis` of `after`.

    The numbers are in the same order in both shapes. None if no selection along one axis gives them.
    """
    lead = 0
    while lead < min(axis, len(before)) and before[lead] == after[lead]:
        lead += 1
    tail = 0
    while tail < min(len(before) - lead, len(after) - 1 - axis) and before[-1 - tail] == after[-1 - tail]:
        tail += 1
    inner, outer = before[lead : len(before) - tail], after[lead : len(after) - tail]
    numbers = np.arange(int(np.prod(outer)))
    wanted = numbers.reshape(outer).take(keep, axis - lead).ravel()
    grid = numbers.reshape(inner)
    for own in range(len(inner)):
        chosen = _in_order(np.unravel_index(wanted, inner)[own])
        if np.array_equal(grid.take(chosen, own).ravel(), wanted):
            return lead + own, chosen
    return None


def _in_order(values: NDArray[np.intp]) -> Index:
    """Return the distinct values, in the order of their first occurrence."""
    _, first = np.unique(values, return_index=True)
    return values[np.sort(first)].astype(np.int64)
