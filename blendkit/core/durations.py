"""Lengths of time as people write them: 90m, 1h30m, 90s, 5400."""

from __future__ import annotations

import math
import re

LONGEST_TIME_S = 365 * 24 * 3600.0
_FORM = re.compile(r"(?:(\d+(?:\.\d+)?)\s*h)?\s*(?:(\d+(?:\.\d+)?)\s*m(?:in)?)?\s*(?:(\d+(?:\.\d+)?)\s*s)?")
_PLAIN = re.compile(r"\d+(?:\.\d+)?")


def seconds_in(value: object) -> float:
    """Return the seconds of a length of time: `5400`, `90s`, `90m`, `1h30m`, or a number of seconds.

    Raises ValueError for anything else, and for lengths that are not above 0 or above a year.
    """
    found = None
    if isinstance(value, int | float) and not isinstance(value, bool):
        found = float(value)
    elif isinstance(value, str):
        text = value.strip().lower()
        parts = _FORM.fullmatch(text)
        if _PLAIN.fullmatch(text):
            found = float(text)
        elif parts is not None and any(parts.groups()):
            found = sum(float(n) * unit for n, unit in zip(parts.groups(), (3600, 60, 1), strict=True) if n)
    if found is None or not math.isfinite(found) or found <= 0:
        raise ValueError(f"expected a length of time above 0 such as 90m, 1h30m, 90s or 5400 (seconds), got {value!r}")
    if found > LONGEST_TIME_S:
        raise ValueError(f"expected a year at most, got {value!r}")
    return found


def in_words(seconds: float) -> str:
    """Return seconds as people say them: `45 s`, `2.5 minutes`, `90 minutes`."""
    return f"{seconds:.3g} s" if seconds < 120 else f"{float(f'{seconds / 60:.3g}'):g} minutes"
