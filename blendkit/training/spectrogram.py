"""A log-mel front end of plain convolutions, so that it can be part of an ONNX graph."""

from __future__ import annotations

import warnings

import numpy as np
import torch
from torch import Tensor, nn

from blendkit.audio import samples_at
from blendkit.errors import BlendkitError
from blendkit.training.settings import Picture


class LogMel(nn.Module):
    """Waves (B, samples) to log-mel pictures (B, 1, mels, frames), standardised per band with fixed numbers.

    The power spectrum is a convolution with windowed cosines and sines (Hann), no padding, as librosa's
    with `center=False`; the logarithm is natural, of at least 1e-6. The mean and deviation are fixed, not the
    window's own, so the loudness of a window is not lost.
    """

    window: Tensor
    bank: Tensor
    mean: Tensor
    scale: Tensor

    def __init__(self, picture: Picture) -> None:
        super().__init__()
        self.hop = picture.hop
        bins, bank = _mel_bank(picture)
        at = np.arange(picture.n_fft)
        hann = 0.5 - 0.5 * np.cos(2 * np.pi * at / picture.n_fft)
        phase = 2 * np.pi * np.outer(bins, at) / picture.n_fft
        kernels = np.concatenate([hann * np.cos(phase), hann * np.sin(phase)])
        self.register_buffer("window", torch.from_numpy(kernels[:, None].astype(np.float32)))
        self.register_buffer("bank", torch.from_numpy(bank.astype(np.float32)))
        self.register_buffer("mean", torch.zeros(picture.mels, 1))
        self.register_buffer("scale", torch.ones(picture.mels, 1))

    def raw(self, waves: Tensor) -> Tensor:
        """Return log-mel (B, mels, frames), not standardised."""
        parts = nn.functional.conv1d(waves[:, None], self.window, stride=self.hop) ** 2
        real, imaginary = parts.chunk(2, 1)
        return torch.log(torch.matmul(self.bank, real + imaginary).clamp_min(1e-6))

    def fit(self, pictures: Tensor) -> None:
        """Set each band's mean and deviation from raw pictures (N, mels, frames)."""
        self.mean.copy_(pictures.mean((0, 2))[:, None])
        self.scale.copy_(1 / pictures.std((0, 2), correction=0)[:, None].clamp_min(1e-3))

    def standard(self, pictures: Tensor) -> Tensor:
        """Standardise raw pictures and add the channel axis."""
        return ((pictures - self.mean) * self.scale)[:, None]

    def forward(self, waves: Tensor) -> Tensor:
        """Return pictures (B, 1, mels, frames)."""
        return self.standard(self.raw(waves))


def check_picture(picture: Picture, chunk_s: float) -> None:
    """Raise BlendkitError, with all that is wrong, if a chunk of `chunk_s` seconds has no such picture."""
    samples = samples_at(chunk_s, picture.rate)
    problems = []
    if picture.n_fft > samples:
        problems.append(f"n_fft is {picture.n_fft} samples, a chunk of {chunk_s:g} s has {samples}")
    if not picture.fmin < picture.fmax:
        problems.append(f"fmin {picture.fmin:g} Hz is not below fmax {picture.fmax:g} Hz")
    if picture.fmax > picture.rate / 2:
        problems.append(f"fmax {picture.fmax:g} Hz lies above half the rate of {picture.rate} Hz: lower it (--fmax)")
    if problems:
        raise BlendkitError("these settings give no log-mel picture", problems)
    LogMel(picture)  # whether every band holds a frequency shows when the bands are made


def _mel_bank(picture: Picture) -> tuple[np.ndarray, np.ndarray]:
    """Return the frequency bins that any band uses, and the bands' weights on them (mels, bins)."""
    try:
        from librosa.filters import mel
    except ImportError as error:
        raise BlendkitError(
            "librosa, which makes mel bands, is not installed", ["pip install 'blendkit[train]'"]
        ) from error
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of empty bands: they are an error below
        weights = mel(sr=picture.rate, n_fft=picture.n_fft, n_mels=picture.mels, fmin=picture.fmin, fmax=picture.fmax)
    empty = int((~weights.any(axis=1)).sum())
    if empty:
        raise BlendkitError(
            f"{empty} of {picture.mels} mel bands hold no frequency of a {picture.n_fft}-sample transform",
            [f"bands lie from {picture.fmin:g} to {picture.fmax:g} Hz; the rate is {picture.rate} Hz",
             "use fewer bands (mels), a longer window (n_fft), or an fmax of at most half the rate"],
        )  # fmt: skip
    bins = np.flatnonzero(weights.any(axis=0))
    return bins, weights[:, bins]
