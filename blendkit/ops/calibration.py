"""Calibration: temperatures, sharpening, and maps fitted on scores and labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np
from annotated_types import Interval

from blendkit.core import Float64, Int64, Matrix, Space, read_only
from blendkit.errors import BlendkitError
from blendkit.ops.declare import (
    NO_NUMBERS,
    SMALLEST,
    ClassIds,
    FittedOf,
    NonNegative,
    Positive,
    RowsOf,
    Score,
    SpaceOf,
    TaxonomyOf,
    op,
)
from blendkit.ops.fitted.calibration_maps import Isotonic, Platt
from blendkit.ops.fitted.map_fits import fit_isotonic_map, fit_platt_map, isotonic_notes, platt_notes
from blendkit.ops.fitted.shared import by_artefact, numbers_for
from blendkit.ops.fitted.thresholds import Thresholds, fit_thresholds
from blendkit.ops.kernels.per_value import interpolate_kernel, scale_below_kernel, sharpen_kernel, standardise_kernel
from blendkit.ops.parallel import in_blocks, row_by_row
from blendkit.ops.parameter_marks import Keys
from blendkit.store import loader_of

Inner = Annotated[float, Interval(gt=0, lt=1)]
AboveZero = Annotated[float, Interval(gt=0, le=1)]  # a factor of 0 would tie what it had in an order
InnerByClass = Annotated[dict[str, Inner], Keys("classes")]
PositiveByClass = Annotated[dict[str, Positive], Keys("classes")]
PositiveByTaxon = Annotated[dict[str, Positive], Keys("class_name")]
_FAR_LOGIT = 11.512915464920228  # of 1 - 1e-5


@op(
    "temperature",
    also_called=(("temperature per taxon", "{t: 1.1, by_class_name: {Amphibia: 0.95, Insecta: 0.95}}"),),
    scope="chunk",
    classwise=True,
    spaces=("logit",),
    monotone="strict",
    effect="rescale",
)
def temperature(
    x: Matrix,
    *,
    classes: ClassIds,
    taxonomy: TaxonomyOf | None = None,
    t: Positive = 1.0,
    by_class_name: PositiveByTaxon = NO_NUMBERS,
    by_class: PositiveByClass = NO_NUMBERS,
) -> Matrix:
    """Divide logits by a temperature: z / T, less sure if T is above 1, surer if it is below 1.

    x: (N, C). by_class sets temperatures of classes, by_class_name of taxa, `t` of all others; a class's own goes
    before its taxon's. Returns (N, C). Raises BlendkitError for a temperature of 0 or less, and for by_class_name
    without a taxonomy. Source: the EoS chain (1.10 for birds, 0.95 for frogs and insects; its mammals silently get
    that of the birds).
    """
    wrong = [f"{k}: {v:g}" for k, v in {**by_class_name, **by_class}.items() if not v >= SMALLEST]
    if wrong:
        raise BlendkitError("temperature: must be above 0", wrong)
    if by_class_name and taxonomy is None:
        raise BlendkitError("temperature: by_class_name needs a taxonomy, and there is none (`taxonomy:` names it)")
    taxa = [None if taxonomy is None else taxonomy.group_of(c, "class_name") for c in classes]
    at = [by_class.get(c, t if g is None else by_class_name.get(g, t)) for c, g in zip(classes, taxa, strict=True)]
    return np.asarray(x / np.array(at, x.dtype), x.dtype)


@op(
    "standardise",
    also_called=(("z-scores before a blend", ""),),
    scope="set",
    classwise=True,
    spaces=("logit",),
    monotone="strict",
    effect="rescale",
)
def standardise(x: Matrix) -> Matrix:
    """Give every class mean 0 and standard deviation 1 over all chunks, so that members of all scales weigh alike.

    x: (N, C) logits; a constant class becomes 0. Returns (N, C). Source: the normalisation of members before a blend
    in BirdCLEF 2026 surveys (with almost no gain).
    """
    out = np.empty_like(x, order="C")
    standardise_kernel(read_only(x), out)
    return out


def _clip_limits(space: Space, low: float | None, high: float | None) -> tuple[float, float]:
    """Return the limits. Raises BlendkitError for low >= high, and for limits beyond all scores of the space."""
    ends = (-_FAR_LOGIT, _FAR_LOGIT) if space == "logit" else (1e-5, 1 - 1e-5)
    least, most = ends[0] if low is None else low, ends[1] if high is None else high
    if not least < most:
        raise BlendkitError(f"low {least:g} is not below high {most:g}")
    if space != "logit" and (least > 1 or most < 0):
        raise BlendkitError(f"{least:g} to {most:g} holds no {space}, which lies from 0 to 1")
    return least, most


@op(
    "clip",
    also_called=(("clip before ranks", "{low: 0.00001, high: 0.99999}"),),
    scope="chunk",
    classwise=True,
    monotone="weak",
    check=_clip_limits,
)
def clip(x: Matrix, *, space: SpaceOf = "logit", low: Score | None = None, high: Score | None = None) -> Matrix:
    """Keep values within [low, high]. Values beyond become equal: each pair that ties counts half in an AUC.

    x: (N, C) in any space. By default 1e-5 and 1 - 1e-5, among logits the logits of these, 11.5 from 0. Where many
    values lie beyond, as where a chain clips tiny products before it ranks them, the AUC moves far, in either
    direction. Returns (N, C). Source: the clip at 1e-5 of the eos chain. Raises BlendkitError for low >= high, and
    for limits that would push all out of [0, 1] where the scores lie in it.
    """
    return np.clip(x, *_clip_limits(space, low, high))


@op(
    "sharpen",
    also_called=(("threshold sharpening", "{threshold: 0.3}"),),
    scope="chunk",
    classwise=True,
    spaces=("prob", "unit"),
    monotone="strict",
    effect="rescale",
)
def sharpen(x: Matrix, *, classes: ClassIds, threshold: Inner = 0.5, by_class: InnerByClass = NO_NUMBERS) -> Matrix:
    """Move a class's threshold to 0.5: p > t: 0.5 + 0.5 (p - t) / (1 - t), otherwise 0.5 p / t.

    x: (N, C) probabilities; by_class: thresholds of some classes, inside (0, 1). By itself it keeps every column's
    order. Returns (N, C). Source: the threshold sharpening of public BirdCLEF 2026 chains.
    """
    wrong = [f"{k}: {v:g}" for k, v in by_class.items() if not 0 < v < 1]
    if wrong:
        raise BlendkitError("sharpen: thresholds must lie inside (0, 1)", wrong)
    return _sharpened(x, np.array([by_class.get(c, threshold) for c in classes]))


@op("sharpen_at_best_f1",
    also_called=(("thresholds from a grid by F1 on file maxima", "{grid: [0.2, 0.3, 0.4], min_recordings: 3}"),),
    scope="file", classwise=True, spaces=("prob", "unit"), monotone="strict", fit=fit_thresholds,
    load=loader_of(Thresholds), fit_on="scores")  # fmt: skip
def sharpen_at_best_f1(x: Matrix, *, rows: RowsOf, classes: ClassIds, fitted: FittedOf) -> Matrix:
    """Sharpen (as `sharpen`) at each class's best threshold for F1 over recordings; 0.5 where there is none.

    x: (N, C) probabilities. Returns (N, C). Source: as `sharpen`; its chains choose thresholds by the F1 of a
    recording's highest score, from 0.20 to 0.725 in steps of 0.025, for classes in at least 3 recordings.
    """
    return by_artefact(
        x, rows, fitted, lambda made, own: _sharpened(own, numbers_for(made.classes, made.threshold, classes, 0.5))
    )


def _sharpened(x: Matrix, t: Float64) -> Matrix:
    return row_by_row(sharpen_kernel, x, t)


@op("platt",
    also_called=(("Platt, logistic calibration", "{min_positives: 3, borrow: true}"),
                 ("file-level calibrator", "{on: recordings}")),
    scope="file", classwise=True, spaces=("logit",), fit=fit_platt_map, load=loader_of(Platt), fit_on="scores",
    notes=platt_notes)  # fmt: skip
def platt(x: Matrix, *, rows: RowsOf, classes: ClassIds, fitted: FittedOf) -> Matrix:
    """Apply Platt's map per class: slope x logit + intercept, fitted with smoothed targets.

    x: (N, C) logits; a class with fewer than min_positives chunks stays, or borrows its class_name's map. A fitted
    slope can be negative, which reverses the order of the class. Returns (N, C). Source: Platt 1999; logistic maps
    with C 100 of a BirdCLEF 2026 guide.
    """

    def mapped(made: Platt, own: Matrix) -> Matrix:
        out = np.multiply(own, numbers_for(made.classes, made.slope, classes, 1.0))
        out += numbers_for(made.classes, made.intercept, classes, 0.0)
        return np.asarray(out, x.dtype)

    return by_artefact(x, rows, fitted, mapped)


@op("isotonic",
    also_called=(("isotonic regression per class, per taxon where rare", "{min_positives: 3, borrow: true}"),),
    scope="file", classwise=True, spaces=("prob",), monotone="weak", fit=fit_isotonic_map,
    load=loader_of(Isotonic), fit_on="scores", notes=isotonic_notes)  # fmt: skip
def isotonic(x: Matrix, *, rows: RowsOf, classes: ClassIds, fitted: FittedOf) -> Matrix:
    """Apply a rising map from score to the share of positives per class. Its flat parts make ties, which lower the AUC.

    x: (N, C) probabilities; beyond the fitted scores it is flat. A class with fewer than min_positives chunks
    stays, or borrows its class_name's map (3, and borrow, in one chain). Returns (N, C). Source:
    Zadrozny and Elkan 2002; public BirdCLEF 2026 chains.
    """

    def mapped(made: Isotonic, own: Matrix) -> Matrix:
        found = through_knots(own, made.classes, classes, made.first, made.scores, made.probs, np.nan)
        return found.astype(x.dtype, copy=False)

    return by_artefact(x, rows, fitted, mapped)


def through_knots(
    x: Matrix, known: Sequence[str], classes: Sequence[str], first: Int64, knots: Float64, values: Float64,
    otherwise: float,
) -> Float64:  # fmt: skip
    """Return x (N, C) mapped through each class's knots; a class without knots gets `otherwise`, or stays if NaN.

    Knots of the k-th known class are first[k]:first[k + 1].
    """
    at = {c: i for i, c in enumerate(known)}
    own = np.array([(first[at[c]], first[at[c] + 1]) if c in at else (0, 0) for c in classes], np.int64)
    out = np.empty(x.shape, np.float64)
    given = own.reshape(-1, 2), knots, values, otherwise
    rows = read_only(x)
    in_blocks(len(x), x.shape[1], lambda part: interpolate_kernel(rows[part], *given, out[part]))
    return out


@op(
    "rare_suppression",
    also_called=(
        ("gate 5, rare-class suppression (as a last step it cannot change AUC)", "{margin: 0.05, factor: 0.9}"),
    ),
    scope="set",
    classwise=True,
    spaces=("prob", "rank", "unit"),
    monotone="strict",
    effect="rescale",
)
def rare_suppression(x: Matrix, *, margin: NonNegative = 0.05, factor: AboveZero = 0.9) -> Matrix:
    """Multiply scores below their column's mean + margin: x < mean + margin: factor x.

    x: (N, C). For rare taxa: `where: {class_name: [Amphibia, Mammalia, Reptilia]}`. As a last step it keeps every
    column's order. Returns (N, C). Source: the fifth gate of the EoS chain.
    """
    if not len(x):
        return x
    return row_by_row(scale_below_kernel, x, x.mean(axis=0, dtype=np.float64) + margin, factor)
