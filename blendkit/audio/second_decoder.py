"""A second decoder, for files that libsndfile does not open: libav, through PyAV (the extra `av`).

It opens what phones, cameras and other recorders write: m4a, AAC, WMA, WavPack and more.
"""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import Any

import numpy as np

from blendkit.audio.channels import Channels, MissingChannelError, Mixer, Mono
from blendkit.audio.scratch import SAMPLES_PER_BYTE

INSTALL = "another decoder may read it: pip install 'blendkit[av]'"


def is_installed() -> bool:
    """Return whether PyAV is installed, without importing it."""
    return importlib.util.find_spec("av") is not None


def decode_with_libav(path: Path, channels: Channels, scratch: Path | None) -> tuple[Mono, int, int]:
    """Return what can be read, the rate in Hz, and how many samples are silence in the place of what is lost.

    Where frames are lost, those behind them keep their place, which their time stamps tell.
    Raises RuntimeError where nothing can be read, and MissingChannelError for a channel that the file lacks.
    """
    import av

    av.logging.set_level(None)  # what it says about damage goes into the note, not to the terminal
    mixer: Mixer | None = None
    rate, failed, lost = 0, "", 0
    try:
        with av.open(os.fsencode(path).decode("utf-8", "surrogateescape")) as container:
            if not container.streams.audio or container.streams.audio[0].codec_context is None:
                raise RuntimeError("no audio that libav can decode")
            stream = container.streams.audio[0]
            rate = stream.codec_context.sample_rate
            resampler = av.AudioResampler(format="fltp", rate=rate)
            gaps = _Gaps(rate, path.stat().st_size)
            for frame in container.decode(stream):
                gap = gaps.before(frame)
                for part in resampler.resample(frame):
                    frames = np.ascontiguousarray(part.to_ndarray().T, np.float32)  # (n, channels) float32
                    mixer = mixer or Mixer(channels, frames.shape[1], rate, scratch)
                    mixer.skip(gap)
                    mixer.add(frames)
                    lost, gap = lost + gap, 0
    except MissingChannelError:
        raise
    except (av.FFmpegError, ValueError) as error:
        failed = getattr(error, "strerror", None) or str(error)
    if mixer is None:
        raise RuntimeError(failed or "no audio that libav can decode")
    return mixer.mono(failed), rate, lost


class _Gaps:
    """The silence that belongs before a frame, because frames before it are lost."""

    def __init__(self, rate: int, size: int) -> None:
        self.rate, self.most = rate, size * SAMPLES_PER_BYTE
        self.next: float | None = None  # seconds at which the next frame starts if none is lost

    def before(self, frame: Any) -> int:
        """Return how many samples are missing before a frame; 0 for less than a frame or an impossible time."""
        start, length = frame.time, frame.samples / (frame.sample_rate or self.rate)
        if self.next is None:
            self.next = start
        gap = 0 if start is None or self.next is None else round((start - self.next) * self.rate)
        if not frame.samples / 2 < gap <= self.most:  # a time that goes back is none that can be trusted
            gap = 0
        self.most -= gap
        self.next = None if self.next is None else self.next + gap / self.rate + length
        return gap
