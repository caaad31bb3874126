"""Samples out of an open sound file: mono, finite, as far as the decoder comes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from blendkit.audio.scratch import block_size, lies_on_disk, sample_buffer
from blendkit.core import Float32

LOUDEST = 1e6  # no unit of recorders gives such samples, and sums of their squares overflow
SAMPLES_PER_BYTE = 1000  # no codec stores silence in less; a header that states more is not believed


@dataclass(frozen=True, eq=False)
class Mono:
    """What was read: the mean of the channels (n,) float32, and what is remarkable about it.

    bad: how many samples were NaN or infinite (they are 0 now); loudest: the largest magnitude of a finite sample;
    zeros: how many frames are 0 in all channels; energy: of the mean, as a share of the channels' mean energy (1 for
    one channel or silence); failed: why the decoder stopped before the end, or "".
    """

    samples: Float32
    bad: int
    loudest: float
    zeros: int
    energy: float
    failed: str


def read_mono(handle: Any, size: int, scratch: Path | None) -> Mono:
    """Read an open `soundfile.SoundFile` of a file of `size` bytes to its end, in blocks.

    A decoder that fails half-way leaves what it has written into the block: that part counts.
    """
    rate, channels = handle.samplerate, handle.channels
    believed = min(handle.frames, size * SAMPLES_PER_BYTE)
    on_disk = lies_on_disk(believed, rate, scratch)
    out = sample_buffer(believed, rate, scratch) if on_disk else None
    blocks: list[Float32] = []
    at, totals, failed = 0, _Totals(), ""
    # in one piece where memory allows: between two reads libsndfile seeks, after which an MP3 differs in its last bits
    length = max(1, believed) if not on_disk and believed == handle.frames else block_size(rate)
    buffer = np.empty((length, channels), np.float32)
    while not failed:
        if handle.frames > believed or not handle.seekable():  # what was written is then known by what is no NaN
            buffer[:] = np.nan
        frames, failed = _next(handle, buffer)
        if not len(frames):
            break
        mono = totals.add(frames)
        if out is None:
            blocks.append(mono)
        else:
            out[at : at + len(mono)] = mono[: len(out) - at]
        at += len(mono)
    samples = out[:at] if out is not None else (blocks[0] if len(blocks) == 1 else np.concatenate([_NONE, *blocks]))
    return Mono(samples, totals.bad, totals.loudest, totals.zeros, totals.energy(), failed)


def measured(samples: Float32, failed: str) -> Mono:
    """Return samples (n,) of another decoder with what is remarkable about them."""
    totals = _Totals()
    clean = totals.add(samples[:, None])
    return Mono(clean, totals.bad, totals.loudest, totals.zeros, totals.energy(), failed)


_NONE = np.zeros(0, np.float32)
# libsndfile seeks behind each block, which fails behind the last one of a FLAC without a stated length
_END = "psf_fseek"


class _Totals:
    """Sums over the blocks of a file."""

    def __init__(self) -> None:
        self.bad = self.zeros = 0
        self.loudest = self.of_mean = self.of_channels = 0.0

    def add(self, frames: Float32) -> Float32:
        """Count a block (n, channels), and return its mean over the channels (n,), NaN and infinite samples as 0."""
        finite = np.isfinite(frames)
        if not finite.all():
            self.bad += int((~finite).any(axis=1).sum())
            frames = np.where(finite, frames, np.float32(0))
        low, high = float(frames.min()), float(frames.max())
        self.loudest = max(self.loudest, -low, high)
        if frames.shape[1] == 1:
            mono = frames[:, 0].copy()
        elif self.loudest > LOUDEST:  # a sum in float32 would overflow
            mono = frames.mean(axis=1, dtype=np.float64).astype(np.float32)
        else:
            mono = frames.mean(axis=1, dtype=np.float32)
            self.of_mean += float(np.vdot(mono, mono))
            self.of_channels += float(np.vdot(frames, frames)) / frames.shape[1]
        self.zeros += len(frames) - int(np.count_nonzero(mono))
        return mono

    def energy(self) -> float:
        """Return the energy of the mean as a share of the channels' mean energy; 1 for one channel, or silence."""
        return self.of_mean / self.of_channels if self.of_channels > 0 else 1.0


def _next(handle: Any, buffer: Float32) -> tuple[Float32, str]:
    """Return the next frames, written into the buffer, and why the decoder failed, or ""."""
    start = handle.tell() if handle.seekable() else 0
    try:
        return handle.read(len(buffer), dtype="float32", always_2d=True, out=buffer), ""
    except (RuntimeError, ValueError) as error:
        reached = handle.tell() - start if handle.seekable() else -1
        if not 0 <= reached <= len(buffer):  # no place is known
            written = np.flatnonzero(~np.isnan(buffer).any(axis=1))
            reached = int(written[-1]) + 1 if len(written) else 0
        return buffer[:reached], "" if _END in str(error) else str(error)
