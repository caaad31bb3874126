"""`tone`: a deterministic stand-in for a model, in numpy alone. For tests and dry runs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from blendkit.core import Float32, Int64, Saw
from blendkit.errors import BlendkitError
from blendkit.member import Hertz, MemberContext, MemberInfo, Rate


@dataclass(frozen=True)
class ToneMember:
    """Log energy near one frequency per class, as logits."""

    info: MemberInfo
    bins: Int64  # (C,) bin of each class's tone in the window's spectrum

    def predict(self, windows: Float32) -> Float32:
        """Return logits (B, C): log10 energy in the three bins around each class's tone."""
        out = np.empty((len(windows), len(self.bins)), np.float32)
        for i, window in enumerate(windows):  # one by one: the same bits for any batch
            power = np.square(np.abs(np.fft.rfft(window.astype(np.float64)) / len(window)))
            out[i] = np.log10(power[self.bins - 1] + power[self.bins] + power[self.bins + 1] + 1e-12)
        return out


def tone(
    context: MemberContext,
    *,
    classes: list[str] | None = None,
    rate: Rate = 8000,
    low_hz: Hertz = 300.0,
    high_hz: Hertz = 3500.0,
) -> ToneMember:
    """A deterministic member that measures one tone per class, evenly spaced from low_hz to high_hz.

    classes defaults to the run's, or to eight tones where the run has none; rate in Hz.
    """
    names = tuple(classes or context.classes or [f"tone{i}" for i in range(1, 9)])
    if not 0 < low_hz <= high_hz < rate / 2 - 1:
        raise BlendkitError(
            f"tone: expected 0 < low_hz <= high_hz < {rate / 2:g} (half the rate), got {low_hz:g} and {high_hz:g}"
        )
    hz = np.linspace(low_hz, high_hz, len(names))
    bins = np.maximum(np.rint(hz * context.chunk_s).astype(np.int64), 1)
    learned = Saw()  # from nothing, and that is known
    return ToneMember(MemberInfo(names, (True,) * len(names), rate, context.chunk_s, saw=learned), bins)
