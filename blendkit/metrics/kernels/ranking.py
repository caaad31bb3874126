"""Compiled ranking of columns (numba, cached on disk), on threads over columns. Results do not depend on threads.

Indices are unsigned: numba tests signed ones for negative values, which costs as much as the work of these loops.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blendkit.core import Float64, Matrix, compiled, few, loop_threads, read_only, side_by_side
from blendkit.metrics.kernels.few_cells import plain_doubled_ranks

_COLUMNS = 64  # gathered together by all threads: a row-major matrix is read and written by whole cache lines
_LINE = 8  # columns of a cache line, which no two threads should share
_CELLS = 50_000  # that are worth a thread: they take much longer than its start
_TILE_ROWS = 64  # transposed at a time: their part of all gathered columns stays in the nearest cache
_DIGIT_BITS = 11  # a pass sorts by this many bits: three passes for float32, six for float64
_DIGITS = 2048  # 2 ** _DIGIT_BITS: their counts take 8 kB, so that they stay in the nearest cache
_PASSES_FLOAT32, _PASSES_FLOAT64 = 3, 6
_MOST_ROWS = 2**30 - 1  # twice a rank must fit in int32


@compiled()
def _histograms(keys: Any, counts: Any) -> None:
    """Count every digit of every key, all passes in one read."""
    passes = np.uint64(counts.shape[0])
    counts[:] = 0
    mask, one = keys.dtype.type(_DIGITS - 1), np.uint32(1)
    for k in keys:
        for p in range(passes):
            counts[p, k & mask] += one
            k >>= keys.dtype.type(_DIGIT_BITS)


@compiled()
def _sort_pass(keys: Any, order: Any, to_keys: Any, to_order: Any, counts: Any, shift: int) -> None:
    """One stable counting pass: keys and their row numbers move together, so reads stay sequential."""
    total = np.uint32(0)
    for d in range(len(counts)):  # counts become the first place of each digit
        count = counts[d]
        counts[d] = total
        total += count
    at, one = keys.dtype.type(shift), np.uint32(1)
    mask = keys.dtype.type(_DIGITS - 1)
    for i in range(np.uint64(len(keys))):
        digit = (keys[i] >> at) & mask
        place = counts[digit]
        counts[digit] = place + one
        to_keys[place] = keys[i]
        to_order[place] = order[i]


@compiled()
def _tie_ranks(keys: Any, order: Any, out: Any) -> None:
    """Write twice the average rank (1-based) of every sorted key to its row in out (N,)."""
    n, one = np.uint64(len(keys)), np.uint64(1)
    first = np.uint64(0)
    while first < n:
        end = first + one
        while end < n and keys[end] == keys[first]:
            end += one
        # ranks first + 1 .. end (1-based) have the average (first + 1 + end) / 2: doubled, it is a whole number
        for i in range(first, end):
            out[order[i]] = np.int32(first + end + one)
        first = end


@compiled()
def ordered_key(k: Any, sign: Any) -> Any:
    """Return the bits of a float as an unsigned number in float order; -0.0 equals 0.0."""
    if k == sign:  # -0.0 has the sign bit alone; as 0.0 it ties with 0.0
        k = sign ^ sign
    # larger bits mean a larger size: negative numbers are mirrored, positive ones put above them
    return ~k if k & sign else k | sign


@compiled()
def sort_keys(keys: Any, passes: int) -> tuple[Any, Any]:
    """Return keys (N,) sorted, and their places (N,) in the order before; ties stay in order. Overwrites keys."""
    n = len(keys)
    order = np.arange(n).astype(np.uint32)
    to_keys = np.empty_like(keys)
    to_order = np.empty_like(order)
    counts = np.empty((passes, _DIGITS), np.uint32)
    _histograms(keys, counts)
    for p in range(passes):  # from the lowest digit: every pass is stable, so it preserves the order of those before
        if counts[p].max() < n:  # otherwise all keys share this digit: nothing would move
            _sort_pass(keys, order, to_keys, to_order, counts[p], _DIGIT_BITS * p)
            keys, to_keys = to_keys, keys
            order, to_order = to_order, order
    return keys, order


@compiled()
def _rank_column(keys: Any, passes: int, out: Any) -> None:
    """Rank one column of ordered keys (N,) into out (N,). Overwrites keys."""
    keys, order = sort_keys(keys, passes)
    _tie_ranks(keys, order, out)


@compiled()
def _ordered_keys(raw: Any, sign: Any, low: int, keys: Any) -> None:
    """Gather columns low.. of raw (N, C) into keys (B, N), in tiles, as unsigned numbers in float order."""
    n, width, start = np.uint64(raw.shape[0]), np.uint64(keys.shape[0]), np.uint64(low)
    for tile in range((raw.shape[0] + _TILE_ROWS - 1) // _TILE_ROWS):
        first = np.uint64(tile * _TILE_ROWS)
        for j in range(width):
            for i in range(first, min(first + np.uint64(_TILE_ROWS), n)):
                keys[j, i] = ordered_key(raw[i, start + j], sign)


@compiled()
def _rank_columns(keys: Any, passes: int, ranks: Any) -> None:
    """Rank each row of keys (B, N) into ranks (B, N)."""
    for j in range(len(keys)):
        _rank_column(keys[j], passes, ranks[j])


@compiled()
def _placed(ranks: Any, low: int, out: Any) -> None:
    """Put ranks (B, N), in tiles, into columns low.. of out (N, C)."""
    n, width, start = np.uint64(ranks.shape[1]), np.uint64(ranks.shape[0]), np.uint64(low)
    for tile in range((ranks.shape[1] + _TILE_ROWS - 1) // _TILE_ROWS):
        first = np.uint64(tile * _TILE_ROWS)
        for i in range(first, min(first + np.uint64(_TILE_ROWS), n)):
            for j in range(width):
                out[i, start + j] = ranks[j, i]


@compiled()
def _placed_shares(ranks: Any, low: int, whole: float, out: Any) -> None:
    """Put ranks (B, N) divided by `whole`, in tiles, into columns low.. of out (N, C)."""
    n, width, start = np.uint64(ranks.shape[1]), np.uint64(ranks.shape[0]), np.uint64(low)
    for tile in range((ranks.shape[1] + _TILE_ROWS - 1) // _TILE_ROWS):
        first = np.uint64(tile * _TILE_ROWS)
        for i in range(first, min(first + np.uint64(_TILE_ROWS), n)):
            for j in range(width):
                out[i, start + j] = ranks[j, i] / whole


def raw_bits(x: NDArray[Any]) -> tuple[NDArray[Any], Any, int]:
    """Return the bits of scores (N, C) as unsigned numbers, the sign bit, and the number of passes that sort them.

    float32 stays float32, which halves the passes; others are converted to float64.
    """
    narrow = x.dtype == np.float32
    values = np.asarray(x, np.float32 if narrow else np.float64)
    sign, passes = (np.uint32(1 << 31), _PASSES_FLOAT32) if narrow else (np.uint64(1 << 63), _PASSES_FLOAT64)
    class_major = values.flags.f_contiguous and not values.flags.c_contiguous
    bits = read_only(values.T if class_major else values).view(sign.dtype)
    return bits.T if class_major else bits, sign, passes


def doubled_ranks(x: Matrix) -> NDArray[np.int32]:
    """Return (N, C) int32: twice the average-tie rank (1-based) of each value within its column.

    Exact integers: tied values share the mean of their ranks, doubled. x is (N, C) float32 or
    float64 without NaN; N up to 1,073,741,823. A radix sort, because its time does not depend on the values.
    """
    if few(x.size, _rank_columns):
        return _few_ranks(x)
    out = np.empty(x.shape, np.int32)
    _ranked(x, lambda ranks, low: _placed(ranks, low, out))
    return out


def rank_shares(x: Matrix) -> Float64:
    """Return (N, C) doubled ranks divided by 2 N, in one pass; x as for `doubled_ranks`."""
    if few(x.size, _rank_columns):
        return _few_ranks(x) / (2.0 * len(x))
    out = np.empty(x.shape, np.float64)
    _ranked(x, lambda ranks, low: _placed_shares(ranks, low, 2.0 * len(x), out))
    return out


def _few_ranks(x: Matrix) -> NDArray[np.int32]:
    values = x if x.dtype == np.float32 else np.asarray(x, np.float64)
    return plain_doubled_ranks(values) if x.size else np.empty(x.shape, np.int32)


def _ranked(x: Matrix, put: Callable[[NDArray[np.int32], int], None]) -> None:
    """Call put(ranks (B, N), first column) for all columns of x, a few at a time; the next ones overwrite the ranks."""
    if len(x) > _MOST_ROWS:
        raise ValueError(f"{len(x)} rows: doubled ranks do not fit in int32, expected at most {_MOST_ROWS} rows")
    raw, sign, passes = raw_bits(x)
    n, width = raw.shape
    threads = min(loop_threads(), 1 + raw.size // _CELLS)
    columns = max(_COLUMNS // threads, _LINE)  # so that the buffers of all threads together stay small

    def work(thread: int) -> None:
        keys = np.empty((min(columns, width), n), raw.dtype)
        ranks = np.empty(keys.shape, np.int32)
        for low in range(thread * columns, width if n else 0, threads * columns):
            part = slice(0, min(columns, width - low))
            _ordered_keys(raw, sign, low, keys[part])
            _rank_columns(keys[part], passes, ranks[part])
            put(ranks[part], low)

    side_by_side(work, threads, threads)
