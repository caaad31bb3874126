"""What Platt's and isotonic maps are fitted on: chunks or recordings, by class or borrowed from a taxon."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import numpy as np
from annotated_types import Interval

from blendkit.core import Bools, Float64, Matrix, Rows, Taxonomy
from blendkit.errors import shorten
from blendkit.ops.declare import ClassIds, FittedOf, RowsOf, TaxonomyOf
from blendkit.ops.fitted.calibration_maps import Isotonic, Platt, fit_isotonic, fit_platt
from blendkit.ops.fitted.shared import numbers_for, used_by
from blendkit.ops.fitted.thresholds import recording_maxima

Least = Annotated[int, Interval(ge=1, le=1_000_000)]
FitUnit = Literal["chunks", "recordings"]


def fit_platt_map(
    x: Matrix, truth: Bools, labelled: Bools, rows: Rows, classes: Sequence[str], *,
    taxonomy: TaxonomyOf | None = None, min_positives: Least = 1, borrow: bool = False, on: FitUnit = "chunks",
) -> Platt:  # fmt: skip
    """Fit Platt's maps (`fit_platt`) on labelled rows: x (N, C) logits, truth (N, C), labelled (N,).

    borrow: a class with fewer than min_positives chunks gets the map of its class_name, or else of all classes. on:
    `recordings` fits on each recording's highest labelled chunk, and whether the class is in any of its chunks.
    """
    groups = _class_names(classes, taxonomy) if borrow else None
    return fit_platt(*_fit_cells(x, truth, labelled, rows, classes, on), min_positives=min_positives, groups=groups)


def _fit_cells(
    x: Matrix, truth: Bools, labelled: Bools, rows: Rows, classes: Sequence[str], on: FitUnit
) -> tuple[Bools, Float64, Sequence[str], list[str]]:
    """Return the truth, scores, classes and recordings of what a map is fitted on."""
    if on == "chunks":
        return truth[labelled], np.asarray(x[labelled], np.float64), classes, rows.recording[labelled].tolist()
    high, positive, recordings = recording_maxima(x, truth, labelled, rows)
    return positive, high, classes, recordings


def _class_names(classes: Sequence[str], taxonomy: Taxonomy | None) -> list[str]:
    """Return the class_name of each class; "" where there is none."""
    return ["" if taxonomy is None else taxonomy.group_of(c, "class_name") for c in classes]


def platt_notes(x: Matrix, *, rows: RowsOf, classes: ClassIds, fitted: FittedOf) -> list[str]:
    """Report which classes have a negative slope, and which have a map in some folds only."""
    made = used_by(rows, fitted)
    negative = np.any([numbers_for(a.classes, a.slope, classes, 1.0) < 0 for a in made], axis=0)
    found = [c for c, n in zip(classes, negative, strict=True) if n]
    notes = [f"{len(found)} of {len(classes)} classes have a negative slope, which reverses them: {shorten(found, 3)}"]
    maps = [numbers_for(a.classes, a.fitted.astype(float), classes, 0.0) > 0 for a in made]
    return [*(notes if found else []), *_half_mapped(classes, maps)]


def _half_mapped(classes: Sequence[str], maps: Sequence[Bools]) -> list[str]:
    some = np.any(maps, axis=0) & ~np.all(maps, axis=0)
    found = [c for c, s in zip(classes, some, strict=True) if s]
    note = f"{len(found)} of {len(classes)} classes have a map in some folds only, so their columns mix two scales"
    return [f"{note}: {shorten(found, 3)}"] if found else []


def fit_isotonic_map(
    x: Matrix, truth: Bools, labelled: Bools, rows: Rows, classes: Sequence[str], *,
    taxonomy: TaxonomyOf | None = None, min_positives: Least = 1, borrow: bool = False, on: FitUnit = "chunks",
) -> Isotonic:  # fmt: skip
    """Fit isotonic maps (`fit_isotonic`) on labelled rows: x (N, C) probabilities; else as `fit_platt_map`."""
    groups = _class_names(classes, taxonomy) if borrow else None
    return fit_isotonic(*_fit_cells(x, truth, labelled, rows, classes, on), min_positives=min_positives, groups=groups)


def isotonic_notes(x: Matrix, *, rows: RowsOf, classes: ClassIds, fitted: FittedOf) -> list[str]:
    """Report which classes have a map in some folds only."""
    made = used_by(rows, fitted)
    return _half_mapped(
        classes, [numbers_for(a.classes, np.diff(a.first).astype(float), classes, 0.0) > 0 for a in made]
    )
