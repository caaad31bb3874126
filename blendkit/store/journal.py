"""Journals: each process that fills a store appends a line per finished part to a file of its own.

Nobody changes another's file, so any number of processes, also on several machines, fill one store without a lock. A
line is `["<hash>", {...}]`: the hash of what follows it tells a line that a killed process left half-written, and a
line that somebody edited.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from blendkit.core import json_value, text_hash
from blendkit.errors import BlendkitError
from blendkit.temporaries import DAY_S, WINDOWS, may_run

JOURNALS = "journal-*.jsonl"
_NAME = re.compile(r"journal-([0-9a-f]{8})-(\d+)-[0-9a-f]{8}\.jsonl")
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
    path = folder / f"journal-{_machine()}-{os.getpid()}-{secrets.token_hex(4)}.jsonl"
    path.touch(exist_ok=False)
    return path


def append_line(path: Path, line: Mapping[str, Any]) -> None:
    """Append one line, flushed to disk."""
    text = json.dumps(line, ensure_ascii=False, allow_nan=False)
    data = f'["{_check(text.encode())}", {text}]\n'.encode()
    with path.open("ab", buffering=0) as handle:
        while data:  # a write may be cut short by a signal, or by a disk that is nearly full
            data = data[handle.write(data) :]
        os.fsync(handle.fileno())


def end_journal(path: Path) -> None:
    """Say that nothing more comes."""
    append_line(path, _END)


def read_journal(path: Path) -> Journal:
    """Return a journal. Raises BlendkitError for a line, other than the last, that is not as it was written."""
    lines, torn = [], False
    data = path.read_bytes()
    raw = data.splitlines(keepends=True)
    for number, line in enumerate(raw, 1):
        found = _read_line(line)
        if found is None and number == len(raw):
            torn = True
        elif found is None:
            raise BlendkitError(
                f"{path}: line {number} is not as it was written",
                ["a journal is not edited by hand", "remove the journal: what only it lists is scored again"],
            )
        else:
            lines.append(found)
    ended = bool(lines) and lines[-1] == _END
    return Journal(path, tuple(line for line in lines if line != _END), ended or _has_ended(path), torn)


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


def _has_ended(path: Path) -> bool:
    """Return whether a journal's writer can no longer be at work, though it did not say that it ended."""
    name = _NAME.fullmatch(path.name)
    if name and name[1] == _machine() and not WINDOWS:
        return not may_run(int(name[2]))
    return time.time() - path.stat().st_mtime > DAY_S  # on another machine nobody can ask


@cache
def _machine() -> str:
    """Return what names this machine since it started, and this container in it: process numbers hold within."""
    facts = [socket.gethostname()]
    with suppress(OSError):  # only Linux has these
        facts.append(Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8"))
        facts.append(str(Path("/proc/self/ns/pid").readlink()))
    return text_hash(" ".join(facts))[:8]
