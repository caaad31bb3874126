"""Files of boxes that libav reads (MP4 and m4a, Matroska, ASF, WavPack): where files end that follow each other in one.

libav stops at the end of the first of them, and says nothing of what follows.
Sources: ISO/IEC 14496-12 (MP4), RFC 8794 and 9559 (EBML, Matroska), the Advanced Systems Format specification
(Microsoft, 2012), the WavPack 5 file format.
"""

from __future__ import annotations

import mmap
from collections.abc import Callable, Iterator
from pathlib import Path

from blendkit.audio.file_parts import FilePart, FileParts
from blendkit.audio.mapped import SPAN, Bytes, let_go, places
from blendkit.audio.sizes import is_left, unread

_EBML, _SEGMENT = b"\x1aE\xdf\xa3", b"\x18S\x80g"
_ASF = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_ASF_DATA = bytes.fromhex("3626b2758e66cf11a6d900aa0062ce6c")
_WAVPACK, _BLOCK_HEAD, _INITIAL = b"wvpk", 32, 0x800  # INITIAL: the flag of the first block of several channels
Box = tuple[bytes, int]  # its name, and where it ends


def boxed_parts(path: Path, data: mmap.mmap) -> FileParts | None:
    """Return the files of boxes that follow each other; None for one alone that fills its file, and for others."""
    if data[4:8] == b"ftyp":
        kind, first, step = "MP4", b"ftyp", _mp4_box
    elif data[:4] == _EBML:
        kind, first, step = "Matroska", _EBML, _ebml_box
    elif data[:16] == _ASF:
        kind, first, step = "ASF", _ASF, _asf_box
    elif data[:4] == _WAVPACK:
        kind, first, step = "WavPack", _WAVPACK, _wavpack_block
    else:
        return None
    starts, behind = [], 0
    for name, start, end in _boxes(data, step):
        starts += [start] if name == first else []
        behind = end
    left = len(data) - behind if kind != "WavPack" and 0 < behind < len(data) and is_left(data, behind) else 0
    if len(starts) < 2 and not left:
        return None
    parts = (FilePart(path, a, b) for a, b in zip([0, *starts[1:]], [*starts[1:], len(data)], strict=True))
    notes = [f"{len(starts)} {kind} files joined"] if len(starts) > 1 else []
    notes += [unread(left)] if left else []
    return FileParts(tuple(parts), tuple(notes))


def _boxes(data: Bytes, step: Callable[[Bytes, int], Box | None]) -> Iterator[tuple[bytes, int, int]]:
    """Yield the boxes that lie one behind the other: their name, start and end, at most the file's."""
    at, last = 0, SPAN
    while at < len(data):
        box = step(data, at)
        if box is None or box[1] <= at:
            return
        end = min(box[1], len(data))
        yield box[0], at, end
        at = end
        if at > last:
            let_go(data)
            last = at + SPAN


def _mp4_box(data: Bytes, at: int) -> Box | None:
    size, name = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
    if len(name) < 4 or not all(0x20 <= byte < 0x7F or byte == 0xA9 for byte in name):
        return None
    if size == 1:  # the size has 64 bits
        size = int.from_bytes(data[at + 8 : at + 16], "big")
    return (name, at + size if size else len(data)) if size == 0 or size >= 8 else None


def _ebml_box(data: Bytes, at: int) -> Box | None:
    name = data[at : at + 4]
    if name not in (_EBML, _SEGMENT) or at + 5 > len(data):
        return None
    width = 9 - data[at + 4].bit_length()
    size = int.from_bytes(data[at + 4 : at + 4 + width], "big") & (1 << 7 * width) - 1
    if width > 8 or size == (1 << 7 * width) - 1:  # a live stream does not know its size
        return name, len(data)
    return name, at + 4 + width + size


def _asf_box(data: Bytes, at: int) -> Box | None:
    name, size = data[at : at + 16], int.from_bytes(data[at + 16 : at + 24], "little")
    fits = at + size <= len(data) or name in (_ASF, _ASF_DATA)  # these two are known also where they are cut off
    return (name, at + size) if len(data) - at >= 24 and size >= 24 and fits else None


def _wavpack_block(data: Bytes, at: int) -> Box | None:
    """Return a block, the first of a file under the name `wvpk`; what is damaged is one up to the next block."""
    head = data[at : at + _BLOCK_HEAD]
    if head[:4] != _WAVPACK or len(head) < _BLOCK_HEAD:
        following = next(places(data, _WAVPACK, at + 1), None)
        return None if following is None else (b"damage", following)
    size, number, samples, flags = (int.from_bytes(head[k : k + 4], "little") for k in (4, 16, 20, 24))
    starts = samples and not number and not head[10] and flags & _INITIAL
    return _WAVPACK if starts else b"block", at + 8 + size
