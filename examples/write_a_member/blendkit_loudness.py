"""A whole member: the logit of every class is the loudness of the chunk."""

from dataclasses import dataclass

import numpy as np

from blendkit.member import MemberContext, MemberInfo


@dataclass(frozen=True)
class Loudness:
    info: MemberInfo
    gain: float

    def predict(self, windows: np.ndarray) -> np.ndarray:
        """Return logits (B, C) of windows (B, samples) of mono audio."""
        power = np.mean(np.square(windows, dtype=np.float64), axis=1)
        level = self.gain * np.log10(power + 1e-10)
        return np.repeat(level[:, None], len(self.info.classes), axis=1).astype(np.float32)


def loudness(context: MemberContext, *, gain: float = 1.0, rate: int = 16000) -> Loudness:
    """Loudness as a logit. The keyword parameters are what a recipe may set; rate in Hz."""
    classes = context.classes or ("loud",)
    return Loudness(MemberInfo(classes, (True,) * len(classes), rate, context.chunk_s), gain)
