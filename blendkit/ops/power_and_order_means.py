"""Blends beyond the weighted means: geometric and power means, order statistics, a mix of means and ranks.

Weights are as in `blendkit.ops.blends`: relative (K, C), 0 leaves a stream out of a class, and a class without any
weight becomes constant (0.5).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Annotated

import numpy as np
from annotated_types import Interval

from blendkit.core import Float64, Matrix
from blendkit.metrics import percentile_rank
from blendkit.ops.declare import UnitInterval, Weights, op
from blendkit.ops.kernels.per_value import median_kernel
from blendkit.ops.parallel import in_blocks

MeanExponent = Annotated[float, Interval(ge=-50, le=50)]


@op(
    "geometric",
    also_called=(("geometric mean", ""),),
    kind="blend",
    scope="chunk",
    classwise=True,
    inputs_as="prob",
    gives="prob",
    per_class=("weights",),
)
def geometric_mean(*xs: Matrix, weights: Weights) -> Float64:
    """Return exp(weighted mean of log p) of probabilities (N, C). One exact 0 makes a cell 0.

    The logit blend is its symmetric counterpart: it averages log p - log(1 - p). Source: the geometric mean.
    """
    return power_mean(*xs, weights=weights, exponent=0.0)


@op(
    "power_mean",
    also_called=(("power mean, root mean square", "{exponent: 2.0}"),),
    kind="blend",
    scope="chunk",
    classwise=True,
    inputs_as="prob",
    gives="prob",
    per_class=("weights",),
)
def power_mean(*xs: Matrix, weights: Weights, exponent: MeanExponent = 2.0) -> Float64:
    """Return (weighted mean of p^exponent)^(1 / exponent) of probabilities (N, C).

    1 is the mean, 0 the geometric mean; large exponents approach the maximum, negative ones the minimum. Cells are
    divided by their largest (for a negative exponent: smallest) probability, so nothing underflows; with an exponent
    of 0 or less an exact 0 makes a cell 0. Source: the generalised (Hoelder) mean.
    """
    return _by_blocks(
        xs, weights, lambda block, w: _geometric(block, w) if exponent == 0 else _power(block, w, exponent)
    )


@op(
    "vlom",
    also_called=(("VLOM as half geometric mean plus half root mean square", ""),),
    kind="blend",
    scope="chunk",
    classwise=True,
    inputs_as="prob",
    gives="prob",
    per_class=("weights",),
)
def mean_of_geometric_and_square(*xs: Matrix, weights: Weights) -> Float64:
    """Return half the geometric mean plus half the root mean square of probabilities (N, C), both weighted.

    (exp(sum w log p) + sqrt(sum w p^2)) / 2 with weights that sum to 1; one exact 0 leaves half the root mean square.
    Source: fusion of folds and models named VLOM in BirdCLEF 2026 notebooks. Others give that name to the log-odds mean
    ("variance-weighted log-odds mean"), which is `by: logit`.
    """

    def both(block: list[Float64], w: Float64) -> Float64:
        return np.asarray((_geometric(block, w) + _power(block, w, 2.0)) / 2)

    return _by_blocks(xs, weights, both)


@op(
    "max",
    also_called=(("maximum of members", ""),),
    kind="blend",
    scope="chunk",
    classwise=True,
    per_class=("weights",),
    weights="membership",
)
def maximum(*xs: Matrix, weights: Weights) -> Float64:
    """Return the highest of the streams (N, C) with a weight above 0. Their spaces should agree. Source: maximum."""
    return _by_blocks(xs, weights, lambda x, w: _extreme(np.maximum, x, w))


@op(
    "min",
    also_called=(("minimum of members", ""),),
    kind="blend",
    scope="chunk",
    classwise=True,
    per_class=("weights",),
    weights="membership",
)
def minimum(*xs: Matrix, weights: Weights) -> Float64:
    """Return the lowest of the streams (N, C) with a weight above 0. Their spaces should agree. Source: minimum."""
    return _by_blocks(xs, weights, lambda x, w: _extreme(np.minimum, x, w))


@op(
    "median",
    also_called=(("median of members", ""),),
    kind="blend",
    scope="chunk",
    classwise=True,
    per_class=("weights",),
    weights="membership",
)
def median(*xs: Matrix, weights: Weights) -> Float64:
    """Return the median of the streams (N, C) with a weight above 0; of two it is their mean. Source: the median."""
    out = np.empty(xs[0].shape, np.float64)

    def work(part: slice) -> None:
        median_kernel(np.stack([np.asarray(x[part], np.float64) for x in xs]), weights, out[part])

    in_blocks(len(out), xs[0].shape[1], work)
    return out


@op(
    "quantile_mix",
    also_called=(("Quantile-Mix", "{alpha: 0.5}"),),
    kind="blend",
    scope="set",
    classwise=True,
    inputs_as="prob",
    gives="rank",
    per_class=("weights",),
)
def quantile_mix(*xs: Matrix, weights: Weights, alpha: UnitInterval = 0.5) -> Float64:
    """Return alpha weighted mean of p + (1 - alpha) weighted mean of percentile ranks, (N, C) in [0, 1].

    The result is neither a probability nor a rank, and is handled as a rank. Source: Quantile-Mix of a 2025 bronze
    medal, as described in a survey (alpha 0.5).
    """
    both = tuple(alpha * x + (1 - alpha) * percentile_rank(x) for x in xs)
    return _by_blocks(both, weights, lambda x, w: np.einsum("knc,kc->nc", x, w / w.sum(axis=0)))


def _where_weighted(x: Float64, w: Float64, otherwise: float) -> Float64:
    """Return a stream (n, C), with `otherwise` where its weight is 0."""
    return x if (w > 0).all() else np.where(w > 0, x, otherwise)


def _extreme(pick: np.ufunc, xs: list[Float64], w: Float64) -> Float64:
    none = -np.inf if pick is np.maximum else np.inf
    return reduce(pick, [_where_weighted(x, v, none) for x, v in zip(xs, w, strict=True)])


def _geometric(xs: list[Float64], w: Float64) -> Float64:
    total = np.zeros(xs[0].shape, np.float64)
    with np.errstate(divide="ignore"):
        for x, share in zip(xs, w / w.sum(axis=0), strict=True):
            part = np.log(_where_weighted(x, share, 1.0))
            part *= share
            total += part
    return np.exp(total, out=total)


def _power(xs: list[Float64], w: Float64, exponent: float) -> Float64:
    pick = _extreme(np.maximum if exponent > 0 else np.minimum, xs, w)
    mean, scale = np.zeros(pick.shape, np.float64), np.maximum(pick, 5e-324)  # 0 / 0 is 0
    with np.errstate(divide="ignore", over="ignore"):
        for x, share in zip(xs, w / w.sum(axis=0), strict=True):
            part = _where_weighted(x, share, 1.0) / scale
            part = np.square(part, out=part) if exponent == 2 else np.power(part, exponent, out=part)
            part *= share
            mean += part
        root = np.sqrt(mean, out=mean) if exponent == 2 else np.power(mean, 1 / exponent, out=mean)
    root *= pick
    return root


def _by_blocks(xs: tuple[Matrix, ...], weights: Float64, blend: Callable[[list[Float64], Float64], Float64]) -> Float64:
    """Return blend(streams (n, C) each, weights (K, C)), computed a few rows at a time."""
    out = np.empty(xs[0].shape, np.float64)
    some = (weights > 0).any(axis=0)
    w = np.where(some, weights, 1.0)

    def work(part: slice) -> None:
        out[part] = blend([np.asarray(x[part], np.float64) for x in xs], w)

    in_blocks(len(out), xs[0].shape[1], work)
    out[:, ~some] = 0.5
    return out
