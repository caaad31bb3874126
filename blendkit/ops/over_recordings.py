"""Arithmetic over whole recordings: reductions, anchors, scales by the highest chunks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from blendkit.core import Float64, Int64, Matrix, read_only
from blendkit.ops.kernels.bounds import bounds_of
from blendkit.ops.kernels.per_recording import (
    Reduction,
    affine_kernel,
    negated_kernel,
    reduce_kernel,
    scaled_logit_kernel,
    top_kernel,
)
from blendkit.ops.parallel import in_blocks

Bounds = Int64


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


def soft_anchored(x: Matrix, at: Bounds, alpha: float, beta: float) -> Float64:
    """Return (1 - alpha) x + alpha log(mean(exp(beta x))) / beta over each recording, (N, C)."""
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


def scaled_probs(p: Matrix, at: Bounds, n: int, power: float) -> Float64:
    """Return p (N, C) times (the mean of each recording's n highest)^power."""
    top, held = _tops(p, at, n)
    mean = _summed(np.where(np.isneginf(top), 0.0, top)) / held
    return np.asarray(p * np.repeat(mean**power, np.diff(at), axis=0))


def scaled_logits(z: Matrix, at: Bounds, n: int, power: float) -> Float64:
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
