"""What libmpg123 writes to the terminal by itself: dropped, for the status of a recording says it."""

from __future__ import annotations

import re
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from blendkit.terminal import without_noise

_NOISE = re.compile(rb"\[src/libmpg123|(Warning|Note): |part2_3_length")


def terminal_of(path: Path) -> AbstractContextManager[None]:
    """Return what keeps the terminal clean while a file is read: only files that libmpg123 may see need it."""
    try:
        with path.open("rb") as handle:
            start = handle.read(3)
    except OSError:  # reading the file says so
        start = b""
    mpeg = path.suffix.lower() == ".mp3" or start == b"ID3" or start[:1] == b"\xff"
    return without_mpg123_noise() if mpeg else nullcontext()


def without_mpg123_noise() -> AbstractContextManager[None]:
    """Keep libmpg123's remarks on damaged frames from the terminal, and nothing else."""
    return without_noise(_NOISE)
