"""Smoothing along the chunks of one recording."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge, Le
from numpy.typing import NDArray

from blendkit.ops import Offsets, Positive, Share, op
from blendkit.ops.kernels import adaptive_kernel, bounds_of, correlate_kernel, window_max_kernel
from blendkit.scores import Matrix

TRUNCATE = 4.0  # scipy's default: the kernel ends at four sigma
Edge = Literal["nearest", "available", "keep"]
Radius = Annotated[int, Ge(1), Le(1000)]
Tap = Annotated[float, Ge(0), Le(1e6)]


@op("gaussian", scope="file", classwise=True, affine=True, does="smooth")
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
    return _correlate(x, taps / taps.sum(), offsets, "nearest")


@op("three_tap", scope="file", classwise=True, affine=True, does="smooth")
def three_tap(x: Matrix, *, offsets: Offsets | None = None, alpha: Share = 0.2, edge: Edge = "nearest") -> Matrix:
    """Mix each chunk with its two neighbours: (1 - alpha) x_t + alpha / 2 (x_(t-1) + x_(t+1)).

    x: (N, C), offsets as in `gaussian`. edge: at the ends `nearest` repeats the chunk itself, `available`
    gives the one neighbour the whole alpha (0.8 / 0.2), `keep` leaves the chunk as it is; a recording of one
    chunk never changes. Returns (N, C). Source: the "delta shift" smoothing of public BirdCLEF notebooks
    (alpha 0.15 to 0.30), with each of their edges.
    """
    return _correlate(x, np.array([alpha / 2, 1 - alpha, alpha / 2]), offsets, edge)


@op("five_tap", scope="file", classwise=True, affine=True, does="smooth")
def five_tap(
    x: Matrix,
    *,
    offsets: Offsets | None = None,
    centre: Tap = 0.4,
    near: Tap = 0.2,
    far: Tap = 0.1,
    edge: Edge = "nearest",
) -> Matrix:
    """Weigh each chunk with its two neighbours on either side; the weights are divided by their sum.

    x: (N, C), offsets and edge as in `three_tap` (`keep` leaves two chunks at either end). All weights 0
    leave x as it is. Returns (N, C). Source: the kernel 0.1 0.2 0.4 0.2 0.1 of Babych's 2025 solution.
    """
    taps = np.array([far, near, centre, near, far], np.float64)
    return _correlate(x, taps / taps.sum(), offsets, edge) if taps.any() else x


@op("adaptive_delta", scope="file", spaces=("prob",), does="smooth")
def adaptive_delta(x: Matrix, *, offsets: Offsets | None = None, alpha: Share = 0.2, edge: Edge = "nearest") -> Matrix:
    """Mix a chunk with its neighbours, the more the less sure it is: alpha_t = alpha (1 - max over classes of x_t).

    Then as `three_tap` with alpha_t. x: (N, C) probabilities. `nearest` is the edge of the Karnakbayev chain,
    whose ends take (itself + neighbour) / 2 as neighbours; `keep` that of yukiZ. Returns (N, C).
    """
    bounds = bounds_of(x, offsets)
    sure = x.max(axis=1) if x.shape[1] else np.zeros(len(x))
    out = np.empty_like(x, order="C")
    adaptive_kernel(np.ascontiguousarray(x), alpha * (1 - sure.astype(np.float64)), bounds, _EDGES[edge], out)
    return out


@op("local_max", scope="file", classwise=True, does="smooth")
def local_max(x: Matrix, *, offsets: Offsets | None = None, alpha: Share = 0.15, radius: Radius = 1) -> Matrix:
    """Pull each chunk towards the highest of its neighbourhood: (1 - alpha) x_t + alpha max(x_(t-r) .. x_(t+r)).

    x: (N, C); beyond the ends there is nothing. For one group of taxa: `where: {class_name: Aves}`. Returns
    (N, C). Source: the event half of yukiZ's taxon-aware smoothing (alpha 0.15); its texture half is
    `three_tap` at alpha 0.35 on frogs and insects.
    """
    out = np.empty_like(x, order="C")
    window_max_kernel(np.ascontiguousarray(x), bounds_of(x, offsets), radius, alpha, out)
    return out


@op("dilate", scope="file", classwise=True, does="smooth")
def dilate(x: Matrix, *, offsets: Offsets | None = None, radius: Radius = 1) -> Matrix:
    """Take the highest of each chunk's neighbourhood: max(x_(t-r) .. x_(t+r)).

    x: (N, C). Neighbouring chunks become equal, so ties appear. Returns (N, C). Source: fourth place of
    BirdCLEF 2024, after other notebooks' accounts (radius 1).
    """
    out = np.empty_like(x, order="C")
    window_max_kernel(np.ascontiguousarray(x), bounds_of(x, offsets), radius, 1.0, out)
    return out


_EDGES = {"nearest": 0, "available": 1, "keep": 2}


def _correlate(x: Matrix, taps: NDArray[np.float64], offsets: NDArray[np.int64] | None, edge: Edge) -> Matrix:
    out = np.empty_like(x, order="C")
    correlate_kernel(np.ascontiguousarray(x), taps, bounds_of(x, offsets), _EDGES[edge], out)
    return out
