"""The checksum of all frames of an MP3, which LAME and libav write behind the Xing header.

The data of a frame have no checksum of their own: a decoder plays what is damaged there as other sound, often without
noticing. This one says that a byte is damaged, but not which.
Source: "Mp3 Info Tag revision 1" (LAME): its checksums are CRC-16 with polynomial 0x8005, reflected, start 0.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from blendkit.audio.mapped import SPAN, Bytes, let_go, places
from blendkit.audio.mp3_frames import Frame, has_xing

_LENGTH, _MUSIC, _OWN = 28, 32, 34  # where the length of the file, the checksum of its frames and that of the tag stand
_WHOLE = 190  # bytes of a frame up to that of the tag where the side information has 32 bytes; libav counts so for all
_LANES = 4096  # stretches whose checksums are computed side by side at most, a power of two
_LEAST = 64  # words in each
_CHANGED_LATER = b"MP3GAIN_"  # a program that changes the volume of frames, and leaves their checksum as it was

Words = NDArray[np.uint16]
_BITS = np.arange(16, dtype=np.uint16)


def is_unsound(data: Bytes, first: Frame, stop: int) -> bool:
    """Return whether the checksum of the frames behind the first one, in data[:stop], does not hold.

    False where there is none, where it is that of another file, or where a program changed the volume later.
    """
    tag_at = _tag_at(data, first)
    if tag_at is None:
        return False
    tag = data[tag_at : tag_at + _OWN + 2]
    if int.from_bytes(tag[_LENGTH:_MUSIC], "big") != stop - first.at:
        return False
    if crc16(data, first.at + first.size, stop) == int.from_bytes(tag[_MUSIC:_OWN], "big"):
        return False
    return next(places(data, _CHANGED_LATER), None) is None


def crc16(data: Bytes, start: int, stop: int) -> int:
    """Return the CRC-16 with polynomial 0x8005, reflected, start 0, of data[start:stop]."""
    crc = np.zeros(1, np.uint16)
    for first in range(start, stop, SPAN):
        block = data[first : min(stop, first + SPAN)]
        crc = _moved(crc, _zeros(len(block))) ^ _of_block(np.frombuffer(block, np.uint8))
        let_go(data)
    return int(crc[0])


def _tag_at(data: Bytes, first: Frame) -> int | None:
    """Return where LAME's tag starts in a frame with a Xing header; None without one whose own checksum holds."""
    if not has_xing(data, first):
        return None
    flags = data[first.xing_at + 7]
    sizes = ((1, 4), (2, 4), (4, 100), (8, 4))  # the fields that a bit each says to be there
    at = first.xing_at + 8 + sum(size for bit, size in sizes if flags & bit)
    own = at + _OWN
    if own + 2 > first.at + first.size:
        return None
    stated = int.from_bytes(data[own : own + 2], "big")
    whole = data[first.at : own] + bytes(2) + data[own + 2 : first.at + _WHOLE]  # as libav does it
    return at if stated in (crc16(data, first.at, own), crc16(whole, 0, _WHOLE)) else None


def _table() -> Words:
    """Return what two bytes (65,536,) of 0 make of each checksum: the bytes that they stand for are added to it."""
    crc: Words = np.arange(1 << 16, dtype=np.uint16)
    for _ in range(16):
        crc = np.where(crc & 1, crc >> 1 ^ 0xA001, crc >> 1).astype(np.uint16)
    return crc


_TABLE = _table()


def _of_block(block: NDArray[np.uint8]) -> Words:
    """Return the checksum (1,) of a block (n,) of bytes: of many stretches side by side, then put together.

    Zeros in front of a block change nothing.
    """
    words = -(-len(block) // 2)
    lanes = min(_LANES, 1 << (words // _LEAST).bit_length())
    width = -(-words // lanes)
    padded = np.zeros(2 * lanes * width, np.uint8)
    padded[len(padded) - len(block) :] = block
    crc = np.zeros(lanes, np.uint16)
    for column in np.ascontiguousarray(padded.view("<u2").reshape(lanes, width).T):
        crc = _TABLE[crc ^ column]
    step = _zeros(2 * width)
    while len(crc) > 1:
        crc = _moved(crc[::2], step) ^ crc[1::2]
        step = _moved(step, step)
    return crc


def _zeros(count: int) -> Words:
    """Return what each bit (16,) of a checksum becomes by `count` bytes of 0 behind it."""
    out = np.left_shift(1, _BITS, dtype=np.uint16)
    power = _TABLE[out << 8] ^ out >> 8
    while count:
        out = _moved(out, power) if count & 1 else out
        power = _moved(power, power)
        count >>= 1
    return out


def _moved(crc: Words, bits: Words) -> Words:
    """Return checksums (n,) after what makes each bit of one into `bits` (16,)."""
    return np.asarray(np.bitwise_xor.reduce((crc[:, None] >> _BITS & 1) * bits, axis=1), np.uint16)
