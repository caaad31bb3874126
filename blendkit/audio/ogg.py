"""The parts of the Ogg container that show which stretches of a damaged file are lost.

Every page starts with `OggS` and carries the stream position at its end (the granule), a page number
and a checksum. Decoders skip pages whose checksum fails and go on as if nothing were missing, so all
later audio shifts forward in time. The intact pages on both sides of a gap show where the loss is.
Source: RFC 3533 (Ogg), RFC 7845 (Opus in Ogg).
"""

from __future__ import annotations

import mmap
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from blendkit.audio.file_parts import FilePart
from blendkit.audio.mapped import Bytes, places

_HEADER = struct.Struct("<4sBBqIIIB")  # capture, version, type, granule, serial, number, checksum, segments
_REVERSED = bytes(int(f"{b:08b}"[::-1], 2) for b in range(256))
_OPUS_RATE = 48000
_FIRST_PAGE, _LAST_PAGE = 2, 4  # the flags of a stream's first and last page
_LARGEST_PAGE = 1 << 17
_SOUND = (b"\x01vorbis", b"OpusHead", b"\x7fFLAC", b"Speex")  # how the first page of such a stream begins
_UNFINISHED = -1  # the granule of a page on which no packet ends


@dataclass(frozen=True)
class Segment:
    """A stretch of intact pages without a gap, as an Ogg file of its own; end: its last sample's position."""

    end: int
    data: bytes


@dataclass(frozen=True)
class _Page:
    """A page at data[start:stop], whose packets start at `body`; the bytes of a long file are not copied."""

    number: int
    serial: int
    granule: int
    flags: int
    start: int
    stop: int
    body: int


def stream_starts(data: Bytes) -> list[int]:
    """Return where the streams start that follow each other in an Ogg file: one for most, more where files are joined.

    Streams that start together (as sound and its index do) count as one. Pages behind the end of a stream, or of one
    that never started, are another one, even if its first page is damaged.
    """
    starts: list[int] = []
    before, going = 0, set[int]()
    for at in places(data, b"OggS"):
        flags, serial = _flags_and_serial(data, at)
        page = _page(data, at) if serial not in going or flags & (_FIRST_PAGE | _LAST_PAGE) else None
        if page is None:
            continue
        if flags & _FIRST_PAGE or serial not in going:
            starts += [at] if not starts or before != at or not flags & _FIRST_PAGE else []
            before = page.stop
        going = going - {serial} if flags & _LAST_PAGE else going | {serial}
    return starts


def pages_end(data: Bytes) -> int:
    """Return where the last intact page of an Ogg file ends; its whole length where there is none."""
    at = len(data)
    while (at := data.rfind(b"OggS", 0, at)) >= 0:
        page = _page(data, at)
        if page is not None:
            return page.stop
        if len(data) - at <= _LARGEST_PAGE:  # it may be a last page that is cut off
            return len(data)
    return len(data)


def other_streams(data: Bytes, start: int, stop: int) -> list[tuple[int, int]]:
    """Return where the pages lie that are no sound, in data[start:stop], whose streams start together at `start`.

    libsndfile reads no sound that has an index or pictures beside it.
    """
    firsts = list(_first_pages(data, start))
    sound = next((p.serial for p in firsts if data[p.body : p.body + 8].startswith(_SOUND)), None)
    others = {p.serial for p in firsts} - {sound}
    if sound is None or not others:
        return []
    found: list[tuple[int, int]] = []
    for at in places(data, b"OggS", start, stop):
        page = _page(data, at) if _flags_and_serial(data, at)[1] in others else None
        if page is not None and found and found[-1][1] == at:
            found[-1] = found[-1][0], page.stop
        elif page is not None:
            found.append((at, page.stop))
    return found


def _first_pages(data: Bytes, at: int) -> Iterator[_Page]:
    """Yield the first pages of the streams that start together at `at`."""
    page = _page(data, at)
    while page is not None and page.flags & _FIRST_PAGE:
        yield page
        page = _page(data, page.stop)


def _flags_and_serial(data: Bytes, at: int) -> tuple[int, int]:
    """Return the flags and the stream's number of the page at `at`, whether it is intact or not."""
    head = data[at : at + _HEADER.size]
    return (head[5], int.from_bytes(head[14:18], "little")) if len(head) == _HEADER.size else (0, -1)


