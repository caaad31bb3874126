"""Samples out of an open sound file: as far as the decoder comes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from blendkit.audio.channels import Channels, Mixer, Mono
from blendkit.audio.scratch import SAMPLES_PER_BYTE, block_size, lies_on_disk
from blendkit.core import Float32

# libsndfile seeks behind each block, which fails behind the last one of a FLAC without a stated length
_END = "psf_fseek"
_LOSSY = "MP3"  # its data have no checksum, so that damage is decoded
_LIKELY_PER_BYTE = 300  # samples of silence in a byte of FLAC; memory is not set aside for more


def read_mono(
    handle: Any, size: int, channels: Channels, scratch: Path | None, opened: Callable[[], Any] | None = None
) -> Mono:
    """Read an open `soundfile.SoundFile` of a file of `size` bytes to its end, in blocks.

    opened: opens it anew, as the handle of a decoder that failed cannot be trusted to go back.

    A decoder that fails half-way leaves what it has written into the block: that part counts.
    Raises MissingChannelError for a channel that the file lacks.
    """
    rate = handle.samplerate
    believed = min(handle.frames, size * SAMPLES_PER_BYTE)
    mixer = Mixer(channels, handle.channels, rate, scratch, lossy=handle.format == _LOSSY)
    # in one piece where memory allows: between two reads libsndfile seeks, after which an MP3 differs in its last bits
    whole = not lies_on_disk(believed, rate, scratch) and handle.frames <= size * _LIKELY_PER_BYTE
    length = max(1, believed) if whole else block_size(rate)
    # what a decoder wrote before it failed is known by what is no NaN; it takes time to write these first
    again = opened if handle.frames <= believed and handle.seekable() else None
    failed = ""
    while not failed:
        buffer = np.empty((length, handle.channels), np.float32)
        frames, failed = _next(handle, buffer, again)
        if not len(frames):
            break
        mixer.add(frames)
    return mixer.mono("" if _END in failed else failed)


def _next(handle: Any, buffer: Float32, again: Callable[[], Any] | None) -> tuple[Float32, str]:
    """Return the next frames, written into the buffer, and why the decoder failed, or "".

    Where the decoder says it stands after a failure is where it would stand if all went well: what it did not write
    is memory of something else. again: opens the file to read it once more after a failure; without it, the buffer is
    filled with NaN before.
    """
    start = 0 if again is None else handle.tell()
    if again is None:
        buffer[:] = np.nan
    try:
        return handle.read(len(buffer), dtype="float32", always_2d=True, out=buffer), ""
    except (RuntimeError, ValueError) as error:
        if again is not None:
            buffer[:] = np.nan
            with suppress(RuntimeError, ValueError), again() as fresh:
                fresh.seek(start)
                return fresh.read(len(buffer), dtype="float32", always_2d=True, out=buffer), str(error)
        written = np.flatnonzero(~np.isnan(buffer).any(axis=1))
        return buffer[: int(written[-1]) + 1 if len(written) else 0], str(error)
