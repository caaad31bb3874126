"""Coordinate ascent on the exact weight path: one member's share at a time, over all of its values."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blendkit.core import Bools, Float64
from blendkit.errors import BlendkitError, did_you_mean
from blendkit.metrics import weight_path
from blendkit.searching.problem import Problem, problem_of

_DIGITS = 6
_NOISE = 1e-12  # a gain below it may be the rounding of the weights
_PASSES = 30


@dataclass(frozen=True, eq=False)
class Ascent:
    """weights {name: share}, to six decimals, of sum 1; macro: their macro-AUC on the cells they were chosen by.

    weighed: how many weightings were measured on the way; passes: rounds over all members.
    """

    weights: dict[str, float]
    macro: float
    weighed: int
    passes: int


def ascend(
    y: Bools,
    scores: Mapping[str, NDArray[Any]],
    *,
    start: Mapping[str, float] | None = None,
    grid: int = 1001,
    mask: Bools | None = None,
    covered: Mapping[str, Bools] | None = None,
) -> Ascent:
    """Raise the macro-AUC of a weighted mean by moving one member's share at a time, with the others' ratio fixed.

    y (N, C), scores {name: (N, C)} in one space, mask and covered as for `greedy`. Every share is tried
    on `grid` points by the exact weight path; rounds end when no share can gain. start: weights to begin
    with; by default the better of equal weights and the best member alone. A local optimum, and
    in-sample: see `blendkit.searching`. Raises BlendkitError as `problem_of` does.
    """
    _check(scores, start, grid)
    return _ascend(problem_of(y, scores, mask, covered), start, grid)


def ascend_groups(
    y: Bools,
    scores: Mapping[str, NDArray[Any]],
    groups: Sequence[Hashable],
    *,
    grid: int = 1001,
    mask: Bools | None = None,
    covered: Mapping[str, Bools] | None = None,
) -> dict[Hashable, Ascent]:
    """Return an `Ascent` per group of classes; groups (C,) says which each class is in.

    The macro-AUC is a mean over classes, so groups are independent of each other. A group without a class
    that can be scored is left out. Smaller groups over-fit more.
    """
    if len(groups) != y.shape[1]:
        raise BlendkitError(f"{len(groups)} groups for {y.shape[1]} classes")
    _check(scores, None, grid)
    problem = problem_of(y, scores, mask, covered)
    scored = [groups[c] for c in problem.classes.tolist()]
    distinct = dict.fromkeys(scored)
    return {g: _ascend(problem.only(np.array([s == g for s in scored])), None, grid) for g in distinct}


def _check(scores: Mapping[str, Any], start: Mapping[str, float] | None, grid: int) -> None:
    if grid < 2:
        raise BlendkitError(f"the grid of shares needs at least two points, got {grid}")
    for name, w in (start or {}).items():
        if name not in scores:
            raise BlendkitError(f"start: no scores are called {name!r}{did_you_mean(name, scores)}")
        if not w >= 0:
            raise BlendkitError(f"start: weights cannot be negative, {name!r} has {w:g}")


def _ascend(problem: Problem, start: Mapping[str, float] | None, grid: int) -> Ascent:
    names = list(problem.scores)
    points = [round(k / (grid - 1), _DIGITS) for k in range(grid)]
    weights, macro, weighed, passes = *_start(problem, names, start), 0, 0
    moved = len(names) > 1
    while moved and passes < _PASSES:
        moved, passes = False, passes + 1
        for i in range(len(names)):
            rest = np.delete(weights, i)
            rest = rest / rest.sum() if rest.sum() > 0 else np.full(len(rest), 1 / len(rest))
            others = _mean(problem, [n for n in names if n != names[i]], rest)
            path = weight_path(problem.y, others, problem.scores[names[i]], points, problem.mask)
            weighed += len(points)
            best = int(np.argmax(path.macro))
            if path.macro[best] > macro + _NOISE:
                w = float(path.weights[best])
                weights, macro, moved = np.insert(rest * (1 - w), i, w), float(path.macro[best]), True
    weights = _rounded(weights)
    found = problem.auc(_mean(problem, names, weights)).macro
    return Ascent(dict(zip(names, weights.tolist(), strict=True)), found, weighed, passes)


def _start(problem: Problem, names: list[str], start: Mapping[str, float] | None) -> tuple[Float64, float]:
    tries = [np.eye(len(names))[i] for i in range(len(names))] + [np.full(len(names), 1 / len(names))]
    if start is not None:
        given = np.array([start.get(n, 0.0) for n in names])
        if not given.sum() > 0:
            raise BlendkitError("start: all weights are 0")
        tries = [given / given.sum()]
    macros = [problem.auc(_mean(problem, names, w)).macro for w in tries]
    best = int(np.argmax(macros))
    return tries[best], macros[best]


def _mean(problem: Problem, names: Sequence[str], weights: Float64) -> Float64:
    out = np.zeros(problem.y.shape, order="F")
    for name, w in zip(names, weights.tolist(), strict=True):
        if w:
            out += w * problem.scores[name]
    return out


def _rounded(weights: Float64) -> Float64:
    """Return weights of six decimals and of sum 1: the largest remainders get what rounding down left over."""
    scaled = weights / weights.sum() * 10**_DIGITS
    whole = np.floor(scaled).astype(np.int64)
    for i in np.argsort(whole - scaled, kind="stable")[: 10**_DIGITS - int(whole.sum())]:
        whole[i] += 1
    return np.asarray(whole / 10**_DIGITS)
