"""What the header of a recording states of its length, without decoding it."""

from __future__ import annotations

import mmap
import os
from typing import Any

from blendkit.audio.decoder_noise import terminal_of
from blendkit.audio.file_parts import FilePart, PartReader, Source, path_of, size_of
from blendkit.audio.flac_frames import flac_held, flac_rate, flac_stated
from blendkit.audio.mapped import Bytes
from blendkit.audio.mp3_frames import counts_frames, id3_size, is_mpeg
from blendkit.audio.sizes import stated_seconds

HEADERLESS = "RAW"  # libsndfile takes any file whose name ends in .au for headerless sound: it would be noise


def probe_duration(source: Source) -> float | None:
    """Return a file's stated duration in seconds, None if its header cannot be read."""
    info = _info(source)
    return None if info is None else float(info.frames / info.samplerate)


def channels_of(source: Source) -> int:
    """Return how many channels a file's header states, 0 if it cannot be read."""
    info = _info(source)
    return 0 if info is None else int(info.channels)


def trusted_duration(source: Source) -> tuple[float | None, bool]:
    """Return a file's stated duration in seconds, and whether it is exact (FLAC).

    None where the header cannot be read or the duration is a guess, as that of an MP3 which does not count its frames.
    """
    if size_of(source) < 4:
        return None, False
    if isinstance(source, FilePart):
        return _trusted(source, source.contents())
    with source.open("rb") as handle, mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return _trusted(source, data)


def _trusted(source: Source, data: Bytes) -> tuple[float | None, bool]:
    states_length = not isinstance(source, FilePart) or source.states_length
    start = id3_size(data, 0)
    if data[start : start + 4] == b"fLaC":
        samples, rate = flac_stated(data, start) * states_length, flac_rate(data, start)
        samples = max(samples, flac_held(data, start) or 0)
        return (samples / rate, True) if samples and rate else (None, False)
    if not states_length or (is_mpeg(data, path_of(source).suffix) and not counts_frames(data)):
        return None, False
    stated = stated_seconds(data)
    return probe_duration(source) if stated is None else stated, False


def _info(source: Source) -> Any:
    import soundfile

    try:
        with terminal_of(path_of(source)):
            info = soundfile.info(PartReader(source) if isinstance(source, FilePart) else os.fsencode(source))
    except Exception:  # whatever a library says of a broken header: decoding says why
        return None
    return None if info.format == HEADERLESS or not info.samplerate else info
