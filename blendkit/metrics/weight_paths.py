"""The exact macro-AUC of a blend of two streams along every weight."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blendkit.core import Bools, Float64, Int64, read_only
from blendkit.errors import BlendkitError, shorten
from blendkit.metrics.auc import check_shapes
from blendkit.metrics.kernels.crossings import path_steps
from blendkit.metrics.kernels.exact_blends import exact_blend
from blendkit.metrics.kernels.exact_signs import blended_exactly
from blendkit.metrics.kernels.exact_sums import rounded_sums
from blendkit.metrics.kernels.pair_counts import Cell, PairCount, count_pairs

_DECIMALS = 9
_ROWS = 256  # copied at a time into class-major order, which is three times faster than all at once
_COLUMNS = 16  # handled at a time, to bound the memory of temporaries
_MOST_STEPS = 100_000  # a finer grid than this is evaluated weight by weight, as its table of steps would be too large
_PAIRS_PER_CELL = 15.0  # cost of re-evaluating one cell, in pairs (measured at 50,000 rows); changes speed, not results
_LARGEST, _SMALLEST = 1e290, 1e-270  # outside these, products and their rounding errors could overflow or underflow


@dataclass(frozen=True, eq=False)
class WeightPath:
    """weights (G,) of b; macro (G,); per_class (G, C), nan where skipped; scored (S,), skipped class indices.

    twice_u (G, C) and pairs (C,) are the exact counts behind them. by_pairs (C,): classes whose whole
    curve came from one pass over their pairs; the others were evaluated weight by weight.
    """

    weights: Float64
    macro: Float64
    per_class: Float64
    scored: Int64
    skipped: Int64
    twice_u: Int64
    pairs: Int64
    by_pairs: Bools

    @property
    def best(self) -> float:
        """The weight of the highest macro-AUC; of several, the smallest."""
        return float(self.weights[np.nanargmax(self.macro)])


def weight_path(
    y: Bools, a: NDArray[Any], b: NDArray[Any], weights: Sequence[float] | Float64, mask: Bools | None = None
) -> WeightPath:
    """Return the macro-AUC of (1 - w) a + w b for every weight w in [0, 1], with every class's curve.

    y, a, b (N, C): logits, probabilities, or integer ranks (`doubled_ranks`); mask as in `macro_auc`.
    Exact: values count as the integers, float32 or float64 numbers they are, weights as decimals of up
    to nine places, and a pair is tied only where it truly is. A pair of chunks changes places at most
    once along the way, so one pass over the pairs gives every weight; classes with more pairs than
    re-evaluation would cost are evaluated weight by weight, in doubled precision where float64 is not
    enough. Raises BlendkitError for weights outside [0, 1] and for values that are not finite.
    """
    check_shapes(y, a, mask, "a")
    check_shapes(y, b, mask, "b")
    at, whole = _whole_weights(weights)
    a, b, y, state = _ready(y, a, b, mask)
    p, n = ((state == s).sum(axis=0, dtype=np.int64) for s in (Cell.POSITIVE, Cell.NEGATIVE))
    pairs, rows = p * n, p + n
    cheap = (pairs <= _PAIRS_PER_CELL * len(at) * rows) & (whole <= _MOST_STEPS)
    twice_u = np.zeros((len(at), y.shape[1]), np.int64)
    start = count_pairs(y, a, mask)[:, PairCount.TWICE_U]
    chosen = np.flatnonzero(cheap & (pairs > 0))
    chosen = chosen[np.argsort(-pairs[chosen], kind="stable")]  # the largest first, so that threads end together
    steps = path_steps(a, b, state, chosen, whole)
    twice_u[:, chosen] = (start[chosen, None] + steps)[:, at].T
    for rest, counts in _by_weight(a, b, np.flatnonzero(~cheap & (pairs > 0)), whole):
        keep = None if mask is None else mask if mask.ndim == 1 else mask[:, rest]
        own = y[:, rest], a[:, rest], b[:, rest]
        for g, k in enumerate(at.tolist()):
            twice_u[g, rest] = counts(*own, k, whole, keep)
    per_class, live = _per_class(twice_u, pairs), pairs > 0
    macro = rounded_sums(per_class[:, live].T) / live.sum() if live.any() else np.full(len(at), np.nan)
    return WeightPath(
        np.array([k / whole for k in at.tolist()]),
        macro,
        per_class,
        np.flatnonzero(live),
        np.flatnonzero(~live),
        twice_u,
        pairs,
        cheap & live,
    )


def _per_class(twice_u: Int64, pairs: Int64) -> Float64:
    """Return the AUCs (G, C) of exact pair counts 2U (G, C), nan where a class has no pairs (C,)."""
    out = np.full(twice_u.shape, np.nan)
    np.divide(twice_u, 2 * pairs, out=out, where=pairs > 0)
    return out


def _by_weight(a: Float64, b: Float64, classes: Int64, whole: int) -> list[tuple[Int64, Callable[..., Int64]]]:
    """Split the classes by whether float64 blends them exactly, each part with how its pairs are counted."""
    exact = np.array([blended_exactly(a[:, c], b[:, c], whole) for c in classes.tolist()], bool)
    parts = (classes[exact], _plain_counts), (classes[~exact], _exact_counts)
    return [(rest, partial(_in_blocks, counts)) for rest, counts in parts if len(rest)]


def _whole_weights(weights: Sequence[float] | Float64) -> tuple[Int64, int]:
    """Return the weights as whole numbers k (G,) out of a common `whole`; k is read-only."""
    return _whole_numbers(tuple(float(w) for w in weights))


@lru_cache(maxsize=16)  # a search asks for the same grid thousands of times
def _whole_numbers(listed: tuple[float, ...]) -> tuple[Int64, int]:
    bad = [f"{w:g}" for w in listed if not 0 <= w <= 1]
    if bad or not listed:
        raise BlendkitError(f"weights must be between 0 and 1, got {shorten(bad) or 'none'}")
    exact = [Fraction(round(w * 10**_DECIMALS), 10**_DECIMALS) for w in listed]
    far = [repr(w) for w, e in zip(listed, exact, strict=True) if abs(w - float(e)) > 1e-12]
    if far:
        raise BlendkitError(f"weights may have at most {_DECIMALS} decimals, got {shorten(far)}")
    whole = max(math.lcm(*(e.denominator for e in exact)), 1)
    return read_only(np.array([int(e * whole) for e in exact], np.int64)), whole


def _ready(
    y: Bools, a: NDArray[Any], b: NDArray[Any], mask: Bools | None
) -> tuple[Float64, Float64, Bools, NDArray[np.uint8]]:
    """Return a and b as float64, y as bool, and the state of every cell, a `Cell`."""
    y = np.asarray(y, bool)
    state = y.astype(np.uint8)
    if mask is not None:
        state[~mask] = Cell.LEFT_OUT
    return _finite("a", a, state), _finite("b", b, state), y, state


def _finite(name: str, x: NDArray[Any], state: NDArray[np.uint8]) -> Float64:
    """Return x (N, C) as class-major float64, cells that do not count as 0; a part at a time, to save memory."""
    if x.dtype.kind in "iu" and x.size and max(abs(int(x.max())), abs(int(x.min()))) >= 2**53:
        raise BlendkitError(f"{name}: whole numbers of 2**53 or more are not exact in float64")
    out = np.empty(x.shape, np.float64, order="F")
    for low in range(0, len(x), _ROWS):
        out[low : low + _ROWS] = x[low : low + _ROWS]
    if (state >= Cell.LEFT_OUT).any():
        out[state >= Cell.LEFT_OUT] = 0
    bad: list[tuple[int, int]] = []
    for low in range(0, x.shape[1], _COLUMNS):
        size = np.abs(out[:, low : low + _COLUMNS])
        wrong = ~np.isfinite(size) | (size > _LARGEST) | ((size > 0) & (size < _SMALLEST))
        bad += [(int(row), low + int(column)) for row, column in np.argwhere(wrong)]
    if bad:
        row, column = min(bad)
        raise BlendkitError(
            f"{name}: {len(bad)} values are not finite numbers that can be blended exactly, first "
            f"{out[row, column]} at row {row}, class {column}"
        )
    return out


def _in_blocks(
    counts: Callable[..., Int64], y: Bools, a: Float64, b: Float64, k: int, whole: int, mask: Bools | None
) -> Int64:
    """Return 2U (C,) of (whole - k) a + k b, a few columns at a time, to bound the memory of temporaries."""
    out = np.empty(y.shape[1], np.int64)
    for low in range(0, y.shape[1], _COLUMNS):
        part = slice(low, low + _COLUMNS)
        keep = mask if mask is None or mask.ndim == 1 else mask[:, part]
        out[part] = counts(y[:, part], a[:, part], b[:, part], k, whole, keep)
    return out


def _plain_counts(y: Bools, a: Float64, b: Float64, k: int, whole: int, mask: Bools | None) -> Int64:
    """Return 2U (C,) of (whole - k) a + k b, which float64 holds exactly."""
    blend = a * float(whole - k)
    blend += b * float(k)
    return np.asarray(count_pairs(y, blend, mask)[:, PairCount.TWICE_U])


def _exact_counts(y: Bools, a: Float64, b: Float64, k: int, whole: int, mask: Bools | None) -> Int64:
    """Return 2U (C,) of (whole - k) a + k b; columns where float64 could tie wrongly are ranked in twice its bits."""
    high, low, rounded = exact_blend(a, b, float(whole - k), float(k))
    counts = count_pairs(y, high, mask)
    # different high parts are ordered rightly; only a tie of high parts can hide a difference in the low parts
    for c in np.flatnonzero(rounded & (counts[:, PairCount.TIES] > 0)):
        rows = _tied_rows(high[:, c])
        column = None if mask is None else (mask if mask.ndim == 1 else mask[:, c])[rows, None]
        one, both = high[rows, c, None], _double_ranks(high[rows, c], low[rows, c])[:, None]
        lost, won = (count_pairs(y[rows, c, None], x, column)[0, PairCount.TWICE_U] for x in (one, both))
        counts[c, PairCount.TWICE_U] += won - lost
    return np.asarray(counts[:, PairCount.TWICE_U])


def _tied_rows(x: Float64) -> Int64:
    """Return the rows of x (N,) whose number another row has too."""
    ordered = np.sort(x)
    shared = ordered[1:][ordered[1:] == ordered[:-1]]
    at = np.minimum(np.searchsorted(shared, x), max(len(shared) - 1, 0))
    return np.flatnonzero(shared[at] == x) if len(shared) else np.zeros(0, np.int64)


def _double_ranks(high: Float64, low: Float64) -> Float64:
    """Return dense ranks (N,) of the numbers high + low."""
    order = np.lexsort((low, high))
    new = (np.diff(high[order]) != 0) | (np.diff(low[order]) != 0)
    out = np.empty(len(high))
    out[order] = np.concatenate([[0], np.cumsum(new)])
    return out
