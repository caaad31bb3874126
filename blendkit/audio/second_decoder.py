"""A second decoder, for files that libsndfile does not open: libav, through PyAV (the extra `av`).

It opens what phones, cameras and other recorders write: m4a, AAC, WMA, WavPack and more.
"""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import Any

import numpy as np

from blendkit.audio.scratch import lies_on_disk, sample_buffer
from blendkit.core import Float32

INSTALL = "another decoder may read it: pip install 'blendkit[av]'"


def is_installed() -> bool:
    """Return whether PyAV is installed, without importing it."""
    return importlib.util.find_spec("av") is not None


def decode_with_libav(path: Path, scratch: Path | None) -> tuple[Float32, int, str]:
    """Return the mean of the channels (n,), the rate in Hz, and why decoding stopped before the end, or "".

    Raises RuntimeError where nothing can be read.
    """
    import av

    av.logging.set_level(None)  # what it says about damage goes into the note, not to the terminal
    blocks: list[Float32] = []
    rate, failed = 0, ""
    try:
        with av.open(os.fsencode(path).decode("utf-8", "surrogateescape")) as container:
            if not container.streams.audio:
                raise RuntimeError("no audio in this file")
            rate = container.streams.audio[0].codec_context.sample_rate
            resampler = av.AudioResampler(format="fltp", rate=rate)
            for frame in container.decode(audio=0):
                blocks += [_mono(part) for part in resampler.resample(frame)]
    except (av.FFmpegError, ValueError) as error:
        failed = str(error)
    if not blocks:
        raise RuntimeError(failed or "no audio in this file")
    count = sum(map(len, blocks))
    if not lies_on_disk(count, rate, scratch):
        return np.concatenate(blocks), rate, failed
    out = sample_buffer(count, rate, scratch)
    np.concatenate(blocks, out=out)
    return out, rate, failed


def _mono(frame: Any) -> Float32:
    samples = frame.to_ndarray()  # (channels, n) float32
    return samples[0].copy() if len(samples) == 1 else np.asarray(samples.mean(axis=0, dtype=np.float32))
