"""Files whose header does not say how long they are: streams, and several files joined into one.

A decoder stops where the header says that the audio ends. A recorder that streams writes no length (FLAC, WAV), a
cut or joined MP3 lost its own or has another file's, and `cat a b > c` leaves the second file behind the end of the
first. Each part is returned as a file of its own, with a header that says how long it is.
Sources: RFC 3533 (Ogg), RFC 9639 (FLAC), the RIFF/WAVE specification (Microsoft and IBM, 1991).
"""

from __future__ import annotations

import mmap
from dataclasses import dataclass
from pathlib import Path

from blendkit.audio.mp3_frames import mp3_parts
from blendkit.audio.ogg import stream_starts

_FLAC_START = b"fLaC\x00\x00\x00\x22"  # the marker and the header of STREAMINFO, which has 34 bytes
_FLAC_TOTAL = 21  # where the 36 bits of the number of samples start: the last 4 bits of this byte, and 4 bytes
_FLAC_HEAD = 42  # bytes up to the end of STREAMINFO
_RIFF_HEAD = 12


@dataclass(frozen=True)
class Parts:
    """The files that one file holds, in order, and why it could not be read as it is."""

    files: tuple[bytes, ...]
    why: str


def parts_of(path: Path) -> Parts | None:
    """Return the parts of a file whose header cannot be trusted with its length; None if it can be, or for others.

    Raises OSError if the file cannot be read.
    """
    with path.open("rb") as handle:
        head = handle.read(_RIFF_HEAD)
        if len(head) < _RIFF_HEAD or path.stat().st_size < _FLAC_HEAD:
            return None
        with mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ) as data:
            if head[:4] == b"OggS":
                return _ogg_parts(data)
            if head[:4] == b"fLaC":
                return _flac_parts(data)
            if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
                return _wav_parts(data)
            if path.suffix.lower() == ".mp3":
                found = mp3_parts(data)
                return None if found is None else Parts(*found)
    return None


def _ogg_parts(data: mmap.mmap) -> Parts | None:
    starts = stream_starts(data)
    if len(starts) < 2:
        return None
    files = tuple(data[a:b] for a, b in zip(starts, [*starts[1:], len(data)], strict=True))
    return Parts(files, f"{len(files)} Ogg streams joined")


def _flac_parts(data: mmap.mmap) -> Parts | None:
    starts, at = [0], data.find(_FLAC_START, 4)
    while at > 0:
        starts.append(at)
        at = data.find(_FLAC_START, at + 4)
    files = (
        [data[a:b] for a, b in zip(starts, [*starts[1:], len(data)], strict=True)] if len(starts) > 1 else [data[:42]]
    )
    unknown = [_flac_total(f) == 0 for f in files]
    if len(starts) == 1 and not unknown[0]:
        return None
    if len(starts) == 1:
        return Parts((_with_flac_total(data[:]),), "its header states no length")
    return Parts(
        tuple(_with_flac_total(f) if u else f for f, u in zip(files, unknown, strict=True)),
        f"{len(files)} FLAC files joined",
    )


def _flac_total(data: bytes) -> int:
    return (data[_FLAC_TOTAL] & 15) << 32 | int.from_bytes(data[_FLAC_TOTAL + 1 : _FLAC_TOTAL + 5], "big")


def _with_flac_total(data: bytes) -> bytes:
    """Return a FLAC file that states the greatest length: the decoder then reads to the end of the file."""
    head = bytes([data[_FLAC_TOTAL] | 15]) + b"\xff" * 4
    return data[:_FLAC_TOTAL] + head + data[_FLAC_TOTAL + 5 :]


def _wav_parts(data: mmap.mmap) -> Parts | None:
    """Return the WAV files that follow each other, or one whose data chunk states no size."""
    files, at, unknown, size = [], 0, False, 0
    while data[at : at + 4] == b"RIFF" and data[at + 8 : at + _RIFF_HEAD] == b"WAVE":
        chunk = _data_chunk(data, at)
        if chunk is None:
            break
        size = int.from_bytes(data[chunk + 4 : chunk + 8], "little")
        end = at + 8 + int.from_bytes(data[at + 4 : at + 8], "little")
        behind = chunk + 8 + size
        # while it streams, a recorder states 0, or what it had written when it last updated its header
        if (size == 0 or _is_old(data, behind, size)) and len(data) > chunk + 8:
            rest = len(data) - chunk - 8
            files.append(data[at : chunk + 4] + rest.to_bytes(8, "little")[:4] + data[chunk + 8 :])
            unknown, end = True, len(data)
        else:
            files.append(b"" if end >= len(data) and not files else data[at:end])
        at = end + end % 2
    if len(files) < 2 and not unknown:
        return None
    alone = "its header states less than it holds" if size else "its header states no length"
    return Parts(tuple(files), f"{len(files)} WAV files joined" if len(files) > 1 else alone)


def _is_old(data: mmap.mmap, behind: int, size: int) -> bool:
    """Return whether most of a file lies behind the data that it states, and is no other chunk or file."""
    if len(data) - behind <= size:
        return False
    at = behind + behind % 2
    name, length = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
    return not (name.isascii() and name.decode("ascii", "replace").isprintable() and at + 8 + length <= len(data))


def _data_chunk(data: mmap.mmap, riff: int) -> int | None:
    """Return where the data chunk of a RIFF file starts."""
    at = riff + _RIFF_HEAD
    while at + 8 <= len(data):
        if data[at : at + 4] == b"data":
            return at
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        at += 8 + size + size % 2
    return None
