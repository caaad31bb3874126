"""Gaps in time: chunks that are missing between two chunks of one recording."""

from __future__ import annotations

from blendkit.core import Rows


def missing_chunks(rows: Rows) -> int:
    """Return in how many places the next chunk of a recording starts later than its last one ends."""
    same = rows.recording[1:] == rows.recording[:-1]
    return int(((rows.start_s[1:] > rows.end_s[:-1]) & same).sum())
