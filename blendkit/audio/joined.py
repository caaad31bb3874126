"""Files whose header does not say how long they are: streams, several files joined into one, and wrong headers.

A decoder stops where the header says that the audio ends. A recorder that streams writes no length (FLAC, WAV), one
that lost its power leaves a length that is too small, a cut or joined MP3 lost its own or has another file's, and
`cat a b > c` leaves the second file behind the end of the first. Each part is returned as a file of its own, with a
header that says how long it is.
Sources: RFC 3533 (Ogg), RFC 9639 (FLAC), the RIFF/WAVE specification (Microsoft and IBM, 1991).
"""

from __future__ import annotations

import mmap
from collections.abc import Sequence
from pathlib import Path

from blendkit.audio.file_parts import FilePart, FileParts
from blendkit.audio.flac_frames import FLAC_HEAD, FLAC_START, flac_held, flac_rate, flac_stated, without_flac_length
from blendkit.audio.mp3_frames import id3_size, is_mpeg, mp3_parts
from blendkit.audio.ogg import stream_starts
from blendkit.audio.wav_chunks import wav_parts


def parts_of(path: Path) -> FileParts | None:
    """Return the parts of a file whose header cannot be trusted with its length; None if it can be, or for others.

    The first bytes say what a file is, not its suffix. Raises OSError if the file cannot be read.
    """
    with path.open("rb") as handle:
        if path.stat().st_size < FLAC_HEAD:
            return None
        with mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ) as data:
            if data[:4] == b"OggS":
                return _ogg_parts(data)
            tag = id3_size(data, 0)
            if data[tag : tag + 4] == b"fLaC":
                return _flac_parts(data, tag)
            if data[:4] == b"RIFF":
                return wav_parts(data)
            return mp3_parts(data) if is_mpeg(data, path.suffix) else None


def _ogg_parts(data: mmap.mmap) -> FileParts | None:
    starts = stream_starts(data)
    if len(starts) < 2:
        return None
    return FileParts(tuple(map(FilePart, _cut(data, starts))), (f"{len(starts)} Ogg streams joined",))


def _flac_parts(data: mmap.mmap, start: int) -> FileParts | None:
    """Return the FLAC files that follow each other; start: where the first starts, behind a tag."""
    starts, at = [], data.find(FLAC_START, start)
    while at >= 0:
        starts.append(at)
        at = data.find(FLAC_START, at + 4)
    if not starts or (len(starts) == 1 and start == 0 and not _flac_fault(data)):
        return None
    files = _cut(data, starts)
    faults = [_flac_fault(f) for f in files]
    if len(files) == 1 and not faults[0]:
        return None
    joined = [f"{len(files)} FLAC files joined"] if len(files) > 1 else []
    return FileParts(
        tuple(
            FilePart(without_flac_length(f), False) if why else FilePart(f)
            for f, why in zip(files, faults, strict=True)
        ),
        (*joined, *dict.fromkeys(filter(None, faults))),
    )


def _flac_fault(data: bytes | mmap.mmap) -> str:
    """Return what is wrong with the length that a FLAC file states, where it holds more; else ""."""
    stated, rate = flac_stated(data), flac_rate(data)
    if not stated:
        return "its header states no length"
    held = flac_held(data)
    if held is None or held <= stated or not rate:
        return ""
    return f"its header states {stated / rate:.3f} s, and audio goes on behind it"


def _cut(data: mmap.mmap, starts: Sequence[int]) -> list[bytes]:
    return [data[a:b] for a, b in zip(starts, [*starts[1:], len(data)], strict=True)]
