"""Ops that use a whole recording: scaling by its best chunks, anchors, powers of its low classes."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from annotated_types import Ge, Le

from blendkit.core import Matrix
from blendkit.ops.declare import Covered, NonNegative, Offsets, Positive, SpaceOf, UnitInterval, op
from blendkit.ops.kernels.per_recording import Reduction, low_rank_kernel
from blendkit.ops.over_recordings import anchored, by_recordings, scaled_logits, scaled_probs, soft_anchored
from blendkit.ops.parallel import by_recording, in_blocks

Count = Annotated[int, Ge(1), Le(1_000_000)]
Power = Annotated[float, Ge(0), Le(100)]


@op(
    "file_top_scale",
    also_called=(
        ("file confidence scaling, top-n", "{n: 2, power: 0.4}"),
        ('"rank-aware" scaling, file maximum to a power (no ranks are involved)', "{n: 1, power: 0.6}"),
        ("times the file's maximum", "{n: 1, power: 1.0}"),
        ("times the file's mean (n at least the chunks of a file)", "{n: 1000, power: 1.0}"),
    ),
    scope="file",
    classwise=True,
    spaces=("logit", "prob", "unit"),
    effect="rescale",
)
def file_top_scale(
    x: Matrix, *, space: SpaceOf, offsets: Offsets | None = None, n: Count = 2, power: Power = 0.4
) -> Matrix:
    """Scale each class by the mean of its n best chunks of the recording: p <- p (mean of the n largest)^power.

    x: (N, C). Probabilities are multiplied directly. For logits the same is computed with log probabilities, so
    that nothing underflows and nothing saturates. A recording of fewer than n chunks uses the mean of all.
    Returns (N, C). Source: the file confidence scaling of public BirdCLEF chains (n 2, power 0.4; power 1 in the
    second place of 2026); with n 1 and power 0.6 it is their "rank-aware" scaling, which uses no ranks.
    """
    scale = scaled_logits if space == "logit" else scaled_probs
    return by_recordings(x, offsets, lambda part, at: scale(part, at, n, power))


@op(
    "file_max_mix",
    also_called=(("file-maximum coherence, mixed in", "{alpha: 0.1}"),),
    scope="file",
    classwise=True,
    effect="rescale",
)
def file_max_mix(x: Matrix, *, offsets: Offsets | None = None, alpha: UnitInterval = 0.05) -> Matrix:
    """Move all chunks towards the recording's best chunk: (1 - alpha) x + alpha max over the recording.

    x: (N, C) in any space. Adding alpha max, as some do, gives the order of alpha / (1 + alpha) in this op, but
    exceeds 1. Returns (N, C). Source: public BirdCLEF 2026 notebooks (alpha 0.05 and 0.10; 0.20 lost 0.014).
    """
    return anchored(x, offsets, Reduction.MAX, alpha)


@op("file_mean_max", also_called=(("MeanMax anchor", "{alpha: 0.3}"),), scope="file", classwise=True, effect="rescale")
def file_mean_max(x: Matrix, *, offsets: Offsets | None = None, alpha: UnitInterval = 0.3) -> Matrix:
    """Move chunks towards the mean of the recording's mean and maximum: (1 - alpha) x + alpha (mean + max) / 2.

    x: (N, C) in any space. Returns (N, C). Source: file anchors of a BirdCLEF 2026 post-processing report.
    """
    return anchored(x, offsets, Reduction.MEAN_AND_MAX, alpha)


@op(
    "file_noisy_or",
    also_called=(("NoisyOR anchor", "{alpha: 0.3}"),),
    scope="file",
    classwise=True,
    spaces=("prob", "unit"),
    effect="rescale",
)
def file_noisy_or(x: Matrix, *, offsets: Offsets | None = None, alpha: UnitInterval = 0.3) -> Matrix:
    """Move chunks towards the probability of the class in the recording: (1 - alpha) p + alpha (1 - prod(1 - p)).

    x: (N, C) probabilities, however small; that of a longer recording is higher. Returns (N, C). Source: as
    `file_mean_max`.
    """
    return anchored(x, offsets, Reduction.NOISY_OR, alpha)


@op(
    "file_lse",
    also_called=(("LSE anchor, log-sum-exp over the file", "{beta: 4.5}"),),
    scope="file",
    classwise=True,
    effect="rescale",
)
def file_lse(x: Matrix, *, offsets: Offsets | None = None, alpha: UnitInterval = 0.3, beta: Positive = 4.5) -> Matrix:
    """Move chunks towards a soft maximum of the recording: (1 - alpha) x + alpha log(mean(exp(beta x))) / beta.

    x: (N, C) in any space; beta near 0 means the mean, a large one the maximum. Returns (N, C). Source: as
    `file_mean_max` (beta 4.5).
    """
    return by_recordings(x, offsets, lambda part, at: soft_anchored(part, at, alpha, beta))


@op(
    "low_rank_power",
    also_called=(("power adjustment for low-ranked classes, file by file", "{keep: 30, power: 2.0}"),),
    scope="file",
    spaces=("prob", "unit"),
    effect="rescale",
)
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


@op(
    "low_rank_power_of_set",
    also_called=(("power adjustment for low-ranked classes, all files at once", "{keep: 30, power: 2.0}"),),
    scope="set",
    spaces=("prob", "unit"),
    effect="rescale",
)
def low_rank_power_of_set(x: Matrix, *, covered: Covered | None = None, keep: Count = 30, power: Power = 2.0) -> Matrix:
    """Raise classes outside the `keep` highest of all recordings to a power: p <- p^power, a whole column at a time.

    x: (N, C) probabilities; covered classes are ranked by their maximum over all rows, ties as in `low_rank_power`. A
    power above 0 keeps every column's order, so it matters only before a step that mixes classes or members. Returns
    (N, C). Source: notebooks that call myso1987's function once for all files together.
    """
    return low_rank_power(x, covered=covered, keep=keep, power=power)


@op(
    "softmax_richness",
    also_called=(("SoftmaxRichness", "{tau: 0.15}"),),
    scope="chunk",
    spaces=("prob", "unit"),
    effect="rescale",
)
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


@op(
    "power",
    also_called=(("p ** gamma", "{power: 1.2}"),),
    scope="chunk",
    classwise=True,
    spaces=("prob", "unit"),
    monotone="weak",
    effect="rescale",
)
def power(x: Matrix, *, power: NonNegative = 1.2) -> Matrix:
    """Raise all scores to one power: p <- p^power. By itself it keeps every column's order.

    x: (N, C) probabilities. It matters only before a step that mixes chunks, classes or members. Returns (N, C).
    Source: the powers of a chunk's top and other classes in public chains, as of second place 2026.
    """
    out = np.empty_like(x, order="C")
    in_blocks(len(x), x.shape[1], lambda rows: np.copyto(out[rows], x[rows] ** power))
    return out
