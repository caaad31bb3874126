"""How many samples a header counts, beside the size of the audio: COMM of AIFF, fact of WAV.

Some decoders stop where this count ends, others pass over it.
Sources: AIFF-C (Apple, 1991), the RIFF/WAVE specification (Microsoft and IBM, 1991).
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass

_EXACT = {b"alaw": (1, 1), b"ALAW": (1, 1), b"ulaw": (1, 1), b"ULAW": (1, 1), b"fl32": (4, 1), b"FL32": (4, 1)}
_EXACT |= {b"fl64": (8, 1), b"FL64": (8, 1), b"GSM ": (33, 160), b"ima4": (34, 64)}  # bytes of a channel, samples
_PACKETS = b"ima4"  # counts its packets
_BOUND = frozenset({b"GSM ", b"DWVW"})  # of these libsndfile gives no more samples than the header counts
_OF_BYTES = frozenset({2, 3, 6, 7, 0x11, 0x31})  # formats of WAV whose bytes per second are exact and have a fact


@dataclass(frozen=True)
class SampleCount:
    """A count of samples, at `rate` Hz; None without one. at: where it is written, 0 for one that no decoder heeds."""

    samples: int | None
    rate: float
    at: int = 0

    @property
    def seconds(self) -> float:
        """The length that it states."""
        return (self.samples or 0) / self.rate if self.rate else 0.0


def sample_count(name: bytes, body: bytes, at: int, known: SampleCount | None) -> SampleCount | None:
    """Return the count after the chunk `name`, whose `body` starts at `at`; known: the one before it.

    A `fmt ` chunk gives the rate to the `fact` chunk behind it.
    """
    if name == b"fmt " and len(body) >= 8:
        return SampleCount(None, struct.unpack("<I", body[4:8])[0]) if body[0] | body[1] << 8 in _OF_BYTES else None
    if name == b"fact" and known is not None and known.rate and len(body) >= 4:
        samples = struct.unpack("<I", body[:4])[0]
        return SampleCount(samples or None, known.rate)  # programs that stream write 0
    if name == b"COMM" and len(body) >= 18:
        codec = body[18:22]
        frames = struct.unpack(">I", body[2:6])[0] * (_EXACT[_PACKETS][1] if codec == _PACKETS else 1)
        return SampleCount(frames, _aiff_rate(body), at + 2 if codec in _BOUND else 0)
    return known


def aiff_speed(body: bytes) -> float:
    """Return the bytes per second of an AIFF by the body of its chunk COMM; 0 where it states none."""
    if len(body) < 18:
        return 0.0
    channels, bits = struct.unpack(">h4xh", body[:8])
    size, samples = _EXACT.get(body[18:22], ((bits + 7) // 8, 1))
    return float(channels * size * _aiff_rate(body) / samples) if body[18:22] != b"DWVW" else 0.0


def _aiff_rate(body: bytes) -> float:
    """Return the sample rate in Hz, a float of 80 bits."""
    exponent, mantissa = struct.unpack(">HQ", body[8:18])
    return math.ldexp(float(mantissa), min(0, (exponent & 0x7FFF) - 16446))
