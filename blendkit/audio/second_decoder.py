"""A second decoder, for files that libsndfile does not open: libav, through PyAV (the extra `av`).

It opens what phones, cameras and other recorders write: m4a, AAC, WMA, WavPack and more.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from blendkit.audio.channels import Channels, MissingChannelError, Mixer, Mono
from blendkit.audio.scratch import SAMPLES_PER_BYTE

_EXACT = frozenset({"matroska", "webm", "mov", "mp4", "asf", "wv", "tta", "ape", "flac", "caf"})  # know their length
INSTALL = "another decoder may read it: pip install 'blendkit[av]'"


def is_installed() -> bool:
    """Return whether PyAV is installed, without importing it."""
    return importlib.util.find_spec("av") is not None


@dataclass(frozen=True, eq=False)
class SecondReading:
    """What libav read. rate: in Hz; lost: samples that are silence in the place of lost frames.

    stated: the samples that the container states, None where that is an estimate.
    """

    mono: Mono
    rate: int
    lost: int
    stated: int | None


def decode_with_libav(path: Path, channels: Channels, scratch: Path | None) -> SecondReading:
    """Return what can be read. Where frames are lost, those behind them keep their place, which their time stamps tell.

    Where frames are lost, those behind them keep their place, which their time stamps tell.
    Raises RuntimeError where nothing can be read, and MissingChannelError for a channel that the file lacks.
    """
    import av

    av.logging.set_level(None)  # what it says about damage goes into the note, not to the terminal
    mixer: Mixer | None = None
    rate, lost, stated, failed = 0, 0, None, list[str]()
    try:
        with av.open(os.fsencode(path).decode("utf-8", "surrogateescape")) as container:
            if not container.streams.audio or container.streams.audio[0].codec_context is None:
                raise RuntimeError("no audio that libav can decode")
            stream = container.streams.audio[0]
            rate = stream.codec_context.sample_rate
            if container.duration and _EXACT.intersection(container.format.name.split(",")):
                stated = round(container.duration / av.time_base * rate)
            resampler = av.AudioResampler(format="fltp", rate=rate)
            gaps = _Gaps(rate, path.stat().st_size)
            for frame in _frames(container, stream, failed):
                gap = gaps.before(frame)
                for part in resampler.resample(frame):
                    frames = np.ascontiguousarray(part.to_ndarray().T, np.float32)  # (n, channels)
                    mixer = mixer or Mixer(channels, frames.shape[1], rate, scratch)
                    mixer.skip(gap)
                    mixer.add(frames)
                    lost, gap = lost + gap, 0
    except MissingChannelError:
        raise
    except (av.FFmpegError, ValueError) as error:
        failed.append(getattr(error, "strerror", None) or str(error))
    why = "; ".join(dict.fromkeys(failed))
    if mixer is None:
        raise RuntimeError(why or "no audio that libav can decode")
    return SecondReading(mixer.mono(why), rate, lost, stated)


def _frames(container: Any, stream: Any, failed: list[str]) -> Iterator[Any]:
    """Yield the frames of a stream; a packet that cannot be decoded costs itself, and its reason joins `failed`."""
    import av

    for packet in container.demux(stream):
        try:
            yield from packet.decode()
        except av.FFmpegError as error:
            if not isinstance(error, av.EOFError):
                failed.append(error.strerror or str(error))


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
