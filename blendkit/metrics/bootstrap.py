"""Paired bootstrap over clusters: intervals of macro-AUCs and of their differences."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from blendkit.core import Bools, Float64, Int64, Matrix, require_choice
from blendkit.errors import BlendkitError, did_you_mean
from blendkit.metrics.auc import check_shapes, counted_cells, macro_auc, refuse_nan
from blendkit.metrics.kernels.exact_sums import rounded_sums
from blendkit.metrics.redrawn_counts import redrawn_counts

IntervalKind = Literal["percentile", "bca"]


@dataclass(frozen=True)
class Interval:
    """A figure with its bounds. p: two-sided, for `no difference` (nan for a plain figure)."""

    estimate: float
    low: float
    high: float
    sd: float
    p: float = math.nan


@dataclass(frozen=True, eq=False)
class Bootstrap:
    """Replicates of several scores' macro-AUC on the same redrawn clusters.

    estimate {name: macro-AUC}; replicates {name: (R,)}; jackknife {name: (K,)} with each cluster left
    out; scored (R,) classes scored per replicate: a class that a replicate leaves without positives or
    negatives is skipped there, for all names alike. clusters: how many there are.
    """

    estimate: dict[str, float]
    replicates: dict[str, Float64]
    jackknife: dict[str, Float64]
    scored: Int64
    clusters: int

    def interval(self, name: str, level: float = 0.95, kind: IntervalKind = "percentile") -> Interval:
        """Return the interval of one macro-AUC."""
        self._check(name)
        return _interval(self.estimate[name], self.replicates[name], self.jackknife[name], level, kind)

    def difference(self, a: str, b: str, level: float = 0.95, kind: IntervalKind = "percentile") -> Interval:
        """Return the interval of `a` minus `b`; p is twice (1 + replicates beyond 0) / (1 + R).

        Replicates in which no class can be measured do not count; without any other, p is nan.
        """
        self._check(a, b)
        draws = self.replicates[a] - self.replicates[b]
        found = _interval(
            self.estimate[a] - self.estimate[b], draws, self.jackknife[a] - self.jackknife[b], level, kind
        )
        known = draws[~np.isnan(draws)]
        tail = min(int((known <= 0).sum()), int((known >= 0).sum()))
        p = min(1.0, 2 * (1 + tail) / (1 + len(known))) if len(known) else math.nan
        return Interval(found.estimate, found.low, found.high, found.sd, p)

    def too_few(self, level: float = 0.95) -> str:
        """Say it where redraws of so few clusters cannot make an interval of a level; "" where they can.

        One redraw in n^n holds a given cluster n times, so that no quantile lies below that share.
        """
        if float(self.clusters) ** -self.clusters <= (1 - level) / 2:
            return ""
        return (
            f"{self.clusters} clusters are too few for an interval of level {level:g}: redraws of them differ too "
            "little, and the true one is wider"
        )

    def _check(self, *names: str) -> None:
        for name in names:
            if name not in self.estimate:
                raise BlendkitError(f"no scores are called {name!r}{did_you_mean(name, self.estimate)}")


def paired_bootstrap(
    y: Bools,
    scores: Mapping[str, Matrix],
    clusters: Sequence[object] | NDArray[Any],
    replicates: int = 1000,
    seed: int = 0,
    mask: Bools | None = None,
) -> Bootstrap:
    """Redraw whole clusters with replacement and measure every score on the same draws.

    y (N, C), scores {name: (N, C)}, clusters (N,) labels: the recording, the site, or (site, date), because
    chunks of one recording are not independent observations. Replicate r draws
    `default_rng(seed).integers(0, K, (replicates, K))[r]` of the K clusters sorted by label. Counts are
    exact integers: each replicate equals `macro_auc` of the redrawn rows. mask as in `macro_auc`.
    Raises BlendkitError for fewer than two clusters with rows that count, and as `macro_auc` does.
    """
    check_redraws(y, scores, replicates, mask)
    keep = np.ascontiguousarray(counted_cells(y.shape, mask))
    cluster, count = cluster_codes(clusters, keep)
    return bootstrap_of(y, scores, keep, cluster, drawn_weights(count, replicates, seed))


def require_redraws(replicates: int, level: float) -> None:
    """Raise BlendkitError for fewer than two expected replicates outside an interval of that level.

    With fewer, its ends are those of the replicates, however often more of them would lie beyond.
    """
    needed = math.ceil(round(2 / (1 - level), 6)) if level < 1 else 0
    if replicates < needed:
        raise BlendkitError(
            f"{replicates} replicates say nothing of a {100 * level:g}% interval", [f"give at least {needed}"]
        )


def check_redraws(y: Bools, scores: Mapping[str, Matrix], replicates: int, mask: Bools | None) -> None:
    """Raise BlendkitError for no scores, no replicates, or other shapes."""
    if not scores or replicates < 1:
        raise BlendkitError(f"a bootstrap needs scores and replicates, got {len(scores)} and {replicates}")
    for name, x in scores.items():
        check_shapes(y, x, mask, f"scores {name!r}")


def bootstrap_of(y: Bools, scores: Mapping[str, Matrix], keep: Bools, cluster: Int64, weights: Int64) -> Bootstrap:
    """Return the bootstrap in which cluster k counts weights[k, r] times in replicate r.

    y, keep (N, C), cluster (N,) in 0..K-1, weights (K, R).
    """
    count = len(weights)
    positives, negatives = tallies(y, keep, cluster, count)
    pairs = drawn_pairs(positives, negatives, weights)
    left_out = tallies_without(positives) * tallies_without(negatives)
    live = np.flatnonzero((y & keep).any(axis=0))
    estimate, drawn, jack = {}, {}, {}
    for name, x in scores.items():
        estimate[name] = macro_auc(y, x, keep).macro
        counts, alone = redrawn_counts(y & keep, x, keep, cluster, weights, live, jackknife=True, times=len(scores))
        drawn[name] = macros_of(counts, pairs[live])
        jack[name] = macros_of(alone, left_out[live])
    return Bootstrap(estimate, drawn, jack, (pairs > 0).sum(axis=0), count)


def resampled_macros(
    y: Bools,
    scores: Mapping[str, Matrix],
    keep: Bools,
    cluster: Int64,
    weights: Int64,
) -> dict[str, Float64]:
    """Return {name: macro-AUCs (R,)} when cluster k counts weights[k, r] times in replicate r.

    y, keep, scores (N, C), cluster (N,). A class without pairs in a replicate is skipped there; nan
    where none is left. Raises BlendkitError for NaN (row, class).
    """
    pairs = drawn_pairs(*tallies(y, keep, cluster, len(weights)), weights)
    live = np.flatnonzero((y & keep).any(axis=0))
    out = {}
    for name, x in scores.items():
        refuse_nan(x, keep)
        out[name] = macros_of(
            redrawn_counts(y & keep, x, keep, cluster, weights, live, times=len(scores))[0], pairs[live]
        )
    return out


def cluster_codes(clusters: Sequence[object] | NDArray[Any], keep: Bools) -> tuple[Int64, int]:
    """Return numbers (N,) of the clusters in sorted order, and their count; clusters without a cell that counts get 0.

    Raises BlendkitError for fewer than two clusters, or another length.
    """
    labels = [str(c) if not isinstance(c, tuple) else "\0".join(map(str, c)) for c in clusters]
    if len(labels) != len(keep):
        raise BlendkitError(f"{len(labels)} cluster labels for {len(keep)} rows")
    names = sorted({labels[i] for i in np.flatnonzero(keep.any(axis=1))})
    if len(names) < 2:
        raise BlendkitError(
            f"an interval needs at least two clusters (recordings, sites), found {len(names)}",
            ["chunks of one recording are not independent observations: label chunks of another recording, too"],
        )
    at = {c: i for i, c in enumerate(names)}
    return np.array([at.get(c, 0) for c in labels], np.int64), len(names)


def drawn_weights(count: int, replicates: int, seed: int) -> Int64:
    """Return (K, R) how often each of K clusters is drawn in each replicate, as `paired_bootstrap` describes."""
    draws = np.random.default_rng(seed).integers(0, count, (replicates, count))
    weights = np.zeros((count, replicates), np.int64)
    np.add.at(weights, (draws, np.arange(replicates)[:, None]), 1)
    return weights


def holm(p: Mapping[str, float]) -> dict[str, float]:
    """Return Holm's step-down adjusted p-values of several comparisons (Holm 1979); nan is no comparison, and stays."""
    order = sorted((k for k in p if not math.isnan(p[k])), key=lambda k: p[k])
    out, highest = dict.fromkeys(p, math.nan), 0.0
    for i, name in enumerate(order):
        # a later hypothesis may not be rejected before an earlier one, so adjusted values never fall
        highest = max(highest, min(1.0, (len(order) - i) * p[name]))
        out[name] = highest
    return {k: out[k] for k in p}


