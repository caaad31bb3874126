"""The frames of an MP3, and the Xing header that says how many there are.

Without that header, or with another file's, a decoder guesses the length from the first frames and stops there.
Sources: ISO/IEC 11172-3 and 13818-3 (frame headers), the Xing/Info header as LAME writes it.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from blendkit.audio.file_parts import FilePart, FileParts
from blendkit.audio.mapped import SPAN, Bytes, let_go

_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}  # by version: MPEG 1, 2, 2.5
_KBPS_1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_KBPS_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_ROOMY = 9  # a bit rate: 128 kbit/s of MPEG 1, 80 of MPEG 2
_SLACK = 2  # frames: some encoders also count the header, or an end that is cut off
_MOST_TAGS = 100  # in front of the audio
_OTHER_KINDS = frozenset({b"RIFF", b"RF64", b"OggS", b"fLaC", b"FORM", b"caff", b".snd", b"riff"})  # first bytes


@dataclass(frozen=True)
class _Frame:
    at: int
    size: int
    mpeg1: bool
    mono: bool

    @property
    def xing_at(self) -> int:
        """Where a Xing header would start: behind the frame header and the side information."""
        side = (17 if self.mono else 32) if self.mpeg1 else (9 if self.mono else 17)
        return self.at + 4 + side


def is_mpeg(data: Bytes, suffix: str) -> bool:
    """Return whether libsndfile gives a file to its MPEG decoder: by its first bytes, else by its suffix."""
    start = data[:4]
    if start[:3] == b"ID3":
        at = id3_size(data, 0)
        return at >= len(data) or data[at : at + 3] == b"ID3" or is_mpeg(data[at : at + 4], ".mp3")
    if start[:1] == b"\xff" and len(start) > 1 and start[1] & 0xE0 == 0xE0:
        return True
    return suffix.lower() == ".mp3" and start not in _OTHER_KINDS


def counts_frames(data: Bytes) -> bool:
    """Return whether an MP3 starts with a header that counts its frames; without it, its length is a guess."""
    first = _next_frame(data, id3_size(data, 0))
    return first is not None and _stated_frames(data, first) is not None


def mp3_parts(path: Path, data: mmap.mmap) -> FileParts | None:
    """Return MP3 files with right headers, and why; None where the header states what the file holds, or for no MP3.

    A file that holds less than its header states is left to the decoder, which gives what is there.
    """
    first = _next_frame(data, id3_size(data, 0))
    if first is None:
        return None
    stated, held = _stated_frames(data, first), _count(data, first, len(data))
    damaged = _is_overlooked(data, first)
    if stated is not None and held - stated <= _SLACK and not damaged:
        return None
    starts = [f.at for f in _frames(data, first.at) if _has_xing(data, f)]
    if not starts or starts[0] != first.at:
        starts = [first.at, *starts]
    parts = tuple(_with_header(path, data, a, b) for a, b in zip(starts, [*starts[1:], len(data)], strict=True))
    whys = [f"{len(parts)} MP3 files joined"] if len(parts) > 1 else []
    if damaged:
        whys.append("the frame that states its length is damaged")
    elif not whys:
        said = "does not state its length" if stated is None else f"states {stated} of its {held} frames"
        whys.append(f"its header {said}")
    return FileParts(parts, tuple(whys))


def mp3_samples(data: Bytes) -> int:
    """Return how many samples the frames are for which the header of an MP3 states a count; 0 without a count.

    Decoders give a little less: what the encoder added at both ends is taken away.
    """
    first = _next_frame(data, id3_size(data, 0))
    stated = None if first is None else _stated_frames(data, first)
    return 0 if first is None or stated is None else stated * (1152 if first.mpeg1 else 576)


def _with_header(path: Path, data: mmap.mmap, start: int, stop: int) -> FilePart:
    """Return the MP3 in data[start:stop] with a header that counts its frames; one that states no less stays."""
    first = _next_frame(data, start)
    if first is None or first.at >= stop:
        return FilePart(path, start, stop)
    stated, held = _stated_frames(data, first), _count(data, first, stop)
    few = stated is not None and held - stated > _SLACK
    if stated is not None and not few and not _is_overlooked(data, first):
        return FilePart(path, start, stop)
    if stated is not None:  # the rest of the header stays: it also says what the encoder added at both ends
        at = first.xing_at + 8
        head = data[start : first.at + 6] + bytes(first.xing_at - first.at - 6) + data[first.xing_at : at]
        if few:
            head += held.to_bytes(4, "big") + ((stop - first.at).to_bytes(4, "big") if data[at - 1] & 2 else b"")
        return FilePart(path, start + len(head), stop, head)
    following = _next_frame(data, first.at + first.size) if _has_xing(data, first) else first
    at = (following or first).at
    made = _header(data[at : at + 4], held, stop - at)
    return FilePart(path, at, stop, made, False) if made else FilePart(path, start, stop)


def _header(frame: bytes, count: int, size: int) -> bytes:
    """Return a frame that says how many frames and bytes of audio follow; frame: the header of one of them."""
    # the audio's own header, without a checksum and padding, and at a bit rate whose frames have room for the counts
    start = bytes([0xFF, frame[1] | 1, _ROOMY << 4 | frame[2] & 0x0C, frame[3]])
    head = _frame(start, 0)
    if head is None:
        return b""
    made = bytearray(head.size)
    made[:4] = start
    counts = (3, count, size + head.size)  # 3: both counts are there
    made[head.xing_at : head.xing_at + 16] = b"Info" + b"".join(n.to_bytes(4, "big") for n in counts)
    return bytes(made)


def _count(data: Bytes, first: _Frame, stop: int) -> int:
    """Return how many frames of audio start before `stop`, from the first on, without one that holds a Xing header."""
    sizes: dict[bytes, int] = {}  # a long recording has a hundred thousand frames, of a few kinds
    count = -1 if _has_xing(data, first) else 0
    frame: _Frame | None = first
    while frame is not None and frame.at < stop:
        at, size = frame.at, frame.size
        last = min(stop, at + SPAN)
        while size and at < last:
            count, at = count + 1, at + size
            kind = data[at : at + 3]
            if kind not in sizes:
                found = _frame(kind + b"\0", 0) if len(kind) == 3 else None
                sizes[kind] = found.size if found else 0
            size = sizes[kind]
        if at >= last:
            let_go(data)
        frame = _next_frame(data, at)
    return count


def _frames(data: Bytes, at: int) -> Iterator[_Frame]:
    """Yield the frames from `at` on; tags and damage between them are skipped."""
    frame, last = _next_frame(data, at), at + SPAN
    while frame is not None:
        yield frame
        if frame.at > last:
            let_go(data)
            last = frame.at + SPAN
        frame = _next_frame(data, frame.at + frame.size)


def _next_frame(data: Bytes, at: int) -> _Frame | None:
    """Return the first frame from `at` on that another frame, a tag or the end follows."""
    while 0 <= at < len(data) - 4:
        at += id3_size(data, at)
        frame = _frame(data, at)
        if frame is not None:
            end = at + frame.size
            if end >= len(data) - 4 or _frame(data, end) is not None or data[end : end + 3] in (b"ID3", b"TAG", b"APE"):
                return frame
        at = data.find(b"\xff", at + 1)
    return None


def _frame(data: Bytes, at: int) -> _Frame | None:
    """Return the frame of layer III whose header is at `at`."""
    head = data[at : at + 4]
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2 or head[1] >> 3 & 3 not in _RATES:
        return None
    version, bitrate, rate, padding = head[1] >> 3 & 3, head[2] >> 4, head[2] >> 2 & 3, head[2] >> 1 & 1
    if not 0 < bitrate < 15 or rate == 3:
        return None
    mpeg1 = version == 3
    kbps = (_KBPS_1 if mpeg1 else _KBPS_2)[bitrate]
    size = (144 if mpeg1 else 72) * kbps * 1000 // _RATES[version][rate] + padding
    return _Frame(at, size, mpeg1, head[3] >> 6 == 3)


def _has_xing(data: Bytes, frame: _Frame) -> bool:
    return data[frame.xing_at : frame.xing_at + 4] in (b"Xing", b"Info")


def _is_overlooked(data: Bytes, frame: _Frame) -> bool:
    """Return whether decoders overlook the Xing header of a frame: all but a checksum before it must be 0."""
    return _has_xing(data, frame) and any(data[frame.at + 6 : frame.xing_at])


def _stated_frames(data: Bytes, frame: _Frame) -> int | None:
    """Return how many frames of audio the Xing header of a frame states; None without a header or a count."""
    at = frame.xing_at
    if not _has_xing(data, frame) or not data[at + 7] & 1:
        return None
    return int.from_bytes(data[at + 8 : at + 12], "big")


def id3_size(data: Bytes, at: int) -> int:
    """Return the length of the ID3v2 tags at `at`, which may follow each other; 0 if there is none."""
    end = at
    for _ in range(_MOST_TAGS):
        head = data[end : end + 10]
        if len(head) < 10 or head[:3] != b"ID3":
            break
        end += 10 + sum((head[6 + i] & 0x7F) << 7 * (3 - i) for i in range(4))
    return end - at
