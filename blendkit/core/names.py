"""Names of recordings: the id that a file's path gives, and the site, date and hour in it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cached_property
from zoneinfo import ZoneInfo

import numpy as np

DEFAULT_NAMES = r"_(?P<site>S\d+)_(?P<date>\d{8})_(?P<time>\d{6})$"
NO_HOUR = -1
CLOCK_RESET = np.datetime64("1970-01-01", "D")


@dataclass(frozen=True)
class NameRule:
    """How a recording's name gives its site, date and hour.

    `pattern` is searched in the recording id; its named groups `site`, `date` (YYYYMMDD, dashes
    allowed) and `time` (HHMMSS, colons allowed) are each optional. `tz` is the time zone of the
    names, `report_tz` the zone in which date and hour are given (default: the same).
    """

    pattern: str = DEFAULT_NAMES
    tz: str = "UTC"
    report_tz: str | None = None

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        return re.compile(self.pattern)

    def parse(self, recording: str) -> tuple[str, np.datetime64, int]:
        """Return (site, date, hour); unknown parts are `""`, NaT and -1.

        A clock reset (1970-01-01) keeps its date, so that it can be counted, but has no hour.
        """
        found = self._compiled.search(recording)
        parts = found.groupdict() if found else {}
        site = parts.get("site") or ""
        dated = parts.get("date") or ""
        day, clock = _day(dated), _clock(parts.get("time") or "")
        broken = bool(dated) and day is None  # the hour beside an impossible date cannot be trusted either
        if broken or clock is None or day == CLOCK_RESET.item():
            return site, np.datetime64(day, "D"), NO_HOUR
        if day is not None and self.report_tz is not None:
            moment = datetime.combine(day, clock, ZoneInfo(self.tz)).astimezone(ZoneInfo(self.report_tz))
            day, clock = moment.date(), moment.time()
        return site, np.datetime64(day, "D"), clock.hour


def _day(text: str) -> date | None:
    digits = re.sub(r"\D", "", text)
    try:
        return datetime.strptime(digits, "%Y%m%d").date() if len(digits) == 8 else None
    except ValueError:
        return None


def _clock(text: str) -> time | None:
    digits = re.sub(r"\D", "", text)
    try:
        return datetime.strptime(digits, "%H%M%S").time() if len(digits) == 6 else None
    except ValueError:
        return None


def natural_key(text: str) -> list[tuple[int, int, str]]:
    """Sort key that orders digits by value: `a2` before `a10`."""
    parts = re.split(r"(\d+)", text)
    return [(1, int(p), p) if p.isdecimal() else (0, 0, p) for p in parts]
