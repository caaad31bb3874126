"""Greedy ensemble selection with replacement (Caruana et al. 2004), on the exact macro-AUC."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blendkit.core import Bools, Float64
from blendkit.errors import BlendkitError
from blendkit.searching.problem import problem_of


@dataclass(frozen=True, eq=False)
class Greedy:
    """weights {name: times picked} in the best prefix, every name in the given order; picks: that prefix.

    Whole numbers, so that a blend of ranks with these relative weights is exact.
    macro: the macro-AUC of the prefix, on the cells it was chosen by; curve (S,): after every step.
    """

    weights: dict[str, int]
    picks: tuple[str, ...]
    macro: float
    curve: Float64


def greedy(
    y: Bools,
    scores: Mapping[str, NDArray[Any]],
    steps: int = 20,
    mask: Bools | None = None,
    covered: Mapping[str, Bools] | None = None,
) -> Greedy:
    """Add, `steps` times, the member that makes the mean of all picks best; return the best prefix.

    y (N, C) truth, scores {name: (N, C)} in one space: logits, probabilities, or ranks, which are exact
    as integers (`doubled_ranks`). mask (N,) or (N, C) of the cells that count; covered {name: (C,)}.
    Equal macro-AUCs are decided by the fewest distinct members, then by the order of `scores`; equal
    prefixes by the fewest distinct members, then by the fewest picks. The figure is in-sample: see
    `blendkit.searching`. Raises BlendkitError as `problem_of` does, and for fewer than one step.
    """
    if steps < 1:
        raise BlendkitError(f"greedy selection needs at least one step, got {steps}")
    problem = problem_of(y, scores, mask, covered)
    names = list(problem.scores)
    total = np.zeros(problem.y.shape, order="F")
    trial = np.empty_like(total)
    picks: list[str] = []
    curve, distinct = [], []
    for _ in range(steps):
        found = []
        for at, name in enumerate(names):
            np.add(total, problem.scores[name], out=trial)
            found.append((-problem.auc(trial).macro, len({*picks, name}), at))
        worst, count, at = min(found)
        total += problem.scores[names[at]]
        picks.append(names[at])
        curve.append(-worst)
        distinct.append(count)
    best = min(range(steps), key=lambda i: (-curve[i], distinct[i], i))
    chosen = picks[: best + 1]
    counts = Counter(chosen)
    return Greedy({n: counts[n] for n in names}, tuple(chosen), curve[best], np.array(curve))
