"""Frames of an MP3 whose side information is damaged: a decoder plays them as noise, of any loudness.

The side information says how far before its frame the data of a frame start, and how long they are. The data of a
frame never reach into those of the next, nor beyond its own end. Where the encoder wrote a checksum, it must hold.
Source: ISO/IEC 11172-3 and 13818-3 (side information, checksum).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from blendkit.audio.mapped import Bytes, let_go
from blendkit.audio.mp3_frames import Frame, frame_at
from blendkit.core import Bools

_BLOCK = 4096  # frames that are looked at together
_UNTRUSTED = 0.1  # the share of checksums that fail from which it is the encoder that computes them wrongly

Ints = NDArray[np.int64]
Sides = NDArray[np.uint8]  # (frames, bytes): side information


def damaged_frames(data: Bytes, places: Sequence[int]) -> Bools:
    """Return which of the frames (n,) that follow each other at `places` are damaged, by their side information."""
    if not places:
        return np.zeros(0, np.bool_)
    at = np.asarray(places, np.int64)
    begins, lengths, rooms, failed, checked = (np.zeros(len(at), np.int64) for _ in range(5))
    for first in range(0, len(at), _BLOCK):
        own = slice(first, first + _BLOCK)
        start = int(at[own][0])
        block = data[start : int(at[own][-1]) + 40]
        _read(
            block.ljust(len(block) + 40, b"\0"),
            at[own] - start,
            begins[own],
            lengths[own],
            rooms[own],
            failed[own],
            checked[own],
        )
        let_go(data)
    wrong = _contradictions(begins, lengths, rooms)
    if failed.sum() <= _UNTRUSTED * checked.sum():
        wrong |= failed > 0
    return wrong


def _contradictions(begins: Ints, lengths: Ints, rooms: Ints) -> Bools:
    """Return the frames whose data reach into those of others. rooms: the bytes of data that lie in each frame."""
    ends = np.cumsum(rooms)
    starts = ends - rooms - begins
    stops = starts + lengths
    beyond = stops > ends
    clash = stops[:-1] > starts[1:]  # which of the two is wrong cannot be told
    wrong: Bools = beyond | np.append(clash, False) | np.insert(clash, 0, False)
    return wrong


def _read(block: bytes, at: Ints, begins: Ints, lengths: Ints, rooms: Ints, failed: Ints, checked: Ints) -> None:
    """Fill in what the side information of the frames at `at` in a block of bytes says."""
    found = np.frombuffer(block, np.uint8)
    heads = found[at[:, None] + np.arange(4)]
    kinds, which = np.unique(heads & np.array([255, 255, 255, 192], np.uint8), axis=0, return_inverse=True)
    for k, kind in enumerate(kinds):
        frame = frame_at(kind.tobytes(), 0)
        if frame is None:
            continue
        rows = np.flatnonzero(which.ravel() == k)
        start = at[rows] + 4 + 2 * frame.checked
        side = found[start[:, None] + np.arange(frame.side)]
        begins[rows], lengths[rows] = _pointer(side, frame), -(-_lengths(side, frame) // 8)
        rooms[rows] = frame.size - 4 - 2 * frame.checked - frame.side
        if frame.checked:
            checked[rows] = 1
            stated = found[start - 2].astype(np.int64) << 8 | found[start - 1]
            failed[rows] = _crc16(np.concatenate([heads[rows, 2:], side], axis=1)) != stated


def _pointer(side: Sides, frame: Frame) -> Ints:
    """Return how many bytes before their frame the data start."""
    return _bits(side, 0, 9) if frame.mpeg1 else _bits(side, 0, 8)


def _lengths(side: Sides, frame: Frame) -> Ints:
    """Return the bits of data of frames, over their granules and channels."""
    channels = 1 if frame.mono else 2
    granules, size = (2, 59) if frame.mpeg1 else (1, 63)
    first = 9 + (5 if frame.mono else 3) + 4 * channels if frame.mpeg1 else 8 + channels
    total = np.zeros(len(side), np.int64)
    for k in range(granules * channels):
        total += _bits(side, first + k * size, 12)
    return total


def _bits(side: Sides, first: int, count: int) -> Ints:
    """Return a number of at most 16 bits that starts at a bit."""
    byte, shift = divmod(first, 8)
    wide = np.zeros(len(side), np.int64)
    for k in range(3):
        wide = wide << 8 | (side[:, byte + k] if byte + k < side.shape[1] else 0)
    return wide >> (24 - shift - count) & (1 << count) - 1


def _crc16(rows: Sides) -> Ints:
    """Return the CRC-16 with polynomial 0x8005, start 0xFFFF, of each row of bytes."""
    crc = np.full(len(rows), 0xFFFF, np.int64)
    for k in range(rows.shape[1]):
        crc ^= rows[:, k].astype(np.int64) << 8
        for _ in range(8):
            crc = np.where(crc & 0x8000, crc << 1 ^ 0x8005, crc << 1) & 0xFFFF
    return crc
