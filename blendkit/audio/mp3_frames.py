"""The frames of an MP3, and the header (Xing, Info or VBRI) that says how many there are.

Sources: ISO/IEC 11172-3 and 13818-3 (frame headers), the Xing/Info header as LAME writes it, the VBRI header of
Fraunhofer's encoder, ID3v1, ID3v2, APEv2 and Lyrics3 (tags).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from blendkit.audio.mapped import SPAN, Bytes, let_go

_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}  # by version: MPEG 1, 2, 2.5
_KBPS_1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_KBPS_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_XING, _VBRI = (b"Xing", b"Info"), b"VBRI"
_MOST_TAGS = 100  # in front of the audio
_APE_HEAD, _LYRICS = 32, b"LYRICSBEGIN"
_OTHER_KINDS = frozenset({b"RIFF", b"RF64", b"OggS", b"fLaC", b"FORM", b"caff", b".snd", b"riff"})  # first bytes


@dataclass(frozen=True)
class Frame:
    """A frame of layer III at data[at:at + size], of audio at `rate` Hz; checked: a checksum follows its header."""

    at: int
    size: int
    rate: int
    mpeg1: bool
    mono: bool
    checked: bool

    @property
    def samples(self) -> int:
        """How many samples it has, per channel."""
        return 1152 if self.mpeg1 else 576

    @property
    def sound(self) -> tuple[int, bool]:
        """What a decoder cannot change in the middle of a file: the rate, and whether it has one channel."""
        return self.rate, self.mono

    @property
    def kind(self) -> tuple[int, bool, bool]:
        """What all frames of one file have in common."""
        return self.rate, self.mono, self.checked

    @property
    def side(self) -> int:
        """The bytes of its side information."""
        return (17 if self.mono else 32) if self.mpeg1 else (9 if self.mono else 17)

    @property
    def xing_at(self) -> int:
        """Where a Xing header would start: behind the frame header and the side information."""
        return self.at + 4 + self.side

    @property
    def vbri_at(self) -> int:
        """Where a VBRI header would start, whatever the side information."""
        return self.at + 36


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
    first = next_frame(data, id3_size(data, 0))
    return first is not None and stated_frames(data, first) is not None


def mp3_samples(data: Bytes) -> int:
    """Return how many samples the frames are for which the header of an MP3 states a count; 0 without a count.

    Decoders give a little less: what the encoder added at both ends is taken away.
    """
    first = next_frame(data, id3_size(data, 0))
    stated = None if first is None else stated_frames(data, first)
    return 0 if first is None or stated is None else stated * first.samples


def frames(data: Bytes, at: int) -> Iterator[Frame]:
    """Yield the frames from `at` on; tags and damage between them are skipped."""
    frame, last = next_frame(data, at), at + SPAN
    while frame is not None:
        yield frame
        if frame.at > last:
            let_go(data)
            last = frame.at + SPAN
        frame = next_frame(data, frame.at + frame.size)


def next_frame(data: Bytes, at: int) -> Frame | None:
    """Return the first frame from `at` on that another frame, a tag or the end follows."""
    while 0 <= at < len(data) - 4:
        at = behind_tags(data, at)
        frame = frame_at(data, at)
        if frame is not None:
            end = at + frame.size
            if end >= len(data) - 4 or frame_at(data, end) is not None or behind_tags(data, end) > end:
                return frame
        at = data.find(b"\xff", at + 1)
    return None


def frame_at(data: Bytes, at: int) -> Frame | None:
    """Return the frame of layer III whose header is at `at`."""
    head = data[at : at + 4]
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2 or head[1] >> 3 & 3 not in _RATES:
        return None
    version, bitrate, rate, padding = head[1] >> 3 & 3, head[2] >> 4, head[2] >> 2 & 3, head[2] >> 1 & 1
    if not 0 < bitrate < 15 or rate == 3:
        return None
    mpeg1 = version == 3
    kbps = (_KBPS_1 if mpeg1 else _KBPS_2)[bitrate]
    hz = _RATES[version][rate]
    size = (144 if mpeg1 else 72) * kbps * 1000 // hz + padding
    return Frame(at, size, hz, mpeg1, head[3] >> 6 == 3, not head[1] & 1)


def is_other_layer(data: Bytes, at: int) -> bool:
    """Return whether a frame of layer I or II is at `at`: in such a file, what looks like layer III is none."""
    head = data[at : at + 2]
    return len(head) == 2 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0 and head[1] & 6 in (4, 6)


def has_count(data: Bytes, frame: Frame) -> bool:
    """Return whether a frame is no audio, but a header that says how many frames follow."""
    return has_xing(data, frame) or has_vbri(data, frame)


def has_xing(data: Bytes, frame: Frame) -> bool:
    """Return whether a frame holds a Xing or Info header."""
    return data[frame.xing_at : frame.xing_at + 4] in _XING


def has_vbri(data: Bytes, frame: Frame) -> bool:
    """Return whether a frame holds a VBRI header, which libsndfile's decoder takes for audio."""
    return data[frame.vbri_at : frame.vbri_at + 4] == _VBRI


def stated_frames(data: Bytes, frame: Frame) -> int | None:
    """Return how many frames of audio the header in a frame states; None without a header or a count."""
    if has_xing(data, frame):
        at = frame.xing_at
        return int.from_bytes(data[at + 8 : at + 12], "big") if data[at + 7] & 1 else None
    at = frame.vbri_at
    return int.from_bytes(data[at + 14 : at + 18], "big") if has_vbri(data, frame) else None


def id3_size(data: Bytes, at: int) -> int:
    """Return the length of the ID3v2 tags at `at`, which may follow each other; 0 if there is none."""
    end = at
    for _ in range(_MOST_TAGS):
        head = data[end : end + 10]
        if len(head) < 10 or head[:3] != b"ID3":
            break
        end += 10 + sum((head[6 + i] & 0x7F) << 7 * (3 - i) for i in range(4))
    return end - at


def behind_tags(data: Bytes, at: int) -> int:
    """Return where the tags at `at` end, which music programs put in front of audio and behind it."""
    for _ in range(_MOST_TAGS):
        size = _tag_size(data, at)
        if not size:
            break
        at += size
    return at


def _tag_size(data: Bytes, at: int) -> int:
    head = data[at : at + _APE_HEAD]
    if head[:3] == b"ID3":
        size = id3_size(data, at) + 10 * bool(head[5:6] and head[5] & 16)  # a footer
        return size if at + size <= len(data) else 0  # what it states cannot be: sound may start anywhere
    if head[:3] == b"TAG":
        return 227 if head[3:4] == b"+" else 128
    if head[:8] == b"APETAGEX" and len(head) == _APE_HEAD:
        starts = head[23] & 0x20  # the flags say whether this is the tag's head, or the foot of one without a head
        return _APE_HEAD + (int.from_bytes(head[12:16], "little") if starts else 0)
    if head[: len(_LYRICS)] == _LYRICS:
        end = data.find(b"LYRICS", at + len(_LYRICS), at + (1 << 20))
        return end + 9 - at if end >= 0 else 0
    return 0
