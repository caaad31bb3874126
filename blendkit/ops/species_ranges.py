"""Ops of known ranges: lists of species by site, and minimum scores at one station."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from blendkit.core import Bools, Float64, Matrix, Rows
from blendkit.io import read_species_lists
from blendkit.ops.declare import NO_NUMBERS, ByClass, ClassIds, FittedOf, NonNegative, RowsOf, op
from blendkit.ops.fitted.shared import added


@dataclass(frozen=True)
class RangeList:
    """Which classes occur, by site; the site "" stands for everywhere. saw: empty, because a list is not fitted."""

    occurs: dict[str, frozenset[str]]
    saw: tuple[str, ...] = ()

    @property
    def classes(self) -> tuple[str, ...]:
        """All classes that are listed anywhere."""
        return tuple(sorted(frozenset().union(*self.occurs.values())))

    def at(self, site: str) -> frozenset[str] | None:
        """Return the classes of a site; None if the list does not include it."""
        everywhere = self.occurs.get("", frozenset())
        if site in self.occurs:
            return self.occurs[site] | everywhere
        return everywhere if everywhere and set(self.occurs) == {""} else None


def load_ranges(path: Path) -> RangeList:
    """Read a species list. Raises BlendkitError for a file without classes or rows."""
    return RangeList(read_species_lists(path))


def unknown_sites(x: Matrix, *, rows: Rows, fitted: FittedOf) -> list[str]:
    """Count the recordings at sites that the list does not include."""
    first = rows.offsets()[:-1]
    none = sum(fitted.artefacts[0].at(str(s)) is None for s in rows.site[first])
    return [f"{none} of {len(first)} recordings at a site that is not in the list (unchanged)"] if none else []


@op("range_mask", scope="file", classwise=True, load=load_ranges, notes=unknown_sites)
def range_mask(x: Matrix, *, rows: RowsOf, classes: ClassIds, fitted: FittedOf, floor: float = 0.0) -> Matrix:
    """Set classes that do not occur at a recording's site to `floor`.

    x: (N, C) in any space: 0 for probabilities and ranks, a low number such as -20 for logits. A class that occurs
    nowhere becomes constant, an AUC of 0.5. Returns (N, C). Source: the species lists of BirdNET and of regional
    checklists.
    """
    return np.where(_absent(rows, classes, fitted), np.asarray(floor, x.dtype), x)


@op(
    "range_penalty", scope="file", classwise=True, spaces=("logit",), affine=True, load=load_ranges, notes=unknown_sites
)
def range_penalty(
    x: Matrix, *, rows: RowsOf, classes: ClassIds, fitted: FittedOf, penalty: NonNegative = 2.0
) -> Matrix:
    """Subtract a penalty from the logits x (N, C) of classes that do not occur at a recording's site: a soft list.

    A class that occurs nowhere keeps its order. Returns (N, C).
    """

    def term(listed: RangeList, a: int) -> Float64:
        local = listed.at(str(rows.site[a]))
        return np.array([0.0 if local is None or c in local else -penalty for c in classes])

    return added(x, rows, fitted, lambda a: str(rows.site[a]), term)


@op("station_floor", scope="file", classwise=True, spaces=("prob", "rank"))
def station_floor(
    x: Matrix, *, rows: RowsOf, classes: ClassIds, site: str = "", floors: ByClass = NO_NUMBERS
) -> Matrix:
    """Raise classes at one site to a minimum score: x <- max(x, floor).

    x: (N, C). floors: {class: floor}. Scores below the floor become equal, which makes ties. Returns (N, C). Source:
    the station floors of the EoS chain (0.65), off in its last versions: a floor chosen by the labels overfits.
    """
    out, local = x.copy(), np.flatnonzero(rows.site == site)
    for c, floor in floors.items():
        if c in classes:
            out[local, classes.index(c)] = np.maximum(x[local, classes.index(c)], floor)
    return out


def _absent(rows: Rows, classes: Sequence[str], fitted: FittedOf) -> Bools:
    """Return (N, C): true where a class does not occur at the row's site."""
    listed: RangeList = fitted.artefacts[0]
    out = np.zeros((len(rows), len(classes)), bool)
    for site in set(rows.site.tolist()):
        local = listed.at(str(site))
        if local is not None:
            out[rows.site == site] = [c not in local for c in classes]
    return out
