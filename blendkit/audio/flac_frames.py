"""How much audio a FLAC file holds: what its header states, and what its frames say.

Every frame is numbered, so the last one tells how long the stream is, whatever the header states.
Source: RFC 9639 (STREAMINFO, frame headers).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from blendkit.audio.mapped import Bytes, places

_MARKER, _STREAMINFO = b"fLaC", (0, 0, 34)  # the first block is STREAMINFO (0), of 34 bytes
FLAC_HEAD = 42  # bytes up to the end of STREAMINFO
# where the largest block, the bytes of the largest frame, the rate, and the number of samples stand
_BLOCK, _LARGEST, _RATE, _TOTAL = 10, 15, 18, 21
_TAIL = 1 << 20  # bytes from the end in which the last frame is looked for; frames have 10 to 30 thousand


@dataclass(frozen=True)
class _Frame:
    first: int  # the position of its first sample
    count: int
    kind: bytes  # its synchronisation bytes, sample rate and bits: the same in all frames of a file


def flac_starts(data: Bytes, start: int = 0) -> Iterator[int]:
    """Yield where the FLAC files start that follow each other; one inside a picture or other metadata is none."""
    behind = start
    for at in places(data, _MARKER, start):
        head = data[at + 4 : at + 8]
        if at >= behind and len(head) == 4 and (head[0] & 0x7F, head[1] << 8 | head[2], head[3]) == _STREAMINFO:
            yield at
            behind = _first_frame(data, at) or at


def flac_rate(data: Bytes, start: int = 0) -> int:
    """Return the sample rate in Hz that the FLAC file at `start` states."""
    return int.from_bytes(data[start + _RATE : start + _RATE + 3], "big") >> 4


def flac_stated(data: Bytes, start: int = 0) -> int:
    """Return how many samples the FLAC file at `start` states; 0 where it does not know."""
    at = start + _TOTAL
    return (data[at] & 15) << 32 | int.from_bytes(data[at + 1 : at + 5], "big")


def flac_held(data: Bytes, start: int = 0, stop: int | None = None) -> int | None:
    """Return how many samples the frames of the FLAC file in data[start:stop] say that it holds.

    None where they cannot be trusted. A file that is damaged inside holds all of them, even if not all can be decoded.
    """
    at = _first_frame(data, start)
    block = int.from_bytes(data[start + _BLOCK : start + _BLOCK + 2], "big")
    first = None if at is None else _frame(data, at, block)
    if at is None or first is None:
        return None
    frames = _frames_backwards(data, at, len(data) if stop is None else stop, block, first.kind)
    # bytes of audio look like the start of a frame once in a million: two that follow each other do not
    while len(frames) > 1:
        last, before = frames[0], frames[1]
        if before.first + before.count == last.first:
            return last.first + last.count - first.first
        frames = frames[1:]
    return first.count if len(frames) == 1 and frames[0] == first else None


def flac_end(data: Bytes, start: int = 0) -> int:
    """Return where the FLAC file at `start` ends at the latest: its last frame, and as many bytes as a frame may have.

    The whole length where its frames cannot be trusted.
    """
    at = _first_frame(data, start)
    block = int.from_bytes(data[start + _BLOCK : start + _BLOCK + 2], "big")
    first = None if at is None else _frame(data, at, block)
    most = int.from_bytes(data[start + _LARGEST : start + _LARGEST + 3], "big")
    if at is None or first is None or not most:
        return len(data)
    behind: tuple[int, _Frame] | None = None
    found = len(data)
    while (found := data.rfind(first.kind[:2], at, found)) >= 0:
        frame = _frame(data, found, block)
        if frame is None or frame.kind != first.kind:
            continue
        if behind is not None and frame.first + frame.count == behind[1].first and behind[0] - found <= most:
            return min(len(data), behind[0] + most)
        behind = found, frame
    return len(data)


def without_flac_length(data: bytes) -> bytes:
    """Return a FLAC file that states the greatest length: the decoder then reads to the end of the file."""
    return data[:_TOTAL] + bytes([data[_TOTAL] | 15]) + b"\xff" * 4 + data[_TOTAL + 5 :]


def _first_frame(data: Bytes, start: int) -> int | None:
    """Return where the first frame of the FLAC file at `start` starts: behind the last block of metadata."""
    at = start + 4
    while at + 4 <= len(data):
        last, size = data[at] & 128, int.from_bytes(data[at + 1 : at + 4], "big")
        at += 4 + size
        if last:
            return at if at < len(data) else None
    return None


def _frames_backwards(data: Bytes, start: int, stop: int, block: int, kind: bytes) -> list[_Frame]:
    """Return the last frames in data[start:stop], from the end on."""
    found: list[_Frame] = []
    at, low = stop, max(start, stop - _TAIL)
    while len(found) < 4 and at > low:
        at = data.rfind(kind[:2], low, at)
        if at < 0:
            break
        frame = _frame(data, at, block)
        if frame is not None and frame.kind == kind:
            found.append(frame)
    return found


def _frame(data: Bytes, at: int, block: int) -> _Frame | None:
    """Return the frame whose header is at `at`; None if its checksum does not hold. block: samples of a fixed frame."""
    head = data[at : at + 16].ljust(16, b"\xff")  # the last frame may be shorter
    if head[0] != 0xFF or head[1] & 0xFE != 0xF8 or head[3] & 1:
        return None
    size, rate = head[2] >> 4, head[2] & 15
    more = max(1, 8 - (head[4] ^ 0xFF).bit_length()) if head[4] >= 0xC0 else 1  # bytes of the number, as in UTF-8
    if size == 0 or rate == 15 or head[3] >> 4 > 10 or more > 7 or 0x80 <= head[4] < 0xC0:
        return None
    number = head[4] if more == 1 else head[4] & (0x7F >> more)
    for byte in head[5 : 4 + more]:
        number = number << 6 | byte & 0x3F
    at_size = 4 + more
    stop = at_size + {6: 1, 7: 2}.get(size, 0) + {12: 1, 13: 2, 14: 2}.get(rate, 0)
    if _crc8(head[:stop]) != head[stop]:
        return None
    count = _block_size(size, head[at_size : at_size + 2])
    first = number if head[1] & 1 else number * block
    return _Frame(first, count, bytes([head[0], head[1], rate, head[3] & 15]))


def _block_size(code: int, extra: bytes) -> int:
    """Return the number of samples of a frame."""
    if code == 6:
        return extra[0] + 1
    if code == 7:
        return int.from_bytes(extra, "big") + 1
    return 192 if code == 1 else 576 << code - 2 if code < 6 else 256 << code - 8


def _crc8(data: bytes) -> int:
    """Return the CRC-8 with polynomial 0x07, start 0."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc << 1 & 0xFF ^ (0x07 if crc & 0x80 else 0)
    return crc
