"""Anchors of a whole recording beyond its maximum: its mean, its maximum added, its surest chunks."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from annotated_types import Interval

from blendkit.core import Float64, Int64, Matrix
from blendkit.ops.declare import Covered, NonNegative, Offsets, SpaceOf, UnitInterval, op
from blendkit.ops.kernels.bounds import bounds_of
from blendkit.ops.kernels.per_recording import Reduction
from blendkit.ops.over_recordings import affine, anchored, by_recordings, reduced

Exponent = Annotated[float, Interval(gt=0, le=100)]
LN2 = float(np.log(2.0))


@op(
    "file_mean_mix",
    also_called=(("file mean mixed in", "{alpha: 0.2}"),),
    scope="file",
    classwise=True,
    affine=True,
    effect="rescale",
)
def file_mean_mix(x: Matrix, *, offsets: Offsets | None = None, alpha: UnitInterval = 0.2) -> Matrix:
    """Move all chunks towards the recording's mean: (1 - alpha) x + alpha mean over the recording.

    x: (N, C) in any space. Returns (N, C). Source: one half of `file_mean_max`.
    """
    return anchored(x, offsets, Reduction.MEAN, alpha)


@op(
    "file_power_mean",
    also_called=(("root mean square of the file mixed in", "{exponent: 2.0}"),),
    scope="file",
    classwise=True,
    spaces=("prob", "unit"),
    effect="rescale",
)
def file_power_mean(
    x: Matrix, *, offsets: Offsets | None = None, alpha: UnitInterval = 0.2, exponent: Exponent = 2.0
) -> Matrix:
    """Move all chunks towards the recording's power mean: (1 - alpha) p + alpha (mean of p^exponent)^(1 / exponent).

    x: (N, C) probabilities; exponent 1 is `file_mean_mix`, a large one `file_max_mix`. Returns (N, C). Source: file
    smoothing in team Epoch's code for BirdCLEF 2024 (exponent 2).
    """

    def moved(part: Matrix, at: Int64) -> Float64:
        p = part.astype(np.float64)
        highest = reduced(p, at, Reduction.MAX)
        share = p / np.repeat(np.where(highest > 0, highest, 1.0), np.diff(at), axis=0)  # at most 1: nothing underflows
        mean = reduced(share**exponent, at, Reduction.MEAN) ** (1 / exponent)
        return affine(p, at, 1 - alpha, alpha * highest * mean)

    return by_recordings(x, offsets, moved)


@op(
    "file_max_add",
    also_called=(("file-maximum leakage, added", "{alpha: 0.05}"),),
    scope="file",
    classwise=True,
    effect="rescale",
)
def file_max_add(x: Matrix, *, space: SpaceOf, offsets: Offsets | None = None, alpha: NonNegative = 0.05) -> Matrix:
    """Add the recording's highest score to all its chunks: x + alpha max over the recording.

    x: (N, C) in any space; beyond logits the sum is limited to 1, which makes ties where it is reached: `file_max_mix`
    at alpha / (1 + alpha) has the same order and makes none. Returns (N, C). Source: the file-max leakage of BirdCLEF
    2026 reports (0.05).
    """
    most = np.inf if space == "logit" else 1.0

    def moved(part: Matrix, at: Int64) -> Float64:
        return np.minimum(affine(part, at, 1.0, alpha * reduced(part, at, Reduction.MAX)), most)

    return by_recordings(x, offsets, moved)


@op(
    "file_sure_mean",
    also_called=(("entropy-weighted chunks", "{alpha: 0.2}"),),
    scope="file",
    spaces=("prob", "unit"),
    effect="rescale",
)
def file_sure_mean(
    x: Matrix, *, offsets: Offsets | None = None, covered: Covered | None = None, alpha: UnitInterval = 0.2
) -> Matrix:
    """Move chunks towards the recording's mean weighted by sureness: (1 - alpha) x + alpha sum(w_t x_t) / sum(w_t).

    w_t = 1 - H_t / log 2, where H_t is the mean over covered classes of the chunk's entropy
    -p log p - (1 - p) log(1 - p): 1 where every class is 0 or 1, 0 where all are 0.5 (then all chunks weigh alike).
    x: (N, C) probabilities. Returns (N, C). Source: the same entropy gates the taxonomy smoothing of some EoS forks.
    """
    at = bounds_of(x, offsets)
    w = sureness(x, covered)[:, None]
    w = np.where(np.repeat(reduced(w, at, Reduction.SUM) > 0, np.diff(at), axis=0), w, 1.0)
    high = reduced(x, at, Reduction.MAX)
    below = affine(x, at, 1.0, -high)  # 0 where all chunks are equal, so that their mean is exactly what they are
    mean = high + reduced(below * w, at, Reduction.SUM) / reduced(w, at, Reduction.SUM)
    return np.asarray(affine(x, at, 1 - alpha, alpha * mean), x.dtype)


def sureness(x: Matrix, covered: Covered | None) -> Float64:
    """Return (N,) 1 minus the chunks' mean entropy over covered classes, in bits."""
    p = (x if covered is None else x[:, covered]).astype(np.float64)
    if not p.shape[1]:
        return np.ones(len(x))
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = [np.where(v > 0, v * np.log(v), 0.0) for v in (p, 1.0 - p)]
    return np.asarray(np.maximum(1.0 + (parts[0] + parts[1]).mean(axis=1) / LN2, 0.0), np.float64)
