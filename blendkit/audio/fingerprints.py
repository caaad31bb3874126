"""The hashes of a recording's samples, by which copies and cuts of it are found whatever their files are called."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np

from blendkit.audio.decoded import Decoded
from blendkit.audio.headers import channels_of
from blendkit.audio.scratch import block_size, release
from blendkit.core import ENVELOPE_PARTS, ENVELOPE_STEP_DB, MARK_DIGITS, AudioContent, Float32, Float64, Int16, Int64

_STRETCH = 64  # samples behind a mark: few, so that some of them survive another rounding to 16 bits
_COARSE_BITS = 2  # bits that marks leave out: a converted file differs in the last one, where it is loud
_DISTINCT = 12  # values of a stretch: what hums or is nearly silent is in many recordings
_ANCHOR = 8  # samples, two machine words, that choose the place of a mark
_MIXED = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F)  # odd constants with well mixed bits
_CHOSEN_BITS = 13  # one place in 8,192 may hold a mark, and of these one in 8 does: one in 2 s at 32 kHz
_ONE_IN = 8
_FLOOR_DB = -127.0


def content_of(decoded: Decoded, path: Path | None = None) -> AudioContent | None:
    """Return the content of a recording; None where there is nothing to compare (no sound, or nothing readable).

    path: its file. One of several channels gets a mark of the whole file, too: of which channel its samples are, or of
    what mean, is the choice of each run, and the same file has the same content in all.

    Samples are compared as 16-bit integers before any resampling: a lossless copy has the same content. A lossless
    cut, or a copy that was decoded into another format, shares marks with it, whether samples of more than 16 bits were
    rounded to the nearest value or cut off. Lossy copies do not, nor do copies with another gain or another rate.
    """
    if decoded.status in ("unreadable", "empty", "silent") or len(decoded.samples) < _STRETCH:
        return None
    whole, marks = hashlib.sha256(), set[str]()
    for start, block in _blocks(decoded):
        nearest, cut_off = _int16(np.rint(block)), _int16(np.floor(block))
        whole.update(nearest[start:].data)
        marks.update(_marks(nearest >> _COARSE_BITS, start))
        if not np.array_equal(nearest, cut_off):  # more than 16 bits: some programs round them, others cut them off
            marks.update(_marks(cut_off >> _COARSE_BITS, start))
    if path is not None and channels_of(path) != 1:
        marks.update(_file_mark(path))
    return AudioContent(whole.hexdigest()[:16], tuple(sorted(marks)), _levels(decoded.samples, decoded.rate))


def _file_mark(path: Path) -> list[str]:
    """Return the mark of a whole file; none of one that vanished after it was decoded."""
    with suppress(OSError), path.open("rb") as file:
        return [hashlib.file_digest(file, "sha256").hexdigest()[:MARK_DIGITS]]
    return []


def _blocks(decoded: Decoded) -> Iterator[tuple[int, Float32]]:
    """Yield the samples in steps of 16 bits, and where a block's own begin: before them lie some of the last block."""
    step, n = block_size(decoded.rate), len(decoded.samples)
    for at in range(0, n, step):
        before = min(at, _STRETCH + _ANCHOR)
        part = decoded.samples[at - before : at + step]
        yield before, part * np.float32(1 << 15)
        release(decoded.samples)


def _int16(steps: Float32) -> Int16:
    return np.clip(steps, -32768, 32767).astype(np.int16)


def _marks(block: Int16, start: int) -> Iterator[str]:
    """Yield the marks of the stretches that end at or after `start`.

    The place of a mark depends on 8 samples alone, so that a cut has its marks in the same places as the whole.
    """
    for ends in _anchors(block):
        for end in ends[(ends >= _STRETCH) & (ends > start)].tolist():
            stretch = block[end - _STRETCH : end]
            mark = hashlib.sha256(stretch.data).hexdigest()[:MARK_DIGITS]
            if int(mark[-4:], 16) % _ONE_IN == 0 and len(np.unique(stretch)) >= _DISTINCT:
                yield mark


def _anchors(block: Int16) -> Iterator[Int64]:
    for offset in range(4):  # a machine word holds four samples, and may begin at any of them
        words = block[offset : offset + (len(block) - offset) // 4 * 4].view(np.uint64)
        if len(words) < 2:
            continue
        mixed = words[:-1] * _MIXED[0]
        mixed ^= words[1:] * _MIXED[1]
        mixed >>= np.uint64(64 - _CHOSEN_BITS)
        yield np.flatnonzero(mixed == 1) * 4 + offset + _ANCHOR  # 1, not 0: words of zeros give 0


def _levels(samples: Float32, rate: int) -> str:
    """Return the levels of equal parts, two hex digits each."""
    edges = np.linspace(0, len(samples), ENVELOPE_PARTS + 1).astype(int)
    found: list[float] = []
    for a, b in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        step = block_size(rate)
        parts = (samples[i : min(i + step, b)] for i in range(a, b, step))
        energy = sum(float(np.square(s, dtype=np.float64).sum()) for s in parts)  # no BLAS: it sums in another order
        found.append(energy / max(b - a, 1))
        release(samples)
    return bytes(_in_steps(np.array(found))).hex()


def _in_steps(energy: Float64) -> list[int]:
    db = 10 * np.log10(np.maximum(energy, 10 ** (_FLOOR_DB / 10)))
    steps: list[int] = np.clip(np.rint((db - _FLOOR_DB) / ENVELOPE_STEP_DB), 0, 255).astype(int).tolist()
    return steps
