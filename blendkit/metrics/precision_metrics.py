"""Tie-aware retrieval metrics: average precision, cmAP, top-1, recall at precision."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from blendkit.core import Bools, Float64, Int64, Matrix
from blendkit.errors import BlendkitError
from blendkit.metrics.auc import check_shapes, counted_cells, refuse_nan


@dataclass(frozen=True, eq=False)
class ClassMean:
    """macro: the mean over scored classes (nan if there are none); per_class (C,), nan where skipped.

    scored and skipped are class indices; a class is skipped without positives.
    """

    macro: float
    per_class: Float64
    scored: Int64
    skipped: Int64


def average_precision(y: Bools, x: Matrix, mask: Bools | None = None) -> ClassMean:
    """Return the average precision per class of scores x (N, C) against truth y (N, C), and their mean (cmAP).

    AP = sum over distinct scores, highest first, of (recall gained) x (precision there): tied rows enter
    together, as in `sklearn.metrics.average_precision_score`, so that row order cannot matter. mask (N,)
    or (N, C) leaves out unlabelled cells. A class without positives is skipped, not 0; one without
    negatives has AP 1. Raises BlendkitError for NaN (row, class) or other shapes.
    """
    return _per_class(y, x, mask, _average_precision)


def padded_cmap(y: Bools, p: Matrix, mask: Bools | None = None, rows: int = 5) -> ClassMean:
    """Return BirdCLEF 2023's metric: average precision after `rows` rows of ones are added to truth and scores.

    With the padding, classes without positives count too, and those with few have less influence. p (N, C)
    probabilities in [0, 1], because the padding has a score of 1. Raises BlendkitError as
    `average_precision`, and for values beyond [0, 1]. Source: the evaluation page of BirdCLEF 2023 (5 rows).
    """
    check_shapes(y, p, mask)
    refuse_nan(p, mask)
    refuse_beyond_unit(p, mask, "padded cmAP")
    pad = (rows, y.shape[1])
    keep = np.concatenate([counted_cells(y.shape, mask), np.ones(pad, bool)])
    return average_precision(
        np.concatenate([np.asarray(y, bool), np.ones(pad, bool)]), np.concatenate([p, np.ones(pad, p.dtype)]), keep
    )


def top_one(y: Bools, x: Matrix, mask: Bools | None = None) -> float:
    """Return the share of rows with a positive whose highest score belongs to one; nan if no row has one.

    y, x (N, C). Classes that tie for the highest count by their share of positives. Rows without a
    positive and masked cells do not count. Raises BlendkitError as `average_precision`.
    """
    check_shapes(y, x, mask)
    refuse_nan(x, mask)
    keep = counted_cells(y.shape, mask)
    y = np.asarray(y, bool) & keep
    use = y.any(axis=1)
    if not use.any():
        return math.nan
    values = np.where(keep, x, -np.inf)[use]
    best = (values == values.max(axis=1, keepdims=True)) & keep[use]
    return math.fsum((best & y[use]).sum(axis=1) / best.sum(axis=1)) / int(use.sum())


def recall_at_precision(y: Bools, x: Matrix, precision: float = 0.9, mask: Bools | None = None) -> ClassMean:
    """Return per class the highest recall at which precision is at least `precision` (0 if never), and the mean.

    Thresholds are the distinct scores, so tied rows are retrieved together. Arguments and errors as for
    `average_precision`; raises BlendkitError also for a precision outside (0, 1].
    """
    if not 0 < precision <= 1:
        raise BlendkitError(f"precision must be in (0, 1], got {precision:g}")

    def best(found: Int64, retrieved: Int64) -> float:
        good = found >= precision * retrieved
        return float(found[good].max(initial=0) / found[-1])

    return _per_class(y, x, mask, best)


def refuse_beyond_unit(p: Matrix, mask: Bools | None, what: str) -> None:
    """Raise BlendkitError with the first row and class if a cell that counts is not a probability."""
    bad = np.argwhere(((p < 0) | (p > 1)) & counted_cells(p.shape, mask))
    if len(bad):
        row, column = bad[0]
        raise BlendkitError(
            f"{what} needs probabilities: {len(bad)} values lie outside [0, 1], first "
            f"{p[row, column]:g} at row {row}, class {column}"
        )


def _average_precision(found: Int64, retrieved: Int64) -> float:
    gained = np.diff(found, prepend=0)
    rises = np.flatnonzero(gained)  # all other thresholds add 0
    return math.fsum((gained[rises] / found[-1] * (found[rises] / retrieved[rises])).tolist())


def retrieved_counts(y: Bools, x: Matrix, mask: Bools | None = None) -> dict[int, tuple[Int64, Int64]]:
    """Return per class with positives the positives found (T,) and the rows retrieved (T,) at each distinct score.

    The highest score comes first; found / retrieved is the precision there and found / found[-1] the recall. Arguments
    and errors as for `average_precision`.
    """
    check_shapes(y, x, mask)
    refuse_nan(x, mask)
    keep = counted_cells(y.shape, mask)
    y = np.asarray(y, bool) & keep
    counts = {}
    for c in np.flatnonzero(y.any(axis=0)).tolist():
        column = np.asarray(x[:, c])
        own = np.sort(column[y[:, c]])
        values = np.sort(column if mask is None else column[keep[:, c]])
        # only the first row of each tie, from below, is a threshold, so the order inside a tie cannot matter
        first = np.flatnonzero(np.append(True, values[1:] != values[:-1]))
        positives = np.bincount(np.searchsorted(values[first], own), minlength=len(first))
        counts[c] = np.cumsum(positives[::-1]), (len(values) - first)[::-1]
    return counts


def precision_from_counts(counts: Mapping[int, tuple[Int64, Int64]], classes: int) -> ClassMean:
    """Return the average precision of C classes from their `retrieved_counts`, without sorting the scores again."""
    return _mean_of(counts, classes, _average_precision)


def _per_class(y: Bools, x: Matrix, mask: Bools | None, figure: Any) -> ClassMean:
    """Apply figure(found (T,), retrieved (T,)) per class: positives and rows at or above each distinct score."""
    return _mean_of(retrieved_counts(y, x, mask), y.shape[1], figure)


def _mean_of(counts: Mapping[int, tuple[Int64, Int64]], classes: int, figure: Any) -> ClassMean:
    per_class = np.full(classes, np.nan)
    for c, (found, retrieved) in counts.items():
        per_class[c] = figure(found, retrieved)
    scored = np.array(list(counts), np.int64)
    macro = math.fsum(per_class[scored]) / len(scored) if len(scored) else math.nan
    return ClassMean(macro, per_class, scored, np.setdiff1d(np.arange(classes), scored))
