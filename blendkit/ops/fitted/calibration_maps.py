"""Calibration maps fitted by scikit-learn, stored as plain numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blendkit.core import Bools, Float64, Int64
from blendkit.errors import BlendkitError
from blendkit.metrics import check_shapes, counted_cells, refuse_nan
from blendkit.store import artefact, refuse_seen


@artefact("platt", slope=("C",), intercept=("C",), fitted=("C",))
@dataclass(frozen=True, eq=False)
class Platt:
    """Per class: calibrated logit = slope (C,) x logit + intercept (C,). saw: the recordings it was fitted on.

    fitted (C,) is false for classes without a map (too few positives, or no negatives); these stay as they are.
    """

    classes: tuple[str, ...]
    slope: Float64
    intercept: Float64
    fitted: Bools
    saw: tuple[str, ...]

    def apply(self, logits: Float64, recordings: Sequence[str], *, allow_seen: bool = False) -> Float64:
        """Return calibrated logits (N, C). Raises BlendkitError if it saw one of the recordings (N,)."""
        refuse_seen("this Platt map", self.saw, recordings, allow_seen)
        _check_width(logits, self.classes)
        return np.asarray(logits, np.float64) * self.slope + self.intercept


@artefact("isotonic", first=("C+1",), scores=("K",), probs=("K",))
@dataclass(frozen=True, eq=False)
class Isotonic:
    """Per class a rising map from score to probability, straight between its knots and flat beyond them.

    Class c owns knots first[c]:first[c + 1] of scores and probs (K,); a class without knots was not
    fitted. saw: the recordings it was fitted on.
    """

    classes: tuple[str, ...]
    first: Int64
    scores: Float64
    probs: Float64
    saw: tuple[str, ...]

    def __post_init__(self) -> None:
        """Check that the knots are those of the classes."""
        if len(self.scores) != self.first[-1]:
            raise ValueError(f"{len(self.scores)} knots for {len(self.classes)} classes")

    def apply(self, p: Float64, recordings: Sequence[str], *, allow_seen: bool = False) -> Float64:
        """Return calibrated probabilities (N, C); a class that was not fitted keeps its values.

        p must be in the space of the fit. Raises BlendkitError if it saw one of the recordings (N,).
        """
        refuse_seen("this isotonic map", self.saw, recordings, allow_seen)
        _check_width(p, self.classes)
        out = np.array(p, np.float64)
        for c in range(len(self.classes)):
            knots = slice(self.first[c], self.first[c + 1])
            if len(self.scores[knots]):
                out[:, c] = np.interp(out[:, c], self.scores[knots], self.probs[knots])
        return out


def fit_platt(
    y: Bools, logits: Float64, classes: Sequence[str], recordings: Sequence[str], mask: Bools | None = None, *,
    min_positives: int = 1, groups: Sequence[str] | None = None,
) -> Platt:  # fmt: skip
    """Fit logit(p) = slope x logit + intercept per class, on truth y (N, C) and logits (N, C).

    scikit-learn's unpenalised logistic regression on Platt's smoothed targets, (P + 1) / (P + 2) for
    positives and 1 / (Q + 2) for negatives (Platt 1999), which keep separable classes finite.
    recordings (N,) are recorded as seen. A class with fewer than min_positives stays, or, with groups (C,), gets the
    map of its group's pooled cells, or of all cells where its group has too few (or the name ""). Raises BlendkitError
    for NaN (row, class) or other shapes.
    """
    from sklearn.linear_model import LogisticRegression

    slope, intercept = np.ones(len(classes)), np.zeros(len(classes))
    fitted = np.zeros(len(classes), bool)
    _check_cells(y, logits, classes, recordings, mask)
    for own, x, t in _fit_sets(y, logits, mask, min_positives, groups):
        p, q = int(t.sum()), int((~t).sum())
        target = np.where(t, (p + 1) / (p + 2), 1 / (q + 2))
        twice, label = np.concatenate([x, x])[:, None], np.repeat([1, 0], len(x))
        model = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000)
        model.fit(twice, label, sample_weight=np.concatenate([target, 1 - target]))
        slope[own], intercept[own], fitted[own] = model.coef_[0, 0], model.intercept_[0], True
    return Platt(tuple(classes), slope, intercept, fitted, _seen(recordings, y, mask))


def fit_isotonic(
    y: Bools, p: Float64, classes: Sequence[str], recordings: Sequence[str], mask: Bools | None = None, *,
    min_positives: int = 1, groups: Sequence[str] | None = None,
) -> Isotonic:  # fmt: skip
    """Fit a rising map from scores p (N, C) to the share of positives, per class, by scikit-learn.

    Its steps make ties, so ranks and AUC may change; with few positives prefer `fit_platt`. Arguments as there.
    Raises BlendkitError for NaN (row, class) or other shapes.
    """
    from sklearn.isotonic import IsotonicRegression

    knots: list[tuple[Float64, Float64]] = [(np.empty(0), np.empty(0))] * len(classes)
    _check_cells(y, p, classes, recordings, mask)
    for own, x, t in _fit_sets(y, p, mask, min_positives, groups):
        model = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip").fit(x, t.astype(np.float64))
        for c in own:
            knots[c] = (model.X_thresholds_, model.y_thresholds_)
    first = np.concatenate([[0], np.cumsum([len(k) for k, _ in knots])]).astype(np.int64)
    scores, probs = (np.concatenate([k[i] for k in knots]) for i in (0, 1))
    return Isotonic(tuple(classes), first, scores, probs, _seen(recordings, y, mask))


def _check_cells(
    y: Bools, x: NDArray[Any], classes: Sequence[str], recordings: Sequence[str], mask: Bools | None
) -> None:
    check_shapes(y, x, mask)
    refuse_nan(x, mask)
    _check_width(x, classes)
    if len(recordings) != len(y):
        raise BlendkitError(f"{len(recordings)} recordings for {len(y)} rows")


def _fit_sets(
    y: Bools, x: NDArray[Any], mask: Bools | None, min_positives: int, groups: Sequence[str] | None
) -> Iterator[tuple[list[int], Float64, Bools]]:
    """Yield (class indices, scores, truth) of every map: the classes that get it, and the cells of its fit."""
    if min_positives < 1:
        raise BlendkitError(f"min_positives is at least 1, got {min_positives}")
    keep, rest, everything = counted_cells(y.shape, mask), [], list(range(y.shape[1]))
    for c in everything:
        scores, truth = _cells(y, x, keep, [c])
        if min_positives <= truth.sum() < len(truth):
            yield [c], scores, truth
        else:
            rest.append(c)
    for group in dict.fromkeys(groups[c] for c in rest) if groups else ():
        own, named = [[c for c in among if groups and groups[c] == group] for among in (rest, everything)]
        for pool in (named if group else [], everything):
            scores, truth = _cells(y, x, keep, pool)
            if min_positives <= truth.sum() < len(truth):
                yield own, scores, truth
                break


def _cells(y: Bools, x: NDArray[Any], keep: Bools, pool: list[int]) -> tuple[Float64, Bools]:
    """Return the scores and the truth of the cells of some classes that count."""
    inside = keep[:, pool]
    return x[:, pool][inside].astype(np.float64), np.asarray(y[:, pool][inside], bool)


def _seen(recordings: Sequence[str], y: Bools, mask: Bools | None) -> tuple[str, ...]:
    used = np.flatnonzero(counted_cells(y.shape, mask).any(axis=1))
    return tuple(dict.fromkeys(str(recordings[i]) for i in used.tolist()))


def _check_width(x: NDArray[Any], classes: Sequence[str]) -> None:
    if x.ndim != 2 or x.shape[1] != len(classes):
        raise BlendkitError(f"values have shape {x.shape}, expected (N, {len(classes)} classes)")
