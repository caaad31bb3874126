"""Percentile ranks in a reference set, which need no other test rows; and corrections of base rates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Interval, Le

from blendkit.core import Bools, Float64, Int64, Matrix, Rows
from blendkit.ops.calibration import through_knots
from blendkit.ops.declare import ClassIds, FittedOf, NonNegative, Positive, RowsOf, op
from blendkit.ops.fitted.shared import by_artefact, numbers_for, recording_shares
from blendkit.store import artefact, loader_of

Knots = Annotated[int, Ge(2), Le(1_000_000)]
Rate = Annotated[float, Interval(gt=0, lt=1)]


@artefact("reference", first=("C+1",), scores=("K",), ranks=("K",))
@dataclass(frozen=True, eq=False)
class Reference:
    """Per class a piecewise-linear map from score to percentile rank; class c owns knots first[c]:first[c + 1].

    scores rise within a class. saw: the recordings of the reference.
    """

    classes: tuple[str, ...]
    first: Int64
    scores: Float64
    ranks: Float64
    saw: tuple[str, ...]

    def __post_init__(self) -> None:
        """Check that the knots are those of the classes."""
        if len(self.scores) != self.first[-1]:
            raise ValueError(f"{len(self.scores)} knots for {len(self.classes)} classes")


def fit_reference(x: Matrix, rows: Rows, classes: Sequence[str], *, knots: Knots = 4096) -> Reference:
    """Fit each column's distribution on scores x (N, C) of a reference set, such as unlabelled recordings.

    A column of at most `knots` different scores is stored in full, so that the reference's own scores get exactly
    their percentile ranks; of a longer one `knots` scores are stored, evenly spread over its ranks.
    """
    scores, ranks = [], []
    for column in np.asarray(x, np.float64).T:
        values, counts = np.unique(column, return_counts=True)
        share = (np.cumsum(counts) - counts + (counts + 1) / 2) / len(column)
        if len(values) > knots:
            at = np.unique(np.searchsorted(share, np.linspace(share[0], share[-1], knots)))
            values, share = values[at], share[at]
        scores.append(values)
        ranks.append(share)
    first = np.concatenate([[0], np.cumsum([len(s) for s in scores])]).astype(np.int64)
    saw = tuple(str(r) for r in rows.recording[rows.offsets()[:-1]])
    return Reference(tuple(classes), first, np.concatenate(scores), np.concatenate(ranks), saw)


@op("quantile_map",
    also_called=(("ranks in a reference set, empirical CDF", ""),),
    scope="chunk", classwise=True, gives="rank", monotone="weak", load=loader_of(Reference),
    fit=fit_reference, fit_on="reference")  # fmt: skip
def quantile_map(x: Matrix, *, classes: ClassIds, fitted: FittedOf) -> Matrix:
    """Replace every score by its percentile rank in a reference set, so that no other test rows are needed.

    x: (N, C) in the space of the reference. The map is straight between known scores and flat beyond them (ties). A
    class that the reference lacks is constant 0.5. Returns (N, C) float64 in (0, 1]: a stream in rank space, which
    can be blended `by: direct` chunk by chunk, whereas `by: rank` needs the whole set. Source:
    quantile mapping, on the empirical distribution.
    """
    made: Reference = fitted.artefacts[0]
    return through_knots(x, made.classes, classes, made.first, made.scores, made.ranks, 0.5)


@artefact("class_rates", rate=("C",))
@dataclass(frozen=True, eq=False)
class ClassRates:
    """rate (C,): the share of chunks with each class, inside (0, 1). saw: the recordings that were counted."""

    classes: tuple[str, ...]
    rate: Float64
    saw: tuple[str, ...]

    def __post_init__(self) -> None:
        """Check that the rates have log-odds."""
        if not ((self.rate > 0) & (self.rate < 1)).all():
            raise ValueError("its rates are not inside (0, 1)")


def fit_class_rates(
    truth: Bools, labelled: Bools, rows: Rows, classes: Sequence[str], *, k: Positive = 1.0
) -> ClassRates:
    """Fit each class's share of labelled chunks, mean over recordings, shrunk by k recordings to the mean rate of all.

    A class without positives has a small rate, not 0. truth (N, C), labelled (N,).
    """
    share, first = recording_shares("class rates", truth, labelled, rows)
    mean = max(float(share.mean()), 1e-6) if share.size else 0.5
    rate = (share.sum(axis=0) + k * mean) / (len(share) + k)
    return ClassRates(tuple(classes), np.clip(rate, 1e-6, 1 - 1e-6), tuple(str(r) for r in rows.recording[first]))


@op("prior_correction",
    also_called=(("prior shift, base-rate correction", "{source_rate: 0.5}"),),
    scope="file", classwise=True, spaces=("logit",), monotone="strict", affine=True,
    fit=fit_class_rates, load=loader_of(ClassRates), cross_fit=False)  # fmt: skip
def prior_correction(
    x: Matrix,
    *,
    rows: RowsOf,
    classes: ClassIds,
    fitted: FittedOf,
    source_rate: Rate = 0.5,
    strength: NonNegative = 1.0,
) -> Matrix:
    """Move each class to its own base rate: z + strength (logit rate - logit source_rate).

    x: (N, C) logits of a model that was trained as if every class occurred at `source_rate`. The change is constant per
    class and by itself keeps every column's order, so it matters for probabilities, rows and thresholds. The rates are
    those of other recordings: without a fold's calls the rate is lower, and a cross-fitted form would move that very
    fold down. A class that was not counted stays. Returns (N, C). Source: Saerens, Latinne and Decaestecker 2002.
    """
    base = np.log(source_rate) - np.log1p(-source_rate)

    def mapped(made: ClassRates, own: Matrix) -> Matrix:
        odds = np.log(made.rate) - np.log1p(-made.rate)
        return np.asarray(own + strength * numbers_for(made.classes, odds - base, classes, 0.0), x.dtype)

    return by_artefact(x, rows, fitted, mapped)
