"""The mean over the shifts of test-time augmentation, of logits or of probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blendkit.core import Bools, Float64, Matrix, logit, sigmoid
from blendkit.member.protocol import BELOW_FLOAT32, ShiftSpace


@dataclass(frozen=True, eq=False)
class ShiftMean:
    """Weighted sums over shifts, row by row, of one output of a model.

    sums: (W, C) of logits, or of probabilities; rest: (W, C) of 1 - p, so that no logit is rounded to the end of its
    scale, None for logits; weight: (W,) of the shifts added so far; finite, lost: (W,) whether a shift gave finite
    values, and whether one gave NaN or infinity; where: (C,) which columns did that, of the rows that lost a shift.
    """

    sums: Float64
    rest: Float64 | None
    weight: Float64
    finite: Bools
    lost: Bools
    where: dict[int, Bools] = field(default_factory=dict)

    @classmethod
    def empty(cls, rows: int, width: int, space: ShiftSpace) -> ShiftMean:
        """Start with no shift added."""
        rest = np.zeros((rows, width)) if space == "prob" else None
        return cls(np.zeros((rows, width)), rest, np.zeros(rows), np.zeros(rows, bool), np.zeros(rows, bool))

    def add(self, at: Sequence[tuple[int, float]], values: NDArray[Any]) -> None:
        """Add a batch's logits (B, C), each with its row and weight; those that are not finite count as lost."""
        finite = np.isfinite(values).all(axis=1)
        for (row, weight), one, usable in zip(at, values, finite.tolist(), strict=True):
            if not usable:  # a row may come twice in a batch
                self.lost[row] = True
                bad = ~np.isfinite(one)
                self.where[row] = bad | self.where[row] if row in self.where else bad
                continue
            self.finite[row] = True
            self.add_row(row, weight, one)

    def add_row(self, row: int, weight: float, value: float | NDArray[Any]) -> None:
        """Add one shift of a row: logits (C,), or one for all classes."""
        if self.rest is None:
            self.sums[row] += weight * value
        else:
            logits = np.asarray(value, np.float64)
            self.sums[row] += weight * sigmoid(logits)
            self.rest[row] += weight * sigmoid(-logits)
        self.weight[row] += weight

    def logits(self) -> Float64:
        """Return the means (W, C) as logits; 0 in rows without any finite shift."""
        known = self.weight > 0
        if self.rest is None:
            return self.sums / np.where(known, self.weight, 1.0)[:, None]
        out = np.zeros_like(self.sums)
        tiny = np.finfo(np.float64).tiny
        p, q = (np.maximum(side[known], tiny) for side in (self.sums, self.rest))
        out[known] = np.log(p) - np.log(q)
        return out


@dataclass(frozen=True, eq=False)
class ShiftSums:
    """Sums over some shifts: of each of the model's outputs, and which windows (W,) were silent.

    weights: of the shifts that count, by their numbers among all that are scored.
    """

    means: list[ShiftMean]
    silent: Bools
    weights: dict[int, float]

    def add(self, at: Sequence[tuple[int, int]], outputs: Sequence[Matrix]) -> None:
        """Add a batch's outputs, each with the row and the number of the shift of its windows."""
        own = [i for i, (_, shift) in enumerate(at) if shift in self.weights]
        where = [(at[i][0], self.weights[at[i][1]]) for i in own]
        for mean, values in zip(self.means, outputs, strict=True):
            mean.add(where, values if len(own) == len(at) else values[own])

    def add_silence(self, row: int, shift: int, value: float) -> None:
        """Add a window that was not given to the model."""
        if shift in self.weights:
            self.silent[row] = True
            for mean in self.means:
                mean.add_row(row, self.weights[shift], value)


def mean_of_moved(moved: Float64, weights: Sequence[float], space: ShiftSpace) -> Float64:
    """Return logits (K, C) of probabilities (M, K, C) at M moves, averaged where they are not NaN.

    Every chunk has one move at least that is not NaN in all its classes.
    """
    share = np.where(np.isnan(moved), 0.0, np.asarray(weights, np.float64)[:, None, None])
    if space == "logit":
        moved = logit(np.where(np.isnan(moved), 0.5, moved), floor=BELOW_FLOAT32)
    mean = np.sum(share * np.nan_to_num(moved), axis=0) / share.sum(axis=0)
    return mean if space == "logit" else logit(mean, floor=BELOW_FLOAT32)
