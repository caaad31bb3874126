"""Where classes occur: lists of species by site, and tables of probabilities by site and week."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from blendkit.core import Bools
from blendkit.io import WHOLE_YEAR, RangeTable, is_range_table, read_range_table, read_species_lists

Place = tuple[str, int]  # a site, "" where the name has none; and a week, -1 where the name has no date


class Ranges(Protocol):
    """What says whether a class occurs at a place."""

    def absent(self, place: Place, classes: Sequence[str], at_least: float) -> Bools | None:
        """Return (C,) true for the classes that do not occur there; None if nothing is known of the place."""
        ...


@dataclass(frozen=True)
class RangeList:
    """Which classes occur, by site; the site "" stands for everywhere. saw: empty, because a list is not fitted."""

    occurs: dict[str, frozenset[str]]
    saw: tuple[str, ...] = ()

    @property
    def classes(self) -> tuple[str, ...]:
        """All classes that are listed anywhere."""
        return tuple(sorted(frozenset().union(*self.occurs.values())))

    def absent(self, place: Place, classes: Sequence[str], at_least: float) -> Bools | None:
        """Return (C,) true for classes that the site's list lacks; None if there is no list of this site."""
        everywhere = self.occurs.get("", frozenset())
        known = place[0] in self.occurs or set(self.occurs) == {""}
        local = self.occurs.get(place[0], frozenset()) | everywhere
        return np.array([c not in local for c in classes], bool) if known and local else None


@dataclass(frozen=True, eq=False)
class RangeRates:
    """How probable classes are by site and week. saw: empty, because such a table is not fitted on recordings."""

    table: RangeTable
    saw: tuple[str, ...] = ()

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes of which the table knows something."""
        known = np.flatnonzero(~np.isnan(self.table.p).all(axis=0))
        return tuple(self.table.classes[i] for i in known)

    def absent(self, place: Place, classes: Sequence[str], at_least: float) -> Bools | None:
        """Return (C,) true for classes less probable than `at_least`; None without a row for the place and week.

        A class that is not in the table, or whose probability is NaN, counts as present: nothing is known of it.
        """
        row = self._row(place)
        if row is None:
            return None
        p = dict(zip(self.table.classes, (self.table.p[row] < at_least).tolist(), strict=True))  # NaN < x is false
        return np.array([p.get(c, False) for c in classes], bool)

    def _row(self, place: Place) -> int | None:
        """Return the row of a place: of its week, else of the whole year; one row alone holds for every date."""
        sites = {s for s, _ in self.table.levels}
        site = "" if sites == {""} else place[0]
        own = {week: i for i, (s, week) in enumerate(self.table.levels) if s == site}
        if len(own) == 1:
            return next(iter(own.values()))
        return own.get(place[1], own.get(WHOLE_YEAR))


def load_ranges(path: Path) -> RangeList | RangeRates:
    """Read a species list, or a table of probabilities. Raises BlendkitError for a file without classes or rows."""
    return RangeRates(read_range_table(path)) if is_range_table(path) else RangeList(read_species_lists(path))


def week_of_year(date: np.datetime64) -> int:
    """Return the week 1 to 48 of a date: four a month, from its days 1, 8, 15 and 22; -1 if there is no date.

    Source: the quarters of months by which eBird and BirdNET count a year.
    """
    if np.isnat(date):
        return WHOLE_YEAR
    month = date.astype("datetime64[M]")
    day = int((date - month.astype("datetime64[D]")).astype(int))  # from 0
    return 4 * (int(month.astype(int)) % 12) + min(day // 7, 3) + 1
