"""Class priors that moved between labels and test, estimated from the test scores alone; off unless a recipe asks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from blendkit.core import Bools, Float64, Matrix, Rows, sigmoid
from blendkit.ops.declare import ClassIds, Fitted, FittedOf, NonNegative, RowsOf, op
from blendkit.ops.fitted.reference import ClassRates, fit_class_rates
from blendkit.ops.fitted.shared import chunk_shares, numbers_for
from blendkit.store import artefact, loader_of

_ROUNDS, _STILL = 300, 1e-8
_LEAST = 1e-6  # a rate of 0 has no odds, and could never come back
Estimate = Callable[[Any, Float64, tuple[str, ...]], Float64]
"""From an artefact and logits (n, C) of some chunks to what their logits are to change by (C,)."""


@artefact("soft_confusion", rate=("C",), hit=("C",), false=("C",))
@dataclass(frozen=True, eq=False)
class SoftConfusion:
    """Of each class (C,): its rate, and the mean probability of chunks with it (hit) and without it (false).

    nan where a side has no chunk. saw: the recordings that were counted.
    """

    classes: tuple[str, ...]
    rate: Float64
    hit: Float64
    false: Float64
    saw: tuple[str, ...]


def fit_soft_confusion(
    x: Matrix, truth: Bools, labelled: Bools, rows: Rows, classes: Sequence[str]
) -> SoftConfusion:  # fmt: skip
    """Fit mean probabilities of logits x (N, C) with and without each class, on labelled chunks."""
    y, use = chunk_shares("prior shift", truth, labelled)
    p, positives = sigmoid(np.asarray(x, np.float64)[use]), y.sum(axis=0)
    some, others = positives > 0, positives < len(y)
    hit = np.divide((p * y).sum(axis=0), positives, out=np.full(len(classes), np.nan), where=some)
    false = np.divide((p * (1 - y)).sum(axis=0), len(y) - positives, out=np.full(len(classes), np.nan), where=others)
    rate = np.clip(y.mean(axis=0), _LEAST, 1 - _LEAST)
    return SoftConfusion(tuple(classes), rate, hit, false, tuple(dict.fromkeys(rows.recording[use].tolist())))


@op("prior_shift", also_called=(("test priors by EM (Saerens)", ""),), scope="set", classwise=True, spaces=("logit",),
    monotone="strict", fit=fit_class_rates, load=loader_of(ClassRates))  # fmt: skip
def prior_shift(x: Matrix, *, rows: RowsOf, classes: ClassIds, fitted: FittedOf, k: NonNegative = 0.0) -> Matrix:
    """Move each class to the rate that its own test scores speak for, estimated by expectation-maximisation.

    x: (N, C) logits that are calibrated for the rates of the labels. In turn, the rate is the mean of the
    probabilities, and the logits move by logit(rate) - logit(label rate), until nothing changes. k: chunks at the label
    rate that count beside the N. The change is constant per class and alone keeps every column's order. A class that
    the labels lack stays. Returns (N, C). Source: Saerens, Latinne and Decaestecker 2002.
    """
    return _moved(x, [np.arange(len(x))], rows, fitted, classes, _em(k))


@op("prior_shift_by_site", also_called=(("test priors by EM, site by site", ""),), scope="set", classwise=True,
    spaces=("logit",), fit=fit_class_rates, load=loader_of(ClassRates), needs=("site",))  # fmt: skip
def prior_shift_by_site(
    x: Matrix, *, rows: RowsOf, classes: ClassIds, fitted: FittedOf, k: NonNegative = 50.0
) -> Matrix:
    """Move each class to the rate that its scores speak for at each site; all else as `prior_shift`.

    The change differs between sites, and so re-orders chunks of different sites: few chunks of a site say little, so
    `k` chunks at the label rate count beside them. Returns (N, C). Source: Saerens, Latinne and Decaestecker 2002, site
    by site.
    """
    return _moved(x, _sites(rows), rows, fitted, classes, _em(k))


@op("prior_shift_bbse", also_called=(("test priors by black-box shift estimation", ""),), scope="set", classwise=True,
    spaces=("logit",), monotone="strict", fit=fit_soft_confusion, fit_on="scores",
    load=loader_of(SoftConfusion))  # fmt: skip
def prior_shift_bbse(x: Matrix, *, rows: RowsOf, classes: ClassIds, fitted: FittedOf, k: NonNegative = 0.0) -> Matrix:
    """Move each class to the rate that explains its mean test probability by those of its labelled chunks.

    x: (N, C) logits, of any calibration. With the mean probability h of labelled chunks with the class, f of those
    without it and m of the test, the rate is (m - f) / (h - f), within 0 to 1. k: as in `prior_shift`. A class
    stays where the labels lack one side or h is not above f. Returns (N, C). Source: Lipton, Wang and Smola 2018, with
    probabilities for decisions.
    """
    return _moved(x, [np.arange(len(x))], rows, fitted, classes, _bbse(k))


@op("prior_shift_bbse_by_site", also_called=(("test priors by black-box shift estimation, site by site", ""),),
    scope="set", classwise=True, spaces=("logit",), fit=fit_soft_confusion, fit_on="scores",
    load=loader_of(SoftConfusion), needs=("site",))  # fmt: skip
def prior_shift_bbse_by_site(
    x: Matrix, *, rows: RowsOf, classes: ClassIds, fitted: FittedOf, k: NonNegative = 50.0
) -> Matrix:
    """Move each class to the rate that explains its mean probability at each site; all else as `prior_shift_bbse`.

    The change differs between sites, and so re-orders chunks of different sites. Returns (N, C). Source: Lipton, Wang
    and Smola 2018, site by site.
    """
    return _moved(x, _sites(rows), rows, fitted, classes, _bbse(k))


def _moved(
    x: Matrix, groups: Sequence[Any], rows: Rows, fitted: Fitted, classes: tuple[str, ...], estimate: Estimate
) -> Matrix:
    """Return x (N, C) with every group of rows moved as all of it asks, by the artefact of each recording."""
    if not len(rows):
        return x
    first = rows.offsets()
    number = np.repeat([fitted.pick(str(rows.recording[a])) for a in first[:-1]], np.diff(first))
    out = np.array(x, order="C")
    for at in groups:
        z = np.asarray(x[at], np.float64)
        for i in np.unique(number[at]).tolist():
            change = estimate(fitted.artefacts[i], z, classes)
            own = at[number[at] == i]
            out[own] = np.asarray(x[own] + change, x.dtype)
    return out


def _sites(rows: Rows) -> list[Any]:
    """The rows of each site, in order of its first one; rows without a site are in none."""
    return [np.flatnonzero(rows.site == s) for s in dict.fromkeys(rows.site.tolist()) if s]


def _log_odds(rate: Float64) -> Float64:
    return np.asarray(np.log(rate) - np.log1p(-rate))


def _em(k: float) -> Estimate:
    def change(made: ClassRates, z: Float64, classes: tuple[str, ...]) -> Float64:
        source = numbers_for(made.classes, made.rate, classes, 0.5)
        known, rate, columns = np.isin(classes, made.classes), source.copy(), np.ascontiguousarray(z.T)
        moving = np.flatnonzero(known)  # each class ends by itself, so that no class's result hangs on another's
        for _ in range(_ROUNDS):
            base, before = source[moving], rate[moving]
            p = sigmoid(columns[moving] + (_log_odds(before) - _log_odds(base))[:, None])
            rate[moving] = np.clip((p.sum(axis=1) + k * base) / (len(z) + k), _LEAST, 1 - _LEAST)
            moving = moving[np.abs(rate[moving] - before) > _STILL]
            if not len(moving):
                break
        return np.where(known, _log_odds(rate) - _log_odds(source), 0.0)

    return change


def _bbse(k: float) -> Estimate:
    def change(made: SoftConfusion, z: Float64, classes: tuple[str, ...]) -> Float64:
        source, hit, false = (numbers_for(made.classes, v, classes, np.nan) for v in (made.rate, made.hit, made.false))
        usable = hit > false  # nan is not
        mean = sigmoid(np.ascontiguousarray(z.T)).sum(axis=1) / len(z)
        rate = np.divide(mean - false, hit - false, out=np.full(len(mean), 0.5), where=usable)
        source = np.where(usable, source, 0.5)
        rate = (len(z) * np.clip(rate, 0.0, 1.0) + k * source) / (len(z) + k)
        return np.where(usable, _log_odds(np.clip(rate, _LEAST, 1 - _LEAST)) - _log_odds(source), 0.0)

    return change
