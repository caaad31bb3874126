"""Exact tie-aware macro ROC-AUC."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blendkit.errors import BlendkitError
from blendkit.metrics.kernels import doubled_ranks


@dataclass(frozen=True, eq=False)
class MacroAUC:
    """macro: the mean over scored classes (nan if there are none); per_class (C,), nan where skipped.

    scored and skipped are class indices; a class is skipped without positives or without negatives.
    """

    macro: float
    per_class: NDArray[np.float64]
    scored: NDArray[np.int64]
    skipped: NDArray[np.int64]


def macro_auc(y: NDArray[np.bool_], x: NDArray[np.floating[Any]], mask: NDArray[np.bool_] | None = None) -> MacroAUC:
    """Return the macro-averaged ROC-AUC of scores x (N, C) against truth y (N, C), ties counted half.

    Per class 2U = sum(2*[p > n] + [p == n]) over positive/negative pairs is an exact integer, from
    doubled ranks: 2U = sum(2 rank of positives) - P(P + 1); one division at the end. mask (N,) or
    (N, C) leaves out unlabelled cells. Raises BlendkitError for NaN (row, class) or other shapes.
    """
    if y.shape != x.shape or y.ndim != 2:
        raise BlendkitError(f"truth has shape {y.shape}, scores {x.shape}; expected equal (N, C)")
    bad = np.argwhere(np.isnan(x))
    if len(bad):
        raise BlendkitError(f"scores are NaN in {len(bad)} cells, first at row {bad[0][0]}, class {bad[0][1]}")
    if mask is None or mask.ndim == 1:
        keep = slice(None) if mask is None else np.flatnonzero(mask)
        per_class = _column_auc(y[keep], x[keep])
    else:
        per_class = np.array([_column_auc(y[m, c : c + 1], x[m, c : c + 1])[0] for c, m in enumerate(mask.T)])
    skipped = np.isnan(per_class)
    values = per_class[~skipped]
    macro = math.fsum(values) / len(values) if len(values) else math.nan
    return MacroAUC(macro, per_class, np.flatnonzero(~skipped), np.flatnonzero(skipped))


def _column_auc(y: NDArray[np.bool_], x: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    positives = y.sum(axis=0, dtype=np.int64)
    pairs = 2 * positives * (len(y) - positives)
    out = np.full(y.shape[1], np.nan)
    live = np.flatnonzero(pairs)
    if len(live):
        ranks = doubled_ranks(x[:, live])
        total = np.where(y[:, live], ranks, 0).sum(axis=0, dtype=np.int64)
        twice_u = total - positives[live] * (positives[live] + 1)
        out[live] = twice_u / pairs[live]
    return out
