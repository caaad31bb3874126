"""The MP3 files that a file holds, each with a header that counts its frames, and silence where frames are lost.

Without that header, or with another file's, a decoder guesses the length from the first frames and stops there.
"""

from __future__ import annotations

import mmap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from blendkit.audio.file_parts import FilePart, FileParts
from blendkit.audio.judging import replaced
from blendkit.audio.mapped import Bytes
from blendkit.audio.mp3_checksum import is_unsound
from blendkit.audio.mp3_frames import (
    Frame,
    behind_tags,
    frame_at,
    frames,
    has_count,
    has_vbri,
    has_xing,
    is_other_layer,
    next_frame,
    stated_frames,
)
from blendkit.audio.mp3_held import Held, held_frames
from blendkit.audio.mp3_holes import Filled, filled
from blendkit.audio.mp3_side import damaged_frames
from blendkit.audio.sizes import is_left, unread

_ROOMY = 9  # a bit rate: 128 kbit/s of MPEG 1, 80 of MPEG 2
_UNSOUND = "its checksum says that bytes of its audio are damaged, but not which: some of it may be other sound"
_SLACK = 2  # frames: some encoders also count the header, or an end that is cut off


@dataclass(frozen=True)
class _Made:
    part: FilePart
    frame: Frame  # its first
    holes: Filled
    unsound: bool


def mp3_parts(path: Path, data: mmap.mmap) -> FileParts | None:
    """Return MP3 files with right headers, and why; None where the header states what the file holds, or for no MP3.

    Frames that are lost inside become silence. What is damaged inside frames, of which a checksum may tell, is left to
    the decoder, and so is a file that ends before its header says so: it gives what is there.
    """
    start = behind_tags(data, 0)
    first = next_frame(data, start)
    if first is None or is_other_layer(data, start):
        return None
    held = held_frames(data, first, len(data))
    odd = _fault(data, first, held)
    ends = behind_tags(data, held.end)
    left = len(data) - ends if is_left(data, ends) else 0
    damaged = held.gaps or damaged_frames(data, held.places).any()
    known = odd or damaged or left or held.changes or first.at > start or has_vbri(data, first)
    if not known and not is_unsound(data, first, held.end):
        return None
    counted = [f.at for f in frames(data, first.at) if has_count(data, f)] if odd or damaged else []
    starts = sorted({first.at, *counted, *held.changes})
    made = [_made(path, data, a, b) for a, b in zip(starts, [*starts[1:], held.end], strict=True)]
    joined = [f"{len(made)} MP3 files joined"] if len(made) > 1 else []
    whys = [odd] if odd and (not joined or _is_overlooked(data, first)) else []
    whys += [f"{first.at - start} bytes in front of its audio not read"] if first.at > start else []
    whys += [unread(left)] if left else []
    lost = _lost(made) + [_UNSOUND] * any(m.unsound for m in made)
    return FileParts(tuple(m.part for m in made), (*joined, *whys, *lost), "holed" if lost else "ok")


def _fault(data: Bytes, first: Frame, held: Held) -> str:
    """Return what is wrong with the header that counts the frames of an MP3, or ""."""
    stated = stated_frames(data, first)
    if _is_overlooked(data, first):
        return "the frame that states its length is damaged"
    if stated is None:
        return "its header does not state its length"
    return f"its header states {stated} of its {held.count} frames" if held.count - stated > _SLACK else ""


def _lost(made: Sequence[_Made]) -> list[str]:
    """Return the note on what is silence in all parts."""
    holed = [m for m in made if m.holes.silent]
    if not holed:
        return []
    rate = holed[0].frame.rate
    samples = sum(round(m.holes.silent * m.frame.samples * rate / m.frame.rate) for m in holed)
    return [replaced(samples, rate, guessed=any(m.holes.guessed for m in holed))]


def _made(path: Path, data: mmap.mmap, start: int, stop: int) -> _Made:
    """Return the MP3 in data[start:stop] with a header that counts its frames; one that states no less stays."""
    first = frame_at(data, start)
    assert first is not None  # parts start with a frame
    held = held_frames(data, first, stop)
    stated = stated_frames(data, first)
    damaged = np.flatnonzero(damaged_frames(data, held.places))
    holes = filled(data, held, stated, [held.places[k] for k in damaged])
    count = held.count + holes.added
    head, at, states = b"", start, True
    few = stated is not None and count - stated > _SLACK
    if has_xing(data, first) and stated is not None:
        if few or _is_overlooked(data, first):
            head, at = _mended(data, first, count if few else stated, stop)
    else:
        audio = next_frame(data, first.at + first.size) if has_count(data, first) else first
        at = (audio or first).at
        # a VBRI header that states more than there is tells what is missing
        head = _header(data[at : at + 4], count if stated is None else max(count, stated), stop - at)
        states = stated is not None and bool(head)
        at = at if head else start
    unsound = not holes.silent and is_unsound(data, first, stop)
    return _Made(FilePart(path, at, stop, head, states, holes.patches), first, holes, unsound)


def _mended(data: Bytes, first: Frame, count: int, stop: int) -> tuple[bytes, int]:
    """Return the start of an MP3, whose Xing header states `count` frames, and what of the file follows it.

    The rest of the header stays: it also says what the encoder added at both ends.
    """
    at = first.xing_at + 8
    head = data[first.at : first.at + 6] + bytes(first.xing_at - first.at - 6) + data[first.xing_at : at]
    size = (stop - first.at).to_bytes(4, "big") if data[at - 1] & 2 else b""
    head += count.to_bytes(4, "big") + size
    return head, first.at + len(head)


def _header(frame: bytes, count: int, size: int) -> bytes:
    """Return a frame that says how many frames and bytes of audio follow; frame: the header of one of them."""
    # the audio's own header, without a checksum and padding, and at a bit rate whose frames have room for the counts
    start = bytes([0xFF, frame[1] | 1, _ROOMY << 4 | frame[2] & 0x0C, frame[3]])
    head = frame_at(start, 0)
    if head is None:
        return b""
    made = bytearray(head.size)
    made[:4] = start
    counts = (3, count, size + head.size)  # 3: both counts are there
    made[head.xing_at : head.xing_at + 16] = b"Info" + b"".join(n.to_bytes(4, "big") for n in counts)
    return bytes(made)


def _is_overlooked(data: Bytes, frame: Frame) -> bool:
    """Return whether decoders overlook the Xing header of a frame: all but a checksum before it must be 0."""
    return has_xing(data, frame) and any(data[frame.at + 6 : frame.xing_at])
