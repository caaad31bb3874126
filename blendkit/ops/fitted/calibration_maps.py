"""Calibration maps fitted by scikit-learn, kept as plain numbers that anyone can read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blendkit.errors import BlendkitError
from blendkit.metrics import check_shapes, kept_cells, refuse_nan
from blendkit.store import BROKEN, load_artefact, not_a, refuse_seen, save_artefact

Bool = NDArray[np.bool_]
Float = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Platt:
    """Per class: calibrated logit = slope (C,) x logit + intercept (C,). saw: the recordings it was fitted on.

    fitted (C,) is false for classes without a map (too few positives, or no negatives); these stay as they are.
    """

    classes: tuple[str, ...]
    slope: Float
    intercept: Float
    fitted: Bool
    saw: tuple[str, ...]

    def apply(self, logits: Float, recordings: Sequence[str], *, allow_seen: bool = False) -> Float:
        """Return calibrated logits (N, C). Raises BlendkitError if it saw one of the recordings (N,)."""
        refuse_seen("this Platt map", self.saw, recordings, allow_seen)
        _check_width(logits, self.classes)
        return np.asarray(logits, np.float64) * self.slope + self.intercept

    def save(self, path: Path) -> None:
        """Write the map as an artefact (`blendkit.store`)."""
        meta = {"kind": "platt", "version": 1, "classes": self.classes, "saw": self.saw}
        save_artefact(path, meta, {"slope": self.slope, "intercept": self.intercept, "fitted": self.fitted})

    @classmethod
    def load(cls, path: Path) -> Platt:
        """Read what `save` wrote. Raises BlendkitError if the file is something else."""
        try:
            meta, a = load_artefact(path, "platt")
            found = cls(tuple(meta["classes"]), a["slope"], a["intercept"], a["fitted"], tuple(meta["saw"]))
            shapes = [v.shape for v in (found.slope, found.intercept, found.fitted)]
            if shapes != [(len(found.classes),)] * 3:
                raise ValueError(f"its arrays have shapes {shapes}")
        except BROKEN as error:
            raise not_a(path, "platt", error) from error
        return found


@dataclass(frozen=True, eq=False)
class Isotonic:
    """Per class a rising map from score to probability, straight between its knots and flat beyond them.

    Class c owns knots first[c]:first[c + 1] of scores and probs (K,); a class without knots was not
    fitted. saw: the recordings it was fitted on.
    """

    classes: tuple[str, ...]
    first: NDArray[np.int64]
    scores: Float
    probs: Float
    saw: tuple[str, ...]

    def apply(self, p: Float, recordings: Sequence[str], *, allow_seen: bool = False) -> Float:
        """Return calibrated probabilities (N, C); a class that was not fitted keeps its values.

        Give what was given to the fit. Raises BlendkitError if it saw one of the recordings (N,).
        """
        refuse_seen("this isotonic map", self.saw, recordings, allow_seen)
        _check_width(p, self.classes)
        out = np.array(p, np.float64)
        for c in range(len(self.classes)):
            knots = slice(self.first[c], self.first[c + 1])
            if len(self.scores[knots]):
                out[:, c] = np.interp(out[:, c], self.scores[knots], self.probs[knots])
        return out

    def save(self, path: Path) -> None:
        """Write the map as an artefact (`blendkit.store`)."""
        meta = {"kind": "isotonic", "version": 1, "classes": self.classes, "saw": self.saw}
        save_artefact(path, meta, {"first": self.first, "scores": self.scores, "probs": self.probs})

    @classmethod
    def load(cls, path: Path) -> Isotonic:
        """Read what `save` wrote. Raises BlendkitError if the file is something else."""
        try:
            meta, a = load_artefact(path, "isotonic")
            found = cls(tuple(meta["classes"]), a["first"], a["scores"], a["probs"], tuple(meta["saw"]))
            if len(found.first) != len(found.classes) + 1 or len(found.scores) != found.first[-1]:
                raise ValueError(f"{len(found.scores)} knots for {len(found.classes)} classes")
        except BROKEN as error:
            raise not_a(path, "isotonic", error) from error
        return found


def fit_platt(
    y: Bool, logits: Float, classes: Sequence[str], recordings: Sequence[str], mask: Bool | None = None, *,
    min_positives: int = 1, groups: Sequence[str] | None = None,
) -> Platt:  # fmt: skip
    """Fit logit(p) = slope x logit + intercept per class, on truth y (N, C) and logits (N, C).

    scikit-learn's unpenalised logistic regression on Platt's smoothed targets, (P + 1) / (P + 2) for
    positives and 1 / (Q + 2) for negatives (Platt 1999), which keep separable classes finite.
    recordings (N,) are recorded as seen. A class with fewer than min_positives stays, or, with groups (C,), takes the
    map of its group's pooled cells, or of all cells where its group has too few (or the name ""). Raises BlendkitError
    for NaN (row, class) or other shapes.
    """
    from sklearn.linear_model import LogisticRegression

    slope, intercept = np.ones(len(classes)), np.zeros(len(classes))
    fitted = np.zeros(len(classes), bool)
    _check_cells(y, logits, classes, recordings, mask)
    for own, x, t in _lots(y, logits, mask, min_positives, groups):
        p, q = int(t.sum()), int((~t).sum())
        sure = np.where(t, (p + 1) / (p + 2), 1 / (q + 2))
        both, answer = np.concatenate([x, x])[:, None], np.repeat([1, 0], len(x))
        model = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000)
        model.fit(both, answer, sample_weight=np.concatenate([sure, 1 - sure]))
        slope[own], intercept[own], fitted[own] = model.coef_[0, 0], model.intercept_[0], True
    return Platt(tuple(classes), slope, intercept, fitted, _seen(recordings, y, mask))


def fit_isotonic(
    y: Bool, p: Float, classes: Sequence[str], recordings: Sequence[str], mask: Bool | None = None, *,
    min_positives: int = 1, groups: Sequence[str] | None = None,
) -> Isotonic:  # fmt: skip
    """Fit a rising map from scores p (N, C) to the share of positives, per class, by scikit-learn.

    Its steps make ties, so ranks and AUC may change; with few positives prefer `fit_platt`, whose arguments these are.
    Raises BlendkitError for NaN (row, class) or other shapes.
    """
    from sklearn.isotonic import IsotonicRegression

    knots: list[tuple[Float, Float]] = [(np.empty(0), np.empty(0))] * len(classes)
    _check_cells(y, p, classes, recordings, mask)
    for own, x, t in _lots(y, p, mask, min_positives, groups):
        model = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip").fit(x, t.astype(np.float64))
        for c in own:
            knots[c] = (model.X_thresholds_, model.y_thresholds_)
    first = np.concatenate([[0], np.cumsum([len(k) for k, _ in knots])]).astype(np.int64)
    scores, probs = (np.concatenate([k[i] for k in knots]) for i in (0, 1))
    return Isotonic(tuple(classes), first, scores, probs, _seen(recordings, y, mask))


def _check_cells(
    y: Bool, x: NDArray[Any], classes: Sequence[str], recordings: Sequence[str], mask: Bool | None
) -> None:
    check_shapes(y, x, mask)
    refuse_nan(x, mask)
    _check_width(x, classes)
    if len(recordings) != len(y):
        raise BlendkitError(f"{len(recordings)} recordings for {len(y)} rows")


def _lots(
    y: Bool, x: NDArray[Any], mask: Bool | None, min_positives: int, groups: Sequence[str] | None
) -> Iterator[tuple[list[int], Float, Bool]]:
    """Yield (class indices, scores, truth) of every map: the classes it is for, and the cells it is fitted on."""
    if min_positives < 1:
        raise BlendkitError(f"min_positives is at least 1, got {min_positives}")
    keep, rest, everything = kept_cells(y.shape, mask), [], list(range(y.shape[1]))
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


def _cells(y: Bool, x: NDArray[Any], keep: Bool, pool: list[int]) -> tuple[Float, Bool]:
    """The cells of some classes that count: scores and truth."""
    inside = keep[:, pool]
    return x[:, pool][inside].astype(np.float64), np.asarray(y[:, pool][inside], bool)


def _seen(recordings: Sequence[str], y: Bool, mask: Bool | None) -> tuple[str, ...]:
    used = np.flatnonzero(kept_cells(y.shape, mask).any(axis=1))
    return tuple(dict.fromkeys(str(recordings[i]) for i in used.tolist()))


def _check_width(x: NDArray[Any], classes: Sequence[str]) -> None:
    if x.ndim != 2 or x.shape[1] != len(classes):
        raise BlendkitError(f"values have shape {x.shape}, expected (N, {len(classes)} classes)")
