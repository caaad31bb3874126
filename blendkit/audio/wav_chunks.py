"""The chunks of a WAV file: where its audio ends, whatever its header states.

A recorder that streams, or that lost its power, leaves sizes which are too small or mean nothing.
Sources: the RIFF/WAVE specification (Microsoft and IBM, 1991); the sizes that sox, ffmpeg and arecord write to pipes.
"""

from __future__ import annotations

import mmap
from dataclasses import dataclass
from pathlib import Path

from blendkit.audio.file_parts import FilePart, FileParts

_RIFF_HEAD = 12
_UNKNOWN = frozenset({0, 0x7FFFF000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF})  # sizes that streams state
_LARGEST = 0xFFFFFFFF
_HEADERS = 1 << 20  # bytes in which the chunks before the audio lie
_LEAST_S = 0.2  # less than this behind the end is no reason to doubt it
_TAGS = (b"TAG", b"ID3", b"APETAGEX", b"LYRICS")  # what music programs append to any file
# chunks of RIFF that are known, also where the file ends inside them
_KNOWN = frozenset(
    b"LIST,bext,cue ,fact,smpl,inst,iXML,axml,id3 ,ID3 ,junk,JUNK,PAD ,FLLR,guan,wamd,_PMX,PEAK".split(b",")
)


@dataclass(frozen=True)
class _Audio:
    """The data chunk of a RIFF file: where its samples start, how many bytes it states, and its bytes per second."""

    start: int
    stated: int
    speed: int

    @property
    def seconds(self) -> float:
        return self.stated / self.speed if self.speed else 0.0


def wav_parts(path: Path, data: mmap.mmap) -> FileParts | None:
    """Return the WAV files that follow each other, with right sizes, and why; None for one whose sizes are right."""
    found: list[tuple[int, int, _Audio, str]] = []
    at = 0
    while _is_riff(data, at):
        audio = _audio(data, at)
        if audio is None:
            break
        end, why = _end(data, audio)
        found.append((at, end, audio, why))
        at = end
    whys = [why for *_, why in found if why]
    if len(found) < 2 and not whys:
        return None
    joined = [f"{len(found)} WAV files joined"] if len(found) > 1 else []
    return FileParts(tuple(_part(path, data, *f) for f in found), (*joined, *dict.fromkeys(whys)))


def wav_cut_from(source: Path | FilePart) -> float | None:
    """Return the stated length in seconds of a WAV file that ends before its audio does; None for any other."""
    if isinstance(source, FilePart):
        return _cut_from(source.contents(_HEADERS), source.size)
    with source.open("rb") as handle:
        if handle.read(4) != b"RIFF":
            return None
        with mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return _cut_from(data, len(data))


def _cut_from(data: bytes | mmap.mmap, size: int) -> float | None:
    audio = _audio(data, 0) if _is_riff(data, 0) else None
    if audio is None or audio.stated <= size - audio.start or _is_unknown(audio):
        return None
    return audio.seconds


def _end(data: mmap.mmap, audio: _Audio) -> tuple[int, str]:
    """Return where a RIFF file ends, and what is wrong with the size of its audio, or ""."""
    end = audio.start + audio.stated
    unknown = _is_unknown(audio)
    if (unknown and end > len(data)) or _goes_on(data, end, audio.speed):
        following = _next_riff(data, audio.start)
        length = "no length" if unknown else f"{audio.seconds:.3f} s, and audio goes on behind it"
        return len(data) if following is None else following, f"its header states {length}"
    if end >= len(data):
        return len(data), ""
    if not _is_chunk(data, end):
        end += end % 2
    while _is_chunk(data, end) and not _is_riff(data, end):
        size = _size(data, end)
        end += 8 + size
        if not _is_chunk(data, end):
            end += end % 2
    return end, ""


def _goes_on(data: mmap.mmap, end: int, speed: int) -> bool:
    """Return whether what lies behind the stated end of the audio is audio too."""
    if len(data) - end <= _LEAST_S * speed or any(_is_chunk(data, at) for at in (end, end + end % 2)):
        return False
    if any(data[end : end + len(tag)] == tag for tag in _TAGS):
        return False
    # zeros are the rest of a space that was set aside
    return any(data[at : at + (1 << 20)].strip(b"\0") for at in range(end, len(data), 1 << 20))


def _part(path: Path, data: mmap.mmap, at: int, end: int, audio: _Audio, why: str) -> FilePart:
    if not why:
        return FilePart(path, at, end)
    size = min(end - audio.start, _LARGEST)
    return FilePart(path, audio.start, end, data[at : audio.start - 4] + size.to_bytes(4, "little"))


def _audio(data: bytes | mmap.mmap, riff: int) -> _Audio | None:
    """Return the data chunk of the RIFF file that starts at `riff`."""
    at, speed = riff + _RIFF_HEAD, 0
    while at + 8 <= len(data):
        size = _size(data, at)
        if data[at : at + 4] == b"data":
            return _Audio(at + 8, size, speed)
        if data[at : at + 4] == b"fmt ":
            speed = int.from_bytes(data[at + 16 : at + 20], "little")
        at += 8 + size + size % 2
    return None


def _is_unknown(audio: _Audio) -> bool:
    """Return whether a size stands for none: of the audio, of the RIFF chunk or of the file."""
    whole = audio.start + audio.stated
    return any(size in _UNKNOWN for size in (audio.stated, whole - 8, whole))


def _is_riff(data: bytes | mmap.mmap, at: int) -> bool:
    return data[at : at + 4] == b"RIFF" and data[at + 8 : at + _RIFF_HEAD] == b"WAVE"


def _next_riff(data: mmap.mmap, at: int) -> int | None:
    """Return where a WAV file starts from `at` on."""
    at = data.find(b"RIFF", at)
    while at >= 0 and not (_is_riff(data, at) and data[at + _RIFF_HEAD : at + _RIFF_HEAD + 4] == b"fmt "):
        at = data.find(b"RIFF", at + 1)
    return at if at >= 0 else None


def _is_chunk(data: bytes | mmap.mmap, at: int) -> bool:
    """Return whether a chunk of RIFF starts here: a known one, or four letters and a size that fits into the file."""
    name = data[at : at + 4]
    if name in _KNOWN:
        return True
    printable = len(name) == 4 and all(0x20 <= byte < 0x7F for byte in name)
    return printable and at + 8 + _size(data, at) <= len(data) + 1


def _size(data: bytes | mmap.mmap, at: int) -> int:
    return int.from_bytes(data[at + 4 : at + 8], "little")
