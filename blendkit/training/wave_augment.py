"""Changes of waves that leave what is heard in them: a background, another level, another beginning."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from blendkit.core import Int64
from blendkit.training.settings import Span, WaveChanges
from blendkit.training.spectrogram import LogMel

_MIXED = 0.5  # of the rows of a batch get a background
_AT_ONCE = 64  # waves that become pictures together


@dataclass(frozen=True, eq=False)
class Waves:
    """Waves (N, samples) on disk, of which the rows `used` count; digest: the hash of their samples."""

    samples: NDArray[np.float16]
    used: Int64
    digest: str

    def take(self, rows: Int64) -> Tensor:
        """Return the waves (B, samples) at these places among those used."""
        return torch.from_numpy(self.samples[self.used[rows]].astype(np.float32))


@dataclass(frozen=True, eq=False)
class WaveRows:
    """Raw log-mel pictures that are made of waves when they are needed, changed in training and else as they are."""

    waves: Waves
    background: Waves | None
    front: LogMel
    rate: int
    how: WaveChanges

    def __len__(self) -> int:
        return len(self.waves.used)

    def __getitem__(self, rows: Int64) -> NDArray[np.float16]:
        """Return the pictures (B, mels, frames) of rows as they are."""
        with torch.no_grad():
            parts = [self.front.raw(self.waves.take(rows[i : i + _AT_ONCE])) for i in range(0, len(rows), _AT_ONCE)]
        return np.concatenate([p.numpy().astype(np.float16) for p in parts])

    def changed(self, rows: Int64) -> Tensor:
        """Return the pictures of rows, changed; torch's own generator draws."""
        x = self.waves.take(rows)
        if self.how.shift_s:
            x = shifted(x, round(self.how.shift_s * self.rate))
        if self.background is not None and self.how.mix_db is not None:
            drawn = torch.randint(0, len(self.background.used), (len(x),)).numpy()
            level = uniform(len(x), self.how.mix_db)
            level[torch.rand(len(x)) >= _MIXED] = -torch.inf
            x = with_background(x, self.background.take(drawn), level)
        if self.how.gain_db is not None:
            x = x * amplitude(uniform(len(x), self.how.gain_db))[:, None]
        with torch.no_grad():
            return self.front.raw(x)


def shifted(waves: Tensor, most: int) -> Tensor:
    """Move every wave (B, n) in a circle, by up to `most` samples either way."""
    by = torch.randint(-most, most + 1, (len(waves), 1))
    return waves.gather(1, (torch.arange(waves.shape[1])[None] - by) % waves.shape[1])


def with_background(waves: Tensor, background: Tensor, level_db: Tensor) -> Tensor:
    """Add to every wave (B, n) a background (B, n) at a level (B,) in dB relative to the wave's own (both root mean
    squares). A silent background adds nothing, and silence stays silent.
    """
    own, other = (x.square().mean(1).sqrt() for x in (waves, background))
    scale = torch.where(other > 0, own / other.clamp_min(1e-12), 0) * amplitude(level_db)
    return waves + scale[:, None] * background


def uniform(count: int, span: Span) -> Tensor:
    """Draw (count,) numbers evenly between the two ends."""
    return span[0] + (span[1] - span[0]) * torch.rand(count)


def amplitude(db: Tensor) -> Tensor:
    """Return the factor of samples that a change by decibels is; 0 for minus infinity."""
    return torch.pow(10.0, db / 20)
