"""The mean of the folds' own macro-AUCs, with intervals that redraw groups within folds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from blendkit.core import Bools, Float64, Int64, Matrix
from blendkit.metrics import cluster_codes, macro_auc, resampled_macros


@dataclass(frozen=True, eq=False)
class FoldMeans:
    """Macro-AUCs of several scores, each the mean over folds of the macro-AUC on the fold's own rows.

    each {name: one figure per fold that has one}; replicates {name: (R,)}, paired: all names on the same draws.
    freedom: how many clusters there are beyond one a fold.
    """

    each: dict[str, list[float]]
    replicates: dict[str, Float64] = field(repr=False)
    freedom: int

    def interval(self, name: str, less: str | None = None) -> list[float]:
        """Return [estimate, low, high] (95 %) of one score, or of its difference to another.

        Student's t with the deviation of the replicates around the estimate, not their own quantiles: replicates lose
        rare classes and hold rows twice, and lie too high by about a hundredth (see docs/out_of_fold.md).
        """
        from scipy.special import stdtrit

        found, drawn = float(np.mean(self.each[name])), self.replicates[name]
        if less is not None:
            found, drawn = found - float(np.mean(self.each[less])), drawn - self.replicates[less]
        away = float(stdtrit(self.freedom, 0.975)) * float(np.nanstd(drawn, ddof=1))
        lowest, highest = (0.0, 1.0) if less is None else (-1.0, 1.0)
        return [found, max(lowest, found - away), min(highest, found + away)]


def fold_means(
    truth: Bools,
    scores: Mapping[str, Matrix],
    fold: Int64,
    clusters: NDArray[np.str_],
    replicates: int = 1000,
    mask: Bools | None = None,
    least: int = 2,
) -> FoldMeans | None:
    """Measure every fold by itself: truth (N, C), scores {name: (N, C)}, fold (N,), clusters (N,).

    mask (N, C): the cells that count (None: all). least: folds that must give a figure; 1 for rows that are no folds.

    A fold's macro-AUC is the mean over the classes with both kinds of rows in it; a fold without such a class gives
    none. A replicate draws one cluster fewer than a fold has, with replacement: few clusters drawn as often as there
    are vary too little (Rao and Wu 1988). None where fewer than `least` folds give a figure, or where one of them
    cannot be redrawn: it has a single cluster, or most of its replicates have no class with both kinds of rows.
    """
    each: dict[str, list[float]] = {n: [] for n in scores}
    drawn: dict[str, list[Float64]] = {n: [] for n in scores}
    freedom = 0
    for f in sorted(set(fold.tolist())):
        rows = np.flatnonzero(fold == f)
        own = truth[rows]
        keep = np.ascontiguousarray(np.ones(own.shape, bool) if mask is None else mask[rows])
        if not ((own & keep).any(axis=0) & (~own & keep).any(axis=0)).any():
            continue
        if len(set(clusters[rows[keep.any(axis=1)]].tolist())) < 2:
            return None
        code, count = cluster_codes(clusters[rows], keep)
        freedom += count - 1
        weights = _drawn(count, replicates, int(f))
        part = {n: np.ascontiguousarray(x[rows]) for n, x in scores.items()}
        made = resampled_macros(own, part, keep, code, weights)
        if any(np.isnan(figures).mean() > 0.5 for figures in made.values()):
            return None
        for n, figures in made.items():
            each[n].append(macro_auc(own, part[n], keep).macro)
            drawn[n].append(figures)
    if any(len(e) < least for e in each.values()):
        return None
    return FoldMeans(each, {n: _mean(np.array(d)) for n, d in drawn.items()}, freedom)


def _drawn(count: int, replicates: int, fold: int) -> Int64:
    """Return (count, R) how often a replicate draws each cluster of a fold: one draw fewer than there are clusters."""
    draws = np.random.default_rng([0, fold]).integers(0, count, (replicates, count - 1))
    weights = np.zeros((count, replicates), np.int64)
    np.add.at(weights, (draws, np.arange(replicates)[:, None]), 1)
    return weights


def _mean(drawn: Float64) -> Float64:
    """Return (R,) means over the folds that have a figure in a replicate; nan where none has."""
    known = ~np.isnan(drawn)
    return np.asarray(
        np.divide(np.where(known, drawn, 0).sum(axis=0), known.sum(axis=0), out=np.full(drawn.shape[1], np.nan),
                  where=known.any(axis=0))
    )  # fmt: skip
