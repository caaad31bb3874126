"""Log-mel spectrograms with librosa, as models were trained on them; members with equal settings share them."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from annotated_types import Interval
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
        return samples // self.hop + 1

    def _one(self, window: Float32) -> Float32:
        feature, core = _librosa()
        if self.n_fft > len(window):
            raise BlendkitError(f"mel: n_fft {self.n_fft} is longer than a window of {len(window)} samples")
        mel = feature.melspectrogram(
            y=window, sr=self.rate, n_fft=self.n_fft, hop_length=self.hop, n_mels=self.mels, fmin=self.fmin,
            fmax=self.fmax, power=self.power, htk=self.htk, norm=self.norm, pad_mode=self.pad,
        )  # fmt: skip
        if self.db:
            mel = core.power_to_db(mel, ref=1.0, amin=self.floor, top_db=self.top_db)
        else:
            mel = np.log(np.maximum(mel, self.floor))
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


def _librosa() -> tuple[Any, Any]:
    try:
        from librosa import core, feature
    except ImportError as error:
        advice = ["pip install 'blendkit[mel]'", str(error)]
        raise BlendkitError("librosa, which makes spectrograms, is not installed", advice) from error
    return feature, core
