"""Buffers for samples: in memory, or for long recordings on disk, so that memory use stays flat."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from blendkit.core import Float32

LONG_S = 1800.0  # seconds; the samples of a longer recording are on disk while it is scored, not in memory
BLOCK_S = 60  # seconds of a long recording that are read and resampled at a time


def lies_on_disk(count: int, rate: int, scratch: Path | None) -> bool:
    """Return whether `count` samples at `rate` Hz go to a file, which needs a scratch folder."""
    return scratch is not None and count > LONG_S * rate


def block_size(rate: int) -> int:
    """Return how many samples of a long recording are worked on at a time."""
    return BLOCK_S * rate


def sample_buffer(count: int, rate: int, scratch: Path | None) -> Float32:
    """Return zeros (count,) in memory, or for a long recording in a new file in `scratch`."""
    if not lies_on_disk(count, rate, scratch):
        return np.zeros(count, np.float32)
    with tempfile.NamedTemporaryFile(dir=scratch, suffix=".f32", delete=False) as handle:
        return np.memmap(handle.name, np.float32, "w+", shape=(count,))
