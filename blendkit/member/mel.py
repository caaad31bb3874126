"""Log-mel spectrograms as librosa makes them, on which models were trained; members with equal settings share them.

Only librosa's filters are used: its other modules compile loops at their import, which takes 20 s on a new machine.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from annotated_types import Interval
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from blendkit.core import Float32
from blendkit.errors import BlendkitError
from blendkit.member.parameter_bounds import Hertz, Rate

Samples = Annotated[int, Interval(ge=1, le=1 << 20)]
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class Mel(BaseModel):
    """A log-mel front end: windows (B, samples) in, (B, 1, mels, frames) out. Equal configurations are shared.

    fmax: default half the rate. top_db: the range in decibels below each window's maximum; null: no limit.
    db: in decibels, or (false) the natural logarithm above `floor`. scale: what is done to each window:
    `zscore` (mean 0, deviation 1), `minmax` (0 to 1) or `none`. htk, norm, pad: as librosa spells them;
    torchaudio's defaults are htk: true, norm: null, pad: reflect.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", strict=True, frozen=True)

    rate: Rate = 32000
    n_fft: Samples = 2048
    hop: Samples = 512
    mels: Annotated[int, Interval(ge=1, le=4096)] = 256
    fmin: Annotated[float, Interval(ge=0, le=1e6)] = 20.0
    fmax: Hertz | None = None
    power: Annotated[float, Interval(ge=0.01, le=100)] = 2.0
    db: bool = True
    top_db: Annotated[float, Interval(ge=0.01, le=10_000)] | None = 80.0
    floor: Annotated[float, Interval(ge=1e-30, le=1e6)] = 1e-10
    scale: Literal["zscore", "minmax", "none"] = "zscore"
    htk: bool = False
    norm: Literal["slaney"] | None = "slaney"
    pad: Literal["constant", "reflect"] = "constant"

    def __call__(self, windows: Float32) -> Float32:
        """Return the spectrogram of every window, which does not depend on the rest of the batch."""
        return np.stack([self._one(w) for w in windows])[:, None]

    def frames(self, samples: int) -> int:
        """Return the number of frames of a window of `samples`."""
        return (samples - self.n_fft % 2) // self.hop + 1

    def _one(self, window: Float32) -> Float32:
        if self.n_fft > len(window):
            raise BlendkitError(f"mel: n_fft {self.n_fft} is longer than a window of {len(window)} samples")
        bank, taper = _filters(self)
        frames = sliding_window_view(np.pad(window, self.n_fft // 2, mode=self.pad), self.n_fft)[:: self.hop]
        # in float64 up to here, then in single precision, as librosa does
        spectrum = np.fft.rfft(frames * taper, axis=1).astype(np.complex64)
        mel = np.maximum(bank @ (np.abs(spectrum) ** self.power).T, self.floor)
        if not self.db:
            return _scaled(np.log(mel), self.scale).astype(np.float32)
        mel = 10 * np.log10(mel)
        if self.top_db is not None:
            mel = np.maximum(mel, mel.max() - self.top_db)
        return _scaled(mel, self.scale).astype(np.float32)


class Image(BaseModel):
    """A picture for a vision transformer: (B, 3, size, size), normalised by ImageNet's mean and deviation."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", strict=True, frozen=True)

    mel: Mel
    size: int

    def __call__(self, windows: Float32) -> Float32:
        """Return one picture per window, low frequencies at the bottom, resampled bilinearly."""
        from PIL import Image as Pillow

        out = np.empty((len(windows), 3, self.size, self.size), np.float32)
        for i, picture in enumerate(self.mel(windows)[:, 0]):
            flat = Pillow.fromarray(np.ascontiguousarray(picture[::-1])).resize(
                (self.size, self.size), Pillow.Resampling.BILINEAR
            )
            for channel in range(3):
                out[i, channel] = (np.asarray(flat) - IMAGENET_MEAN[channel]) / IMAGENET_STD[channel]
        return out


def _scaled(mel: NDArray[Any], scale: str) -> NDArray[Any]:
    if scale == "zscore":
        return np.asarray((mel - mel.mean()) / max(float(mel.std()), 1e-6))
    if scale == "minmax":
        low = mel.min()
        return np.asarray((mel - low) / max(float(mel.max() - low), 1e-6))
    return mel


@lru_cache(maxsize=8)
def _filters(mel: Mel) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Return the bands (mels, n_fft // 2 + 1), and Hann's window (n_fft,)."""
    try:
        from librosa import filters
        from librosa.core import convert
    except ImportError as error:
        advice = ["pip install 'blendkit[mel]'", str(error)]
        raise BlendkitError("librosa, which makes mel bands, is not installed", advice) from error
    fmax = mel.rate / 2 if mel.fmax is None else mel.fmax
    dtype = np.float32 if mel.norm else np.float64
    bank = filters.mel(
        sr=mel.rate, n_fft=mel.n_fft, n_mels=mel.mels, fmin=mel.fmin, fmax=fmax, htk=mel.htk, dtype=dtype
    )
    if not mel.norm:  # asked for none, librosa would load its modules that compile: its default one is undone, exactly
        edges = convert.mel_frequencies(mel.mels + 2, fmin=mel.fmin, fmax=fmax, htk=mel.htk)
        bank = bank * ((edges[2:] - edges[:-2]) / 2)[:, None]
    return np.asarray(bank, np.float32), np.asarray(filters.get_window("hann", mel.n_fft), np.float64)
