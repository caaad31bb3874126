"""Thresholds per class, by the best F1 over recordings."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Interval, Len

from blendkit.core import Bools, Float64, Matrix, Rows
from blendkit.store import artefact

Least = Annotated[int, Interval(ge=1, le=1_000_000)]
Grid = Annotated[list[Annotated[float, Interval(ge=0, le=1)]], Len(0, 10_000)]
NO_GRID: list[float] = []  # a default; safe to share, because no function changes its arguments


@artefact("thresholds", threshold=("C",))
@dataclass(frozen=True, eq=False)
class Thresholds:
    """threshold (C,): probabilities; 0.5 for classes without positives. saw: the recordings it was fitted on."""

    classes: tuple[str, ...]
    threshold: Float64
    saw: tuple[str, ...]


def fit_thresholds(
    x: Matrix, truth: Bools, labelled: Bools, rows: Rows, classes: Sequence[str], *,
    grid: Grid = NO_GRID, min_recordings: Least = 1,
) -> Thresholds:  # fmt: skip
    """Find per class the threshold of the best F1, of recordings by their highest labelled chunk.

    x (N, C) probabilities, truth (N, C), labelled (N,). A threshold is midway between two scores; of those with equal
    F1 the highest is used. grid: only these are tried, a recording counts as found from the threshold on, and of equal
    ones the first in the list is used. A class in fewer than min_recordings recordings, or found by no threshold of the
    grid, gets 0.5. It is limited to [0.001, 0.999].
    """
    high, positive, saw = recording_maxima(x, truth, labelled, rows)
    best = [
        0.5 if positive[:, c].sum() < min_recordings
        else _best(high[:, c], positive[:, c]) if not grid else _best_of(grid, high[:, c], positive[:, c])
        for c in range(len(classes))
    ]  # fmt: skip
    return Thresholds(tuple(classes), np.clip(best, 0.001, 0.999), tuple(saw))


def recording_maxima(x: Matrix, truth: Bools, labelled: Bools, rows: Rows) -> tuple[Float64, Bools, list[str]]:
    """Return (R, C) the highest labelled score of each recording with labels, (R, C) its classes, and its name (R,)."""
    bounds = rows.offsets()
    spans = [np.arange(a, b)[labelled[a:b]] for a, b in itertools.pairwise(bounds)]
    spans = [s for s in spans if len(s)]
    high = np.array([x[s].max(axis=0) for s in spans], np.float64).reshape(-1, x.shape[1])
    positive = np.array([truth[s].any(axis=0) for s in spans], bool).reshape(-1, x.shape[1])
    return high, positive, [str(rows.recording[s[0]]) for s in spans]


def _best_of(grid: Sequence[float], score: Float64, positive: Bools) -> float:
    found = score >= np.array(grid)[:, None]
    f1 = 2 * (found & positive).sum(axis=1) / np.maximum(found.sum(axis=1) + positive.sum(), 1)
    return float(grid[int(f1.argmax())]) if f1.max() > 0 else 0.5


def _best(score: Float64, positive: Bools) -> float:
    if not positive.any():
        return 0.5
    order = np.argsort(-score, kind="stable")
    s, hits = score[order], np.cumsum(positive[order])
    last = np.append(s[1:] < s[:-1], True)  # equal scores are above a threshold together
    f1 = np.where(last, 2 * hits / (np.arange(1, len(s) + 1) + positive.sum()), -1.0)
    k = int(f1.argmax())
    return float((s[k] + (s[k + 1] if k + 1 < len(s) else 0.0)) / 2)
