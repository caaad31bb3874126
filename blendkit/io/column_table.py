"""The columns of a score file, and the matrix in which those of numbers already lie side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blendkit.core import Matrix


@dataclass(frozen=True, eq=False)
class ColumnTable:
    """Columns (N,) by name, in the order of the file. matrix (N, M): the `side_by_side` ones, which are views of it."""

    columns: Mapping[str, NDArray[Any]]
    side_by_side: tuple[str, ...] = ()
    matrix: Matrix = field(default_factory=lambda: np.empty((0, 0)))

    def stacked(self, names: Sequence[str]) -> Matrix:
        """Return some columns as (N, C): float32 where all of them are, else float64. Copies only where it must."""
        if tuple(names) == self.side_by_side:
            return self.matrix
        at = {n: i for i, n in enumerate(self.side_by_side)}
        if all(n in at for n in names):
            return self.matrix[:, [at[n] for n in names]]
        float32 = all(self.columns[n].dtype == np.float32 for n in names)
        stack = np.column_stack([self.columns[n] for n in names])
        return stack.astype(np.float32 if float32 else np.float64, copy=False)  # a stack is already a copy

    def ends(self, names: Sequence[str]) -> dict[str, tuple[float, float]]:
        """Return the lowest and highest value of columns of a table with rows, without its missing values."""
        whole = [np.fmin.reduce(self.matrix), np.fmax.reduce(self.matrix)] if self.side_by_side else []
        at = {n: i for i, n in enumerate(self.side_by_side)}
        return {
            n: (float(whole[0][at[n]]), float(whole[1][at[n]])) if n in at else _ends(self.columns[n]) for n in names
        }


def _ends(column: NDArray[Any]) -> tuple[float, float]:
    return float(np.fmin.reduce(column)), float(np.fmax.reduce(column))
