"""Compiled pair counts under many weightings of clusters at once: bootstrap replicates and jackknife."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from blendkit.core import Bools, Int64, compiled, few, loop_threads, read_only, side_by_side
from blendkit.metrics.kernels.few_cells import plain_resampled
from blendkit.metrics.kernels.ranking import ordered_key, raw_bits, sort_keys

_QUICK = 10_000_000  # cells times replicates: plain numpy counts so many in a quarter of a second
_PER_CELL = 25  # replicates of a cell take numpy about as long as other loops' work on a cell


@compiled()
def _add(total: Any, w: Any) -> None:
    for r in range(len(total)):
        total[r] = np.int32(total[r] + np.int32(w[r]))


@compiled()
def _add_wins(twice_u: Any, w: Any, below: Any, tied: Any) -> None:
    for r in range(len(twice_u)):
        twice_u[r] += np.int64(w[r]) * (2 * np.int64(below[r]) + np.int64(tied[r]))


@compiled()
def _in_order(bits: Any, sign: Any, passes: int, class_major: bool, keep: Any, c: int) -> tuple[Any, Any]:
    """Return column c's rows that count, in the order of their values, and one past the last row of every tie."""
    n = 0
    rows = np.empty(len(keep), np.int64)
    for i in range(len(keep)):
        if keep[i, c]:
            rows[n] = i
            n += 1
    keys = np.empty(n, bits.dtype)
    for i in range(n):
        keys[i] = ordered_key(bits[c, rows[i]] if class_major else bits[rows[i], c], sign)
    keys, order = sort_keys(keys, passes)
    by_value, ends = np.empty(n, np.int64), np.empty(n, np.int64)
    ties = 0
    for i in range(n):
        by_value[i] = rows[order[i]]
        ends[ties] = i + 1
        ties += i + 1 == n or keys[i + 1] != keys[i]
    return by_value, ends[:ties]


@compiled()
def _count_replicates(ends: Any, order: Any, positive: Any, cluster: Any, weights: Any, twice_u: Any) -> None:
    """Fill twice_u (R,) in one sweep over the sorted rows of a class, for all replicates at once.

    ends (T,): one past the last of the sorted rows that share a value. weights (K, R) holds how often a replicate draws
    each cluster. The rows are sorted once for all replicates, because
    a replicate changes only how often a row counts. Rows above the highest positive win no pair and are left out.
    """
    # int32 holds these counts (checked by the caller) and processes twice as many replicates at once as int64
    below, tied = np.zeros(weights.shape[1], np.int32), np.zeros(weights.shape[1], np.int32)
    last = len(order) - 1
    while not positive[order[last]]:
        last -= 1
    first = 0
    for end in ends:
        if first > last:
            break
        # two passes over a tie: all of its negatives must be known before its positives count them half
        for i in order[first:end]:
            if not positive[i]:
                _add(tied if end > first + 1 else below, weights[cluster[i]])
        for i in order[first:end]:
            if positive[i]:
                _add_wins(twice_u, weights[cluster[i]], below, tied)
        if end > first + 1:
            _add(below, tied)
            tied[:] = 0
        first = end


@compiled()
def _count_jackknife(ends: Any, order: Any, positive: Any, cluster: Any, out: Any) -> None:
    """Fill out (K,) with the 2U of all rows but those of one cluster.

    That is the whole 2U, less the pairs of its positives, less the pairs of its negatives, plus the pairs
    inside it, which were subtracted twice. So one sweep gives all clusters.
    """
    n, clusters = len(order), len(out)
    total, below = 0, 0
    own_below = np.zeros(clusters, np.int64)  # negatives seen so far, per cluster
    above = 0
    own_tied = np.zeros(clusters, np.int64)  # negatives of the present tie, per cluster
    lost = np.zeros(clusters, np.int64)
    for i in range(n):
        above += positive[order[i]]
    first = 0
    for end in ends:
        negatives, positives = 0, 0
        for i in order[first:end]:
            positives += positive[i]
            negatives += not positive[i]
            own_tied[cluster[i]] += not positive[i]
        above -= positives
        for i in range(first, end):  # after the pass above, which has counted all negatives of this tie
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


@compiled()
def _count_class(bits: Any, y: Any, keep: Any, cluster: Any, weights: Any, c: int, out: Any, left_out: Any) -> None:
    """Fill out (R,) and, unless it is empty, left_out (K,) of class c."""
    order, ends = _in_order(*bits, keep, c)
    truth = np.empty(len(y), np.bool_)
    for i in range(len(y)):
        truth[i] = y[i, c]
    _count_replicates(ends, order, truth, cluster, weights, out)
    if len(left_out):
        _count_jackknife(ends, order, truth, cluster, left_out)


@compiled()
def _count_classes(
    bits: Any, y: Any, keep: Any, cluster: Any, weights: Any, live: Any, out: Any, left_out: Any, first: int, step: int
) -> None:
    """Sort the live classes first, first + step and so on; fill their rows of out (L, R) and left_out (L, K)."""
    for c in range(first, len(live), step):
        _count_class(bits, y, keep, cluster, weights, live[c], out[c], left_out[c])


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

    The second array (L, K) holds 2U with each cluster left out in turn; without `jackknife` it has no columns.
    y, x, keep (N, C); cluster (N,) in 0..K-1; live (L,) class indices, each with a positive. Exact.
    """
    out = np.zeros((len(live), weights.shape[1]), np.int64)
    left_out = np.zeros((len(live), len(weights) if jackknife else 0), np.int64)
    if int(weights.max(initial=0)) * len(y) >= 2**31:
        raise ValueError(f"{len(y)} rows drawn up to {weights.max()} times: the counts do not fit in int32")
    replicates = weights.shape[1]
    if few(x.size if x.size * replicates <= _QUICK else x.size * replicates // _PER_CELL, _count_classes):
        if jackknife:
            left_out = plain_resampled(y, x, keep, cluster, 1 - np.eye(len(weights), dtype=np.int64), live)
        return plain_resampled(y, x, keep, cluster, weights, live), left_out
    narrow = np.uint8 if weights.max(initial=0) < 2**8 else np.int32  # a narrow table of weights stays in cache
    bits, sign, passes = raw_bits(x)
    class_major = bits.flags.f_contiguous and not bits.flags.c_contiguous
    given = (bits.T if class_major else bits, sign, passes, class_major)
    own = (read_only(y), read_only(keep), cluster, read_only(weights.astype(narrow, copy=False)), live)
    threads = loop_threads()
    side_by_side(lambda t: _count_classes(given, *own, out, left_out, t, threads), threads, threads)
    return out, left_out
