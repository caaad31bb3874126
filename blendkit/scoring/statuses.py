"""What a store says of each recording: its status, and in words what is odd about its audio or its scores."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from blendkit.audio import Prepared, odd_parts
from blendkit.member import FLOOR, LOST, NO_CHUNK, NO_WINDOW, Lost
from blendkit.scoring.isolated_failures import FAILED
from blendkit.store import LogitStore, Stored, key_to_score_again

SILENT = "windows of digital silence were not scored"
NOTED = (LOST, NO_WINDOW, NO_CHUNK, SILENT)  # what a recording's note says although its audio is whole


def is_odd(entry: Stored) -> bool:
    """Return whether a person should look at a recording: its status, or what its note says of its audio or scores."""
    return entry.status not in ("ok", "padded") or bool(odd_parts(entry.note))


def to_do(recordings: int, to_score: int) -> dict[str, Any]:
    """Return the payload of the event `scoring`: how many recordings there are, are to be scored, and were saved."""
    saved = recordings - to_score
    text = f"{saved} of {recordings} recordings were saved" if saved else ""
    return {"recordings": recordings, "to_score": to_score, "saved": saved, "text": text}


def stored(prepared: Prepared, key: str, lost: Lost | None = None, silent: int = 0) -> Stored:
    """Return the entry that a store holds of a recording.

    lost: the windows and chunks that the member gave no finite values of; silent: windows that it was not given.
    """
    window = lost.said if lost else ""
    quiet = f"{silent} {SILENT}: their logits are {FLOOR:g}" if silent else ""
    note = "; ".join(filter(None, [prepared.note, window, quiet]))
    if prepared.status == "unreadable" and prepared.path.name and not prepared.path.exists():
        key = key_to_score_again(key, "vanished")  # once the file is back, its key is another one, and it is scored
    content = None if prepared.content is None else prepared.content.to_json()
    return Stored(key, prepared.chunks, prepared.status, note, round(prepared.duration_s, 3), content)


def joined_status(stores: Mapping[str, LogitStore], keys: Iterable[str]) -> dict[str, Stored]:
    """Return every recording's entry, without its content: the first member's, with what the others' entries add."""
    known = [(name, store.recordings()) for name, store in stores.items()]
    out: dict[str, Stored] = {}
    for i, (name, entries) in enumerate(known):
        for r in keys:
            if r not in entries or (i and r not in out):
                continue
            entry = entries[r]
            tells = entry.status == FAILED or any(mark in entry.note for mark in NOTED)  # this member's own
            note = f"{name}: {entry.note}" if tells and len(known) > 1 else entry.note
            if not i:
                out[r] = replace(entry, note=note, content=None, mix=None)
            elif tells:
                status = FAILED if entry.status == FAILED else out[r].status
                out[r] = replace(out[r], status=status, note="; ".join(filter(None, [out[r].note, note])))
    return out
