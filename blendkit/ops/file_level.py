"""What a whole recording says of its chunks: scaling by its best chunks, anchors, powers of its faint classes."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from annotated_types import Ge, Le
from numpy.typing import NDArray

from blendkit.ops import NonNegative, Offsets, Positive, Share, SpaceOf, op
from blendkit.ops.blocks import in_blocks
from blendkit.ops.file_kernels import (
    anchor_kernel,
    log_top_kernel,
    low_rank_kernel,
    soft_anchor_kernel,
    top_mean_kernel,
)
from blendkit.ops.kernels import bounds_of
from blendkit.scores import Matrix

Count = Annotated[int, Ge(1), Le(1_000_000)]
Power = Annotated[float, Ge(0), Le(100)]
_RECORDINGS = 32  # at a time: temporaries stay in cache


@op("file_top_scale", scope="file", classwise=True, spaces=("logit", "prob"), does="rescale")
def file_top_scale(
    x: Matrix, *, space: SpaceOf, offsets: Offsets | None = None, n: Count = 2, power: Power = 0.4
) -> Matrix:
    """Scale each class by the mean of its n best chunks of the recording: p <- p (mean of the n largest)^power.

    x: (N, C). Probabilities are multiplied as they are. Logits are taken as log probabilities and come back as
    logits, so that nothing underflows and nothing saturates. A recording of fewer than n chunks takes the mean of
    all. Returns (N, C). Source: the file confidence scaling of public BirdCLEF chains (n 2, power 0.4; power 1 in
    the second place of 2026); with n 1 and power 0.6 it is their "rank-aware" scaling, which knows no ranks.
    """
    at = bounds_of(x, offsets)
    if space == "prob":
        return np.asarray(x * _spread(_top(x, n, at) ** power, at), x.dtype)
    return _scaled_logits(x, at, _log_top(x, n, at) * power)


@op("file_max_mix", scope="file", classwise=True, does="rescale")
def file_max_mix(x: Matrix, *, offsets: Offsets | None = None, alpha: Share = 0.05) -> Matrix:
    """Let the recording's best chunk leak into all: (1 - alpha) x + alpha max over the recording.

    x: (N, C) in any space. Adding alpha max, as some do, is the same order with alpha / (1 + alpha) here, and
    leaves [0, 1]. Returns (N, C). Source: public BirdCLEF 2026 notebooks (alpha 0.05 and 0.10; 0.20 lost 0.014).
    """
    return _anchored(x, offsets, 0, alpha)


@op("file_mean_max", scope="file", classwise=True, does="rescale")
def file_mean_max(x: Matrix, *, offsets: Offsets | None = None, alpha: Share = 0.3) -> Matrix:
    """Pull chunks towards the mean of the recording's mean and maximum: (1 - alpha) x + alpha (mean + max) / 2.

    x: (N, C) in any space. Returns (N, C). Source: file anchors of a BirdCLEF 2026 post-processing report.
    """
    return _anchored(x, offsets, 1, alpha)


@op("file_noisy_or", scope="file", classwise=True, spaces=("prob",), does="rescale")
def file_noisy_or(x: Matrix, *, offsets: Offsets | None = None, alpha: Share = 0.3) -> Matrix:
    """Pull chunks towards the chance that the recording holds the class: (1 - alpha) p + alpha (1 - prod(1 - p)).

    x: (N, C) probabilities, however small; a longer recording has more chances. Returns (N, C). Source: as
    `file_mean_max`.
    """
    return _anchored(x, offsets, 2, alpha)


@op("file_lse", scope="file", classwise=True, does="rescale")
def file_lse(x: Matrix, *, offsets: Offsets | None = None, alpha: Share = 0.3, beta: Positive = 4.5) -> Matrix:
    """Pull chunks towards a soft maximum of the recording: (1 - alpha) x + alpha log(mean(exp(beta x))) / beta.

    x: (N, C) in any space; beta near 0 means the mean, a large one the maximum. Returns (N, C). Source: as
    `file_mean_max` (beta 4.5).
    """
    out = np.empty_like(x, order="C")
    soft_anchor_kernel(np.ascontiguousarray(x), bounds_of(x, offsets), beta, alpha, out)
    return out


@op("low_rank_power", scope="file", spaces=("prob",), does="rescale")
def low_rank_power(x: Matrix, *, offsets: Offsets | None = None, keep: Count = 30, power: Power = 2.0) -> Matrix:
    """Raise the classes to a power that are not among a recording's `keep` highest: p <- p^power.

    x: (N, C) probabilities; classes are ranked by their maximum over the recording, and those level with the last
    that is kept are kept. Over the whole set at once, as some notebooks have it, every column would keep its
    order. Returns (N, C). Source: myso1987's 2025 notebook (30, 2), which says of itself that it may be overfitted.
    """
    if keep >= x.shape[1]:
        return x
    out = np.empty_like(x, order="C")
    low_rank_kernel(np.ascontiguousarray(x), bounds_of(x, offsets), keep, power, out)
    return out


@op("softmax_richness", scope="chunk", spaces=("prob",), does="rescale")
def softmax_richness(x: Matrix, *, tau: Positive = 0.12) -> Matrix:
    """Weigh each class by its share of the chunk: p <- p softmax over classes of (p / tau).

    x: (N, C) probabilities. A chunk where many classes are loud gives each of them less. Returns (N, C). Source: a
    BirdCLEF 2026 post-processing report (tau 0.10 to 0.15).
    """
    if not x.shape[1]:
        return x
    out = np.empty_like(x, order="C")

    def work(rows: slice) -> None:
        part = x[rows]
        share = np.exp((part - part.max(axis=1, keepdims=True)).astype(np.float64) / tau)
        out[rows] = part * (share / share.sum(axis=1, keepdims=True))

    in_blocks(len(x), work)
    return out


@op("power", scope="chunk", classwise=True, spaces=("prob",), monotone="weak", does="rescale")
def power(x: Matrix, *, power: NonNegative = 1.2) -> Matrix:
    """Raise all to one power: p <- p^power. By itself it keeps every column's order.

    x: (N, C) probabilities. It matters where something that mixes chunks, classes or members follows. Returns (N, C).
    """
    out = np.empty_like(x, order="C")
    in_blocks(len(x), lambda rows: np.copyto(out[rows], x[rows] ** power))
    return out


def _spread(per_file: NDArray[Any], at: NDArray[np.int64]) -> NDArray[Any]:
    """(R, C) to (N, C): every chunk gets its recording's row."""
    return np.repeat(per_file, np.diff(at), axis=0)


