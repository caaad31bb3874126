"""Smoothing along the chunks of one recording."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from blendkit.ops import Offsets, Positive, Share, op
from blendkit.ops.kernels import correlate_kernel
from blendkit.scores import Matrix

TRUNCATE = 4.0  # scipy's default: the kernel ends at four sigma


@op("gaussian", scope="file", classwise=True, affine=True)
def gaussian(x: Matrix, *, offsets: Offsets | None = None, sigma: Positive = 1.0) -> Matrix:
    """Smooth along the chunks of each recording with a Gaussian of `sigma` chunks.

    x: (N, C) in any space, rows ordered by recording and start time; offsets (R + 1,) marks the
    recordings (None: all rows are one). The first and last chunk are repeated beyond the edges, as in
    `scipy.ndimage.gaussian_filter1d(mode="nearest")`, which this equals to 1e-6 for any length.
    Returns (N, C) in the dtype of x. Source: the Tucker SED chain (sigma 0.65), eos7 (sigma 1.0).
    """
    radius = int(TRUNCATE * sigma + 0.5)
    steps = np.arange(-radius, radius + 1)
    taps = np.exp(-0.5 * (steps / sigma) ** 2)
    return _correlate(x, taps / taps.sum(), offsets)


@op("three_tap", scope="file", classwise=True, affine=True)
def three_tap(x: Matrix, *, offsets: Offsets | None = None, alpha: Share = 0.2) -> Matrix:
    """Mix each chunk with its two neighbours: (1 - alpha) x_t + alpha / 2 (x_(t-1) + x_(t+1)).

    x: (N, C), offsets as in `gaussian`; the first and last chunk stand in for their missing
    neighbour. Returns (N, C). Source: the "delta shift" smoothing of public BirdCLEF notebooks
    (alpha 0.15 to 0.30).
    """
    return _correlate(x, np.array([alpha / 2, 1 - alpha, alpha / 2]), offsets)


def _correlate(x: Matrix, taps: NDArray[np.float64], offsets: NDArray[np.int64] | None) -> Matrix:
    bounds = np.array([0, len(x)], np.int64) if offsets is None else offsets
    out = np.empty_like(x, order="C")
    correlate_kernel(np.ascontiguousarray(x), taps, bounds, out)
    return out
