"""From one space into another, with what that does to the order of scores said."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Literal

import numpy as np

from blendkit.core import (
    Bools,
    Matrix,
    Scores,
    Space,
    logit,
    lost_as_probabilities,
    saturated,
    saturated_pairs,
    sigmoid,
    tied_pairs,
    zero_floor,
)
from blendkit.errors import BlendkitError
from blendkit.metrics import percentile_rank

_MANY = 0.01  # of the cells of a stream
_AT_ONCE = 16  # columns


def convert(scores: Scores, space: Space, note: Callable[[str], None]) -> Scores:
    """Return scores in another space: float64, never clipped. Ranks cannot be converted back.

    `unit` keeps probabilities and ranks as they are, and makes probabilities of logits. Raises BlendkitError for scores
    of unknown space, unless ranks are wanted.
    """
    return scores if space == scores.space else scores.with_values(converter(scores, space, note)(scores.values), space)


def converter(scores: Scores, space: Space | Literal["any"], note: Callable[[str], None]) -> Callable[[Matrix], Matrix]:
    """Return what converts some columns of scores, given for all rows, into another space; notes are of the whole.

    All but ranks may be given for some rows, too. `any` leaves them as they are.
    """
    if space in ("any", scores.space):
        return _as_they_are
    if space == "rank":
        return percentile_rank
    if scores.stated_space() != "logit" and space == "unit":
        return _as_they_are
    if space != "logit":
        note_ties(scores.values, scores.covered, note)
        return sigmoid
    # covered classes alone set the floor: the constant of an uncovered class says nothing about small probabilities
    return partial(logit, floor=zero_stand_in(scores.values, scores.covered, note))


def _as_they_are(values: Matrix) -> Matrix:
    return values


def taken_as(scores: Scores, space: Space) -> Scores:
    """Return the same numbers, said to be in another space. Raises BlendkitError where they cannot be probabilities."""
    if space == "prob" and any((x < 0).any() or (x > 1).any() for x in _columns(scores.values, scores.covered)):
        values = scores.values[:, scores.covered]
        row, column = (int(i[0]) for i in np.nonzero((values < 0) | (values > 1)))
        name = np.array(scores.classes)[scores.covered][column]
        cell = f"({scores.rows.recording[row]}, {scores.rows.start_s[row]:g} s, class {name}): {values[row, column]:g}"
        outside = int(((values < 0) | (values > 1)).sum())
        raise BlendkitError(
            f"`as: prob`: {outside} of {values.size} numbers lie outside 0 to 1",
            [cell, "`as: logit` takes any numbers; `to: prob` turns logits into probabilities"],
        )
    return scores.with_values(scores.values, space)


def note_ties(z: Matrix, covered: Bools, note: Callable[[str], None]) -> None:
    """Say how many cells of the covered classes' logits (N, C) lose their order as probabilities, and what keeps it.

    Raises BlendkitError where they are many.
    """
    found = [lost_as_probabilities(x) for x in _columns(z, covered)]
    cells, classes = (sum(f[i] for f in found) for i in (0, 1))
    if not cells:
        return
    pairs = _share_of_pairs(lambda x: tied_pairs(sigmoid(x)) - tied_pairs(x), z, covered)
    cost = f"{pairs:.2%} of the pairs of chunks lose their order, and count half in an AUC"
    size = len(z) * int(covered.sum())
    what = f"{cells} of {size} cells in {classes} classes tie as probabilities: {cost}"
    why = "their logits lie too close to the end of the scale (36.7 and more are all 1, -710 and less all 0)"
    if cells > size * _MANY:
        ways = "blend by logit or rank, which keep their order, or divide the logits first (`temperature`)"
        raise BlendkitError(what, [why, ways])
    note(f"{what}, for {why}; a logit or rank blend keeps their order")


def zero_stand_in(p: Matrix, covered: Bools, note: Callable[[str], None]) -> float:
    """Return the probability that stands for exact zeros of the covered classes (N, C), and count exact 0 and 1."""
    smallest = [x.min(where=x > 0, initial=np.inf) for x in _columns(p, covered)]
    floor = zero_floor(np.array(smallest or [np.inf]))
    counts = [saturated(x) for x in _columns(p, covered)]
    zeros, ones = (sum(c[i] for c in counts) for i in (0, 1))
    if zeros or ones:
        cost = f"{_share_of_pairs(saturated_pairs, p, covered):.1%} of the pairs of chunks tie"
        note(f"logit of {zeros} exact 0 (replaced by {floor:.3g}) and {ones} exact 1: {cost}")
    return floor


def _columns(x: Matrix, covered: Bools) -> Iterator[Matrix]:
    """Yield the covered columns of x (N, C), a few at a time, so that temporaries stay small."""
    at = np.flatnonzero(covered)
    for low in range(0, len(at), _AT_ONCE):
        yield x[:, at[low : low + _AT_ONCE]]


def _share_of_pairs(share: Callable[[Matrix], float], x: Matrix, covered: Bools) -> float:
    """Return a share of the pairs of rows over all covered columns, from those of a few columns each."""
    shares = [(share(part), part.shape[1]) for part in _columns(x, covered)]
    return float(sum(s * n for s, n in shares) / sum(n for _, n in shares))
