"""Journals: each process that fills a store appends a line per finished part to a file of its own.

Nobody changes another's file, so any number of processes, also on several machines, fill one store without a lock. A
line is `["<hash>", {...}]`: the hash of what follows it tells a line that a killed process left half-written, and a
line that somebody edited.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from blendkit.core import json_value
from blendkit.errors import BlendkitError
from blendkit.store.ended_writers import this_machine, writer_has_ended
from blendkit.temporaries import errors_naming

JOURNALS = "journal-*.jsonl"
_HASH, _FRONT, _BACK = 16, len('["0123456789abcdef", '), len("]\n")
_END = {"end": True}


@dataclass(frozen=True)
class Journal:
    """The lines of a journal in order, whether its writer has ended, and whether its last line was cut short."""

    path: Path
    lines: tuple[dict[str, Any], ...]
    ended: bool
    torn: bool


def new_journal(folder: Path) -> Path:
    """Create an empty journal of this process: while it is there, other processes know that this one is at work."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"journal-{this_machine()}-{os.getpid()}-{secrets.token_hex(4)}.jsonl"
    path.touch(exist_ok=False)
    return path


def append_line(path: Path, line: Mapping[str, Any]) -> None:
    """Append one line, flushed to disk, or nothing. An OSError names the journal, if the disk is full."""
    text = json.dumps(line, ensure_ascii=False, allow_nan=False)
    data = f'["{_check(text.encode())}", {text}]\n'.encode()
    with errors_naming(path, path), path.open("ab", buffering=0) as handle:
        size = os.fstat(handle.fileno()).st_size
        try:
            while data:  # a write may be cut short by a signal, or by a disk that is nearly full
                data = data[handle.write(data) :]
            os.fsync(handle.fileno())
        except OSError:
            with suppress(OSError):  # else the next line would be written behind half of this one
                os.ftruncate(handle.fileno(), size)
            raise


def end_journal(path: Path) -> None:
    """Say that nothing more comes."""
    append_line(path, _END)


def read_journal(path: Path) -> Journal:
    """Return a journal; a last line without its end was cut short. Raises BlendkitError for one that was changed."""
    lines, torn = [], False
    data = path.read_bytes()
    raw = data.splitlines(keepends=True)
    for number, line in enumerate(raw, 1):
        found = _read_line(line)
        if found is None and not line.endswith(b"\n"):
            torn = True
        elif found is None:
            raise BlendkitError(
                f"{path}: line {number} is not as it was written",
                ["a journal is not edited by hand", "remove the journal: what only it lists is scored again"],
            )
        else:
            lines.append(found)
    ended = bool(lines) and lines[-1] == _END
    return Journal(path, tuple(line for line in lines if line != _END), ended or writer_has_ended(path), torn)


def read_tail(path: Path, start: int) -> tuple[list[dict[str, Any]], int]:
    """Return the whole lines of a journal that is being written, from a byte on, and the byte at which they end."""
    with path.open("rb") as handle:
        handle.seek(start)
        raw = handle.read().splitlines(keepends=True)
    lines, at = [], start
    for line in raw:
        found = _read_line(line)
        if found is None:
            break
        at += len(line)
        lines.append(found)
    return [line for line in lines if line != _END], at


def _read_line(raw: bytes) -> dict[str, Any] | None:
    text = raw[_FRONT:-_BACK]
    if not raw.endswith(b"]\n") or raw[2 : 2 + _HASH] != _check(text).encode():
        return None
    try:
        found = json_value(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _check(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()[:_HASH]
