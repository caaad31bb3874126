"""Files whose header does not say how long they are: streams, several files joined into one, and wrong headers.

A decoder stops where the header says that the audio ends. A recorder that streams writes no length (FLAC, WAV), one
that lost its power leaves a length that is too small, a cut or joined MP3 lost its own or has another file's, and
`cat a b > c` leaves the second file behind the end of the first. Each part is returned as a file of its own, with a
header that says how long it is.
Sources: RFC 3533 (Ogg), RFC 9639 (FLAC), the RIFF/WAVE specification (Microsoft and IBM, 1991).
"""

from __future__ import annotations

import mmap
from dataclasses import replace
from pathlib import Path

from blendkit.audio.boxes import boxed_parts
from blendkit.audio.file_parts import FilePart, FileParts, Patch
from blendkit.audio.flac_frames import (
    FLAC_HEAD,
    flac_end,
    flac_held,
    flac_rate,
    flac_starts,
    flac_stated,
    without_flac_length,
)
from blendkit.audio.foreign_starts import sound_start, why_no_sound
from blendkit.audio.mp3_frames import id3_size, is_mpeg
from blendkit.audio.mp3_parts import mp3_parts
from blendkit.audio.ogg import other_streams, pages_end, stream_starts
from blendkit.audio.sizes import is_left, sized_parts, unread


class NoSoundError(ValueError):
    """A file is no sound as it is: packed, or spoilt by how it was copied."""


def parts_of(path: Path) -> FileParts | None:
    """Return the parts of a file whose header cannot be trusted with its length; None if it can be, or for others.

    The first bytes say what a file is, not its suffix. Raises OSError if the file cannot be read, and NoSoundError if
    it cannot be a sound.
    """
    with path.open("rb") as handle:
        if path.stat().st_size < FLAC_HEAD:
            return None
        with mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ) as data:
            if why := why_no_sound(data):
                raise NoSoundError(why)
            if data[:4] == b"OggS":
                return _ogg_parts(path, data)
            tag = id3_size(data, 0)
            if data[tag : tag + 4] == b"fLaC":
                return _flac_parts(path, data, tag)
            if is_mpeg(data, path.suffix):
                return mp3_parts(path, data)
            if at := sound_start(data):
                return FileParts((FilePart(path, at, len(data)),), (f"{at} bytes in front of its audio not read",))
            return boxed_parts(path, data) or sized_parts(path, data)


def _ogg_parts(path: Path, data: mmap.mmap) -> FileParts | None:
    starts = stream_starts(data)
    parts, beside = [], False
    for a, b in zip(starts, [*starts[1:], len(data)] if starts else [], strict=True):
        others = other_streams(data, a, b)
        parts.append(FilePart(path, a, b, patches=tuple(Patch(first, stop, b"") for first, stop in others)))
        beside = beside or bool(others)
    end = pages_end(data)
    left = [unread(len(data) - end)] if parts and is_left(data, end) else []
    if len(parts) < 2 and not beside and not left:
        return None
    joined = [f"{len(parts)} Ogg streams joined"] if len(parts) > 1 else []
    if left:
        parts[-1] = replace(parts[-1], stop=end)
    return FileParts(tuple(parts), (*joined, *(["other streams beside its sound left out"] if beside else []), *left))


def _flac_parts(path: Path, data: mmap.mmap, start: int) -> FileParts | None:
    """Return the FLAC files that follow each other; start: where the first starts, behind a tag."""
    starts = list(flac_starts(data, start))
    parts, faults = [], []
    for a, b in zip(starts, [*starts[1:], len(data)] if starts else [], strict=True):
        fault = _flac_fault(data, a, b)
        head = without_flac_length(data[a : a + FLAC_HEAD]) if fault else b""
        parts.append(FilePart(path, a + len(head), b, head, not fault))
        faults += [fault] if fault else []
    end = flac_end(data, starts[-1]) if starts else len(data)
    left = [unread(len(data) - end)] if is_left(data, end) else []
    if len(parts) < 2 and not faults and not left:
        return None
    joined = [f"{len(parts)} FLAC files joined"] if len(parts) > 1 else []
    return FileParts(tuple(parts), (*joined, *dict.fromkeys(faults), *left))


def _flac_fault(data: mmap.mmap, start: int, stop: int) -> str:
    """Return what is wrong with the length that the FLAC file in data[start:stop] states, if it holds more; else ""."""
    stated, rate = flac_stated(data, start), flac_rate(data, start)
    if not stated:
        return "its header states no length"
    held = flac_held(data, start, stop)
    if held is None or held <= stated or not rate:
        return ""
    return f"its header states {stated / rate:.3f} s, and audio goes on behind it"
