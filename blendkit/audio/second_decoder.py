"""A second decoder, for files that libsndfile does not open: libav, through PyAV (the extra `av`).

It opens what phones, cameras and other recorders write: m4a, AAC, WMA, WavPack and more.
"""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import numpy as np

from blendkit.audio.channels import Channels, MissingChannelError, Mixer, Mono

INSTALL = "another decoder may read it: pip install 'blendkit[av]'"


def is_installed() -> bool:
    """Return whether PyAV is installed, without importing it."""
    return importlib.util.find_spec("av") is not None


def decode_with_libav(path: Path, channels: Channels, scratch: Path | None) -> tuple[Mono, int]:
    """Return what can be read, and the rate in Hz.

    Raises RuntimeError where nothing can be read, and MissingChannelError for a channel that the file lacks.
    """
    import av

    av.logging.set_level(None)  # what it says about damage goes into the note, not to the terminal
    mixer: Mixer | None = None
    rate, failed = 0, ""
    try:
        with av.open(os.fsencode(path).decode("utf-8", "surrogateescape")) as container:
            if not container.streams.audio:
                raise RuntimeError("no audio in this file")
            rate = container.streams.audio[0].codec_context.sample_rate
            resampler = av.AudioResampler(format="fltp", rate=rate)
            for frame in container.decode(audio=0):
                for part in resampler.resample(frame):
                    frames = np.ascontiguousarray(part.to_ndarray().T, np.float32)  # (n, channels) float32
                    mixer = mixer or Mixer(channels, frames.shape[1], rate, scratch)
                    mixer.add(frames)
    except MissingChannelError:
        raise
    except (av.FFmpegError, ValueError) as error:
        failed = str(error)
    if mixer is None:
        raise RuntimeError(failed or "no audio in this file")
    return mixer.mono(failed), rate
