"""Times of labels: text to milliseconds, and units that cannot be right."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from blendkit.core import Int64, unit_of_times
from blendkit.errors import BlendkitError
from blendkit.io.plain_table import coded

if TYPE_CHECKING:
    import pandas as pd

_DAYS = re.compile(r"(\d{1,6}) days?,? (\d+:\d+:[\d.,]+)")
UNREADABLE = -(2**63)  # in place of a time
_LIMIT = 1e12  # no time of a recording has so many seconds or milliseconds; NaN is not below it


def milliseconds(text: str, unit: float | None) -> int | None:
    """Return a time in ms, or None if it cannot be read.

    text: H:M:S or M:S, with decimals (a point or a comma) or without, after days as pandas writes them (`0 days
    00:00:05`) or not, or a number of `unit` seconds (None: a number of seconds).
    """
    days = _DAYS.fullmatch(text.strip())
    text = days[2] if days else text
    try:
        parts = [float(p) for p in (text.replace(",", ".") if ":" in text else text).split(":")]
    except ValueError:
        return None
    if not 1 <= len(parts) <= 3 or not all(abs(p) < _LIMIT for p in parts):
        return None
    if len(parts) == 1 and unit == 0.001:
        return round(parts[0])
    seconds = 0.0
    for part in parts:
        seconds = seconds * 60 + part
    return round((seconds + (86400 * int(days[1]) if days else 0)) * 1000)


def read_times(column: pd.Series[Any], unit: float | None) -> Int64:
    """Return the times of a column of texts (N,) as `milliseconds` does, UNREADABLE where one cannot be read."""
    codes, different = coded(column)
    read = [milliseconds(t, unit) for t in different]
    return np.array([UNREADABLE if t is None else t for t in read], np.int64)[codes]


def unlikely_unit(starts: pd.Series[Any], ends: pd.Series[Any]) -> str:
    """Return what texts of times (N,) look like if not seconds, else "". Only numbers of no stated unit are judged."""
    found = []
    for codes, different in map(coded, (starts, ends)):
        try:
            found.append(np.array([float(t) for t in different], np.float64)[codes])
        except ValueError:  # with colons, or unreadable
            return ""
    return unit_of_times(*found)


def require_seconds(path: object, unit: str, first: str, ways: str) -> None:
    """Raise BlendkitError if times look like a unit that their table does not name.

    first: the first of them, in words; ways: how the table can say what they are.
    """
    if unit == "fractions of a day":
        ways = "a spreadsheet stores times so; save them as HH:MM:SS or seconds"
    if unit:
        raise BlendkitError(f"{path}: these look like {unit}, and the table does not say so", [first, ways])
