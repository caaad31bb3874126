"""Whether a name tells one recording from all others, or is given again and again by recorders and by hand."""

from __future__ import annotations

import re

# What recorders of one schedule give at every site: dates, times, zones, lengths, tracks; also S20250131T050000.
_SHARED = re.compile(
    r"[a-z]?\d{8}(t\d{4,6})?z?|\d+|z|utc|gmt|am|pm|\d+(ms|s|sec|m|min|h|hz|khz)|(tr|track|ch|mic|part|rec|zoom|dji|img|vid|mov)\d*"
)
_DATE = re.compile(r"[a-z]?(?:19|20)\d{6}(?:t\d{4,6})?z?")
_LONG_NUMBER = re.compile(r"\d{4}")
_UNIX_TIME = re.compile(r"[0-9a-f]{8}")  # the names that old AudioMoths give


def names_one_recording(name: str) -> bool:
    """Return whether two files of this base name are one recording: XC123456, BC2026_0001, S04_20250131_050000.

    A catalogue number does so, and so does a recorder or a site beside a date. Names that recorders of one schedule
    share do not (20250131_050000, 5D311F9B), nor do words and small numbers (morning, rec_001, DJI_001). name: as
    `base_name` gives it, in small letters.
    """
    if _UNIX_TIME.fullmatch(name):
        return False
    tokens = [t for t in re.split(r"[\W_]+", name) if t]
    own = [t for t in tokens if not _SHARED.fullmatch(t) and re.search(r"[^\W\d]", t) and re.search(r"\d", t)]
    return any(_LONG_NUMBER.search(t) for t in own) or (bool(own) and any(map(_DATE.fullmatch, tokens)))
