"""Which preset the names of recordings fit, and what all of them together give."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from blendkit.core.name_differences import compare_names, near_names
from blendkit.core.name_presets import NAME_PRESETS, PATTERNS, preset_of, states_zone
from blendkit.core.names import NO_HOUR, NameParts, NameRule
from blendkit.core.natural_order import natural_sorted
from blendkit.core.rows import Rows
from blendkit.errors import BlendkitError, shorten


@dataclass(frozen=True, eq=False)
class FoundNames:
    """A rule for names, and what it reads in recordings. parts: of each, in their order; chosen: by `fitting_names`."""

    rule: NameRule
    parts: Mapping[str, NameParts]
    chosen: bool = False

    @property
    def called(self) -> str:
        """The preset's name, or the pattern."""
        return rule_name(self.rule)

    @property
    def failed(self) -> list[str]:
        """The recordings whose names do not fit."""
        return [r for r, p in self.parts.items() if not p.fits]

    @property
    def said(self) -> str:
        """What fits, in one line."""
        n, failed = len(self.parts), self.failed
        if n and self.chosen and len(failed) == n:
            return f"names: no preset fits a name: {shorten(failed, 3)}"
        others = f"; not {shorten(failed, 3)}{self._fitting_others(failed)}" if failed else ""
        return f"names: {self.called} fits {n - len(failed)} of {n} recordings{others}"

    def _fitting_others(self, failed: Sequence[str]) -> str:
        """Return which other preset the rest fits: a folder may hold what two kinds of recorders wrote."""
        if not self.chosen:
            return ""
        rules = {n: replace(self.rule, pattern=PATTERNS[n]) for n in NAME_PRESETS}
        fits = {n: sum(rule.read(r).fits for r in failed) for n, rule in rules.items()}
        best = max(fits, key=fits.__getitem__)
        return f", of which {best} fits {fits[best]}" if fits[best] else ""

    def notes(self) -> list[str]:
        """Return a line on each kind of clock or recording that cannot be used as its name states."""
        shifts = [p.shift for p in self.parts.values()]
        resets, zones = sum(p.reset for p in self.parts.values()), self._zones()
        counts = {
            f"with a clock reset (before 2000 or after {self.rule.last_year}): date and hour count as unknown": resets,
            f"at a time that daylight saving skips in {zones}: moved forward by the gap": shifts.count("moved"),
            f"at a time that {zones} has twice: read as the first": shifts.count("twice"),
        }
        notes = [f"names: {k} of {len(shifts)} recordings {what}" for what, k in counts.items() if k]
        left = [r for r, p in self.parts.items() if not p.listed]
        if self.rule.deployments and left:
            table = self.rule.deployments.source
            notes.append(f"names: {len(left)} of {len(shifts)} recordings have no line in {table}: {shorten(left, 3)}")
        return notes

    def explained(self) -> list[str]:
        """Return lines on how names are read, and which sites, dates and hours that gives."""
        found = self.summary()
        if not self.parts:
            return ["names: read from the score files when they are opened"]
        sites = natural_sorted({p.site for p in self.parts.values()} - {""})
        clocks = [f"{w} {a} to {b}" for w, (a, b) in ((w, found[w]) for w in ("dates", "hours") if found[w])]
        listed = [f"{len(sites)} sites ({shorten(sites)})" if sites else "no sites", *(clocks or ["no dates or hours"])]
        zones = f"clock in {self._zones()}" if not states_zone(self.rule.pattern) else "clock as the names state"
        wanted = f", given in {self.rule.report_tz}" if self.rule.report_tz else ""
        return [self.said, f"  {', '.join(listed)}; {zones}{wanted}"]

    def _zones(self) -> str:
        table = self.rule.deployments
        stated = dict.fromkeys(d.tz for d in table.lines if d.tz is not None) if table else {}
        if table is None or not stated:
            return self.rule.tz
        others = f", else {self.rule.tz}" if any(d.tz is None for d in table.lines) else ""
        return f"{', '.join(stated)} as {table.source} says{others}"

    def summary(self) -> dict[str, Any]:
        """Return how many sites, which dates and which hours were found, as plain data."""
        dates = [p.date for p in self.parts.values() if not np.isnat(p.date)]
        hours = [p.hour for p in self.parts.values() if p.hour != NO_HOUR]
        return {
            "names": self.called,
            "fits": len(self.parts) - len(self.failed),
            "of": len(self.parts),
            "sites": len({p.site for p in self.parts.values()} - {""}),
            "dates": [str(min(dates)), str(max(dates))] if dates else [],
            "hours": [min(hours), max(hours)] if hours else [],
        }


