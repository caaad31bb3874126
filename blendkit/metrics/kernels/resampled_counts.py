"""Compiled pair counts under many weightings of clusters at once: bootstrap replicates and jackknife."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import get_num_threads, prange
from numpy.typing import NDArray

from blendkit.core import Bools, Int64, compiled
from blendkit.metrics.kernels.ranking import ordered_key, raw_bits, sort_keys


@compiled()
def _add(total: Any, w: Any) -> None:
    for r in range(len(total)):
        total[r] = np.int32(total[r] + np.int32(w[r]))


@compiled()
def _win(twice_u: Any, w: Any, below: Any, tied: Any) -> None:
    for r in range(len(twice_u)):
        twice_u[r] += np.int64(w[r]) * (2 * np.int64(below[r]) + np.int64(tied[r]))


@compiled()
def _in_order(raw: Any, sign: Any, passes: int, keep: Any, c: int) -> tuple[Any, Any]:
    """Return the sorted keys of column c's rows that count, and these rows."""
    rows = np.flatnonzero(keep[:, c])
    keys = np.empty(len(rows), raw.dtype)
    for i in range(len(rows)):
        keys[i] = ordered_key(raw[rows[i], c], sign)
    keys, order = sort_keys(keys, passes)
    return keys, rows[order]


@compiled()
def _tie_end(keys: Any, first: int) -> int:
    """One past the last of the sorted keys that are equal to keys[first]."""
    end = first + 1
    while end < len(keys) and keys[end] == keys[first]:
        end += 1
    return end


@compiled()
def _lanes(keys: Any, order: Any, positive: Any, cluster: Any, weights: Any, twice_u: Any) -> None:
    """Fill twice_u (R,): one sweep over the sorted rows of a class, replicates side by side.

    weights (K, R) holds how often a replicate draws each cluster. Above the highest positive nothing counts.
    """
    below, tied = np.zeros(weights.shape[1], np.int32), np.zeros(weights.shape[1], np.int32)
    last = len(order) - 1
    while not positive[order[last]]:
        last -= 1
    first = 0
    while first <= last:
        end = _tie_end(keys, first)
        for i in order[first:end]:
            if not positive[i]:
                _add(tied if end > first + 1 else below, weights[cluster[i]])
        for i in order[first:end]:
            if positive[i]:
                _win(twice_u, weights[cluster[i]], below, tied)
        if end > first + 1:
            _add(below, tied)
            tied[:] = 0
        first = end


@compiled()
def _without_each(keys: Any, order: Any, positive: Any, cluster: Any, out: Any) -> None:
    """Fill out (K,) with the 2U left when one cluster is taken away.

    That is the whole 2U, less the pairs of its positives, less the pairs of its negatives, plus those
    inside it, which were taken twice.
    """
    n, clusters = len(order), len(out)
    total, below = 0, 0
    own_below = np.zeros(clusters, np.int64)  # negatives seen so far, per cluster
    above = 0
    own_tied = np.zeros(clusters, np.int64)  # of the ties at hand
    lost = np.zeros(clusters, np.int64)
    for i in range(n):
        above += positive[order[i]]
    first = 0
    while first < n:
        end, negatives, positives = _tie_end(keys, first), 0, 0
        for i in order[first:end]:
            positives += positive[i]
            negatives += not positive[i]
            own_tied[cluster[i]] += not positive[i]
        above -= positives
        for i in range(first, end):
            k = cluster[order[i]]
            if positive[order[i]]:
                won = 2 * below + negatives
                total += won
                lost[k] += won - (2 * own_below[k] + own_tied[k])
            else:
                lost[k] += 2 * above + positives
        for i in range(first, end):
            if not positive[order[i]]:
                k = cluster[order[i]]
                own_below[k] += 1
                own_tied[k] -= 1
        below += negatives
        first = end
    for k in range(clusters):
        out[k] = total - lost[k]


@compiled(parallel=True)
def _all(
    bits: Any, y: Any, keep: Any, cluster: Any, weights: Any, live: Any, out: Any, alone: Any, threads: int
) -> None:
    """Sort every live class once; fill its row of out (L, R) and, unless it is empty, of alone (L, K)."""
    for t in prange(threads):
        for c in range(t, len(live), threads):
            keys, order = _in_order(*bits, keep, live[c])
            truth = y[:, live[c]].copy()
            _lanes(keys, order, truth, cluster, weights, out[c])
            if alone.shape[1]:
                _without_each(keys, order, truth, cluster, alone[c])


def resampled_counts(
    y: Bools,
    x: NDArray[Any],
    keep: Bools,
    cluster: Int64,
    weights: NDArray[np.integer[Any]],
    live: Int64,
    *,
    jackknife: bool = False,
) -> tuple[Int64, Int64]:
    """Return 2U (L, R) of the live classes when cluster k counts weights[k, r] times in replicate r.

    The second array (L, K) holds 2U with each cluster left out in turn, where `jackknife` asks for it.
    y, x, keep (N, C); cluster (N,) in 0..K-1; live (L,) class indices, each with a positive. Exact.
    """
    out = np.zeros((len(live), weights.shape[1]), np.int64)
    alone = np.zeros((len(live), len(weights) if jackknife else 0), np.int64)
    if int(weights.max(initial=0)) * len(y) >= 2**31:
        raise ValueError(f"{len(y)} rows drawn up to {weights.max()} times: counts need int32")
    narrow = np.uint8 if weights.max(initial=0) < 256 else np.int32  # the table of weights stays in cache
    if len(live):
        table = np.ascontiguousarray(weights, narrow)
        _all(raw_bits(x), y, keep, cluster, table, live, out, alone, get_num_threads())
    return out, alone
