"""How alike two models err: the correlation of their ranks where the truth is the same."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

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
    left = [_unit_errors(y[:, live], x[:, live]) for x in scores.values()]
    whole = np.logical_and.reduce([np.isfinite(e).all(axis=0) for e in left])
    count = int(whole.sum())
    found = np.full((len(left), len(left)), np.nan)
    if count:
        for i, a in enumerate(left):
            for j, b in enumerate(left):
                found[i, j] = (a[:, whole] * b[:, whole]).sum() / count
    return found, live[whole]


def _unit_errors(y: Bools, x: Matrix) -> Float64:
    """Ranks (N, C) centred among the positives and among the negatives, every column of length 1 (nan if all 0)."""
    ranks = doubled_ranks(x).astype(np.float64)
    for side in (y, ~y):
        mean = np.divide((ranks * side).sum(axis=0), side.sum(axis=0))
        ranks = np.where(side, ranks - mean, ranks)
    length = np.sqrt((ranks**2).sum(axis=0))
    return np.asarray(np.divide(ranks, length, out=np.full(ranks.shape, np.nan), where=length > 0))
