"""Thresholds per class, by the best F1 over recordings."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from blendkit.core import Bools, Float64, Matrix, Rows
from blendkit.store import artefact


@artefact("thresholds", threshold=("C",))
@dataclass(frozen=True, eq=False)
class Thresholds:
    """threshold (C,): probabilities; 0.5 for classes without positives. saw: the recordings it was fitted on."""

    classes: tuple[str, ...]
    threshold: Float64
    saw: tuple[str, ...]


def fit_thresholds(x: Matrix, truth: Bools, labelled: Bools, rows: Rows, classes: Sequence[str]) -> Thresholds:
    """Find per class the threshold of the best F1, of recordings by their highest labelled chunk.

    x (N, C) probabilities, truth (N, C), labelled (N,). A threshold is midway between two scores; of those with equal
    F1 the highest is used. It is limited to [0.001, 0.999].
    """
    bounds = rows.offsets()
    spans = [np.arange(a, b)[labelled[a:b]] for a, b in itertools.pairwise(bounds)]
    spans = [s for s in spans if len(s)]
    high = np.array([x[s].max(axis=0) for s in spans], np.float64).reshape(-1, len(classes))
    positive = np.array([truth[s].any(axis=0) for s in spans], bool).reshape(-1, len(classes))
    best = [_best(high[:, c], positive[:, c]) for c in range(len(classes))]
    saw = tuple(str(rows.recording[s[0]]) for s in spans)
    return Thresholds(tuple(classes), np.clip(best, 0.001, 0.999), saw)


def _best(score: Float64, positive: Bools) -> float:
    if not positive.any():
        return 0.5
    order = np.argsort(-score, kind="stable")
    s, hits = score[order], np.cumsum(positive[order])
    last = np.append(s[1:] < s[:-1], True)  # equal scores are above a threshold together
    f1 = np.where(last, 2 * hits / (np.arange(1, len(s) + 1) + positive.sum()), -1.0)
    k = int(f1.argmax())
    return float((s[k] + (s[k + 1] if k + 1 < len(s) else 0.0)) / 2)
