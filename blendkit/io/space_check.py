"""A check that values fit their declared space; an AUC cannot show that, because it depends on order alone."""

from __future__ import annotations

import numpy as np

from blendkit.core import Matrix, Space, saturated, saturated_pairs
from blendkit.errors import BlendkitError

_SIGMOID_OF_PROB = (0.5, 0.7310586)  # sigmoid(0), sigmoid(1)
_MEAN_TOLERANCE = 0.005
_ENOUGH_ROWS = 24
_PERCENT = 100
CONSTANT = "every value is"  # in a warning that must not be overlooked
_ENOUGH_CELLS = 100
_MANY_TIES = 0.1  # of the cells
_ROUNDING = 1e-6  # of ranks that were computed with


def check_space(values: Matrix, space: Space, source: str, *, unlikely: bool = False) -> list[str]:
    """Return warnings about (N, C) values declared to be in `space`.

    Raises BlendkitError where the values contradict it: probabilities or ranks outside [0, 1]; and, unless `unlikely`
    allows it, logits that all lie in [0, 1], which are probabilities or ranks.
    """
    if not values.size:
        return []
    low, high = float(values.min()), float(values.max())
    if space != "logit" and beyond_unit(values):
        raise _outside(values, space, source)
    if low == high:
        return [f"{CONSTANT} {low:g}: it only moves the others' scores, whatever its weight"]
    looks_ranked = _mean_half(values)
    if space == "logit":
        if not unlikely and _counted(values):
            why = f"declared `space: logit`, but all are whole numbers from {low:g} to {high:g}"
            way = "if they are logits all the same, say `unlikely: true`"
            raise BlendkitError(f"{source}: {why}", [_likely(values), way])
        unlikely = unlikely or values.size < _ENOUGH_CELLS  # a few may be so by chance
        return _as_logits(source, "rank" if looks_ranked else "prob", unlikely) if low >= 0 and high <= 1 else []
    notes = _saturated(values) if space == "prob" else []
    if space == "prob" and looks_ranked:
        return [*notes, "declared `space: prob`, but every column's mean is that of percentile ranks: `space: rank`?"]
    if space == "rank" and not looks_ranked and len(values) >= _ENOUGH_ROWS:
        return ["declared `space: rank`, but column means are not those of percentile ranks: `space: prob`?"]
    if space == "prob" and low >= _SIGMOID_OF_PROB[0] and high <= _SIGMOID_OF_PROB[1] and len(values) >= _ENOUGH_ROWS:
        return [f"every value lies in [{low:.4f}, {high:.4f}]: a sigmoid applied twice?"]
    return notes


def beyond_unit(values: Matrix) -> bool:
    """Return whether a value lies outside [0, 1], so that not all are probabilities or ranks."""
    return bool(values.size) and bool(values.min() < 0 or values.max() > 1)


def likely_space(values: Matrix, source: str) -> tuple[Space, str]:
    """Return the space that (N, C) values seem to be in, and why, as the end of a sentence.

    Raises BlendkitError for ranks that count up and for percentages, which are in no space.
    """
    low, high = float(values.min()), float(values.max())
    between = f"values lie in [{low:.4g}, {high:.4g}]"
    if low < 0:
        return "logit", f"{between}, and only logits go below 0"
    if high > 1:
        if _counted(values) or _PERCENT / 10 < high <= _PERCENT:
            raise BlendkitError(f"{source}: neither logits nor probabilities: {between}", [_likely(values)])
        return "logit", f"{between}, beyond 1"
    if low < high and _mean_half(values):
        return "rank", "every column's mean is that of percentile ranks"
    return "prob", f"{between}, inside 0 to 1"


def _outside(values: Matrix, space: Space, source: str) -> BlendkitError:
    """Return the error for probabilities or ranks beyond [0, 1], with what they may be."""
    low, high = float(values.min()), float(values.max())
    row, column = np.argwhere((values < 0) | (values > 1))[0]
    first = f"first at row {row + 1}, column {column + 1}: {values[row, column]:g}"
    return BlendkitError(
        f"{source}: declared `space: {space}`, but values lie in [{low:g}, {high:g}]", [first, _likely(values)]
    )


def _likely(values: Matrix) -> str:
    """Return what values (N, C) beyond [0, 1] may be, as a question."""
    low, high, n = round(float(values.min()), 6), round(float(values.max()), 6), len(values)
    whole = low >= 0 and _near_halves(values)
    if whole and 1 < n <= high + 1 <= n + 1:
        by = n if low > 0 else n - 1
        return f"are they ranks from {low:g} to {high:g}? divide them by {by} and say `space: rank`"
    if whole and high <= values.shape[1] and (values.max(axis=1) >= values.shape[1] - 1).all():
        return "are they the ranks of classes within each chunk? save the scores, or the ranks of chunks in each class"
    if low >= 0 and _PERCENT / 10 < high <= _PERCENT:
        return f"are they percentages? divide them by {_PERCENT}"
    ways = "are they ranks or counts? divide ranks by the number of rows and say `space: rank`"
    return ways if whole else "did you mean `space: logit`?"


def _as_logits(source: str, likely: str, unlikely: bool) -> list[str]:
    said = f"declared `space: logit`, but every value lies in [0, 1]: they look like `space: {likely}`"
    if unlikely:
        return [said]
    raise BlendkitError(f"{source}: {said}", ["if they are logits all the same, say `unlikely: true`"])


def _saturated(values: Matrix) -> list[str]:
    """Return a note where many probabilities are exactly 0 or 1, and so tie."""
    zeros, ones = saturated(values)
    if values.size < _ENOUGH_CELLS or (zeros + ones) / values.size < _MANY_TIES:
        return []
    cost = f"{saturated_pairs(values):.1%} of the pairs of chunks tie, and count half in an AUC"
    return [f"{zeros} of {values.size} probabilities are exactly 0 and {ones} exactly 1: {cost}"]


def _counted(values: Matrix) -> bool:
    """Return whether values are whole numbers from 0 on, or halves between two: ranks or counts, and no logits."""
    return bool(len(values) >= _ENOUGH_ROWS and values.min() >= 0 and values.max() > 1 and _near_halves(values))


def _near_halves(values: Matrix) -> bool:
    """Return whether all values are multiples of a half, but for rounding."""
    return all(bool((np.abs(c - np.round(2 * c) / 2) < _ROUNDING).all()) for c in values.T)


def _mean_half(values: Matrix) -> bool:
    """Return whether every column's mean is (N + 1) / 2N, as in any blend of average-tie percentile ranks."""
    n = len(values)
    if n < _ENOUGH_ROWS:
        return False
    moving = values.max(axis=0) > values.min(axis=0)
    means = values.mean(axis=0, dtype=np.float64)[moving]  # to select columns first would copy them
    return bool(moving.any() and (np.abs(means - (n + 1) / (2 * n)) < _MEAN_TOLERANCE).all())
