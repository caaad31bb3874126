"""Exact figures along the shares of one member of a large blend: its sides are made once, shares counted when asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from blendkit.core import Bools, Float64
from blendkit.metrics import weight_path

# the order in which shares are counted: a coarse path is there first, and then a finer one
LEVELS = (
    (0.0, 0.2, 0.4, 0.6, 0.8, 1.0),
    (0.1, 0.3, 0.5, 0.7, 0.9),
    (0.05, 0.15, 0.25, 0.35, 0.45),
    (0.55, 0.65, 0.75, 0.85, 0.95),
)
Side = tuple[Bools, Float64, Float64]


@dataclass(frozen=True, eq=False)
class DragPath:
    """By half, truth (L, C) and the output (L, C) with none and with all of a member; key: of which setting."""

    key: str
    halves: Mapping[str, Side]

    def macro(self, shares: Sequence[float]) -> dict[str, list[float]]:
        """Return the exact macro-AUC of each half at some shares.

        Raises BlendkitError for shares outside 0 to 1, and values that cannot be blended exactly.
        """
        return {n: weight_path(y, a, b, shares).macro.tolist() for n, (y, a, b) in self.halves.items()}


@dataclass(eq=False)
class LastPath:
    """The path that is dragged along; one is kept, because its arrays are as large as the blend."""

    kept: DragPath | None = None

    def get(
        self, key: str, make: Callable[[], tuple[NDArray[np.float64], NDArray[np.float64]] | str], truth: Bools,
        halves: Mapping[str, Bools],
    ) -> DragPath | str:  # fmt: skip
        """Return the path of a key; make: its two sides (N, C), or why there are none, which is returned then."""
        if self.kept is None or self.kept.key != key:
            self.kept = None
            sides = make()
            if isinstance(sides, str):
                return sides
            a, b = sides
            self.kept = DragPath(key, {n: (truth[rows], a[rows], b[rows]) for n, rows in halves.items()})
        return self.kept
