"""Just enough of the Ogg container to know whether a stream lost its beginning.

Every page starts with `OggS` and carries the stream position at its end (the granule, in samples) and
a page number. libsndfile counts time from the first page it finds, so a hole at the very start would
shift the whole recording; the numbers tell. Source: RFC 3533.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

_HEADER = struct.Struct("<4sBBqIII")  # capture, version, type, granule, serial, page number, checksum
_HEAD_BYTES = 1 << 18
_TAIL_BYTES = 1 << 17  # more than the largest page


def lost_at_start(path: Path, frames: int) -> int:
    """Return the samples missing before the first readable audio page of an Ogg file, 0 if none.

    frames: the length libsndfile states, which is counted from the first page it found.
    """
    with path.open("rb") as handle:
        head = handle.read(_HEAD_BYTES)
        if head[:4] != b"OggS":
            return 0
        size = handle.seek(0, 2)
        handle.seek(max(0, size - _TAIL_BYTES))
        tail = handle.read()
    ends = [granule for granule, _ in _pages(tail) if granule > 0]
    if not ends or not _misses_a_page(head):
        return 0
    return max(0, ends[-1] - frames)


def _misses_a_page(head: bytes) -> bool:
    """True if page numbers jump before, or right at, the first page of audio."""
    for expected, (granule, number) in enumerate(_pages(head)):
        if number != expected:
            return True
        if granule > 0:
            return False
    return False


def _pages(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield (granule, page number) of the pages that start in a stretch of bytes."""
    at = data.find(b"OggS")
    while 0 <= at <= len(data) - _HEADER.size:
        _, version, _, granule, _, number, _ = _HEADER.unpack_from(data, at)
        if version == 0:
            yield granule, number
        at = data.find(b"OggS", at + 4)
