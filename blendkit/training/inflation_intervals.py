"""How much better a protocol's own figure looks than unseen recordings allow, with what chance makes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blendkit.core import Bools, Float64, Int64, Matrix
from blendkit.metrics import macro_auc, resampled_macros

REDRAWS = 1000


@dataclass(frozen=True, eq=False)
class Judged:
    """The rows of a figure: truth and logits (N, C), the cluster (N,) that is redrawn as a whole, which cells count."""

    truth: Bools
    logits: Matrix
    cluster: NDArray[np.str_]
    counts: Bools | None = None

    @property
    def macro(self) -> float:
        """The macro-AUC of the cells that count."""
        return macro_auc(self.truth, self.logits, self.counts).macro


@dataclass(frozen=True, eq=False)
class RoundFigures:
    """The rows of a round's two figures, one part per fold, both scored by the fold's head.

    counted: what the protocol counts of the fold; unseen: recordings that no round learns from. A figure is the mean
    of its parts: heads of folds lie on different scales, and a round that only brings these closer would raise a
    figure of all folds pooled. The head of all rows, which learned from more, is compared with nothing here.
    """

    counted: tuple[Judged, ...]
    unseen: tuple[Judged, ...]

    def macros(self) -> tuple[float, float]:
        """Return the two figures."""
        return mean_macro(self.counted), mean_macro(self.unseen)


def mean_macro(parts: Sequence[Judged]) -> float:
    """Return the mean of the parts' macro-AUCs; parts without a class of both kinds of rows are left out."""
    return float(_mean(np.array([[p.macro] for p in parts]))[0])


def inflation_of(splits: Sequence[Sequence[RoundFigures]]) -> list[dict[str, Any]]:
    """Return, per round, {mean, low, high, by_split}: how much more the counted figure rose than the unseen one.

    splits: the rounds of every split of the recordings into folds, round 0 first. The interval (95 %) redraws labelled,
    pseudo-labelled and unseen clusters, the same ones in all rounds and splits, and the splits; of one split it cannot
    say how much the split decides.
    """
    rng = np.random.default_rng(0)
    counted, unseen = _redrawn(splits, rng)
    estimate = np.array([_beyond([f.macros() for f in rounds]) for rounds in splits])
    drawn = np.array(
        [_beyond([(_macros(f.counted, counted), _macros(f.unseen, unseen)) for f in rounds]) for rounds in splits]
    )
    chosen = rng.integers(0, len(splits), (REDRAWS, len(splits)))
    means = drawn[chosen, :, np.arange(REDRAWS)[:, None]].mean(axis=1)
    low, high = np.nanquantile(means, (0.025, 0.975), axis=0)
    return [
        {"mean": float(e.mean()), "low": float(a), "high": float(b), "by_split": e.tolist()}
        for e, a, b in zip(estimate.T, low, high, strict=True)
    ]


def gain_where_it_learned(splits: Sequence[tuple[Sequence[Judged], Sequence[Judged]]]) -> dict[str, Any]:
    """Return {seen, unseen, gain, by_split}: how much more a teacher scores where it learned than out of fold.

    splits: for every split into folds the same rows scored by the teacher and out of fold, one part per fold; a figure
    is the mean of its parts. gain: [mean over splits, low, high], with redrawn clusters, the same ones in all parts and
    splits, and redrawn splits.
    """
    rng = np.random.default_rng(0)
    weights = _drawn({c for seen, _ in splits for part in seen for c in part.cluster.tolist()}, rng)
    figures = np.array([[mean_macro(parts) for parts in split] for split in splits])
    drawn = np.array([_macros(seen, weights) - _macros(unseen, weights) for seen, unseen in splits])
    chosen = rng.integers(0, len(splits), (REDRAWS, len(splits)))
    low, high = np.nanquantile(drawn[chosen, np.arange(REDRAWS)[:, None]].mean(axis=1), (0.025, 0.975))
    gains = figures[:, 0] - figures[:, 1]
    mean = float(gains.mean())
    seen = float(figures[:, 0].mean())
    return {
        "seen": seen, "unseen": seen - mean, "gain": [mean, float(low), float(high)], "by_split": gains.tolist(),
    }  # fmt: skip


def _beyond(figures: Sequence[tuple[Any, Any]]) -> Float64:
    """Return, per round, the rise of the first figure since round 0 less that of the second."""
    counted, unseen = (np.array(f) for f in zip(*figures, strict=True))
    return np.asarray((counted - counted[0]) - (unseen - unseen[0]))


Weights = Mapping[str, Int64]  # how often each cluster comes in every replicate (R,)


def _redrawn(splits: Sequence[Sequence[RoundFigures]], rng: np.random.Generator) -> tuple[Weights, Weights]:
    """Redraw the clusters of counted and of unseen rows; labelled and pseudo-labelled ones each among themselves."""
    every = [f for rounds in splits for f in rounds]
    labelled = {c for f in every[:1] for part in f.counted for c in part.cluster.tolist()}
    pseudo = {c for f in every for part in f.counted for c in part.cluster.tolist()} - labelled
    unseen = {c for f in every for part in f.unseen for c in part.cluster.tolist()}
    return {**_drawn(labelled, rng), **_drawn(pseudo, rng)}, _drawn(unseen, rng)


def _drawn(clusters: set[str], rng: np.random.Generator) -> dict[str, Int64]:
    drawn = rng.integers(0, max(len(clusters), 1), (REDRAWS, len(clusters)))
    return {name: (drawn == i).sum(axis=1) for i, name in enumerate(sorted(clusters))}


def _macros(parts: Sequence[Judged], weights: Weights) -> Float64:
    """The mean over parts of their macro-AUCs in every replicate (R,)."""
    return _mean(np.array([_resampled(p, weights) for p in parts]))


def _resampled(judged: Judged, weights: Weights) -> Float64:
    names, cluster = np.unique(judged.cluster, return_inverse=True)
    keep = np.ones(judged.truth.shape, bool) if judged.counts is None else judged.counts
    times = np.stack([weights[str(n)] for n in names])
    return resampled_macros(judged.truth, {"": judged.logits}, keep, cluster.astype(np.int64), times)[""]


def _mean(values: Float64) -> Float64:
    """Return the means (R,) of values (P, R) that are not nan; nan where all are."""
    known = np.isfinite(values)
    count = known.sum(axis=0)
    return np.asarray(np.where(count > 0, np.where(known, values, 0).sum(axis=0) / np.maximum(count, 1), np.nan))
