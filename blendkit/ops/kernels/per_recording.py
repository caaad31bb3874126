"""Compiled loops over recordings: their highest chunks and their reductions."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import numpy as np

from blendkit.core import compiled
from blendkit.ops.kernels.bounds import highest

_LOWEST_EXP, _HIGHEST_EXP = -745.0, 700.0  # exp of a float64 is 0 below, and near infinity above
_NOT_COVERED = -1.0  # below every probability


class Reduction(IntEnum):
    """How a recording's chunks become one value per class."""

    MAX = 0
    MEAN_AND_MAX = 1  # the mean of both
    NOISY_OR = 2  # 1 - product(1 - x)
    SUM = 3
    MEAN = 4


@compiled()
def _joined(a: float, b: float, noisy: bool) -> float:
    """Return a + b, or 1 - (1 - a)(1 - b) so that a tiny probability beside another is not lost; same in reverse."""
    return max(a, b) + min(a, b) * (1.0 - max(a, b)) if noisy else a + b


@compiled()
def reduce_kernel(x: Any, offsets: Any, kind: int, out: Any) -> None:
    """Write (R, C) each recording's reduction, a `Reduction`; of a reversed recording it is the same, bit for bit."""
    noisy = kind == Reduction.NOISY_OR
    mean = kind == Reduction.MEAN or kind == Reduction.MEAN_AND_MAX
    for r in range(len(offsets) - 1):
        first, last = offsets[r], offsets[r + 1]
        n = last - first
        for c in range(x.shape[1]):
            high, total = float(x[first, c]), 0.0
            for t in range(first + 1, last):
                high = max(high, float(x[t, c]))
            base = high if mean else 0.0  # so that the mean of equal values is exactly that value
            for k in range(n // 2):
                a, b = float(x[first + k, c]) - base, float(x[last - 1 - k, c]) - base
                total = _joined(total, _joined(a, b, noisy), noisy)
            if n % 2:
                total = _joined(total, float(x[first + n // 2, c]) - base, noisy)
            if mean:
                total = base + total / n
            if kind == Reduction.MEAN_AND_MAX:
                total = (total + high) / 2
            out[r, c] = high if kind == Reduction.MAX else total


@compiled()
def affine_kernel(x: Any, offsets: Any, factor: float, added: Any, out: Any) -> None:
    """Write factor x + added (R, C), the same for every chunk of a recording."""
    for r in range(len(offsets) - 1):
        for t in range(offsets[r], offsets[r + 1]):
            for c in range(x.shape[1]):
                out[t, c] = factor * x[t, c] + added[r, c]


@compiled()
def negated_kernel(z: Any, out: Any) -> None:
    """Write -z, limited to the range where exp(-z) is neither 0 nor infinite."""
    for t in range(len(z)):
        for c in range(z.shape[1]):
            out[t, c] = min(max(-z[t, c], _LOWEST_EXP), _HIGHEST_EXP)


@compiled()
def scaled_logit_kernel(z: Any, log_away: Any, offsets: Any, log_scale: Any) -> None:
    """Replace log_away by log_scale (R, C) - log_away, plus the part of z that `negated_kernel` cut off.

    Below -700 a scaled logit is z plus a constant, so adding the part that was cut off preserves the order there.
    """
    for r in range(len(offsets) - 1):
        for t in range(offsets[r], offsets[r + 1]):
            for c in range(z.shape[1]):
                log_away[t, c] = log_scale[r, c] - log_away[t, c] + min(z[t, c] + _HIGHEST_EXP, 0.0)


@compiled()
def _highest(x: Any, first: int, last: int, top: Any, row: Any) -> None:
    """Write (n, C) the n highest values of every column in rows first to last, highest first; -inf if there are fewer.

    Each value sinks through the places without a branch, so that a row of classes is processed on vector registers.
    """
    top[:] = -np.inf
    for t in range(first, last):
        for c in range(x.shape[1]):
            row[c] = x[t, c]
        for k in range(min(len(top), t - first + 1)):
            for c in range(x.shape[1]):
                higher = max(top[k, c], row[c])
                row[c] = min(top[k, c], row[c])
                top[k, c] = higher


@compiled()
def top_kernel(x: Any, offsets: Any, out: Any) -> None:
    """Write (R, n, C) the n highest values of every recording and class, highest first; -inf where there are fewer."""
    row = np.empty(x.shape[1], np.float64)
    for r in range(len(offsets) - 1):
        _highest(x, offsets[r], offsets[r + 1], out[r], row)


@compiled()
def low_rank_kernel(x: Any, offsets: Any, covered: Any, keep: int, power: float, out: Any) -> None:
    """Raise the classes to a power whose maximum over their recording is below the `keep` highest of these.

    x: probabilities; only covered classes (C,) count and change.
    """
    width = x.shape[1]
    high, top = np.empty(width, np.float64), np.empty(keep, np.float64)
    for r in range(len(offsets) - 1):
        first, last = offsets[r], offsets[r + 1]
        for c in range(width):
            high[c] = x[first, c]
        for t in range(first + 1, last):
            for c in range(width):
                high[c] = max(high[c], x[t, c])
        for c in range(width):
            high[c] = high[c] if covered[c] else _NOT_COVERED
        highest(high, top)
        for t in range(first, last):
            for c in range(width):
                p = x[t, c]
                if 0.0 <= high[c] < top[keep - 1]:  # `<`, so that ties with the last of the highest stay
                    p = p * p if power == 2.0 else p**power  # the default power; a product is much faster
                out[t, c] = p
