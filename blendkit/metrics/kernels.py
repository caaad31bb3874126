"""Compiled kernels (numba, cached on disk, parallel over columns). Results do not depend on threads."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import prange
from numpy.typing import NDArray

from blendkit.compiled import compiled

_COLUMNS = 64  # gathered together: a row-major matrix is read and written by whole cache lines


@compiled()
def _histograms(keys: Any, counts: Any) -> None:
    """Count every 11-bit digit of every key, all passes in one read."""
    passes = counts.shape[0]
    counts[:] = 0
    mask = keys.dtype.type(2047)
    for i in range(len(keys)):
        k = keys[i]
        for p in range(passes):
            counts[p, k & mask] += 1
            k >>= keys.dtype.type(11)


@compiled()
def _sort_pass(keys: Any, order: Any, to_keys: Any, to_order: Any, counts: Any, shift: int) -> None:
    """One stable counting pass: keys and their row numbers move together, so reads stay sequential."""
    total = 0
    for digit in range(len(counts)):
        here = counts[digit]
        counts[digit] = total
        total += here
    at = keys.dtype.type(shift)
    mask = keys.dtype.type(2047)
    for i in range(len(keys)):
        digit = (keys[i] >> at) & mask
        place = counts[digit]
        counts[digit] = place + 1
        to_keys[place] = keys[i]
        to_order[place] = order[i]


@compiled()
def _tie_ranks(keys: Any, order: Any, out: Any) -> None:
    """Write twice the average rank (1-based) of every sorted key to its row in out (N,)."""
    n = len(keys)
    first = 0
    while first < n:
        last = first
        while last + 1 < n and keys[last + 1] == keys[first]:
            last += 1
        for i in range(first, last + 1):
            out[order[i]] = first + last + 2
        first = last + 1


@compiled()
def _rank_column(keys: Any, passes: int, out: Any) -> None:
    """Rank one column of ordered keys (N,) into out (N,); keys are used up."""
    n = len(keys)
    order = np.arange(n).astype(np.int32)
    to_keys = np.empty_like(keys)
    to_order = np.empty_like(order)
    counts = np.empty((passes, 2048), np.int64)
    _histograms(keys, counts)
    for p in range(passes):
        if counts[p].max() < n:  # otherwise all keys share this digit: nothing would move
            _sort_pass(keys, order, to_keys, to_order, counts[p], 11 * p)
            keys, to_keys = to_keys, keys
            order, to_order = to_order, order
    _tie_ranks(keys, order, out)


@compiled(parallel=True)
def _ordered_keys(raw: Any, sign: Any, low: int, keys: Any) -> None:
    """Gather columns low.. of raw (N, C) into keys (B, N), in tiles, as unsigned numbers in float order."""
    n, width = raw.shape[0], keys.shape[0]
    zero = sign ^ sign
    for tile in prange((n + 63) // 64):
        for j in range(width):
            for i in range(tile * 64, min(tile * 64 + 64, n)):
                k = raw[i, low + j]
                if k == sign:  # -0.0 equals 0.0
                    k = zero
                keys[j, i] = ~k if k & sign else k | sign


@compiled(parallel=True)
def _rank_columns(keys: Any, passes: int, ranks: Any, low: int, out: Any) -> None:
    """Rank each row of keys (B, N) and put the ranks, in tiles, into columns low.. of out (N, C)."""
    width, n = keys.shape
    for j in prange(width):
        _rank_column(keys[j], passes, ranks[j])
    for tile in prange((n + 63) // 64):
        for i in range(tile * 64, min(tile * 64 + 64, n)):
            for j in range(width):
                out[i, low + j] = ranks[j, i]


def doubled_ranks(x: NDArray[np.floating[Any]]) -> NDArray[np.int32]:
    """Return (N, C) int32: twice the average-tie rank (1-based) of each value within its column.

    Exact integers: tied values share the mean of their ranks, doubled. x is (N, C) float32 or
    float64 without NaN; N up to 1,073,741,823. Radix sort, 11 bits a pass.
    """
    if len(x) > 0x3FFFFFFF:
        raise ValueError(f"{len(x)} rows: doubled ranks need int32")
    single = x.dtype == np.float32
    values = np.ascontiguousarray(x, np.float32 if single else np.float64)
    raw = values.view(np.uint32 if single else np.uint64)
    sign, passes = (np.uint32(1 << 31), 3) if single else (np.uint64(1 << 63), 6)
    out = np.empty(values.shape, np.int32)
    n, width = values.shape
    keys = np.empty((min(_COLUMNS, width), n), raw.dtype)
    ranks = np.empty(keys.shape, np.int32)
    for low in range(0, width if n else 0, _COLUMNS):
        part = slice(0, min(_COLUMNS, width - low))
        _ordered_keys(raw, sign, low, keys[part])
        _rank_columns(keys[part], passes, ranks[part], low, out)
    return out
