"""Pair counts of many redraws of clusters: of few clusters from a table of pairs, of many in one compiled sweep."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from blendkit.core import Bools, Float64, Int64
from blendkit.metrics.kernels.resampled_counts import resampled_counts

_ROWS = 4096  # more take the table of a class too long: it looks at every pair of a positive and a negative
_FLOPS = 8  # of a product of matrices take as long as one step of the sweep
_AT_ONCE = 1 << 17  # steps of a product: at twice as many OpenBLAS wakes threads, which wait longer than they work
_TABLES = 1000  # of single classes, each of which takes a third of a millisecond
_EXACT = 2**53  # whole numbers below it are exact in float64, in whatever order they are added


def redrawn_counts(
    y: Bools,
    x: NDArray[Any],
    keep: Bools,
    cluster: Int64,
    weights: NDArray[np.integer[Any]],
    live: Int64,
    *,
    jackknife: bool = False,
    times: int = 1,
) -> tuple[Int64, Int64]:
    """Return what `resampled_counts` does, from the pairs of every two clusters where these are few.

    Then nothing has to be compiled, which takes seconds on a new machine; both ways are exact. times: of how many
    scores the same is counted, for many together take longer by tables than compiling does.
    """
    n, clusters = len(y), len(weights)
    drawn = n * int(weights.max(initial=0))
    if n > _ROWS or times * len(live) > _TABLES or clusters**2 > _FLOPS * n or 2 * drawn**2 >= _EXACT:
        return resampled_counts(y, x, keep, cluster, weights, live, jackknife=jackknife)
    factors = weights.astype(np.float64)
    out = np.zeros((len(live), weights.shape[1]), np.int64)
    left_out = np.zeros((len(live), clusters if jackknife else 0), np.int64)
    for i, c in enumerate(live.tolist()):
        table, own, other = _pairs(y[:, c], x[:, c], keep[:, c], cluster)
        if table.size:
            out[i] = _drawn(table, factors[own], factors[other])
        if jackknife and table.size:
            left_out[i] = _without_each(table, own, other, clusters)
    return out, left_out


def _pairs(y: Bools, x: NDArray[Any], keep: Bools, cluster: Int64) -> tuple[Float64, Int64, Int64]:
    """Return 2U (P, Q) of the positives of a cluster against the negatives of one, and the clusters (P,), (Q,).

    y, x, keep, cluster (N,).
    """
    positive, negative = (np.flatnonzero(t & keep) for t in (y, ~y))
    positive, negative = (rows[np.argsort(cluster[rows], kind="stable")] for rows in (positive, negative))
    own, other = (np.unique(cluster[rows], return_index=True) for rows in (positive, negative))
    if not len(positive) or not len(negative):
        return np.zeros((len(own[0]), len(other[0]))), own[0], other[0]
    high, low = x[positive, None], x[None, negative]
    wins = (high > low).astype(np.float64) + (high >= low)
    by_cluster = np.add.reduceat(np.add.reduceat(wins, other[1], axis=1), own[1], axis=0)
    return by_cluster, own[0], other[0]


def _drawn(table: Float64, own: Float64, other: Float64) -> Float64:
    """Return 2U (R,) of a table (P, Q) whose clusters count own (P, R) and other (Q, R) times."""
    step = max(1, _AT_ONCE // table.size)
    parts = [(table @ other[:, a : a + step] * own[:, a : a + step]).sum(axis=0) for a in range(0, own.shape[1], step)]
    return np.concatenate(parts)


def _without_each(table: Float64, own: Int64, other: Int64, clusters: int) -> Float64:
    """Return 2U (K,) with each cluster left out in turn: neither its positives nor its negatives count."""
    whole = np.zeros((clusters, clusters))
    whole[np.ix_(own, other)] = table
    return np.asarray(whole.sum() - whole.sum(axis=0) - whole.sum(axis=1) + whole.diagonal(), np.float64)
