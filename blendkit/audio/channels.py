"""Many channels to one: their mean, or one of them, and what is remarkable about the samples.

All decoders give their frames to `Mixer`, so that every file meets the same checks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from blendkit.audio.scratch import Kept
from blendkit.core import Bools, Float32, Float64

Channels = Literal["mean", "first", "loudest"] | int  # a number counts from 1

LOUDEST = 1e6  # no unit of recorders gives louder samples, except integers of 24 bits that were written as floats
FULL_SCALE = 8.0  # above it, samples are likely to be integers that were written as floats, or damage of a lossy codec
CANCELLED = 0.01  # the energy of the channels' mean, as a share of the channels', below which they cancel
_ERASED = 1 / 32768  # bytes of 0 or 255 are samples of 0 or of the smallest step below it
_GRANULE = 576  # samples that a codec transforms together; damage reaches into those beside them
_FEW = 7  # channels; numpy adds up more than these in another order
_AVERAGED = "channels averaged"
_ORDINARY = re.compile(rf"\d+ {_AVERAGED}|channel \d+ of \d+ taken.*")


def check_channels(value: Any) -> Channels:
    """Return the choice of a channel; a number may be written as text. Raises ValueError for anything else."""
    if isinstance(value, str) and value.isascii() and value.isdecimal():
        value = int(value)
    if value in ("mean", "first", "loudest") or (type(value) is int and value >= 1):
        return value  # type: ignore[no-any-return]
    raise ValueError("expected mean, first, loudest or the number of a channel, counted from 1")


class MissingChannelError(ValueError):
    """A recording lacks the channel that was asked for."""


@dataclass(frozen=True, eq=False)
class Mono:
    """What was read: one channel (n,) float32, and what is remarkable about it.

    bad: how many samples were NaN, infinite or beyond `LOUDEST` (they are 0 now); patched: how many were so in some
    channels (they are the mean of the others now); loudest: the largest magnitude of a finite sample; beyond: how many
    samples that stayed are beyond `FULL_SCALE`; zeros: how many samples are 0; energy: of the channels' mean, as a
    share of the channels' mean energy (1 for one channel or silence); channel: how one channel was made of several, or
    ""; failed: why the decoder stopped before the end, or ""; cancelled: samples of the seconds in which the channels
    cancel each other; bursts: samples that are silence in the place of what a lossy codec made of damage; still:
    samples at the end that nobody wrote.
    """

    samples: Float32
    bad: int
    loudest: float
    zeros: int
    energy: float
    channel: str
    failed: str = ""
    cancelled: int = 0
    bursts: int = 0
    still: int = 0
    patched: int = 0
    beyond: int = 0


def odd_parts(note: str) -> list[str]:
    """Return the parts of a recording's note that a person should see: all but which channels were used."""
    return [p for p in note.split("; ") if p and not _ORDINARY.fullmatch(p)]


