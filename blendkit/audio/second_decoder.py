"""A second decoder, for files that libsndfile does not open: libav, through PyAV (the extra `av`).

It opens what phones, cameras and other recorders write: m4a, AAC, WMA, WavPack and more.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from blendkit.audio.channels import Channels, MissingChannelError, Mixer, Mono
from blendkit.audio.file_parts import FilePart, PartReader, Source, size_of
from blendkit.audio.scratch import SAMPLES_PER_BYTE, Kept
from blendkit.core import Float32

_EXACT = frozenset({"matroska", "webm", "mov", "mp4", "asf", "wv", "tta", "ape", "flac", "caf"})  # know their length
_RAW = frozenset({"mp3", "aac", "ac3", "eac3", "amr"})  # without time stamps and a length: libav guesses both
_FORMATS = (  # what libav may take a file for: it knows three hundred others, many of old games and by a few bytes
    *("3g2", "3gp", "aac", "ac3", "aiff", "amr", "ape", "asf", "au", "avi", "caf", "dsf", "dts", "eac3", "flac", "flv"),
    *("iff", "loas", "m4a", "matroska", "mj2", "mov", "mp2", "mp3", "mp4", "mpc", "mpc8", "mpeg", "mpegts", "nut"),
    *("ogg", "rm", "tak", "tta", "w64", "wav", "webm", "wv"),
)
_ONLY_FRAMES = "aac"  # what is in no packet of such a file is lost, but for tags
_CHECKED = frozenset({"flac", "wavpack", "tta", "ape"})  # their blocks have checksums
_SLACK = 1024  # bytes of tags behind the audio, and of a last frame that is cut off
_AFTER = 10  # frames behind damage that may need bytes which are lost: data of a frame may start before it
INSTALL = "another decoder may read it: pip install 'blendkit[av]'"


def is_installed() -> bool:
    """Return whether PyAV is installed, without importing it."""
    return importlib.util.find_spec("av") is not None


@dataclass(frozen=True, eq=False)
class LibavAudio:
    """What libav read at `rate` Hz. stated: the samples that the header states, None if it does not.

    lost: how many samples are silence in the place of what cannot be read; guessed: whether that is an estimate;
    noise: how many of these are frames behind damage that were decoded to more than full scale. tracks: of sound in the
    file, of which the first is read.
    """

    mono: Mono
    rate: int
    stated: int | None
    lost: int
    guessed: bool
    noise: int = 0
    tracks: int = 1


def decode_with_libav(source: Source, channels: Channels, scratch: Path | None, seconds: float | None) -> LibavAudio:
    """Return what can be read. seconds: the stated length; None where only libav can tell it, if anybody.

    Where frames are lost, those behind them keep their place, which their time stamps or the bytes between them tell.
    Raises RuntimeError where nothing can be read, and MissingChannelError for a channel that the file lacks.
    """
    import av

    av.logging.set_level(None)  # what it says about damage goes into the note, not to the terminal
    file: Any
    if isinstance(source, FilePart):
        file = PartReader(source)
        exact = seconds is None and not source.head  # a header made for libsndfile states no length that libav can use
    else:
        file, exact = os.fsencode(source).decode("utf-8", "surrogateescape"), seconds is None
    with av.open(file) as container:
        if not set(container.format.name.split(",")) <= set(_FORMATS):
            raise RuntimeError(f"no sound that recorders write: libav takes it for {container.format.name}")
        if not container.streams.audio or container.streams.audio[0].codec_context is None:
            raise RuntimeError("no audio that libav can decode")
        stream = container.streams.audio[0]
        if stream.codec_context.name in _CHECKED:  # else blocks whose checksum fails are given as noise
            stream.codec_context.options = {"err_detect": "crccheck+explode"}
        raw, only = container.format.name in _RAW, container.format.name == _ONLY_FRAMES
        raw = raw or (container.format.name == "flac" and not stream.codec_context.extradata)  # its header is lost
        if exact and container.duration and _EXACT.intersection(container.format.name.split(",")):
            seconds = float(container.duration / av.time_base)
        reading = _Reading(size_of(source), stream, channels, scratch, raw)
        reading.read(container)
        if only:
            reading.add_unread(size_of(source))
        return replace(reading.audio(seconds), tracks=len(container.streams.audio))


class _Reading:
    """The decoding of one stream, packet by packet: one that fails costs itself only."""

    def __init__(self, size: int, stream: Any, channels: Channels, scratch: Path | None, raw: bool) -> None:
        import av

        self.stream, self.channels, self.scratch = stream, channels, scratch
        self.rate = int(stream.codec_context.sample_rate)
        self.lossy = stream.codec_context.codec.lossy and not stream.codec_context.codec.lossless
        # all channels in one plane: PyAV reads memory that is not there where a frame has eight planes or more
        self.resampler = av.AudioResampler(format="flt", rate=self.rate)
        self.form: tuple[object, ...] | None = None  # of the frames that it takes
        self.layout: str | None = None  # of the channels that it gives
        self.gaps = None if raw else _Gaps(self.rate, size)
        self.mixer: Mixer | None = None
        self.failed = ""
        self.count = self.bytes = self.lost = 0  # samples and bytes that were decoded, samples that were lost
        self.first = 0  # where the first packet starts, behind tags
        self.faults: list[tuple[int, int]] = []  # where a packet failed, in samples, and its bytes
        self.frame = 0  # samples of a frame
        self.after: list[Float32] | None = None  # the frames right behind damage, until it is known which are noise
        self.noise = 0

    def read(self, container: Any) -> None:
        """Decode all packets."""
        import av

        try:
            for packet in container.demux(self.stream):
                try:
                    frames = packet.decode()
                except av.EOFError:
                    continue
                except av.FFmpegError as error:
                    self.failed = self.failed or error.strerror or str(error)
                    self._settle()
                    if self.gaps and self.gaps.next is None:  # the start is lost, and the packet may lie behind it
                        at = float((packet.pts or 0) * (packet.time_base or 0))
                        self.gaps.next = at if at > 1 else 0.0
                    self.faults.append((self.count, packet.size))
                    self.after = [] if self.gaps is None else None
                    continue
                self.first = (packet.pos or 0) if not self.bytes else self.first
                self.bytes += packet.size
                for frame in frames:
                    self._take(frame)
        except MissingChannelError:
            raise
        except (av.FFmpegError, ValueError) as error:
            self.failed = getattr(error, "strerror", None) or str(error)
        self._settle()

    def _take(self, frame: Any) -> None:
        self.frame = max(self.frame, frame.samples)
        gap = self.gaps.before(frame) if self.gaps else 0
        for part in self._resampled(frame):
            samples = np.asarray(part.to_ndarray().reshape(part.samples, -1), np.float32)  # (n, channels)
            self.mixer = self.mixer or Mixer(self.channels, samples.shape[1], self.rate, self.scratch, lossy=self.lossy)
            if self.after is not None:
                self.after.append(samples)
            else:
                self.mixer.skip(gap)
                self.mixer.add(samples)
                self.count, self.lost, gap = self.count + gap + len(samples), self.lost + gap, 0
        if self.after is not None and len(self.after) >= _AFTER:
            self._settle()

    def _resampled(self, frame: Any) -> list[Any]:
        """Return a frame at the rate and in the channels of the first: files that are joined may have others."""
        import av

        form = frame.sample_rate, frame.layout.name, frame.format.name
        before = []
        if self.form not in (None, form):
            before = self.resampler.resample(None)
            self.resampler = av.AudioResampler(format="flt", layout=self.layout, rate=self.rate)
        self.form, self.layout = form, self.layout or frame.layout.name
        return [*before, *self.resampler.resample(frame)]

    def _settle(self) -> None:
        """Put the frames behind damage in their place: silence up to the last that exceeds full scale."""
        frames, self.after = self.after or [], None
        loud = max((k for k, x in enumerate(frames, 1) if np.abs(x).max() > 1), default=0)
        for k, samples in enumerate(frames):
            if self.mixer is not None and k < loud:
                self.mixer.skip(len(samples))
                self.noise += len(samples)
            elif self.mixer is not None:
                self.mixer.add(samples)
            self.count += len(samples)

    def add_unread(self, size: int) -> None:
        """Count what of a file's bytes came in no packet as lost where the most is known to be, or else as unread."""
        unread = size - self.first - self.bytes - sum(lost for _, lost in self.faults)
        if unread > 0 and self.faults:
            largest = max(range(len(self.faults)), key=lambda k: self.faults[k][1])
            place, lost = self.faults[largest]
            self.faults[largest] = place, lost + unread
        elif unread > _SLACK:
            self.failed = self.failed or f"{unread} bytes of it are no frames"

    def audio(self, seconds: float | None) -> LibavAudio:
        """Return what was read. seconds: the stated length."""
        if self.mixer is None:
            raise RuntimeError(self.failed or "no audio that libav can decode")
        mono = self.mixer.mono(self.failed)
        stated = None if seconds is None else round(seconds * self.rate)
        inside = [f for f in self.faults if 0 < f[0] < self.count] if self.gaps is None and self.bytes else []
        if not inside:
            return LibavAudio(mono, self.rate, stated, self.lost + self.noise, guessed=False, noise=self.noise)
        sizes, exact = self._sizes(inside, stated)
        kept, at = Kept(1, self.rate, self.scratch), 0
        for (place, _), size in zip(inside, sizes, strict=True):
            kept.append(mono.samples[at:place, None])
            kept.skip(size)
            at = place
        kept.append(mono.samples[at:, None])
        samples = kept.frames()[: stated if exact else None, 0]
        lost, mono = sum(sizes) + self.noise, replace(mono, samples=samples)
        return LibavAudio(mono, self.rate, stated, lost, not exact, self.noise)

    def _sizes(self, faults: Sequence[tuple[int, int]], stated: int | None) -> tuple[list[int], bool]:
        """Return how many samples are lost at each fault of a stream without time stamps, and whether that is exact.

        The bytes that failed tell it, in whole frames, and the stated length, if all that is missing is lost there.
        """
        frame = self.frame
        sizes = [max(1, round(size * self.count / self.bytes / frame)) * frame for _, size in faults]
        guess = sum(sizes)
        missing = 0 if stated is None else -(-(stated - self.count) // frame) * frame
        if missing <= 0 or abs(missing - guess) > max(2 * frame * len(faults), guess // 2):
            return sizes, False
        # behind damage, what encoders add at the end is no longer taken away: up to a frame more is lost
        total = missing + frame if guess > missing else missing
        largest = sizes.index(max(sizes))
        sizes[largest] += total - guess
        return (sizes, True) if sizes[largest] > 0 else ([max(s, frame) for s in sizes], False)


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
