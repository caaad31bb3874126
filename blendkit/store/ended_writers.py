"""Whether the process that writes a journal can still be at work, on this machine or on another."""

from __future__ import annotations

import re
import socket
import time
from contextlib import suppress
from functools import cache
from pathlib import Path

from blendkit.core import text_hash
from blendkit.temporaries import DAY_S, WINDOWS, may_run

_NAME = re.compile(r"journal-([0-9a-f]{8})-(\d+)-[0-9a-f]{8}\.jsonl")


def writer_has_ended(path: Path) -> bool:
    """Return whether a journal's writer can no longer be at work, though it did not say that it ended."""
    name = _NAME.fullmatch(path.name)
    if name and name[1] == this_machine() and not WINDOWS:
        return not may_run(int(name[2]))
    return time.time() - path.stat().st_mtime > DAY_S  # on another machine nobody can ask


@cache
def this_machine() -> str:
    """Return what names this machine since it started, and this container in it: process numbers hold within."""
    facts = [socket.gethostname()]
    with suppress(OSError):  # only Linux has these
        facts.append(Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8"))
        facts.append(str(Path("/proc/self/ns/pid").readlink()))
    return text_hash(" ".join(facts))[:8]
