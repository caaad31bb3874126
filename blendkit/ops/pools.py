"""Blends beyond the weighted means: geometric and power means, order statistics, a mix of means and ranks.

As in `blendkit.ops.blends`: relative weights (K, C), 0 leaves a stream out of a class, and a class without any
weight comes out constant (0.5).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import numpy as np
from annotated_types import Interval
from numpy.typing import NDArray

from blendkit.metrics.ranks import percentile_rank
from blendkit.ops import Share, Weights, op
from blendkit.ops.blocks import ROWS, in_blocks
from blendkit.ops.map_kernels import median_kernel
from blendkit.scores import Matrix

Float = NDArray[np.float64]
MeanExponent = Annotated[float, Interval(ge=-50, le=50)]


@op("geometric", kind="blend", scope="chunk", classwise=True, takes="prob", gives="prob", per_class=("weights",))
def geometric_mean(*xs: Matrix, weights: Weights) -> Float:
    """Return exp(weighted mean of log p) of probabilities (N, C). One exact 0 makes a cell 0, whatever others say.

    The logit blend is its balanced kin: it weighs log p - log(1 - p).
    """
    return power_mean(*xs, weights=weights, exponent=0.0)


@op("power_mean", kind="blend", scope="chunk", classwise=True, takes="prob", gives="prob", per_class=("weights",))
def power_mean(*xs: Matrix, weights: Weights, exponent: MeanExponent = 2.0) -> Float:
    """Return (weighted mean of p^exponent)^(1 / exponent) of probabilities (N, C).

    1 is the mean, 0 the geometric mean, large ones near the maximum, negative ones near the minimum. Cells are taken
    relative to their largest (smallest, below 0) probability, so nothing underflows; with an exponent of 0 or less an
    exact 0 makes a cell 0.
    """
    return _by_blocks(xs, weights, lambda block, w: _power_mean(block, w, exponent))


@op("max", kind="blend", scope="chunk", classwise=True, per_class=("weights",))
def maximum(*xs: Matrix, weights: Weights) -> Float:
    """Return the highest of the streams (N, C); weights only say who takes part. Their spaces should agree."""
    return _by_blocks(xs, weights, lambda x, w: _masked(x, w, -np.inf).max(axis=0))


@op("min", kind="blend", scope="chunk", classwise=True, per_class=("weights",))
def minimum(*xs: Matrix, weights: Weights) -> Float:
    """Return the lowest of the streams (N, C); weights only say who takes part. Their spaces should agree."""
    return _by_blocks(xs, weights, lambda x, w: _masked(x, w, np.inf).min(axis=0))


@op("median", kind="blend", scope="chunk", classwise=True, per_class=("weights",))
def median(*xs: Matrix, weights: Weights) -> Float:
    """Return the median of the streams (N, C), of two their mean; weights only say who takes part."""
    out = np.empty(xs[0].shape, np.float64)
    for low in range(0, len(out), ROWS):  # the loop has threads of its own
        part = slice(low, low + ROWS)
        median_kernel(np.stack([np.asarray(x[part], np.float64) for x in xs]), weights, out[part])
    return out


@op("quantile_mix", kind="blend", scope="set", classwise=True, takes="prob", gives="rank", per_class=("weights",))
def quantile_mix(*xs: Matrix, weights: Weights, alpha: Share = 0.5) -> Float:
    """Return alpha weighted mean of p + (1 - alpha) weighted mean of percentile ranks, (N, C) in [0, 1].

    Neither a probability nor a rank, and handled as a rank. Source: Quantile-Mix of a 2025 bronze medal, after a
    survey (alpha 0.5).
    """
    both = [alpha * x + (1 - alpha) * percentile_rank(x) for x in xs]
    return _by_blocks(tuple(both), weights, lambda x, w: (w * x).sum(axis=0) / w.sum(axis=0))


def _masked(x: Float, w: Float, otherwise: float) -> Float:
    """Streams x (K, n, C), with something else where they weigh nothing (K, 1, C)."""
    return x if (w > 0).all() else np.where(w > 0, x, otherwise)


def _power_mean(x: Float, w: Float, exponent: float) -> Float:
    share = w / w.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        if exponent == 0:
            low = np.log(_masked(x, w, 1.0))
            low *= share
            return np.asarray(np.exp(low.sum(axis=0)))
        pick = _masked(x, w, -np.inf).max(axis=0) if exponent > 0 else _masked(x, w, np.inf).min(axis=0)
        part = _masked(x, w, 1.0) / pick
        part = np.square(part) if exponent == 2 else part**exponent
        part *= share
        mean = part.sum(axis=0)
        out = pick * (np.sqrt(mean) if exponent == 2 else mean ** (1 / exponent))
        out[pick == 0] = 0.0
        return np.asarray(out)


def _by_blocks(xs: tuple[Matrix, ...], weights: Float, blend: Callable[[Any, Any], Float]) -> Float:
    """Return blend(streams (K, n, C), weights (K, 1, C)) of a few rows at a time."""
    out = np.empty(xs[0].shape, np.float64)
    some = (weights > 0).any(axis=0)
    w = np.where(some, weights, 1.0)[:, None, :]

    def work(part: slice) -> None:
        out[part] = blend(np.stack([np.asarray(x[part], np.float64) for x in xs]), w)

    in_blocks(len(out), work)
    out[:, ~some] = 0.5
    return out
