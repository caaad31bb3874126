"""How alike two models err: the correlation of their ranks where the truth is the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blendkit.core import Bools, Float64, Int64, Matrix
from blendkit.metrics.auc import check_shapes, refuse_nan
from blendkit.metrics.kernels.ranking import doubled_ranks


def error_correlation(y: Bools, scores: Mapping[str, Matrix]) -> tuple[Float64, Int64]:
    """Return the correlation (K, K) of the errors of K scores (N, C) against truth y (N, C), and the classes used.

    In every class with positives and negatives the ranks of the positives are centred, and so are those of the
    negatives: what is left is how far a model puts a chunk above or below others of the same truth. Per class these
    are correlated (Pearson), and classes count equally. A class in which one of the scores has no such differences (a
    constant, say) is left out for all; nan where none is left. Low values promise more of a blend. Raises BlendkitError
    for NaN (row, class) and other shapes.
    """
    for name, x in scores.items():
        check_shapes(y, x, None, f"scores {name!r}")
        refuse_nan(x, None)
    y = np.asarray(y, bool)
    live = np.flatnonzero(y.any(axis=0) & ~y.all(axis=0))
    ranks = [doubled_ranks(x[:, live]) for x in scores.values()]
    per_class = np.empty((len(live), len(ranks), len(ranks)))
    for c in range(len(live)):  # class by class: the errors of all classes together would not fit into a cache
        errors = np.stack([_unit_errors(y[:, live[c]], r[:, c]) for r in ranks])
        for i, a in enumerate(errors):
            per_class[c, i, : i + 1] = per_class[c, : i + 1, i] = [(a * b).sum() for b in errors[: i + 1]]
    whole = np.isfinite(per_class).all(axis=(1, 2))
    if not whole.any():
        return np.full((len(ranks), len(ranks)), np.nan), live[whole]
    return np.asarray(per_class[whole].mean(axis=0)), live[whole]


def _unit_errors(y: Bools, ranks: NDArray[Any]) -> Float64:
    """Ranks (N,) centred among the positives and among the negatives, of length 1 (nan if all are 0)."""
    centred = ranks.astype(np.float64)
    for side in (y, ~y):
        centred[side] -= centred[side].mean()
    length = np.sqrt((centred**2).sum())
    return np.asarray(centred / length if length > 0 else np.full(len(y), np.nan))
