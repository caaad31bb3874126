"""Windows cut from a recording's samples, also beyond its ends."""

from __future__ import annotations

from typing import Literal

import numpy as np

from blendkit.audio.decoded import Samples

Edge = Literal["drop", "clamp", "zero", "reflect", "circular", "roll"]


def cut(samples: Samples, first: int, size: int, edge: Edge = "zero") -> Samples:
    """Return samples[first:first + size] as a new array of exactly `size` samples.

    What lies outside the recording is zero (`zero`, `drop`, `roll`), mirrored (`reflect`), taken from its other end
    (`circular`), or avoided by moving the window inside (`clamp`; a recording shorter than the window is zero-padded).
    """
    n = len(samples)
    if edge == "clamp":
        first = max(0, min(first, n - size))
    elif edge == "reflect" and n > 1:
        at = np.abs(np.arange(first, first + size)) % (2 * n - 2)
        return samples[np.where(at < n, at, 2 * n - 2 - at)]
    elif edge == "circular" and n:
        return samples[np.arange(first, first + size) % n]
    out = np.zeros(size, np.float32)
    low, high = max(first, 0), min(first + size, n)
    if low < high:
        out[low - first : high - first] = samples[low:high]
    return out