def rule_name(rule: NameRule) -> str:
    """Return the name of a rule's preset, or its pattern."""
    return preset_of(rule.pattern) or rule.pattern


def read_names(rule: NameRule, recordings: Sequence[str]) -> FoundNames:
    """Return what a rule reads in recordings. Raises BlendkitError if their table of deployments has none of them."""
    found = FoundNames(rule, {r: rule.read(r) for r in recordings})
    _check_listed(found)
    return found


def _check_listed(found: FoundNames) -> None:
    table = found.rule.deployments
    if table and found.parts and not any(p.listed for p in found.parts.values()):
        raise BlendkitError(
            f"{table.source}: none of its lines is that of a recording",
            [
                f"its column {table.by}: {shorten([d.key for d in table.lines], 3)}",
                f"recordings: {shorten(list(found.parts), 3)}",
                *_nearly(found),
                "a recording is its path below the audio folder, without suffix; a folder is the start of that path",
            ],
        )


def _nearly(found: FoundNames) -> list[str]:
    """Return a key and a recording that differ in letter case and the like alone."""
    table = found.rule.deployments
    assert table is not None
    keys = [d.key for d in table.lines]
    names: Collection[str] = found.parts
    if table.by == "folder":
        names = dict.fromkeys(r[:i] for r in names for i, c in enumerate(r) if c == "/")
    elif table.by == "prefix":
        sizes = {len(k) for k in keys}
        names = dict.fromkeys(t[:n] for r in names for t in (r, r.rpartition("/")[2]) for n in sizes)
    pair = near_names(keys, names)
    return [] if pair is None else [compare_names([pair[0]], [pair[1]], "it", "the recordings")]


def fitting_names(recordings: Sequence[str], base: NameRule | None = None) -> FoundNames:
    """Return the preset that most of the recordings' names fit: the first of equal ones, `birdclef` where none does.

    base: the time zones, and where sites come from. Raises BlendkitError as `read_names` and `check_zone` do.
    """
    base = base or NameRule()
    best, most = FoundNames(base, {}), -1
    for name in NAME_PRESETS:
        if most == len(recordings):  # nothing can fit more
            break
        rule = replace(base, pattern=PATTERNS[name])
        found = FoundNames(rule, {r: rule.read(r) for r in recordings}, chosen=True)
        fits = _count(found)
        if fits > most:
            best, most = found, fits
    check_zone(best.rule)
    _check_listed(best)
    return best


def with_fitting_names(rows: Rows) -> Rows:
    """Return rows (N,) whose sites, dates and hours are read by the preset that most of their names fit."""
    names, counts = rows.recordings(), np.diff(rows.offsets())
    parts = fitting_names(names).parts
    found = [parts[r] for r in names]
    sites, days = np.array([p.site for p in found], object), np.array([p.date for p in found], "datetime64[D]")
    hours = np.array([p.hour for p in found], np.int16)
    return replace(rows, site=np.repeat(sites, counts), date=np.repeat(days, counts), hour=np.repeat(hours, counts))


def _count(found: FoundNames) -> int:
    fitting = [r for r, p in found.parts.items() if p.fits]
    if "(?P<epoch>" in found.rule.pattern and not any(c.isalpha() for r in fitting for c in r.rpartition("/")[2]):
        return 0  # eight decimal digits are far more often a number or a date than a hexadecimal time
    return len(fitting)


def check_zone(rule: NameRule) -> None:
    """Raise BlendkitError for a stated time zone where the names have their own."""
    if states_zone(rule.pattern) and rule.tz != "UTC":
        raise BlendkitError(
            f"names: tz {rule.tz!r} contradicts names of {rule_name(rule)}, which state their time zone themselves",
            ["leave `tz:` out; `report_tz:` gives the zone in which date and hour are wanted"],
        )
