"""What a run says of damaged recordings, and of odd notes on whole ones."""

from __future__ import annotations

from collections.abc import Sequence

from blendkit.errors import counted
from blendkit.scoring import Scored, is_odd

_WITH_NOTE = "with a note"


def damage_notes(scored: Scored) -> list[str]:
    """Return one warning per status of damaged recordings, and one for odd notes on whole ones, with their names."""
    states: dict[str, list[str]] = {}
    for recording, s in scored.status.items():
        if s.status not in ("ok", "padded"):
            states.setdefault(s.status, []).append(f"{recording} ({s.note})")
        elif is_odd(s):
            states.setdefault(_WITH_NOTE, []).append(f"{recording} ({s.note})")
    most = {_WITH_NOTE: 10}  # notes differ, and each is to be read; recordings of one status have much the same
    return [
        f"{counted(len(found), 'recording', 'recordings')} {s}: {_first(found, most.get(s, 3))}"
        for s, found in sorted(states.items())
    ]


def _first(found: Sequence[str], most: int) -> str:
    """Name the first few recordings with their whole notes: the end of a note is its reason."""
    more = f" (+{len(found) - most} more)" if len(found) > most else ""
    return ", ".join(found[:most]) + more