def tallies(y: Bools, keep: Bools, cluster: Int64, count: int) -> tuple[Int64, Int64]:
    """Return positives and negatives (C, K) per class and cluster."""
    order = np.argsort(cluster, kind="stable")
    starts = np.searchsorted(cluster[order], np.arange(count))  # every cluster has a row
    found = (np.add.reduceat(a[order], starts, axis=0, dtype=np.int64).T for a in (y & keep, ~y & keep))
    positives, negatives = found
    return positives, negatives


def drawn_pairs(positives: Int64, negatives: Int64, weights: Int64) -> Int64:
    """Return the positive-negative pairs (C, R) of every replicate.

    Sums of whole numbers below 2**53 are exact in float64.
    """
    times = weights.astype(np.float64)
    p, n = (np.rint(t.astype(np.float64) @ times).astype(np.int64) for t in (positives, negatives))
    return np.asarray(p * n)


def tallies_without(tally: Int64) -> Int64:
    """Return (C, K) the totals with each cluster left out."""
    return np.asarray(tally.sum(axis=1, keepdims=True) - tally)


def macros_of(twice_u: Int64, pairs: Int64) -> Float64:
    """Return macro-AUCs (R,), each the correctly rounded mean over the classes that have pairs in it."""
    auc = np.divide(twice_u, 2 * pairs, out=np.zeros(pairs.shape), where=pairs > 0)
    live = (pairs > 0).sum(axis=0)
    return np.asarray(np.divide(rounded_sums(auc), live, out=np.full(len(live), math.nan), where=live > 0))


