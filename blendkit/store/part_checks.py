"""Whether parts are whole: by size and time where these are known, by their hash else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from blendkit.core import json_value
from blendkit.store.files import file_hash, write_json
from blendkit.store.journal_entries import StoredPart

CHECKED = "checked.json"  # size and time of parts whose hash was right: it may be lost, it is never relied on alone


def checked_part(folder: Path, part: StoredPart, *, verify: bool) -> StoredPart | None:
    """Return a part whose file is whole, with the time of its last change; None if it is missing or changed.

    Raises OSError for a file that is there and cannot be read.
    """
    path = folder / part.name
    try:
        now = path.stat()
        if now.st_size != part.size:
            return None
        if not verify and now.st_mtime_ns == part.changed_ns:
            return part
        return (
            StoredPart(part.name, part.sha256, part.size, now.st_mtime_ns) if file_hash(path) == part.sha256 else None
        )
    except FileNotFoundError:
        return None


def write_checked(folder: Path, parts: Sequence[StoredPart]) -> None:
    """Keep the size and time of whole parts; a folder that cannot be written is hashed anew each time."""
    try:
        write_json(folder / CHECKED, {p.name: [p.size, p.changed_ns] for p in parts})
    except OSError:
        return


def read_checked(folder: Path) -> dict[str, Any]:
    """Return the size and time of parts by their names; nothing if the file is lost."""
    try:
        found = json_value((folder / CHECKED).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def with_time(part: StoredPart, checked: Mapping[str, Any]) -> StoredPart:
    """Return a part with the time of its last change, if that is known."""
    known = checked.get(part.name)
    right = isinstance(known, list) and len(known) == 2 and known[0] == part.size
    return replace(part, changed_ns=known[1]) if isinstance(known, list) and right else part
