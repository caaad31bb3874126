"""Ops that use a whole recording: scaling by its best chunks, anchors, powers of its low classes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import numpy as np
from annotated_types import Ge, Le

from blendkit.core import Float64, Int64, Matrix, read_only
from blendkit.ops.declare import Covered, NonNegative, Offsets, Positive, SpaceOf, UnitInterval, op
from blendkit.ops.kernels.bounds import bounds_of
from blendkit.ops.kernels.per_recording import (
    Reduction,
    affine_kernel,
    low_rank_kernel,
    negated_kernel,
    reduce_kernel,
    scaled_logit_kernel,
    top_kernel,
)
from blendkit.ops.parallel import by_recording, in_blocks

Bounds = Int64
Count = Annotated[int, Ge(1), Le(1_000_000)]
Power = Annotated[float, Ge(0), Le(100)]


@op("file_top_scale", scope="file", classwise=True, spaces=("logit", "prob", "unit"), effect="rescale")
def file_top_scale(
    x: Matrix, *, space: SpaceOf, offsets: Offsets | None = None, n: Count = 2, power: Power = 0.4
) -> Matrix:
    """Scale each class by the mean of its n best chunks of the recording: p <- p (mean of the n largest)^power.

    x: (N, C). Probabilities are multiplied directly. For logits the same is computed with log probabilities, so
    that nothing underflows and nothing saturates. A recording of fewer than n chunks uses the mean of all.
    Returns (N, C). Source: the file confidence scaling of public BirdCLEF chains (n 2, power 0.4; power 1 in the
    second place of 2026); with n 1 and power 0.6 it is their "rank-aware" scaling, which uses no ranks.
    """
    scale = _scaled_logits if space == "logit" else _scaled_probs
    return by_recordings(x, offsets, lambda part, at: scale(part, at, n, power))


@op("file_max_mix", scope="file", classwise=True, effect="rescale")
def file_max_mix(x: Matrix, *, offsets: Offsets | None = None, alpha: UnitInterval = 0.05) -> Matrix:
    """Move all chunks towards the recording's best chunk: (1 - alpha) x + alpha max over the recording.

    x: (N, C) in any space. Adding alpha max, as some do, gives the order of alpha / (1 + alpha) in this op, but
    exceeds 1. Returns (N, C). Source: public BirdCLEF 2026 notebooks (alpha 0.05 and 0.10; 0.20 lost 0.014).
    """
    return anchored(x, offsets, Reduction.MAX, alpha)


@op("file_mean_max", scope="file", classwise=True, effect="rescale")
def file_mean_max(x: Matrix, *, offsets: Offsets | None = None, alpha: UnitInterval = 0.3) -> Matrix:
    """Move chunks towards the mean of the recording's mean and maximum: (1 - alpha) x + alpha (mean + max) / 2.

    x: (N, C) in any space. Returns (N, C). Source: file anchors of a BirdCLEF 2026 post-processing report.
    """
    return anchored(x, offsets, Reduction.MEAN_AND_MAX, alpha)


@op("file_noisy_or", scope="file", classwise=True, spaces=("prob", "unit"), effect="rescale")
def file_noisy_or(x: Matrix, *, offsets: Offsets | None = None, alpha: UnitInterval = 0.3) -> Matrix:
    """Move chunks towards the probability of the class in the recording: (1 - alpha) p + alpha (1 - prod(1 - p)).

    x: (N, C) probabilities, however small; that of a longer recording is higher. Returns (N, C). Source: as
    `file_mean_max`.
    """
    return anchored(x, offsets, Reduction.NOISY_OR, alpha)


@op("file_lse", scope="file", classwise=True, effect="rescale")
def file_lse(x: Matrix, *, offsets: Offsets | None = None, alpha: UnitInterval = 0.3, beta: Positive = 4.5) -> Matrix:
    """Move chunks towards a soft maximum of the recording: (1 - alpha) x + alpha log(mean(exp(beta x))) / beta.

    x: (N, C) in any space; beta near 0 means the mean, a large one the maximum. Returns (N, C). Source: as
    `file_mean_max` (beta 4.5).
    """
    return by_recordings(x, offsets, lambda part, at: _soft_anchored(part, at, alpha, beta))


@op("low_rank_power", scope="file", spaces=("prob", "unit"), effect="rescale")
def low_rank_power(
    x: Matrix, *, offsets: Offsets | None = None, covered: Covered | None = None, keep: Count = 30, power: Power = 2.0
) -> Matrix:
    """Raise classes outside a recording's `keep` highest to a power: p <- p^power.

    x: (N, C) probabilities; covered classes are ranked by their maximum over the recording, and ties with the last
    of the `keep` highest stay too. Over the whole set at once it is `low_rank_power_of_set`. Returns (N, C). Source:
    myso1987's 2025 notebook (30, 2), which calls itself possibly overfitted.
    """
    counts = np.ones(x.shape[1], bool) if covered is None else covered.copy()
    if keep >= counts.sum():
        return x
    return by_recording(low_rank_kernel, x, offsets, counts, keep, power)


@op("low_rank_power_of_set", scope="set", spaces=("prob", "unit"), effect="rescale")
def low_rank_power_of_set(x: Matrix, *, covered: Covered | None = None, keep: Count = 30, power: Power = 2.0) -> Matrix:
    """Raise classes outside the `keep` highest of all recordings to a power: p <- p^power, a whole column at a time.

    x: (N, C) probabilities; covered classes are ranked by their maximum over all rows, ties as in `low_rank_power`. It
    keeps every column's order, so it matters only before a step that mixes classes or members. Returns (N, C). Source:
    notebooks that call myso1987's function once for all files together.
    """
    return low_rank_power(x, covered=covered, keep=keep, power=power)


@op("softmax_richness", scope="chunk", spaces=("prob", "unit"), effect="rescale")
def softmax_richness(x: Matrix, *, covered: Covered | None = None, tau: Positive = 0.12) -> Matrix:
    """Multiply each class by its share of the chunk: p <- p softmax over covered classes of (p / tau).

    x: (N, C) probabilities; classes that are not covered stay. Where many classes are high, each gets a small share.
    Returns (N, C). Source: a BirdCLEF 2026 post-processing report (tau 0.10 to 0.15).
    """
    lacks = np.zeros(x.shape[1], bool) if covered is None else ~covered
    if lacks.all():
        return x
    out = np.empty_like(x, order="C")

    def work(rows: slice) -> None:
        share = x[rows].astype(np.float64)
        share[:, lacks] = -np.inf
        share -= share.max(axis=1, keepdims=True)
        share /= tau
        np.exp(share, out=share)
        share /= share.sum(axis=1, keepdims=True)
        share[:, lacks] = 1.0
        np.multiply(x[rows], share, out=out[rows], casting="same_kind")

    in_blocks(len(x), x.shape[1], work)
    return out


@op("power", scope="chunk", classwise=True, spaces=("prob", "unit"), monotone="weak", effect="rescale")
def power(x: Matrix, *, power: NonNegative = 1.2) -> Matrix:
    """Raise all scores to one power: p <- p^power. By itself it keeps every column's order.

    x: (N, C) probabilities. It matters only before a step that mixes chunks, classes or members. Returns (N, C).
    """
    out = np.empty_like(x, order="C")
    in_blocks(len(x), x.shape[1], lambda rows: np.copyto(out[rows], x[rows] ** power))
    return out


def by_recordings(x: Matrix, offsets: Bounds | None, change: Callable[[Matrix, Bounds], Float64]) -> Matrix:
    """Return change(rows, bounds) of some recordings at a time; bounds (R + 1,) count from the first of these rows."""
    at, x = bounds_of(x, offsets), read_only(x)
    out = np.empty_like(x)

    def work(some: slice) -> None:
        part = slice(at[some.start], at[some.stop])
        out[part] = change(x[part], at[some.start : some.stop + 1] - at[some.start])

    mean_chunks = max(len(x) // max(len(at) - 1, 1), 1)
    in_blocks(len(at) - 1, x.shape[1] * mean_chunks, work)
    return out


def reduced(x: Matrix, at: Bounds, kind: Reduction) -> Float64:
    """Return (R, C) the reduction of each recording; at (R + 1,) are their first rows."""
    out = np.empty((len(at) - 1, x.shape[1]), np.float64)
    # a plain int, because numba would compile its kernel anew for an enum
    reduce_kernel(read_only(x), at, kind.value, out)
    return out


def affine(x: Matrix, at: Bounds, factor: float, added: Float64) -> Float64:
    """Return factor x + added (R, C), the same for every chunk of a recording."""
    out = np.empty(x.shape, np.float64)
    affine_kernel(read_only(x), at, factor, added, out)
    return out


def anchored(x: Matrix, offsets: Bounds | None, kind: Reduction, alpha: float) -> Matrix:
    """Return (1 - alpha) x + alpha times each recording's reduction, (N, C)."""
    return by_recordings(x, offsets, lambda p, at: affine(p, at, 1 - alpha, alpha * reduced(p, at, kind)))


