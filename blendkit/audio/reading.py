"""Samples out of an open sound file: as far as the decoder comes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from blendkit.audio.channels import Channels, Mixer, Mono
from blendkit.audio.scratch import SAMPLES_PER_BYTE, block_size, lies_on_disk
from blendkit.core import Float32

# libsndfile seeks behind each block, which fails behind the last one of a FLAC without a stated length
_END = "psf_fseek"


def read_mono(handle: Any, size: int, channels: Channels, scratch: Path | None) -> Mono:
    """Read an open `soundfile.SoundFile` of a file of `size` bytes to its end, in blocks.

    A decoder that fails half-way leaves what it has written into the block: that part counts.
    Raises MissingChannelError for a channel that the file lacks.
    """
    rate = handle.samplerate
    believed = min(handle.frames, size * SAMPLES_PER_BYTE)
    mixer = Mixer(channels, handle.channels, rate, scratch)
    # in one piece where memory allows: between two reads libsndfile seeks, after which an MP3 differs in its last bits
    whole = not lies_on_disk(believed, rate, scratch) and believed == handle.frames
    length = max(1, believed) if whole else block_size(rate)
    failed = ""
    while not failed:
        buffer = np.empty((length, handle.channels), np.float32)
        if handle.frames > believed or not handle.seekable():  # what was written is then known by what is no NaN
            buffer[:] = np.nan
        frames, failed = _next(handle, buffer)
        if not len(frames):
            break
        mixer.add(frames)
    return mixer.mono(failed)


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
