"""What libmpg123 writes to the terminal by itself: dropped, for the status of a recording says it."""

from __future__ import annotations

import re
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from blendkit.audio.mp3_frames import is_mpeg
from blendkit.terminal import without_noise

_NOISE = re.compile(rb"\[src/libmpg123|(Warning|Note): |part2_3_length")
_MPEG_IN_WAV = re.compile(rb"fmt ....[\x50\x55]\0", re.DOTALL)  # the format codes of MPEG audio


def terminal_of(path: Path) -> AbstractContextManager[None]:
    """Return what keeps the terminal clean while a file is read: only files that libmpg123 may see need it."""
    try:
        with path.open("rb") as handle:
            start = handle.read(64)
    except OSError:  # reading the file says so
        start = b""
    mpeg = is_mpeg(start, path.suffix) or (start[:4] == b"RIFF" and _MPEG_IN_WAV.search(start))
    return without_mpg123_noise() if mpeg else nullcontext()


def without_mpg123_noise() -> AbstractContextManager[None]:
    """Keep libmpg123's remarks on damaged frames from the terminal, and nothing else."""
    return without_noise(_NOISE)
