"""Blends of several streams (N, C) into one, by relative weights (K, C).

A weight of 0 leaves a stream out of a class; weights are normalised per class. A class whose weights
are all 0 becomes constant (0 in logits, 0.5 otherwise); the caller reports it.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blendkit.core import Bools, Float64, Int64, Matrix
from blendkit.ops.declare import Weights, op
from blendkit.ops.parallel import in_blocks

_DECIMALS = 9


def integer_weights(weights: Float64) -> Int64 | None:
    """Scale decimal weights (up to nine decimals) to the smallest integers; None if they are longer."""
    scaled = np.rint(weights * 10**_DECIMALS)
    if not np.array_equal(scaled / 10**_DECIMALS, weights):
        return None
    whole = scaled.astype(np.int64)
    return np.asarray(whole // max(math.gcd(*whole.ravel().tolist()), 1))


def exact_weights(weights: Float64, rows: int) -> tuple[Int64, Bools]:
    """Return integer weights (K, C), and which columns (C,) have them.

    A column has none if its weights have too many decimals, or if its sums of doubled ranks over `rows` would
    overflow int64. Columns are decided one by one, so that a shard of classes gives the same bits.
    """
    whole = np.zeros(weights.shape, np.int64)
    exact = np.zeros(weights.shape[1], bool)
    columns, which = np.unique(weights, axis=1, return_inverse=True)
    for i, column in enumerate(columns.T):
        found = integer_weights(column[:, None])
        if found is not None and sum(found.ravel().tolist()) * 2 * rows < 2**63:
            whole[:, which == i] = found
            exact[which == i] = True
    return whole, exact


@op(
    "rank",
    also_called=(("rank.1, xSED, rank blend", ""),),
    kind="blend", scope="set", classwise=True, inputs_as="doubled_ranks", gives="rank", per_class=("weights",),
    weighted_mean=True,
)  # fmt: skip
def rank_mean(*ranks: NDArray[np.int32], weights: Weights) -> Float64:
    """Return the weighted mean of percentile ranks, (N, C) in (0, 1].

    ranks: per stream (N, C) int32 doubled average-tie ranks over the whole column
    (`blendkit.metrics.doubled_ranks`). Decimal weights are scaled to integers, sums are int64
    and divided once, so that equal blends tie exactly; weights of more than nine decimals, or sums
    beyond int64, fall back to float64. Source: the `rank.1` blend of public BirdCLEF notebooks.
    """
    n = len(ranks[0])
    whole, exact = exact_weights(weights, n)
    total = whole.sum(axis=0)
    out = np.empty(ranks[0].shape, np.float64)

    def work(part: slice) -> None:
        acc = np.zeros(out[part].shape, np.int64)
        for r, w in zip(ranks, whole, strict=True):
            acc += r[part] * w
        np.divide(acc, total * (2 * n), out=out[part], where=total > 0)

    in_blocks(n, ranks[0].shape[1], work)
    out[:, total == 0] = 0.5
    if not exact.all():
        out[:, ~exact] = _weighted_mean(tuple(r[:, ~exact] for r in ranks), weights[:, ~exact], 2.0 * n, 0.5)
    return out


@op(
    "logit",
    also_called=(("log-odds mean; VLOM as variance-weighted log-odds mean", ""),),
    kind="blend", scope="chunk", classwise=True, inputs_as="logit", gives="logit", per_class=("weights",),
    weighted_mean=True,
)  # fmt: skip
def logit_mean(*xs: Matrix, weights: Weights) -> Float64:
    """Return the weighted mean of logits (N, C). Source: the logarithmic opinion pool, of odds."""
    return _weighted_mean(xs, weights, 1.0, 0.0)


@op(
    "prob",
    also_called=(("probability mean, fold mean", ""),),
    kind="blend", scope="chunk", classwise=True, inputs_as="prob", gives="prob", per_class=("weights",),
    weighted_mean=True,
)  # fmt: skip
def prob_mean(*xs: Matrix, weights: Weights) -> Float64:
    """Return the weighted mean of probabilities (N, C). Source: the linear opinion pool (Stone 1961)."""
    return _weighted_mean(xs, weights, 1.0, 0.5)


@op(
    "direct",
    also_called=(("direct, weighted mean of CSVs (of files in different spaces only with mixed: true)", ""),),
    kind="blend",
    scope="chunk",
    classwise=True,
    per_class=("weights",),
    weighted_mean=True,
)
def direct(*xs: Matrix, weights: Weights) -> Float64:
    """Return the weighted mean of unconverted values (N, C); their spaces should agree.

    Source: the `direct` blend of public BirdCLEF notebooks.
    """
    return _weighted_mean(xs, weights, 1.0, 0.5)


@op(
    "sum",
    also_called=(("residual times a coefficient, added in logits", ""),),
    kind="blend", scope="chunk", classwise=True, inputs_as="logit", gives="logit", per_class=("weights",),
    weights="coefficients",
)  # fmt: skip
def logit_sum(*xs: Matrix, weights: Weights) -> Float64:
    """Return the sum of logits with the given coefficients (N, C): not normalised, negatives allowed.

    Source: linear stacking, as `search stack` fits it.
    """
    out = np.zeros(xs[0].shape, np.float64)

    def work(part: slice) -> None:
        for x, w in zip(xs, weights, strict=True):
            out[part] += x[part] * w

    in_blocks(len(out), xs[0].shape[1], work)
    return out


def _weighted_mean(xs: tuple[NDArray[Any], ...], weights: Float64, scale: float, empty: float) -> Float64:
    """Return the sum in stream order, divided once by the weights' sum times `scale`."""
    total = weights.sum(axis=0) * scale
    out = np.empty(xs[0].shape, np.float64)

    def work(part: slice) -> None:
        acc = np.zeros(out[part].shape, np.float64)
        for x, w in zip(xs, weights, strict=True):
            acc += x[part] * w
        np.divide(acc, total, out=out[part], where=total > 0)

    in_blocks(len(out), xs[0].shape[1], work)
    out[:, total <= 0] = empty
    return out
