"""Conversions between logits and probabilities that neither clip values nor make ties."""

from __future__ import annotations

from typing import Literal

import numpy as np

from blendkit.core.arrays import Float64, Int64, Matrix
from blendkit.core.distinct_counts import distinct_values

_NO_ROUNDING = 1e-3
_UNIT_ROUNDING = 1e-6  # beyond [0, 1]: what sums of a few float32 weights miss 1 by
_STEEP = 15.0  # a logit from which two float32 logits can have one probability in float64
_DEEP = -700.0  # a logit below which probabilities are soon 0
Space = Literal["logit", "prob", "rank", "unit"]  # unit: numbers in [0, 1] of which no more is known
FileSpace = Literal["logit", "prob", "rank", "unit", "unknown"]  # unknown: of a file whose space is not stated
# The score of a chunk in which a detector found nothing; the logit is that of perch-hoplite for what it does not score.
NOTHING_FOUND: dict[FileSpace, float] = {"prob": 0.0, "unit": 0.0, "rank": 0.0, "unknown": 0.0, "logit": -20.0}
NO_PROBABILITIES: tuple[FileSpace, ...] = ("rank", "unit")  # numbers in [0, 1] that no formula turns into odds


def nothing_found(space: FileSpace, values: Matrix) -> float:
    """Return the score of nothing beside scores of detections: below them all where they are logits, stated or not."""
    low = float(values.min()) if values.size else 0.0
    return min(NOTHING_FOUND["logit"], low) if space == "unknown" and low < 0 else NOTHING_FOUND[space]


def written_space(space: FileSpace) -> FileSpace:
    """Return the space of a stream's values in its file: probabilities for logits, ranks for other numbers in [0, 1].

    A file's reader asks of ranks no more than that they lie in [0, 1].
    """
    return "prob" if space == "logit" else "rank" if space == "unit" else space


def rounded_into_unit(values: Matrix) -> Matrix:
    """Return values (N, C) in which what rounding put just beyond [0, 1] is 0 or 1; `values` itself if nothing is.

    A float32 mean of ones may be 1.0000001, of which no formula makes odds. What lies further out is left as it is.
    """
    if not values.size or values.dtype.kind != "f":
        return values
    low, high = float(values.min()), float(values.max())
    inside = low >= 0 and high <= 1
    tiny = high < _NO_ROUNDING  # a file of such numbers has no scale that rounding could be told by
    return values if inside or tiny or low < -_UNIT_ROUNDING or high > 1 + _UNIT_ROUNDING else values.clip(0, 1)


def sigmoid(z: Matrix) -> Float64:
    """Return probabilities of logits, in float64: a float32 sigmoid ties every logit above 17."""
    from scipy.special import expit

    return np.asarray(expit(z.astype(np.float64)), np.float64)


def logit(p: Matrix, *, floor: float) -> Float64:
    """Return float64 log p - log1p(-p) of probabilities.

    Values inside (0, 1) are never clipped. An exact 1 becomes the logit of half the source dtype's last
    step below it (1 - 2^-12 for float16, 1 - 2^-25 for float32, 1 - 2^-54 for float64), an exact 0 that of `floor`.
    """
    x = p.astype(np.float64)
    with np.errstate(divide="ignore"):
        out = np.log(x) - np.log1p(-x)
    half_step = float(np.finfo(p.dtype).epsneg) / 2
    out[x == 1.0] = -np.log(half_step)  # log1p(-half_step) is below the last bit
    out[x == 0.0] = np.log(floor) - np.log1p(-floor)
    return out


def zero_floor(p: Matrix) -> float:
    """Return the probability that stands for exact zeros: half the stream's smallest positive value.

    2^-25 where the stream has no positive value at all.
    """
    smallest = np.min(p, where=p > 0, initial=np.inf)
    return max(float(smallest) / 2, 5e-324) if np.isfinite(smallest) else 2.0**-25


def ties_made(before: Matrix, after: Matrix) -> int:
    """Return how many distinct values per column were lost between two (N, C) matrices, summed."""
    return int(np.maximum(distinct_values(before) - distinct_values(after), 0).sum())


def _beyond(z: Matrix) -> Int64:
    """Return the columns of logits (N, C) in which close ones may become one probability."""
    return np.flatnonzero((z.max(axis=0, initial=-np.inf) > _STEEP) | (z.min(axis=0, initial=np.inf) < _DEEP))


def lost_as_probabilities(z: Matrix) -> tuple[int, int]:
    """Return how many cells of logits (N, C) get a probability that another cell of their column has, and in how many
    columns.

    A float64 probability next to 1 has steps of 1e-16: logits above 36.7 are all 1, and close ones tie before that;
    logits below -710 are all 0.
    """
    far = _beyond(z)
    made = [ties_made(z[:, [c]], sigmoid(z[:, [c]])) for c in far]
    return sum(made), sum(m > 0 for m in made)


def pairs_lost_as_probabilities(z: Matrix) -> float:
    """Return the share of the pairs of rows, over all columns of logits (N, C), that tie as probabilities alone."""
    far = _beyond(z)
    if len(z) < 2 or not len(far):
        return 0.0
    share: float = sum(tied_pairs(sigmoid(z[:, [c]])) - tied_pairs(z[:, [c]]) for c in far) / z.shape[1]
    return share


def saturated(p: Matrix) -> tuple[int, int]:
    """Return how many values are exactly 0 and exactly 1: the logits of each kind tie."""
    return int((p == 0).sum()), int((p == 1).sum())


def tied_pairs(x: Matrix) -> float:
    """Return the share of the pairs of rows that tie, over all columns of x (N, C); nan for fewer than two rows."""
    n, columns = x.shape
    if n < 2 or not columns:
        return float("nan")
    counts = [np.unique(c, return_counts=True)[1].astype(np.float64) for c in x.T]
    share: float = sum(float((k * (k - 1)).sum()) for k in counts) / (n * (n - 1) * columns)
    return share


def saturated_pairs(p: Matrix) -> float:
    """Return the share of the pairs of rows that tie because both are exactly 0, or both 1, over columns (N, C)."""
    n, columns = p.shape
    if n < 2 or not columns:
        return float("nan")
    counts = np.concatenate([(p == end).sum(axis=0, dtype=np.float64) for end in (0, 1)])
    share: float = float((counts * (counts - 1)).sum()) / (n * (n - 1) * columns)
    return share
