"""Smoothing along the chunks of one recording."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge, Le, Len

from blendkit.core import Float64, Int64, Matrix, read_only
from blendkit.ops.declare import Covered, NonNegative, Offsets, Positive, UnitInterval, op
from blendkit.ops.fitted.shared import highest_covered, require_below, unsureness
from blendkit.ops.kernels.along_time import (
    EdgeRule,
    adaptive_kernel,
    segment_kernel,
    window_max_kernel,
)
from blendkit.ops.kernels.bounds import bounds_of
from blendkit.ops.moving_windows import WINDOW_EDGES, WindowEdge, smoothed
from blendkit.ops.parallel import by_recording

TRUNCATE = 4.0  # scipy's default: the kernel ends at four sigma
NeighbourEdge = Literal["nearest", "available", "keep"]
Radius = Annotated[int, Ge(1), Le(1000)]
Tap = Annotated[float, Ge(0), Le(1e6)]
Taps = Annotated[list[Tap], Len(1, 1001)]
FIVE_TAPS: list[float] = [0.4, 0.2, 0.1]
# a kernel with weights of its own for the chunk keeps them where neighbours are missing
_TAP_EDGES = {**WINDOW_EDGES, "available": EdgeRule.BESIDE}


@op(
    "gaussian",
    also_called=(
        ("Gaussian over the chunks, gaussian_filter1d", "{sigma: 0.65}"),
        ("the same with scipy's own edge", "{sigma: 1.0, edge: reflect}"),
    ),
    scope="file",
    classwise=True,
    affine=True,
    effect="smooth",
)
def gaussian(
    x: Matrix, *, offsets: Offsets | None = None, sigma: Positive = 1.0, edge: WindowEdge = "nearest"
) -> Matrix:
    """Smooth along the chunks of each recording with a Gaussian of `sigma` chunks.

    x: (N, C) in any space, rows ordered by recording and start time; offsets (R + 1,) marks the recordings (None: all
    rows are one). edge: as in `moving_mean`. With `nearest` and `reflect` it equals
    `scipy.ndimage.gaussian_filter1d` of that mode to 1e-6 for any length. A mirrored recording gives the mirrored
    result, bit for bit. Returns (N, C) in the dtype of x. Source: the Tucker SED chain (sigma 0.65), eos7 (sigma 1.0).
    """
    taps = np.exp(-0.5 * (np.arange(int(TRUNCATE * sigma + 0.5) + 1) / sigma) ** 2)
    return smoothed(x, taps / (taps[0] + 2 * taps[1:].sum()), offsets, WINDOW_EDGES[edge])


@op(
    "three_tap",
    also_called=(
        ("delta-shift smoothing, 3-tap", "{alpha: 0.2}"),
        ("0.2 0.6 0.2, with 0.8 and 0.2 at the ends", "{alpha: 0.4}"),
        ("texture half of taxon-aware smoothing (frogs, insects)", "{alpha: 0.35}"),
    ),
    scope="file",
    classwise=True,
    affine=True,
    effect="smooth",
)
def three_tap(
    x: Matrix, *, offsets: Offsets | None = None, alpha: UnitInterval = 0.2, edge: WindowEdge = "nearest"
) -> Matrix:
    """Mix each chunk with its two neighbours: (1 - alpha) x_t + alpha / 2 (x_(t-1) + x_(t+1)).

    x: (N, C), offsets as in `gaussian`. edge: at the ends `nearest` repeats the chunk itself, `available`
    gives the only neighbour the whole alpha, `keep` leaves the chunk unchanged; the others as in `moving_mean`. Only
    `zero` changes a recording of one chunk. 0.2 0.6 0.2 with 0.8 and 0.2 at the ends is alpha 0.4 with `nearest`.
    Returns (N, C). Source: the "delta shift" smoothing of public BirdCLEF notebooks (alpha 0.15 to 0.40).
    """
    return smoothed(x, np.array([1 - alpha, alpha / 2]), offsets, _TAP_EDGES[edge])


@op("five_tap", also_called=(("0.1 0.2 0.4 0.2 0.1", ""),), scope="file", classwise=True, affine=True, effect="smooth")
def five_tap(
    x: Matrix,
    *,
    offsets: Offsets | None = None,
    centre: Tap = 0.4,
    near: Tap = 0.2,
    far: Tap = 0.1,
    edge: WindowEdge = "nearest",
) -> Matrix:
    """Weigh each chunk with its two neighbours on either side; the weights are divided by their sum.

    centre, near, far: the weights of the chunk, of its neighbours, and of theirs. x: (N, C), offsets and edge as in
    `three_tap` (`keep` leaves two chunks at either end). If all weights are 0, x is unchanged. Returns (N, C). Source:
    the kernel 0.1 0.2 0.4 0.2 0.1 of Babych's 2025 solution.
    """
    return _with_taps(x, [centre, near, far], offsets, edge)


@op(
    "kernel",
    also_called=(
        ("a kernel of any weights; triangular weights", "{taps: [3, 2, 1]}"),
        ("np.convolve, mode same", "{taps: [0.3, 0.2, 0.1], edge: zero}"),
    ),
    scope="file",
    classwise=True,
    affine=True,
    effect="smooth",
)
def kernel(
    x: Matrix, *, offsets: Offsets | None = None, taps: Taps = FIVE_TAPS, edge: WindowEdge = "nearest"
) -> Matrix:
    """Weigh each chunk with its neighbours by a symmetric kernel of any width; the weights are divided by their sum.

    x: (N, C), offsets and edge as in `five_tap`. taps: weights of the chunk itself, then of both chunks beside it, and
    so on outwards; [0.4, 0.2, 0.1] is `five_tap`. To mix with the unsmoothed chunks is a greater first weight. If all
    weights are 0, x is unchanged. Returns (N, C). Source: file smoothing in team Epoch's code for BirdCLEF 2024.
    """
    return _with_taps(x, taps, offsets, edge)


def _with_taps(x: Matrix, weights: list[float], offsets: Int64 | None, edge: WindowEdge) -> Matrix:
    of = np.array(weights, np.float64)
    total = of[0] + 2 * of[1:].sum()
    return smoothed(x, of / total, offsets, _TAP_EDGES[edge]) if total > 0 else x


@op(
    "adaptive_delta",
    also_called=(
        ("adaptive delta smoothing", "{alpha: 0.2}"),
        ("the same, first and last chunk unchanged", "{edge: keep}"),
    ),
    scope="file",
    spaces=("prob", "unit"),
    effect="smooth",
)
def adaptive_delta(
    x: Matrix, *, offsets: Offsets | None = None, covered: Covered | None = None, alpha: UnitInterval = 0.2,
    edge: NeighbourEdge = "nearest",
) -> Matrix:  # fmt: skip
    """Mix a chunk with its neighbours, more if it is less sure: alpha_t = alpha (1 - max over classes of x_t).

    The maximum is over covered classes. Then as `three_tap` with alpha_t. x: (N, C) probabilities. `nearest` is the
    edge of the Karnakbayev chain, which uses (itself + neighbour) / 2 as neighbour at the ends; `keep` that of yukiZ.
    Returns (N, C). Source: the public chains of Karnakbayev and yukiZ.
    """
    return _adapted(x, offsets, alpha * (1 - highest_covered(x, covered)), edge)


@op(
    "conservative_delta",
    also_called=(("conservative temporal consistency", "{alpha: 0.08}"),),
    scope="file",
    spaces=("prob", "unit"),
    effect="smooth",
    thresholds=True,
    check=require_below,
)
def conservative_delta(
    x: Matrix, *, offsets: Offsets | None = None, covered: Covered | None = None,
    alpha: UnitInterval = 0.08, unsure: UnitInterval = 0.35, sure: UnitInterval = 0.92,
    keep_above: UnitInterval = 0.65, keep_ratio: Positive = 1.25,
) -> Matrix:  # fmt: skip
    """Mix unsure chunks with their neighbours, except for outstanding cells: x_t + alpha_t (m - x_t).

    m: mean of the two neighbours; alpha_t = alpha, falling to 0 as the chunk's highest covered probability goes from
    `unsure` to `sure`. Cells above keep_above and above keep_ratio m stay, and so do the ends of a recording. x: (N, C)
    probabilities. Returns (N, C). Raises BlendkitError for unsure >= sure. Source: the conservative temporal
    consistency of a fork of the EoS chain (0.08, 0.35, 0.92, 0.65, 1.25).
    """
    alphas = alpha * unsureness(highest_covered(x, covered), unsure, sure)
    return _adapted(x, offsets, alphas, "keep", above=keep_above, ratio=keep_ratio)


@op(
    "segment_mean",
    also_called=(
        ("change-point segments, piecewise constant blend", "{threshold: 0.06, alpha: 0.6}"),
        ("change-point local mean", "{radius: 2}"),
    ),
    scope="file",
    classwise=True,
    effect="smooth",
    thresholds=True,
)
def segment_mean(
    x: Matrix, *, offsets: Offsets | None = None, threshold: NonNegative = 0.06, alpha: UnitInterval = 0.6,
    radius: Radius = 1000,
) -> Matrix:  # fmt: skip
    """Move each chunk towards the mean of its segment: a class's run of chunks without a step above the threshold.

    x: (N, C), offsets as in `gaussian`: (1 - alpha) x + alpha mean, where neighbouring chunks of a segment differ by at
    most `threshold`, in the space of x. Of the segment, the chunks at most `radius` away count: a small radius makes
    it a local mean that does not reach over a change point. Returns (N, C). Source: the piecewise constant blend of a
    BirdCLEF 2026 report (0.06, 0.6, after smoothing; alone it lost), similar to change-point based sound event boxes
    (Ebbers 2024).
    """
    return by_recording(segment_kernel, x, offsets, threshold, alpha, radius)


@op(
    "local_max",
    also_called=(("event half of taxon-aware smoothing, local maximum (birds)", "{alpha: 0.15}"),),
    scope="file",
    classwise=True,
    effect="smooth",
)
def local_max(x: Matrix, *, offsets: Offsets | None = None, alpha: UnitInterval = 0.15, radius: Radius = 1) -> Matrix:
    """Move each chunk towards the highest of its neighbourhood: (1 - alpha) x_t + alpha max(x_(t-r) .. x_(t+r)).

    radius: r, chunks on either side. x: (N, C); the neighbourhood stops at the ends. For one group of taxa: `where:
    {class_name: Aves}`. Returns (N, C). Source: the event half of yukiZ's taxon-aware smoothing (alpha 0.15); its
    texture half is `three_tap` at alpha 0.35 on frogs and insects.
    """
    return by_recording(window_max_kernel, x, offsets, radius, alpha)


@op("dilate", also_called=(("maximum dilation", "{radius: 1}"),), scope="file", classwise=True, effect="smooth")
def dilate(x: Matrix, *, offsets: Offsets | None = None, radius: Radius = 1) -> Matrix:
    """Replace each chunk by the highest of its neighbourhood: max(x_(t-r) .. x_(t+r)).

    radius: r, chunks on either side. x: (N, C). Neighbouring chunks become equal, which makes ties. Returns (N, C).
    Source: fourth place of BirdCLEF 2024, as described in other notebooks (radius 1).
    """
    return by_recording(window_max_kernel, x, offsets, radius, 1.0)


def _adapted(
    x: Matrix, offsets: Int64 | None, alphas: Float64, edge: NeighbourEdge, *,
    above: float = np.inf, ratio: float = 1.0,
) -> Matrix:  # fmt: skip
    out = np.empty_like(x, order="C")
    adaptive_kernel(read_only(x), alphas, bounds_of(x, offsets), _TAP_EDGES[edge].value, above, ratio, out)
    return out