def intact_segments(data: Bytes, rate: int) -> list[Segment] | None:
    """Return the intact stretches of a damaged Ogg file of one stream; None if it is whole, or not Ogg.

    Positions are samples at `rate` Hz from the true start of the recording. Each segment holds the
    stream's header pages and its own, so any decoder can read it; its decoded samples end at `end`.
    """
    if data[:4] != b"OggS":
        return None
    pages = list(_intact_pages(data))
    if len({p.serial for p in pages}) != 1:
        return None
    touching = all(a.stop == b.start for a, b in pairwise(pages))  # decoders may stop at bytes between pages
    if touching and [p.number for p in pages] == list(range(len(pages))):
        return None
    scale, skip = _clock(data[pages[0].body : pages[0].stop], rate)
    header = b"".join(data[p.start : p.stop] for p in pages if p.granule == 0)
    found = []
    for run in _runs([p for p in pages if p.granule != 0]):
        granules = [p.granule for p in run if p.granule != _UNFINISHED]
        if granules:
            end = round((granules[-1] - skip) * scale)
            found.append(Segment(end, header + b"".join(data[p.start : p.stop] for p in run)))
    return found


def segments_of(source: Path | FilePart, rate: int) -> list[Segment] | None:
    """Return the intact stretches of a file, or of a part of one, as `intact_segments` does."""
    if isinstance(source, FilePart):
        return intact_segments(source.contents(), rate)
    with source.open("rb") as handle, mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return intact_segments(data, rate)


def is_ogg(source: Path | FilePart) -> bool:
    """Return whether a file starts as Ogg does."""
    return _part(source).contents(4) == b"OggS"


def is_truncated(source: Path | FilePart) -> bool:
    """Return whether a file is an Ogg stream without its last page: it is cut off."""
    if not is_ogg(source):
        return False
    part = _part(source)
    tail = replace(part, start=max(part.start, part.stop - _LARGEST_PAGE))
    pages = list(_intact_pages(tail.contents()))
    return bool(pages) and not pages[-1].flags & _LAST_PAGE


def _part(source: Path | FilePart) -> FilePart:
    return source if isinstance(source, FilePart) else FilePart(source, 0, source.stat().st_size)


def _runs(pages: list[_Page]) -> list[list[_Page]]:
    """Split pages where their numbers jump."""
    runs: list[list[_Page]] = []
    for page in pages:
        if not runs or page.number != runs[-1][-1].number + 1:
            runs.append([])
        runs[-1].append(page)
    return runs


def _clock(first_body: bytes, rate: int) -> tuple[float, int]:
    """Return samples per granule, and the granules before time zero (Opus always counts at 48 kHz)."""
    if first_body[:8] == b"OpusHead" and len(first_body) >= 12:
        return rate / _OPUS_RATE, int(struct.unpack_from("<H", first_body, 10)[0])
    return 1.0, 0


def _intact_pages(data: Bytes) -> Iterator[_Page]:
    """Yield the pages whose checksum holds, in file order."""
    stop = 0
    for at in places(data, b"OggS"):
        page = _page(data, at) if at >= stop else None
        if page is not None:
            yield page
            stop = page.stop


def _page(data: Bytes, at: int) -> _Page | None:
    """Return the page at `at`, None if its checksum does not hold or its end is missing."""
    if at > len(data) - _HEADER.size:
        return None
    _, version, flags, granule, serial, number, checksum, segments = _HEADER.unpack_from(data, at)
    body = at + _HEADER.size + segments
    stop = body + sum(data[at + _HEADER.size : body])
    if version != 0 or stop > len(data) or _checksum(data[at:stop]) != checksum:
        return None
    return _Page(number, serial, granule, flags, at, stop, body)


def _checksum(page: bytes) -> int:
    """Return the CRC-32 with polynomial 0x04c11db7, no reflection, start 0; the checksum field itself counts as 0.

    zlib computes the reflected kind; mirroring the bits of every byte, and then of the result, makes them equal.
    """
    mirrored = (page[:22] + bytes(4) + page[26:]).translate(_REVERSED)
    crc = zlib.crc32(mirrored, 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{crc:032b}"[::-1], 2)