def _interval(estimate: float, draws: Float64, jackknife: Float64, level: float, kind: IntervalKind) -> Interval:
    require_choice(kind, get_args(IntervalKind), "kind of interval")
    if not 0 < level < 1:
        raise BlendkitError(f"a confidence level must be between 0 and 1, got {level:g}")
    draws = draws[~np.isnan(draws)]
    if len(draws) < 2:
        return Interval(estimate, math.nan, math.nan, math.nan)
    tails = np.array([(1 - level) / 2, (1 + level) / 2])
    if kind == "bca":
        tails = _bca_tails(estimate, draws, jackknife, tails)
    low, high = np.quantile(draws, tails)
    return Interval(estimate, float(low), float(high), float(draws.std(ddof=1)))


def _bca_tails(estimate: float, draws: Float64, jackknife: Float64, tails: Float64) -> Float64:
    """Return bias-corrected and accelerated quantile levels (Efron 1987); ties with the estimate count half."""
    from scipy.special import ndtr, ndtri

    share = ((draws < estimate).sum() + 0.5 * (draws == estimate).sum()) / len(draws)
    share = min(max(share, 0.5 / len(draws)), 1 - 0.5 / len(draws))  # a share of 0 or 1 would give an infinite bias
    bias = ndtri(share)
    away = np.nanmean(jackknife) - jackknife[~np.isnan(jackknife)]
    spread = float((away**2).sum()) ** 1.5
    acceleration = float((away**3).sum()) / (6 * spread) if spread else 0.0
    z = bias + ndtri(tails)
    return np.asarray(ndtr(bias + z / (1 - acceleration * z)), np.float64)
