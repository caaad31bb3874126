"""The data of every search: scores in the memory layout of the AUC, reduced to the cells that count in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blendkit.core import Bools, Float64, Int64
from blendkit.errors import BlendkitError
from blendkit.metrics import MacroAUC, PairCount, auc_of, check_shapes, count_pairs, counted_cells, refuse_nan


@dataclass(frozen=True, eq=False)
class Problem:
    """Truth y (N', C'), scores {name: (N', C') class-major} and mask of the rows and classes that count.

    Rows without a cell that counts and classes without a positive-negative pair are left out, because
    neither can change a macro-AUC. classes (C',) are the indices of the remaining classes.
    """

    y: Bools
    scores: dict[str, Float64]
    mask: Bools | None
    classes: Int64

    def auc(self, x: NDArray[Any]) -> MacroAUC:
        """Return the exact macro-AUC of scores (N', C')."""
        counts = count_pairs(self.y, x, self.mask)
        return auc_of(counts[:, PairCount.TWICE_U], counts[:, PairCount.POSITIVES] * counts[:, PairCount.NEGATIVES])

    def only(self, columns: Bools) -> Problem:
        """Return the problem of some classes (C',) alone."""
        mask = self.mask if self.mask is None or self.mask.ndim == 1 else self.mask[:, columns]
        scores = {n: np.asfortranarray(x[:, columns]) for n, x in self.scores.items()}
        return Problem(np.asfortranarray(self.y[:, columns]), scores, mask, self.classes[columns])


def problem_of(
    y: Bools,
    scores: Mapping[str, NDArray[Any]],
    mask: Bools | None = None,
    covered: Mapping[str, Bools] | None = None,
) -> Problem:
    """Return the problem of blending scores {name: (N, C)} against truth y (N, C).

    covered {name: (C,)}: a class that a member does not cover gets 0 in its scores. An AUC does not depend on
    the scale of a class, so the sum over the members that cover it ranks as their normalised mean. Raises
    BlendkitError for no scores, NaN (row, class), other shapes, and if no class can be scored.
    """
    if not scores:
        raise BlendkitError("a search needs scores")
    for name, x in scores.items():
        check_shapes(y, x, mask, f"scores {name!r}")
        refuse_nan(x, mask)
    keep = counted_cells(y.shape, mask)
    y = np.asarray(y, bool)
    live = (y & keep).any(axis=0) & (~y & keep).any(axis=0)
    if not live.any():
        raise BlendkitError("no class has both positives and negatives: a search cannot compare weights")
    rows = np.flatnonzero(keep[:, live].any(axis=1))
    columns = np.flatnonzero(live)
    used = np.ix_(rows, columns)
    inner = np.asfortranarray(keep[used])
    reduced = {}
    for name, x in scores.items():
        values = np.asfortranarray(x[used], np.float64)
        if covered is not None:
            values[:, ~covered[name][columns]] = 0.0
        reduced[name] = values
    return Problem(np.asfortranarray(y[used]), reduced, None if inner.all() else inner, columns)
