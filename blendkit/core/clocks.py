"""Clocks of recorders: dates and times in names, time zones, and hours that daylight saving skips or repeats."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from functools import cache, lru_cache
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from numpy.typing import NDArray

OFFSET_FORMS = "UTC, Z, UTC-5, UTC+05:30 or -03:00"
FIRST_YEAR = 2000  # a date before the first recorders of this kind is a clock that lost its time
Shift = Literal["", "moved", "twice"]
_OFFSET = re.compile(r"(?:UTC)?([+-])(\d{1,2})(?::?(\d\d))?")
_FARTHEST = timedelta(hours=14)


@cache
def zone(text: str) -> tzinfo:
    """Return the time zone of an IANA name or an offset: `America/Cuiaba`, `UTC-5`, `UTC+05:30`, `-03:00`, `Z`.

    The sign is that of clocks: UTC-5 is five hours behind UTC. Raises ValueError for anything else.
    """
    if text in ("Z", "UTC"):
        return UTC
    found = _OFFSET.fullmatch(text)
    if found:
        minutes = int(found[3] or 0)
        offset = timedelta(hours=int(found[2]), minutes=minutes)
        if minutes > 59 or offset > _FARTHEST:
            raise ValueError(f"{text!r} is no time zone on Earth")
        return timezone(-offset if found[1] == "-" else offset)
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # OSError: a folder of the zone database
        raise ValueError(f"unknown time zone {text!r}") from error


@cache
def is_zone(text: str) -> bool:
    """Return whether `zone` knows a text."""
    try:
        zone(text)
    except ValueError:
        return False
    return True


@lru_cache(4096)  # many recordings share a day
def day_of(text: str) -> date | None:
    """Return the day of YYYYMMDD, with any separators; None if there is no such day."""
    digits = re.sub(r"\D", "", text)
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:])) if len(digits) == 8 else None
    except ValueError:
        return None


@lru_cache(4096)
def clock_of(text: str) -> time | None:
    """Return the time of HHMMSS or HHMM, with any separators; None if there is no such time."""
    digits = re.sub(r"\D", "", text)
    try:
        return time(int(digits[:2]), int(digits[2:4]), int(digits[4:] or 0)) if len(digits) in (4, 6) else None
    except ValueError:
        return None


def is_reset(day: date, last_year: int) -> bool:
    """Return whether a date is that of a clock that lost its time: before 2000, or after `last_year`."""
    return not FIRST_YEAR <= day.year <= last_year


@lru_cache(4096)
def read_clock(day: date, clock: time, own: tzinfo, wanted: tzinfo) -> tuple[date, time, Shift, float]:
    """Return the date and time in the zone `wanted` of a clock in the zone `own`, what daylight saving did, and by how
    many seconds that time is ahead of UTC.

    A time that does not exist moves forward by the gap ("moved"); one that exists twice is the first ("twice").
    """
    # fold=0 takes the offset before the change: the first of two equal times, and a skipped time moved forward
    local = datetime.combine(day, clock, own).replace(fold=0)
    first = local.astimezone(UTC)
    shift: Shift = ""
    if first.astimezone(own).replace(tzinfo=None) != local.replace(tzinfo=None):
        shift = "moved"
    elif local.utcoffset() != local.replace(fold=1).utcoffset():
        shift = "twice"
    moment = first.astimezone(wanted)
    return moment.date(), moment.time(), shift, (moment.utcoffset() or timedelta()).total_seconds()


def later_times(
    start: np.datetime64, offset_s: float, seconds: NDArray[np.float64], zone_name: str
) -> NDArray[np.datetime64]:
    """Return the local times (N,), to the millisecond, so many seconds (N,) after a start; NaT where that is unknown.

    start: local time, offset_s ahead of UTC; zone_name: where daylight saving may begin or end in between.
    """
    plain = start.astype("datetime64[ms]") + np.round(np.asarray(seconds) * 1000).astype("timedelta64[ms]")
    if np.isnat(start) or not len(plain) or not zone_name:
        return np.asarray(plain)
    ahead, there = timedelta(seconds=offset_s), zone(zone_name)
    moments = [m.replace(tzinfo=UTC) - ahead for m in (plain.max().astype(datetime), plain.min().astype(datetime))]
    if all(m.astimezone(there).utcoffset() == ahead for m in moments):
        return np.asarray(plain)
    every = [(m.replace(tzinfo=UTC) - ahead).astimezone(there).replace(tzinfo=None) for m in plain.astype(datetime)]
    return np.array(every, "datetime64[ms]")
