"""What a target is, and how bytes reach the code that reads them."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Target:
    """run: what reads the bytes; seeds: inputs that it reads well, for the fuzzer to start from."""

    run: Callable[[bytes], Any]
    seeds: tuple[bytes, ...]


def memory() -> str | None:
    """A folder in memory where there is one: each input becomes a file."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


def of_file(read: Callable[[Path], Any], name: str, *seeds: bytes | str) -> Target:
    """A target that reads a file of this name."""

    def run(data: bytes) -> None:
        with tempfile.TemporaryDirectory(dir=memory()) as folder:
            path = Path(folder) / name
            path.write_bytes(data)
            read(path)

    return Target(run, tuple(s.encode() if isinstance(s, str) else s for s in seeds))


def of_text(read: Callable[[str], Any], *seeds: str) -> Target:
    """A target that reads a text."""
    return Target(lambda data: read(data.decode("utf-8", "replace")), tuple(s.encode() for s in seeds))
