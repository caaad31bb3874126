"""Ops of known ranges: where classes occur."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from blendkit.core import Bools, Float64, Matrix, Rows, Space
from blendkit.errors import BlendkitError, shorten
from blendkit.ops.declare import (
    ClassIds,
    FittedOf,
    NonNegative,
    RowsOf,
    Score,
    SpaceOf,
    UnitInterval,
    op,
)
from blendkit.ops.fitted.shared import added
from blendkit.ops.occurrence_tables import Place, RangeRates, Ranges, load_ranges, week_of_year

_ABSENT_LOGIT = -20.0  # 0 would be a probability of .5, above most of what a model hears


def place_of(rows: Rows, a: int) -> Place:
    """Return the site and the week of a row."""
    return str(rows.site[a]), week_of_year(rows.date[a])


def unknown_places(x: Matrix, *, rows: Rows, classes: ClassIds, fitted: FittedOf, at_least: float) -> list[str]:
    """Count the recordings at places, and name the classes, of which the list or table says nothing."""
    ranges = fitted.artefacts[0]
    found = _by_recording(rows, classes, fitted, at_least)
    none = sum(local is None for local in found)
    out = [f"{none} of {len(found)} recordings at a site or in a week that is not in the list (unchanged)"] * (none > 0)
    lacks = sorted(set(classes) - set(ranges.classes)) if isinstance(ranges, RangeRates) else []
    if lacks:
        out.append(f"{len(lacks)} of {len(classes)} classes are not known to the table (unchanged): {shorten(lacks)}")
    return out


def _absence(space: Space, floor: float | None) -> float:
    """Return the value of what does not occur. Raises BlendkitError for one beyond all scores of the space."""
    found = floor if floor is not None else _ABSENT_LOGIT if space == "logit" else 0.0
    if space != "logit" and not 0 <= found <= 1:
        raise BlendkitError(f"floor {found:g} among {space} scores, which lie from 0 to 1", ["`to: logit` before it"])
    return found


@op(
    "range_mask",
    also_called=(("species list, BirdNET's location filter", "{at_least: 0.03}"),),
    scope="file",
    classwise=True,
    load=load_ranges,
    notes=unknown_places,
    check=_absence,
)
def range_mask(
    x: Matrix, *, rows: RowsOf, classes: ClassIds, fitted: FittedOf, space: SpaceOf = "logit",
    floor: Score | None = None, at_least: UnitInterval = 0.03,
) -> Matrix:  # fmt: skip
    """Set classes that do not occur at a recording's site to `floor`.

    x: (N, C) in any space. floor: by default 0, among logits -20, a probability of 2e-9. The artefact is a list of
    species, or a table of probabilities by site and week (`blendkit fit places --birdnet-geo`): there a class that is
    less probable than `at_least` does not occur, and one that is not known stays. A class that occurs nowhere becomes
    constant, an AUC of 0.5. Returns (N, C). Raises BlendkitError for a floor outside [0, 1] where the scores lie in
    it. Source: the species lists of BirdNET, its threshold 0.03, and regional checklists.
    """
    absence = _absence(space, floor)
    present = np.zeros(len(classes), bool)
    found = [present if local is None else local for local in _by_recording(rows, classes, fitted, at_least)]
    absent = np.array(found, bool).reshape(-1, len(classes))
    return np.where(np.repeat(absent, np.diff(rows.offsets()), axis=0), np.asarray(absence, x.dtype), x)


@op(
    "range_penalty",
    also_called=(("soft location filter", "{penalty: 2.0}"),),
    scope="file", classwise=True, spaces=("logit",), affine=True, load=load_ranges,
    notes=unknown_places,
)  # fmt: skip
def range_penalty(
    x: Matrix, *, rows: RowsOf, classes: ClassIds, fitted: FittedOf,
    penalty: NonNegative = 2.0, at_least: UnitInterval = 0.03,
) -> Matrix:  # fmt: skip
    """Subtract a penalty from the logits x (N, C) of classes that do not occur at a recording's site: a soft list.

    The artefact and `at_least` are those of range_mask. A class that occurs nowhere keeps its order. Returns (N, C).
    Source: the soft form of `range_mask`, BirdNET's species list.
    """

    def term(ranges: Ranges, a: int) -> Float64:
        absent = ranges.absent(place_of(rows, a), classes, at_least)
        return np.zeros(len(classes)) if absent is None else np.where(absent, -penalty, 0.0)

    return added(x, rows, fitted, lambda a: place_of(rows, a), term)


def _by_recording(rows: Rows, classes: Sequence[str], fitted: FittedOf, at_least: float) -> list[Bools | None]:
    """Return what is absent at each recording's place; equal places are looked up once."""
    places = [place_of(rows, a) for a in rows.offsets()[:-1].tolist()]
    found = {p: fitted.artefacts[0].absent(p, classes, at_least) for p in set(places)}
    return [found[p] for p in places]