def _anchored(x: Matrix, offsets: NDArray[np.int64] | None, kind: int, alpha: float) -> Matrix:
    out = np.empty_like(x, order="C")
    anchor_kernel(np.ascontiguousarray(x), bounds_of(x, offsets), kind, alpha, out)
    return out


def _max(x: Matrix, at: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.maximum.reduceat(x, at[:-1], axis=0).astype(np.float64) if len(at) > 1 else np.empty((0, x.shape[1]))


def _log_top(z: Matrix, n: int, at: NDArray[np.int64]) -> NDArray[np.float64]:
    """(R, C) log of the mean probability of the n highest logits."""
    out = np.empty((len(at) - 1, z.shape[1]), np.float64)
    log_top_kernel(np.ascontiguousarray(z), at, min(n, max(len(z), 1)), out)
    return out


def _scaled_logits(z: Matrix, at: NDArray[np.int64], scale: NDArray[np.float64]) -> Matrix:
    """Return logit(sigmoid(z) s) of log s (R, C) <= 0, as log s - log(1 - s + exp(-z)); a few recordings at a time."""
    out, left = np.empty_like(z, order="C"), -np.expm1(scale)

    def work(some: slice) -> None:
        part, counts = slice(at[some.start], at[some.stop]), np.diff(at[some.start : some.stop + 1])
        log_s, rest = np.repeat(scale[some], counts, axis=0), np.repeat(left[some], counts, axis=0)
        x = np.asarray(z[part], np.float64)
        away = np.maximum(np.exp(-np.abs(x)), 5e-324)
        # below 0 the same with exp(z) in front, so that nothing overflows
        total = np.where(x < 0, 1 + rest * away, rest + away)
        out[part] = log_s + np.minimum(x, 0) - np.log(total)

    in_blocks(len(scale), work, size=_RECORDINGS)
    return out


def _top(x: Matrix, n: int, at: NDArray[np.int64]) -> NDArray[np.float64]:
    """(R, C) means of the n highest."""
    if n == 1:
        return _max(x, at)
    out = np.empty((len(at) - 1, x.shape[1]), np.float64)
    top_mean_kernel(np.ascontiguousarray(x), at, min(n, len(x)), out)
    return out
