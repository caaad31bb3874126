"""What the header of a recording states of its length, without decoding it."""

from __future__ import annotations

import mmap
import os
from pathlib import Path
from typing import Any

from blendkit.audio.flac_frames import flac_held, flac_rate, flac_stated
from blendkit.audio.mp3_frames import counts_frames, id3_size, is_mpeg
from blendkit.audio.quiet import terminal_of
from blendkit.audio.sizes import stated_seconds

HEADERLESS = "RAW"  # libsndfile takes any file whose name ends in .au for headerless sound: it would be noise


def probe_duration(path: Path) -> float | None:
    """Return a file's stated duration in seconds, None if its header cannot be read."""
    info = _info(path)
    return None if info is None else float(info.frames / info.samplerate)


def trusted_duration(path: Path) -> tuple[float | None, bool]:
    """Return a file's stated duration in seconds, and whether it is exact (FLAC).

    None where the header cannot be read or the duration is a guess, as that of an MP3 which does not count its frames.
    """
    if path.stat().st_size < 4:
        return None, False
    with path.open("rb") as handle, mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ) as data:
        start = id3_size(data, 0)
        if data[start : start + 4] == b"fLaC":
            flac = data[start:] if start else data
            samples, rate = max(flac_stated(flac), flac_held(flac) or 0), flac_rate(flac)
            return (samples / rate, True) if samples and rate else (None, False)
        if is_mpeg(data, path.suffix) and not counts_frames(data):
            return None, False
        stated = stated_seconds(data)
    return probe_duration(path) if stated is None else stated, False


def _info(path: Path) -> Any:
    import soundfile

    try:
        with terminal_of(path):
            info = soundfile.info(os.fsencode(path))
    except Exception:  # whatever a library says of a broken header: decoding says why
        return None
    return None if info.format == HEADERLESS or not info.samplerate else info
