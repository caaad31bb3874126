"""Class priors that moved between labels and test, estimated from the test scores; off unless a recipe asks.

Label rates are never cross-fitted: without a fold's calls the rate is lower, which would move that very fold up.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from blendkit.core import Bools, Float64, Matrix, Rows, sigmoid
from blendkit.ops.declare import ClassIds, FittedOf, NonNegative, RowsOf, op
from blendkit.ops.fitted.reference import ClassRates, fit_class_rates
from blendkit.ops.fitted.shared import chunk_shares, numbers_for
from blendkit.store import artefact, loader_of

_ROUNDS, _STILL = 300, 1e-8
_LEAST = 1e-6  # a rate of 0 has no odds, and could never come back
Change = Callable[[Any, Float64], Float64]
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
    monotone="strict", fit=fit_class_rates, load=loader_of(ClassRates), cross_fit=False)  # fmt: skip
def prior_shift(x: Matrix, *, classes: ClassIds, fitted: FittedOf, k: NonNegative = 0.0) -> Matrix:
    """Move each class to the rate that its own test scores speak for, estimated by expectation-maximisation.

    x: (N, C) logits that are calibrated for the rates of the labels. In turn, the rate is the mean of the
    probabilities, and the logits move by logit(rate) - logit(label rate), until nothing changes. k: chunks at the label
    rate that count beside the N. The change is constant per class and alone keeps every column's order. A class that
    the labels lack stays. Returns (N, C). Source: Saerens, Latinne and Decaestecker 2002.
    """

    def change(made: ClassRates, z: Float64) -> Float64:
        known = np.isin(classes, made.classes)
        return np.where(known, _em(z, numbers_for(made.classes, made.rate, classes, 0.5), k), 0.0)

    return _moved(x, [np.arange(len(x))], fitted.artefacts[0], change)


@op("prior_shift_by_site", also_called=(("test priors by EM, site by site", ""),), scope="set", classwise=True,
    spaces=("logit",), needs=("site",))  # fmt: skip
def prior_shift_by_site(x: Matrix, *, rows: RowsOf, k: NonNegative = 50.0) -> Matrix:
    """Move each class to the rate that its scores speak for at each site, against its rate at all sites.

    x: (N, C) logits that are calibrated over all chunks: a class's rate there is its mean probability, and no labels
    are needed. At each site the rate is estimated as in `prior_shift`, with `k` chunks of the rate over all sites
    beside its own, for few chunks say little. The change differs between sites, and so re-orders chunks of different
    sites. Returns (N, C). Source: Saerens, Latinne and Decaestecker 2002, site by site.
    """
    out = np.array(x, order="C")
    p = sigmoid(np.ascontiguousarray(np.asarray(x, np.float64).T))
    source = np.clip(p.sum(axis=1) / max(1, len(x)), _LEAST, 1 - _LEAST)
    for at in _sites(rows):
        out[at] = np.asarray(x[at] + _em(np.asarray(x[at], np.float64), source, k), x.dtype)
    return out


@op("prior_shift_bbse", also_called=(("test priors by black-box shift estimation", ""),), scope="set", classwise=True,
    spaces=("logit",), monotone="strict", fit=fit_soft_confusion, fit_on="scores",
    load=loader_of(SoftConfusion), cross_fit=False)  # fmt: skip
def prior_shift_bbse(x: Matrix, *, classes: ClassIds, fitted: FittedOf, k: NonNegative = 0.0) -> Matrix:
    """Move each class to the rate that explains its mean test probability by those of its labelled chunks.

    x: (N, C) logits, of any calibration. With the mean probability h of labelled chunks with the class, f of those
    without it and m of the test, the rate is (m - f) / (h - f), within 0 to 1. k: as in `prior_shift`. A class
    stays where the labels lack one side or h is not above f. Returns (N, C). Source: Lipton, Wang and Smola 2018, with
    probabilities for decisions.
    """
    groups = [np.arange(len(x))]
    return _moved(x, groups, fitted.artefacts[0], lambda made, z: _bbse(made, z, classes, k))


@op("prior_shift_bbse_by_site", also_called=(("test priors by black-box shift estimation, site by site", ""),),
    scope="set", classwise=True, spaces=("logit",), fit=fit_soft_confusion, fit_on="scores",
    load=loader_of(SoftConfusion), cross_fit=False, needs=("site",))  # fmt: skip
def prior_shift_bbse_by_site(
    x: Matrix, *, rows: RowsOf, classes: ClassIds, fitted: FittedOf, k: NonNegative = 50.0
) -> Matrix:
    """Move each class to the rate that explains its mean probability at each site; all else as `prior_shift_bbse`.

    k: chunks of the old rate that count beside a site's own. The change differs between sites, and so re-orders chunks
    of different sites. Returns (N, C). Source: Lipton, Wang and Smola 2018, site by site.
    """
    return _moved(x, _sites(rows), fitted.artefacts[0], lambda made, z: _bbse(made, z, classes, k))


def _moved(x: Matrix, groups: Sequence[Any], made: Any, change: Change) -> Matrix:
    """Return x (N, C) with every group of rows moved as all of it asks."""
    out = np.array(x, order="C")
    for at in groups:
        if len(at):
            out[at] = np.asarray(x[at] + change(made, np.asarray(x[at], np.float64)), x.dtype)
    return out


def _sites(rows: Rows) -> list[Any]:
    """The rows of each site, in order of its first one; rows without a site are in none."""
    return [np.flatnonzero(rows.site == s) for s in dict.fromkeys(rows.site.tolist()) if s]


def _log_odds(rate: Float64) -> Float64:
    return np.asarray(np.log(rate) - np.log1p(-rate))


def _em(z: Float64, source: Float64, k: float) -> Float64:
    """Return how logits z (n, C) of rates `source` (C,) are to move for the rates that they themselves speak for."""
    rate, columns, moving = source.copy(), np.ascontiguousarray(z.T), np.arange(len(source))
    for _ in range(_ROUNDS):  # each class ends by itself, so that no class's result hangs on another's
        base, before = source[moving], rate[moving]
        p = sigmoid(columns[moving] + (_log_odds(before) - _log_odds(base))[:, None])
        rate[moving] = np.clip((p.sum(axis=1) + k * base) / (len(z) + k), _LEAST, 1 - _LEAST)
        moving = moving[np.abs(rate[moving] - before) > _STILL]
        if not len(moving):
            break
    return _log_odds(rate) - _log_odds(source)


def _bbse(made: SoftConfusion, z: Float64, classes: tuple[str, ...], k: float) -> Float64:
    """Return how logits z (n, C) are to move for the rates that explain their mean probabilities."""
    source, hit, false = (numbers_for(made.classes, v, classes, np.nan) for v in (made.rate, made.hit, made.false))
    usable = hit > false  # nan is not
    mean = sigmoid(np.ascontiguousarray(z.T)).sum(axis=1) / len(z)
    rate = np.divide(mean - false, hit - false, out=np.full(len(mean), 0.5), where=usable)
    source = np.where(usable, source, 0.5)
    rate = (len(z) * np.clip(rate, 0.0, 1.0) + k * source) / (len(z) + k)
    return np.where(usable, _log_odds(np.clip(rate, _LEAST, 1 - _LEAST)) - _log_odds(source), 0.0)
