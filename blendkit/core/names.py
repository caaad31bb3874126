"""Names of recordings: the site, date and hour that a recording's id, or a table of deployments, gives."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from functools import cached_property, lru_cache
from typing import Literal, TypeAlias

import numpy as np

from blendkit.core.clocks import OFFSET_FORMS, Shift, clock_of, day_of, is_reset, is_zone, read_clock, zone
from blendkit.core.deployments import Deployments
from blendkit.core.name_presets import DEFAULT_NAMES, preset_of
from blendkit.core.patterns import user_pattern
from blendkit.errors import BlendkitError, shorten

_SAID = "names: pattern"
NO_HOUR = -1
SiteFrom = Literal["name", "folder"]
NO_DAY = np.datetime64("NaT", "D")
NO_MOMENT = np.datetime64("NaT", "s")


def next_year() -> int:
    """Return the year after this one: a later date in a name is a clock that was set wrong."""
    return datetime.now(UTC).year + 1


@dataclass(frozen=True)
class NameParts:
    """What a recording's name says: site ("" unknown), date (NaT unknown), hour (-1 unknown) and, where it gives date
    and time, the time of day at which the recording starts (None unknown).

    fits: the name fits the pattern, and its date and time exist. reset: its clock had lost its time, so that date and
    hour are not used. shift: what daylight saving did to its time. listed: the table of deployments has it. zone: that
    of the date and time, which are offset_s ahead of UTC ("": unknown).
    """

    site: str
    date: np.datetime64
    hour: int
    fits: bool
    reset: bool = False
    shift: Shift = ""
    listed: bool = True
    clock: time | None = None
    zone: str = ""
    offset_s: float = 0.0

    @property
    def moment(self) -> np.datetime64:
        """The date and time at which the recording starts (NaT unknown)."""
        if self.clock is None:
            return NO_MOMENT
        return np.datetime64(f"{self.date}T{self.clock}", "s")


_Told: TypeAlias = tuple[str, np.datetime64, int, bool, bool, Shift, bool, time | None, str, float]
_NO_CLOCK = (None, "", 0.0)


@lru_cache(4096)  # many recordings share a day
def _date(day: date | None) -> np.datetime64:
    return np.datetime64(day, "D")


@dataclass(frozen=True)
class NameRule:
    """How a recording's name gives its site, date and hour.

    `pattern` is searched in the recording id; its named groups `site`, `date` (YYYYMMDD) and `time` (HHMMSS or HHMM),
    both with or without separators, `offset` (of the clock from UTC) and `epoch` (seconds since 1970, hexadecimal) are
    each optional. `tz` is the time zone of names that do not state one, `report_tz` the zone in which date and hour are
    given (default: that of the names). `site_from`: the name, or the first folder of the id. `deployments` gives sites
    and time zones in place of the names. A date before 2000 or after `last_year` is a clock reset: unknown.
    """

    pattern: str = DEFAULT_NAMES
    tz: str = "UTC"
    report_tz: str | None = None
    site_from: SiteFrom = "name"
    deployments: Deployments | None = None
    last_year: int = field(default_factory=next_year, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Refuse time zones that do not exist: a name read by them would lose its hour without a word."""
        wrong = [t for t in (self.tz, self.report_tz) if t is not None and not is_zone(t)]
        if wrong:
            raise BlendkitError(f"names: unknown time zone {shorten(wrong)}; expected an IANA name, or {OFFSET_FORMS}")

    @cached_property
    def _search(self) -> Callable[[str], re.Match[str] | None]:
        """The search for the pattern; a preset's is known to be quick, so that it needs no time limit."""
        return re.compile(self.pattern).search if preset_of(self.pattern) else user_pattern(self.pattern, _SAID).search

    def parse(self, recording: str) -> tuple[str, np.datetime64, int]:
        """Return (site, date, hour); unknown parts are `""`, NaT and -1."""
        site, day, hour, *_ = self._told(recording)
        return site, day, hour

    def read(self, recording: str) -> NameParts:
        """Return all that the name says, and how far it can be believed."""
        return NameParts(*self._told(recording))

    def _told(self, recording: str) -> _Told:
        """Return the fields of `NameParts`: long tables need three of them alone, of very many names."""
        found = self._search(recording)
        if found is None and self.deployments is None:
            return (self._site(recording, ""), NO_DAY, NO_HOUR, False, False, "", True, *_NO_CLOCK)
        parts = found.groupdict("") if found else {}
        line = self.deployments.of(recording) if self.deployments else None
        site = self._site(recording, parts.get("site", ""))
        if self.deployments:
            site = line.site if line else ""
        listed = self.deployments is None or line is not None
        day, clock, own, exists = _moment(parts, (line and line.tz) or self.tz)
        fits = found is not None and exists
        if day is not None and is_reset(day, self.last_year):
            # any eight hexadecimal digits are a time: only a believable one says that a name is meant as one
            return (site, NO_DAY, NO_HOUR, fits and "epoch" not in parts, True, "", listed, *_NO_CLOCK)
        if not exists or clock is None:  # the hour beside an impossible date cannot be trusted either
            return (site, _date(day), NO_HOUR, fits, False, "", listed, *_NO_CLOCK)
        if day is None:
            return (site, NO_DAY, clock.hour, fits, False, "", listed, *_NO_CLOCK)
        wanted = self.report_tz or own
        day, clock, shift, ahead = read_clock(day, clock, zone(own), zone(wanted))
        return (site, _date(day), clock.hour, fits, False, shift, listed, clock, wanted, ahead)

    def _site(self, recording: str, named: str) -> str:
        if self.site_from == "name":
            return named
        folder, slash, _ = recording.partition("/")
        return folder if slash else ""


def _moment(parts: dict[str, str], tz: str) -> tuple[date | None, time | None, str, bool]:
    """Return the day, the time, their time zone, and whether all that the name states exists."""
    if parts.get("epoch"):
        moment = datetime.fromtimestamp(int(parts["epoch"], 16), UTC)
        return moment.date(), moment.time(), "UTC", True
    dated, timed, own = parts.get("date", ""), parts.get("time", ""), parts.get("offset") or tz
    day, clock = day_of(dated), clock_of(timed)
    exists = (day is not None or not dated) and (clock is not None or not timed) and is_zone(own)
    return day, clock, own, exists
