"""Thresholds of classes for a wanted precision: the lowest that reach it, judged on recordings held out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from blendkit.core import Bools, Float64, Int64, Matrix, text_hash
from blendkit.errors import BlendkitError
from blendkit.metrics.auc import check_shapes
from blendkit.metrics.count_intervals import clustered_share

_FEWEST_ABOVE = 3  # true rows above a threshold, below which its precision says next to nothing
_AIMS = 10  # steps from the wanted precision up to 1
_ROUNDING = 1e-9  # 0.28 x 25 is 7.000000000000001


@dataclass(frozen=True)
class ChosenThreshold:
    """The threshold of one class, and what it is worth on recordings that did not choose it.

    threshold: inf if none was found. positives: true rows; recordings: those that hold them. precision, low, high,
    recall: held out, with the interval of the precision; nan without an estimate. aim: the precision that was asked for
    on the rows that choose, at or above the wanted one.
    """

    threshold: float = np.inf
    positives: int = 0
    recordings: int = 0
    precision: float = np.nan
    low: float = np.nan
    high: float = np.nan
    recall: float = np.nan
    aim: float = np.nan


def precision_thresholds(
    y: Bools, x: Matrix, precision: float, fewest: int = _FEWEST_ABOVE, mask: Bools | None = None
) -> Float64:
    """Return (C,) the lowest score at which the rows above it reach a precision; inf for classes that never do.

    y, x (N, C) truth and out-of-fold scores; mask (N,) or (N, C): cells that count. At least `fewest` true rows must
    lie above. Tied scores count together. Raises BlendkitError for a precision outside (0, 1].
    """
    _check_precision(precision)
    check_shapes(y, x)
    keep = np.ones(y.shape, bool) if mask is None else np.broadcast_to(mask.reshape(len(mask), -1), y.shape)
    aims = np.array([precision])
    found = [_lowest(y[keep[:, c], c], x[keep[:, c], c], aims, fewest)[0] for c in range(y.shape[1])]
    return np.array(found, np.float64)


def chosen_thresholds(
    y: Bools, x: Matrix, recording: Sequence[str], precision: float, *, folds: int = 5, fewest: int = 10,
    level: float = 0.95,
) -> list[ChosenThreshold]:  # fmt: skip
    """Return, for each class (C), the lowest threshold whose precision on recordings held out reaches the wanted one.

    y, x (N, C): truth and scores of labelled rows; recording (N,): whose they are. A class's recordings are dealt into
    `folds` parts, those with positives evenly. For an aim, each part gets the lowest threshold that reaches the aim on
    the other parts; all parts together give the held-out precision and recall. The lowest of eleven aims, from the
    wanted precision to 1, whose held-out precision reaches the wanted one is taken, and the threshold is the one that
    reaches this aim on all rows. A class with fewer than `fewest` positives, or with all in one recording, gets none.
    The interval is `clustered_share`. Raises BlendkitError for a precision outside (0, 1], and for fewer than 2 folds.
    """
    _check_precision(precision)
    if folds < 2:
        raise BlendkitError(f"recordings are held out in at least 2 folds, got {folds}")
    check_shapes(y, x)
    names, code = np.unique(np.array(recording, str), return_inverse=True)
    hashes = [text_hash(n) for n in names.tolist()]
    out = []
    for c in range(y.shape[1]):
        own = np.bincount(code[y[:, c]], minlength=len(names)) > 0
        found = ChosenThreshold(positives=int(y[:, c].sum()), recordings=int(own.sum()))
        if found.positives >= fewest and found.recordings >= 2:
            fold = _dealt(own, hashes, folds)[code]
            found = _chosen(found, y[:, c], x[:, c], code, fold, precision, level)
        out.append(found)
    return out


def _check_precision(precision: float) -> None:
    if not 0 < precision <= 1:
        raise BlendkitError(f"precision lies in (0, 1], got {precision:g}")


def _dealt(holds: Bools, hashes: Sequence[str], folds: int) -> Int64:
    """Return the fold (R,) of each recording: those that hold the class first, then the others, by their hashes."""
    order = sorted(range(len(hashes)), key=lambda r: (not holds[r], hashes[r]))
    fold = np.empty(len(hashes), np.int64)
    fold[order] = np.arange(len(hashes)) % folds
    return fold


def _lowest(y: Bools, x: Matrix, aims: Float64, fewest: int) -> Float64:
    """Return (A,) the lowest score of x (N,) at which the rows at or above it reach each aim; inf where none does."""
    out = np.full(len(aims), np.inf)
    if not len(x):
        return out
    order = np.argsort(-x, kind="stable")
    score, found = x[order], np.cumsum(y[order])
    last = np.flatnonzero(np.append(score[1:] != score[:-1], True))  # tied scores count together
    for a, aim in enumerate(aims.tolist()):
        good = (found[last] >= aim * (last + 1) - _ROUNDING) & (found[last] >= fewest)
        if good.any():
            out[a] = score[last[good]].min()
    return out


def _chosen(
    found: ChosenThreshold, y: Bools, x: Matrix, code: Int64, fold: Int64, precision: float, level: float
) -> ChosenThreshold:
    aims = np.linspace(precision, 1, _AIMS + 1) if precision < 1 else np.ones(1)
    parts = np.unique(fold)
    apart = np.array([_lowest(y[fold != f], x[fold != f], aims, _FEWEST_ABOVE) for f in parts])  # (F, A)
    whole = _lowest(y, x, aims, _FEWEST_ABOVE)
    best = ChosenThreshold(np.inf, found.positives, found.recordings)
    for a, aim in enumerate(aims.tolist()):
        kept = x >= apart[np.searchsorted(parts, fold), a]
        true, shown = (np.bincount(code, w).astype(np.float64) for w in (kept & y, kept))
        if not shown.sum():
            continue
        share, low, high = clustered_share(true, shown, level)
        recall = float(true.sum() / found.positives)
        reached = true.sum() >= precision * shown.sum() - _ROUNDING and np.isfinite(whole[a])
        if reached or not share <= best.precision:  # without a threshold, the best that was seen is told
            threshold = float(whole[a]) if reached else np.inf
            best = ChosenThreshold(threshold, found.positives, found.recordings, share, low, high, recall, aim)
        if reached:
            break
    return best
