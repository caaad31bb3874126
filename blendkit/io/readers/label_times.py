"""Times of labels: text to milliseconds, and units that cannot be right."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

_LIMIT = 1e12  # no time of a recording has so many seconds or milliseconds; NaN is not below it
_WEEK_S = 7 * 24 * 3600
_DAY_FRACTION_S = 0.005  # 0.005 of a day is 7 minutes: no label of a few ms is that long in all rows of a table


def milliseconds(text: str, unit: float | None) -> int | None:
    """Return a time in ms, or None if it cannot be read.

    text: H:M:S or M:S, with decimals or without, or a number of `unit` seconds (None: a number of seconds).
    """
    try:
        parts = [float(p) for p in text.split(":")]
    except ValueError:
        return None
    if not 1 <= len(parts) <= 3 or not all(abs(p) < _LIMIT for p in parts):
        return None
    if len(parts) == 1 and unit == 0.001:
        return round(parts[0])
    seconds = 0.0
    for part in parts:
        seconds = seconds * 60 + part
    return round(seconds * 1000)


def unlikely_unit(starts: Sequence[str], ends: Sequence[str]) -> str:
    """Return what times (N,) look like if it is not seconds, else "". Only plain numbers of no stated unit are judged.

    Milliseconds: an end after more than a week, or several spans of at least 1000 that all lie on multiples of 500.
    Fractions of a day, as spreadsheets store times: ends up to 1, and no span longer than 5 ms.
    """
    try:
        start, end = (np.array([float(t) for t in texts], np.float64) for texts in (starts, ends))
    except ValueError:  # with colons, or unreadable
        return ""
    if not len(end) or not np.isfinite([start, end]).all() or not (start < end).all():
        return ""
    length = end - start
    on_grid = not (start % 500).any() and not (end % 500).any()
    if end.max() > _WEEK_S or (on_grid and length.min() >= 1000 and start.max() > 0):
        return "milliseconds"
    return "fractions of a day" if end.max() <= 1 and length.max() < _DAY_FRACTION_S else ""
