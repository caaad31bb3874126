"""What AudioMoths write into their files beside the sound: the time zone of their clock."""

from __future__ import annotations

import re
from pathlib import Path

_HEADER = 1024  # the comment stands before the samples
_ZONE = re.compile(rb"Recorded at \d\d:\d\d:\d\d \d\d/\d\d/\d{4} \((UTC(?:[+-]\d{1,2}(?::\d\d)?)?)\)")


def stated_zone(path: Path) -> str | None:
    """Return the time zone that an AudioMoth's comment states, such as `UTC-3`; None where a file has none."""
    try:
        with path.open("rb") as file:
            found = _ZONE.search(file.read(_HEADER))
    except OSError:
        return None  # decoding says what is wrong with the file
    return found[1].decode("ascii") if found else None