def _soft_anchored(x: Matrix, at: Bounds, alpha: float, beta: float) -> Float64:
    high = reduced(x, at, Reduction.MAX)
    share = affine(x, at, beta, -beta * high)  # at most 0, so that exp cannot overflow, and 0 once, so log is finite
    np.exp(share, out=share)
    mean = reduced(share, at, Reduction.SUM) / np.diff(at)[:, None]
    return affine(x, at, 1 - alpha, alpha * (high + np.log(mean) / beta))


def _tops(x: Matrix, at: Bounds, n: int) -> tuple[Float64, Float64]:
    """Return (R, n, C) the highest values, -inf where a recording has fewer chunks, and (R, 1) their number."""
    chunks = np.diff(at)
    out = np.empty((len(chunks), min(n, int(chunks.max(initial=1))), x.shape[1]), np.float64)
    top_kernel(read_only(x), at, out)
    return out, np.minimum(out.shape[1], chunks)[:, None].astype(np.float64)


def _scaled_probs(p: Matrix, at: Bounds, n: int, power: float) -> Float64:
    top, held = _tops(p, at, n)
    mean = _summed(np.where(np.isneginf(top), 0.0, top)) / held
    return np.asarray(p * np.repeat(mean**power, np.diff(at), axis=0))


def _scaled_logits(z: Matrix, at: Bounds, n: int, power: float) -> Float64:
    """Return logit(sigmoid(z) s) of log s (R, C) <= 0, as log s - log(1 - s + exp(-z))."""
    scale = power * _log_mean(*_tops(z, at, n))
    away = np.empty(z.shape, np.float64)
    negated_kernel(z, away)
    np.exp(away, out=away)
    affine_kernel(away, at, 1.0, -np.expm1(scale), away)
    np.log(away, out=away)
    scaled_logit_kernel(z, away, at, scale)
    return away


def _log_mean(top: Float64, held: Float64) -> Float64:
    """Return (R, C) the log of the mean probability of logits (R, n, C)."""
    low = np.minimum(top, 0) - np.log1p(np.exp(-np.abs(top)))  # log sigmoid; a missing chunk adds exp(-inf) = 0
    first = low[:, :1].copy()
    low -= first
    return np.asarray(first[:, 0] + np.log(_summed(np.exp(low, out=low)) / held))


def _summed(top: Float64) -> Float64:
    """Return (R, C) sums of (R, n, C), highest first; numpy's order of summing depends on the number of classes."""
    total = np.zeros((top.shape[0], top.shape[2]), np.float64)
    for k in range(top.shape[1]):
        total += top[:, k]
    return total