class Mixer:
    """Makes one channel of the frames of a file, block by block, and measures it.

    lossy: whether samples far beyond full scale can only be damage. Raises MissingChannelError for a channel that the
    file lacks.
    """

    def __init__(self, channels: Channels, given: int, rate: int, scratch: Path | None, *, lossy: bool = False) -> None:
        self.wanted, self.given, self.lossy = channels, given, lossy
        self.bad = self.zeros = self.cancelled = self.bursts = self.still = self.patched = self.beyond = 0
        self._last = 0.0
        self.loudest = self._of_mean = self._of_channels = 0.0
        self.kept = Kept(1, rate, scratch)
        if isinstance(channels, int) and channels > given:
            raise MissingChannelError(f"it has {given} channel{'s' if given > 1 else ''}, and no channel {channels}")
        number = 1 if channels == "first" else channels
        self._picked = number - 1 if isinstance(number, int) else None
        # which channel is the loudest is known at the end
        self._all = Kept(given, rate, scratch) if channels == "loudest" and given > 1 else None
        self._energies = np.zeros(given)

    def add(self, frames: Float32) -> None:
        """Take a block (n, channels) of at least one frame; the caller must not write to it afterwards."""
        if self._all is not None:
            self._energies += energies(frames)
            self._all.append(frames)
        else:
            self._take(frames if self._picked is None else frames[:, self._picked : self._picked + 1])

    def skip(self, count: int) -> None:
        """Put `count` frames of silence in the place of lost ones."""
        self.still = 0
        for kept in (self.kept, self._all):
            if kept is not None:
                kept.skip(count)

    def mono(self, failed: str = "") -> Mono:
        """Return what was made of the frames. failed: why there are no more, or ""."""
        if self._all is not None:
            self._picked = int(np.argmax(self._energies))
            self.kept = Kept(1, self.kept.rate, self.kept.scratch)
            for block in self._all.blocks():
                self._take(block[:, self._picked : self._picked + 1])
        share = self._of_mean / self._of_channels if self._of_channels > 0 else 1.0
        samples = self.kept.frames()[:, 0]
        return Mono(
            samples,
            self.bad,
            self.loudest,
            self.zeros,
            share,
            self._how(),
            failed,
            self.cancelled,
            self.bursts,
            self.still,
            self.patched,
            self.beyond,
        )

    def _how(self) -> str:
        if self.given == 1:
            return ""
        if self._picked is None:
            return f"{self.given} {_AVERAGED}"
        which = ", the loudest" if self.wanted == "loudest" else ""
        return f"channel {self._picked + 1} of {self.given} taken{which}"

    def _take(self, frames: Float32) -> None:
        """Average a block (n, channels), without what is no sample, and measure it."""
        low, high = float(frames.min()), float(frames.max())
        if not (low >= -LOUDEST and high <= LOUDEST):  # also of NaN
            frames = self._mended(frames)
            low, high = float(frames.min()), float(frames.max())
        if self.lossy and max(-low, high) > FULL_SCALE:
            frames, count = without_bursts(frames)
            self.bursts += count
            low, high = float(frames.min()), float(frames.max())
        if max(-low, high) > FULL_SCALE:
            self.beyond += int((np.abs(frames) > FULL_SCALE).any(axis=1).sum())
        self.loudest = max(self.loudest, -low, high)
        mono = np.ascontiguousarray(frames)  # without copying: it is contiguous unless it is one of several channels
        if frames.shape[1] > 1:
            mono = mean_of(frames)[:, None]
            self._compare(mono, frames)
        self.zeros += int(np.count_nonzero(mono == 0))
        self._look_at_end(mono[:, 0])
        self.kept.append(mono)

    def _mended(self, frames: Float32) -> Float32:
        """Return frames (n, channels) whose cells are numbers: one that is none is the mean of the others, else 0."""
        usable = usable_cells(frames)
        if self.lossy:  # damage of a codec reaches into the samples beside it
            usable = np.isfinite(frames)
        else:
            self.loudest = max(self.loudest, float(np.abs(frames[np.isfinite(frames)]).max(initial=0.0)))
        channels = usable.sum(axis=1, keepdims=True)
        self.bad += int((channels == 0).sum())
        self.patched += int(((channels > 0) & (channels < frames.shape[1])).sum())
        kept = np.where(usable, frames, np.float32(0))
        means = kept.sum(axis=1, keepdims=True, dtype=np.float64) / np.maximum(channels, 1)
        return np.where(usable, kept, means.astype(np.float32))

    def _look_at_end(self, mono: Float32) -> None:
        """Count the samples up to here that are all the same, and next to 0: memory that no recorder wrote to."""
        before, self._last = self._last, float(mono[-1])
        if abs(self._last) > _ERASED or (mono[-_FEW:] != mono[-1]).any():
            self.still = 0
            return
        other = np.flatnonzero(mono != mono[-1])
        of_block = len(mono) - 1 - int(other[-1]) if len(other) else len(mono)
        self.still = of_block + (self.still if not len(other) and before == self._last else 0)

    def _compare(self, mono: Float32, frames: Float32) -> None:
        """Add up the energy of the mean (n, 1) and of its channels (n, channels), a second at a time."""
        for first in range(0, len(mono), self.kept.rate):
            one, several = mono[first : first + self.kept.rate], frames[first : first + self.kept.rate]
            of_mean, of_channels = float(np.vdot(one, one)), float(np.vdot(several, several)) / frames.shape[1]
            self.cancelled += len(one) if of_mean < CANCELLED * of_channels else 0
            self._of_mean += of_mean
            self._of_channels += of_channels


def without_bursts(frames: Float32) -> tuple[Float32, int]:
    """Return frames (n, channels) with silence around samples beyond `FULL_SCALE`, and how many of them are silence."""
    loud = np.unique(np.flatnonzero((np.abs(frames) > FULL_SCALE).any(axis=1)) // _GRANULE)
    silent = np.zeros(len(frames), np.bool_)
    for k in loud:
        silent[max(0, k - 1) * _GRANULE : (k + 2) * _GRANULE] = True
    return np.where(silent[:, None], np.float32(0), frames), int(silent.sum())


def mean_of(frames: Float32) -> Float32:
    """Return the mean (n,) over the channels of frames (n, channels): numpy's bits, in a fraction of its time."""
    if frames.shape[1] > _FEW:
        return np.asarray(frames.mean(axis=1, dtype=np.float32))
    total = frames[:, 0] + frames[:, 1]
    for k in range(2, frames.shape[1]):
        total += frames[:, k]
    total /= np.float32(frames.shape[1])
    return total


def usable_cells(frames: Float32) -> Bools:
    """Return which cells of frames (n, channels) may be samples: finite numbers of a magnitude up to `LOUDEST`."""
    return np.asarray(np.abs(frames) <= LOUDEST)


def energies(frames: Float32) -> Float64:
    """Return the sum of squares (channels,) of frames (n, channels); what cannot be a sample counts as 0."""
    sums: Float64 = np.einsum("nc,nc->c", frames, frames, dtype=np.float64)
    if not (sums <= LOUDEST**2).all():
        frames = np.where(usable_cells(frames), frames, np.float32(0))
        sums = np.einsum("nc,nc->c", frames, frames, dtype=np.float64)
    return sums
