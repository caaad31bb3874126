"""The frames of an MP3, and the Xing header that says how many there are.

Without that header, or with another file's, a decoder guesses the length from the first frames and stops there.
Sources: ISO/IEC 11172-3 and 13818-3 (frame headers), the Xing/Info header as LAME writes it.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from dataclasses import dataclass

_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}  # by version: MPEG 1, 2, 2.5
_KBPS_1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_KBPS_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_ROOMY = 9  # a bit rate: 128 kbit/s of MPEG 1, 80 of MPEG 2
_SLACK = 4096  # bytes of tags behind the audio that are no reason to count frames


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


def mp3_parts(data: mmap.mmap) -> tuple[tuple[bytes, ...], str] | None:
    """Return MP3 files with right headers, and why; None where the header states what the file holds, or for no MP3."""
    first = _next_frame(data, _id3_size(data, 0))
    if first is None:
        return None
    stated = _stated_bytes(data, first)
    if stated is not None and abs(len(data) - first.at - stated) <= max(_SLACK, stated // 100):
        return None
    if stated is not None and len(data) - first.at < stated:
        return None  # cut off: the decoder gives what is there
    starts = [f.at for f in _frames(data, first.at) if _has_xing(data, f)]
    if not starts or starts[0] != first.at:
        starts = [first.at, *starts]
    parts = [data[a:b] for a, b in zip(starts, [*starts[1:], len(data)], strict=True)]
    why = f"{len(parts)} MP3 files joined" if len(parts) > 1 else "its header does not state its length"
    return tuple(_with_header(p) for p in parts), why


def _with_header(part: bytes) -> bytes:
    """Return an MP3 that starts with a header which counts its frames; a right one stays."""
    frames = list(_frames(part, 0))
    if not frames:
        return part
    first = frames[0]
    if _has_xing(part, first):
        stated = _stated_bytes(part, first)
        if stated is not None and abs(len(part) - first.at - stated) <= max(_SLACK, stated // 100):
            return part
        frames = frames[1:] or frames
    audio = part[frames[0].at :]
    # the audio's own header, without a checksum and padding, and at a bit rate whose frames have room for the counts
    head = _frame(bytes([0xFF, audio[1] | 1, _ROOMY << 4 | audio[2] & 0x0C, audio[3]]), 0)
    if head is None:
        return part
    made = bytearray(head.size)
    made[:4] = bytes([0xFF, audio[1] | 1, _ROOMY << 4 | audio[2] & 0x0C, audio[3]])
    counts = (3, len(frames), len(audio) + head.size)  # 3: both counts are there
    made[head.xing_at : head.xing_at + 16] = b"Info" + b"".join(n.to_bytes(4, "big") for n in counts)
    return bytes(made) + audio


def _frames(data: bytes | mmap.mmap, at: int) -> Iterator[_Frame]:
    """Yield the frames from `at` on; tags and damage between them are skipped."""
    frame = _next_frame(data, at)
    while frame is not None:
        yield frame
        frame = _next_frame(data, frame.at + frame.size)


def _next_frame(data: bytes | mmap.mmap, at: int) -> _Frame | None:
    """Return the first frame from `at` on that another frame, a tag or the end follows."""
    while 0 <= at < len(data) - 4:
        at += _id3_size(data, at)
        frame = _frame(data, at)
        if frame is not None:
            end = at + frame.size
            if end >= len(data) - 4 or _frame(data, end) is not None or data[end : end + 3] in (b"ID3", b"TAG", b"APE"):
                return frame
        at = data.find(b"\xff", at + 1)
    return None


def _frame(data: bytes | mmap.mmap, at: int) -> _Frame | None:
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


def _has_xing(data: bytes | mmap.mmap, frame: _Frame) -> bool:
    return data[frame.xing_at : frame.xing_at + 4] in (b"Xing", b"Info")


def _stated_bytes(data: bytes | mmap.mmap, frame: _Frame) -> int | None:
    """Return how many bytes of audio the Xing header of a frame states; None without a count of frames and bytes."""
    at = frame.xing_at
    if not _has_xing(data, frame) or data[at + 7] & 3 != 3:
        return None
    return int.from_bytes(data[at + 12 : at + 16], "big")


def _id3_size(data: bytes | mmap.mmap, at: int) -> int:
    """Return the length of an ID3v2 tag at `at`; 0 if there is none."""
    head = data[at : at + 10]
    if len(head) < 10 or head[:3] != b"ID3":
        return 0
    return 10 + sum((head[6 + i] & 0x7F) << 7 * (3 - i) for i in range(4))
