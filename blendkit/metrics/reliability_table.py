"""The calibration of probabilities: Brier score, reliability table, expected calibration error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blendkit.core import Bools, Float64, Int64, Matrix
from blendkit.errors import BlendkitError
from blendkit.metrics.auc import check_shapes, counted_cells, refuse_nan
from blendkit.metrics.precision_metrics import refuse_beyond_unit


@dataclass(frozen=True, eq=False)
class Reliability:
    """Probabilities against observed shares of positives, in B bins of equal width; the last bin includes 1.

    edges (B + 1,). Pooled over classes: count (B,), predicted (B,) mean probability, observed (B,) share
    of positives, nan where a bin is empty; ece and brier. Per class: class_count, class_predicted,
    class_observed (C, B), class_ece and class_brier (C,), nan without cells.
    """

    edges: Float64
    count: Int64
    predicted: Float64
    observed: Float64
    ece: float
    brier: float
    class_count: Int64
    class_predicted: Float64
    class_observed: Float64
    class_ece: Float64
    class_brier: Float64


def reliability(y: Bools, p: Matrix, bins: int = 15, mask: Bools | None = None) -> Reliability:
    """Return the reliability table, ECE and Brier score of probabilities p (N, C), per class and pooled.

    ECE = sum over bins of count / N x |observed - predicted| (Naeini et al. 2015, equal-width bins);
    Brier = mean (p - y)^2. mask (N,) or (N, C) leaves out unlabelled cells. Pooled figures count all cells
    equally; with rare positives they mostly measure the negatives, so read those per class too. Raises
    BlendkitError for NaN or values beyond [0, 1] (row, class), other shapes, fewer than one bin.
    """
    check_shapes(y, p, mask)
    refuse_nan(p, mask)
    refuse_beyond_unit(p, mask, "calibration")
    if bins < 1:
        raise BlendkitError(f"a reliability table needs at least one bin, got {bins}")
    keep = counted_cells(y.shape, mask)
    p, width = np.where(keep, p, 0.0).astype(np.float64), y.shape[1]
    # a probability of 1 belongs to the last bin; the bins of all classes are numbered through, for one bincount
    at = np.minimum((p * bins).astype(np.int64), bins - 1) + np.arange(width) * bins

    def per_bin(weights: NDArray[Any]) -> Float64:
        found = np.bincount(at[keep], weights[keep], width * bins)
        return found.astype(np.float64).reshape(width, bins)

    count = per_bin(np.ones(p.shape)).astype(np.int64)
    sums, hits = per_bin(p), per_bin(np.asarray(y, np.float64))
    errors = np.where(keep, (p - y) ** 2, 0.0).sum(axis=0)
    cells = count.sum(axis=1)
    return Reliability(
        np.linspace(0, 1, bins + 1),
        count.sum(axis=0),
        _over(sums.sum(axis=0), count.sum(axis=0)),
        _over(hits.sum(axis=0), count.sum(axis=0)),
        float(_ece(count.sum(axis=0), sums.sum(axis=0), hits.sum(axis=0))),
        float(_over(errors.sum(), cells.sum())),
        count,
        _over(sums, count),
        _over(hits, count),
        _ece(count, sums, hits),
        _over(errors, cells),
    )


def _ece(count: Int64, sums: Float64, hits: Float64) -> Float64:
    """Sum |observed - predicted| over the last axis, weighted by count."""
    return _over(np.abs(hits - sums).sum(axis=-1), count.sum(axis=-1))


def _over(a: Any, b: Any) -> Float64:
    return np.asarray(np.divide(a, b, out=np.full(np.shape(a), np.nan), where=np.asarray(b) > 0))
