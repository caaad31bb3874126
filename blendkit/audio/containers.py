"""Files of chunks, each with a name and a size: WAV, RF64, AIFF, CAF and W64; and AU, which is one chunk.

Sources: the RIFF/WAVE specification (Microsoft and IBM, 1991), EBU Tech 3306 (RF64), AIFF-C (Apple, 1991), the Core
Audio Format specification (Apple), the headers that libsndfile and sox write (W64, AU).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from blendkit.audio.mapped import Bytes
from blendkit.audio.sample_counts import SampleCount, aiff_speed, sample_count

# names that are known, also where the file ends inside their chunk
_KNOWN = frozenset(
    b"LIST,bext,cue ,fact,smpl,inst,iXML,axml,id3 ,ID3 ,junk,JUNK,PAD ,FLLR,guan,wamd,_PMX,PEAK".split(b",")
)
_AU_BYTES = {1: 1, 2: 1, 3: 2, 4: 3, 5: 4, 6: 4, 7: 8, 27: 1}  # bytes of a sample by the encoding of AU

_LONGEST_AU, _MOST_AU = 1 << 16, 256  # bytes of a header, channels
_NAMES = {b"RIFF": "WAV", b"RF64": "RF64", b"FORM": "AIFF", b"caff": "CAF", b"riff": "W64", b".snd": "AU"}


@dataclass(frozen=True)
class ChunkLayout:
    """How chunks lie in a container: the first starts at `first`, their heads have `head` bytes.

    form: how the size is written (`struct`), `at` bytes into the head; counted: how many bytes of the head it counts;
    align: chunks start at multiples of it; audio: the name of the chunk with the samples; skip: bytes before these.
    """

    first: int
    form: str
    at: int
    head: int
    counted: int
    align: int
    audio: bytes
    skip: int

    def size(self, data: Bytes, at: int) -> int:
        """Return the bytes of the chunk at `at`, without its head; 0 where its head is cut off."""
        field = data[at + self.at : at + self.head]
        width = struct.calcsize(self.form)
        return int(struct.unpack_from(self.form, field)[0]) - self.counted if len(field) >= width else 0

    def end(self, data: Bytes, at: int) -> int:
        """Return where the chunk at `at` ends: behind its head at least, whatever its size says."""
        return at + self.head + max(0, self.size(data, at))

    def padding(self, data: Bytes, end: int, size: int) -> tuple[int, bool]:
        """Return how many bytes align what follows a chunk of `size` bytes, and whether the file lacks them.

        Some programs leave them out: then a chunk starts right at `end`, and none starts behind the bytes.
        """
        pad = -size % self.align
        return pad, bool(pad) and self.is_chunk(data, end) and not self.is_chunk(data, end + pad)

    def is_chunk(self, data: Bytes, at: int) -> bool:
        """Return whether a chunk starts here: a known one, or four letters and a size that fits into the file."""
        name = data[at : at + 4]
        if name in _KNOWN:
            return True
        printable = len(name) == 4 and all(0x20 <= byte < 0x7F for byte in name)
        return printable and 0 <= self.size(data, at) <= len(data) + 1 - at - self.head


_RIFF = ChunkLayout(12, "<I", 4, 8, 0, 2, b"data", 0)
_LAYOUTS = {
    b"RIFF": _RIFF,
    b"RF64": _RIFF,
    b"FORM": ChunkLayout(12, ">I", 4, 8, 0, 2, b"SSND", 8),
    b"caff": ChunkLayout(8, ">q", 4, 12, 0, 1, b"data", 4),
    b"riff": ChunkLayout(40, "<q", 16, 24, 24, 8, b"data", 0),
}


@dataclass(frozen=True)
class AudioChunk:
    """Where the samples of a container start, how many bytes of them it states, and how many a second has.

    origin: where the container starts; field, form: where and how that size is written; more: what is written there
    beyond the bytes of samples; layout: how chunks follow, None where none do; count: what another field says of the
    length; unpadded: where bytes that align the next chunk were left out, and how many.
    """

    origin: int
    start: int
    stated: int
    speed: float
    field: int
    form: str
    more: int
    layout: ChunkLayout | None
    count: SampleCount | None = None
    unpadded: tuple[tuple[int, int], ...] = ()

    @property
    def seconds(self) -> float:
        """The stated length; 0 where the header does not say how many bytes a second has."""
        return self.stated / self.speed if self.speed else 0.0


def starts_here(data: Bytes, at: int) -> bool:
    """Return whether one of these containers starts at `at`: by its first bytes, and the first chunk's name."""
    head = data[at : at + 40]
    magic = head[:4]
    if magic in (b"RIFF", b"RF64"):
        return head[8:12] == b"WAVE"
    if magic == b"FORM":
        return head[8:12] in (b"AIFF", b"AIFC")
    if magic == b"caff":
        return head[4:8] == b"\0\1\0\0" and head[8:12] == b"desc"
    if magic == b"riff":
        return head[24:28] == b"wave"
    sizes: tuple[int, ...] = struct.unpack(">5I", head[4:24]) if magic == b".snd" and len(head) >= 24 else (0,) * 5
    return 24 <= sizes[0] < _LONGEST_AU and 0 < sizes[2] < 32 and 0 < sizes[4] <= _MOST_AU


def name_of(data: Bytes, at: int) -> str:
    """Return what the container at `at` is called."""
    return _NAMES.get(data[at : at + 4], "")


def audio_chunk(data: Bytes, start: int = 0) -> AudioChunk | None:
    """Return the audio of the container that starts at `start`; None for other files and where there is none."""
    magic = data[start : start + 4]
    if magic == b".snd":
        return _au(data[start : start + 24], start)
    layout = _LAYOUTS.get(magic)
    if layout is None:
        return None
    at, speed, long = start + layout.first, 0.0, 0
    count: SampleCount | None = None
    unpadded: list[tuple[int, int]] = []
    while at + layout.head <= len(data):
        name, size = data[at : at + 4], layout.size(data, at)
        body = at + layout.head
        if name == layout.audio:
            field, form, more = at + layout.at, layout.form, layout.counted + layout.skip
            if long:  # RF64 keeps the size of 64 bits elsewhere
                field, form, size = long, "<Q", int.from_bytes(data[long : long + 8], "little")
            first, stated = body + layout.skip, size - layout.skip
            return AudioChunk(start, first, stated, speed, field, form, more, layout, count, tuple(unpadded))
        if name == b"ds64":
            long = body + 8
        speed = _speed(name, data[body : body + 32]) or speed
        count = sample_count(name, data[body : body + 32], body, count)
        if size < 0:
            return None
        pad, missing = layout.padding(data, body + size, size)
        unpadded += [(body + size, pad)] if missing else []
        at = body + size + (0 if missing else pad)
    return None


def _au(head: bytes, origin: int) -> AudioChunk | None:
    if len(head) < 24:
        return None
    start, size, encoding, rate, channels = struct.unpack(">5I", head[4:])
    speed = float(rate * channels * _AU_BYTES.get(encoding, 0))
    return AudioChunk(origin, origin + start, size, speed, origin + 8, ">I", 0, None)


def _speed(name: bytes, body: bytes) -> float:
    """Return the bytes per second that a chunk states; 0 where it states none."""
    if name == b"fmt " and len(body) >= 12:
        return float(int.from_bytes(body[8:12], "little"))
    if name == b"COMM":
        return aiff_speed(body)
    if name == b"desc" and len(body) >= 24:
        rate, _, _, size, frames = struct.unpack(">d4sIII", body[:24])
        return float(rate * size / frames) if frames else 0.0
    return 0.0
