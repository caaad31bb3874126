"""Recordings at other sample rates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from blendkit.audio.decoded import Decoded
from blendkit.audio.scratch import Kept, block_size, lies_on_disk, release


def at_rate(decoded: Decoded, rates: Sequence[int], scratch: Path | None = None) -> dict[int, Decoded]:
    """Return the recording at each rate (Hz), resampled once per distinct rate."""
    return {rate: resample(decoded, rate, scratch) for rate in dict.fromkeys(rates)}


def resample(decoded: Decoded, rate: int, scratch: Path | None = None) -> Decoded:
    """Return the recording at `rate` Hz (soxr HQ, as one stream, so that blocks leave no edges)."""
    import soxr

    given = decoded.samples
    if decoded.rate == rate or not len(given):
        return replace(decoded, rate=rate)
    if not lies_on_disk(len(given), decoded.rate, scratch):
        samples = np.ascontiguousarray(soxr.resample(given, decoded.rate, rate, quality="HQ"), np.float32)
        return replace(decoded, samples=samples, rate=rate)
    out, block = Kept(1, rate, scratch), block_size(decoded.rate)
    stream = soxr.ResampleStream(decoded.rate, rate, 1, dtype="float32", quality="HQ")
    for first in range(0, len(given), block):
        made = stream.resample_chunk(np.asarray(given[first : first + block]), last=first + block >= len(given))
        out.append(made[:, None])
        release(given)
    return replace(decoded, samples=out.frames()[:, 0], rate=rate)
