"""Windows that move along the chunks of one recording: mean, median, maximum, soft maximum, and their edge rules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

import numpy as np
from annotated_types import Interval

from blendkit.core import Float64, Int64, Matrix, few, read_only
from blendkit.errors import BlendkitError
from blendkit.ops.declare import Offsets, Positive, UnitInterval, op
from blendkit.ops.kernels.along_time import EdgeRule, correlate_kernel
from blendkit.ops.kernels.bounds import bounds_of
from blendkit.ops.kernels.few_cells_sums import plain_correlation
from blendkit.ops.kernels.window_ends import WindowEnds
from blendkit.ops.parallel import in_blocks

WindowEdge = Literal["nearest", "reflect", "zero", "available", "shrink", "keep"]
Width = Annotated[int, Interval(ge=1, le=2001)]
WINDOW_EDGES: dict[str, EdgeRule] = {
    "nearest": EdgeRule.NEAREST,
    "reflect": EdgeRule.REFLECT,
    "zero": EdgeRule.ZERO,
    "available": EdgeRule.AVAILABLE,
    "shrink": EdgeRule.SHRINK,
    "keep": EdgeRule.KEEP,
}
_ANCHORED = 1e-6  # a chunk's own weight from which sums of differences lose no digits that matter


def _require_odd(width: int) -> None:
    """Raise BlendkitError for an even width: it has no middle."""
    if width % 2 == 0:
        raise BlendkitError(
            f"width {width} is even, and a window of {width} chunks has no middle",
            [f"write width {width - 1} or {width + 1}"],
        )


@op(
    "moving_mean",
    also_called=(
        ("moving average, rolling mean", "{width: 5}"),
        ("rolling mean with min_periods 1", "{width: 3, edge: available}"),
    ),
    scope="file",
    classwise=True,
    affine=True,
    effect="smooth",
    check=_require_odd,
)
def moving_mean(x: Matrix, *, offsets: Offsets | None = None, width: Width = 3, edge: WindowEdge = "nearest") -> Matrix:
    """Replace each chunk by the mean of the `width` chunks around it (odd).

    x: (N, C) in any space, rows ordered by recording and start time; offsets (R + 1,) marks the recordings. edge: what
    a window holds beyond the ends of a recording. `nearest` repeats the first and last chunk, `reflect` mirrors the
    recording with its last chunk repeated (b a | a b), `zero` holds 0, `available` only what is there (weights divided
    by their sum, as in `pandas.rolling(center=True, min_periods=1)`), `shrink` as many chunks on both sides as the
    nearer end allows, `keep` leaves the chunk as it is. The first three are scipy's modes `nearest`, `reflect` and
    `constant`. Returns (N, C). Raises BlendkitError for an even width. Source: `three_tap` and `five_tap` with
    equal weights.
    """
    radius = _radius(width)
    return smoothed(x, np.full(radius + 1, 1.0 / width), offsets, WINDOW_EDGES[edge])


@op(
    "moving_median",
    also_called=(("median filter over the chunks", "{width: 3}"),),
    scope="file",
    classwise=True,
    effect="smooth",
    check=_require_odd,
)
def moving_median(
    x: Matrix, *, offsets: Offsets | None = None, width: Width = 3, edge: WindowEdge = "nearest"
) -> Matrix:
    """Replace each chunk by the median of the `width` chunks around it (odd); of two it is their mean.

    x, offsets, edge, result and errors as in `moving_mean`. Source: the median filters that BirdCLEF 2026 reports tried
    and left; `scipy.ndimage.median_filter` with the modes named there.
    """
    radius = _radius(width)
    return _over_windows(x, offsets, radius, WINDOW_EDGES[edge], _median)


@op(
    "moving_max",
    also_called=(("rolling maximum", "{width: 3}"),),
    scope="file",
    classwise=True,
    effect="smooth",
    check=_require_odd,
)
def moving_max(x: Matrix, *, offsets: Offsets | None = None, width: Width = 3, edge: WindowEdge = "nearest") -> Matrix:
    """Replace each chunk by the highest of the `width` chunks around it (odd).

    x, offsets, edge, result and errors as in `moving_mean`; `dilate` with radius r is the width 2 r + 1.
    Neighbouring chunks become equal, which makes ties. Source: as `dilate`.
    """
    radius = _radius(width)
    return _over_windows(x, offsets, radius, WINDOW_EDGES[edge], _highest)


@op(
    "local_lse",
    also_called=(("local log-sum-exp", "{width: 3, beta: 4.5}"),),
    scope="file",
    classwise=True,
    effect="smooth",
    check=_require_odd,
)
def local_lse(
    x: Matrix, *, offsets: Offsets | None = None, width: Width = 3, edge: WindowEdge = "nearest",
    alpha: UnitInterval = 1.0, beta: Positive = 4.5,
) -> Matrix:  # fmt: skip
    """Move each chunk towards a soft maximum around it: (1 - alpha) x + alpha log(mean(exp(beta x_s))) / beta.

    s runs over the `width` chunks around it (odd). x, offsets, edge, result and errors as in `moving_mean`; beta near 0
    means the moving mean, a large one the moving maximum. Source: log-sum-exp pooling (Pinheiro and Collobert 2015)
    along time; over a whole recording it is `file_lse`.
    """

    def soft(held: Float64, count: Int64) -> Float64:
        high = held.max(axis=0)
        total = symmetric_sum(np.exp(beta * (held - high)))
        return np.asarray(high + np.log(total / count[:, None]) / beta)

    return _over_windows(x, offsets, _radius(width), WINDOW_EDGES[edge], soft, alpha)


def smoothed(x: Matrix, taps: Float64, offsets: Int64 | None, edge: EdgeRule) -> Matrix:
    """Return x (N, C) smoothed with symmetric taps (radius + 1,), of the chunk itself and then of either side."""
    pull = 1.0 if taps[0] >= _ANCHORED else 0.0
    if few(x.size, correlate_kernel):
        return plain_correlation(x, taps, bounds_of(x, offsets), edge, pull).astype(x.dtype)
    out = np.empty_like(x, order="C")
    correlate_kernel(read_only(x), taps, bounds_of(x, offsets), edge.value, pull, out)
    return out


def symmetric_sum(values: Float64) -> Float64:
    """Return the sum over the first axis in pairs from both ends, so that the reverse order gives the same bits."""
    n = len(values)
    total = np.array(values[n // 2]) if n % 2 else np.zeros(values.shape[1:])
    for k in range(n // 2):
        total += values[k] + values[n - 1 - k]
    return total


def _radius(width: int) -> int:
    _require_odd(width)
    return width // 2


def _highest(held: Float64, count: Int64) -> Float64:
    return np.asarray(held.max(axis=0))


def _median(held: Float64, count: Int64) -> Float64:
    """Return medians (N, C) of windows (width, N, C) of which `count` (N,) values are there, the others -inf."""
    missing, in_order = len(held) - count, np.sort(held, axis=0)
    middle = [np.take_along_axis(in_order, (missing + m)[None, :, None], 0)[0] for m in ((count - 1) // 2, count // 2)]
    return np.asarray(np.where(middle[0] == middle[1], middle[0], (middle[0] + middle[1]) / 2))


def _over_windows(
    x: Matrix, offsets: Int64 | None, radius: int, edge: EdgeRule, reduce: Callable[[Float64, Int64], Float64],
    alpha: float = 1.0,
) -> Matrix:  # fmt: skip
    """Return x (N, C) moved towards reduce(windows (width, n, C), present values (n,)); what is not there is -inf."""
    ends, out = WindowEnds.of(bounds_of(x, offsets), edge), np.empty_like(x, order="C")

    def work(rows: slice) -> None:
        own, part = x[rows].astype(np.float64), ends.part(rows)
        made = reduce(*_windows(x, part, radius))
        made = made if alpha == 1 else own + alpha * (made - own)
        out[rows] = np.where(part.inside(radius)[:, None], made, own) if edge is EdgeRule.KEEP else made

    in_blocks(len(x), x.shape[1] * (2 * radius + 1), work)
    return out


def _windows(x: Matrix, ends: WindowEnds, radius: int) -> tuple[Float64, Int64]:
    held = np.empty((2 * radius + 1, len(ends.rows), x.shape[1]), np.float64)
    count = np.zeros(len(ends.rows), np.int64)
    beyond = 0.0 if ends.edge is EdgeRule.ZERO else -np.inf
    for k in range(2 * radius + 1):
        index, present = ends.at(k - radius)
        held[k] = np.where(present[:, None], x[index], beyond)
        count += present | (ends.edge is EdgeRule.ZERO)
    return held, count
