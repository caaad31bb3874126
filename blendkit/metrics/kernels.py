"""Compiled kernels (numba, cached on disk, parallel over columns). Results do not depend on threads."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

RADIX_BITS = 11
_LANES = 8  # columns gathered together, so that a row-major matrix is read by cache line


@njit(cache=True, nogil=True)
def _sort_pass(keys: Any, order: Any, spare: Any, counts: Any, shift: int) -> bool:
    """One stable counting pass over 11 bits; False (nothing moved) if all keys share them."""
    n = len(order)
    counts[:] = 0
    mask = np.uint64((1 << 11) - 1)
    at = np.uint64(shift)
    for i in range(n):
        counts[(keys[i] >> at) & mask] += 1
    if counts[(keys[0] >> at) & mask] == n:
        return False
    total = 0
    for b in range(len(counts)):
        here = counts[b]
        counts[b] = total
        total += here
    for i in range(n):
        digit = (keys[order[i]] >> at) & mask
        spare[counts[digit]] = order[i]
        counts[digit] += 1
    return True


@njit(cache=True, nogil=True)
def _tie_ranks(keys: Any, order: Any, out: Any, column: int) -> None:
    """Write twice the average rank (1-based) of every key into out[:, column]."""
    n = len(order)
    first = 0
    while first < n:
        last = first
        while last + 1 < n and keys[order[last + 1]] == keys[order[first]]:
            last += 1
        for i in range(first, last + 1):
            out[order[i], column] = first + last + 2
        first = last + 1


@njit(cache=True, nogil=True)
def _rank_column(keys: Any, bits: int, out: Any, column: int) -> None:
    n = len(keys)
    order = np.arange(n).astype(np.int32)
    spare = np.empty(n, np.int32)
    counts = np.empty(1 << 11, np.int64)
    for shift in range(0, bits, 11):
        if _sort_pass(keys, order, spare, counts, shift):
            order, spare = spare, order
    _tie_ranks(keys, order, out, column)


@njit(cache=True, parallel=True, nogil=True)
def doubled_rank_kernel(raw: Any, bits: int, out: Any) -> None:
    """Fill out (N, C) int32 with twice the average-tie rank of each column of raw (N, C) unsigned.

    raw holds the bit patterns of floats (32 or 64 bits wide); NaN must have been refused before.
    """
    n, width = raw.shape
    sign = np.uint64(1) << np.uint64(bits - 1)
    full = (sign - np.uint64(1)) | sign
    for block in prange((width + 7) // 8):
        low = block * 8
        high = min(low + 8, width)
        keys = np.empty((high - low, n), np.uint64)
        for i in range(n):
            for j in range(low, high):
                k = np.uint64(raw[i, j])
                if k == sign:  # -0.0 equals 0.0
                    k = np.uint64(0)
                # flip so that unsigned order is float order
                keys[j - low, i] = (k ^ full) if k & sign else (k | sign)
        for j in range(low, high):
            _rank_column(keys[j - low], bits, out, j)


def doubled_ranks(x: NDArray[np.floating[Any]]) -> NDArray[np.int32]:
    """Return (N, C) int32: twice the average-tie rank (1-based) of each value within its column.

    Exact integers: tied values share the mean of their ranks, doubled. x is (N, C) float32 or
    float64 without NaN; N up to 1,073,741,823. Radix sort, 11 bits a pass.
    """
    if len(x) > 0x3FFFFFFF:
        raise ValueError(f"{len(x)} rows: doubled ranks need int32")
    bits = 32 if x.dtype == np.float32 else 64
    values = np.ascontiguousarray(x, np.float32 if bits == 32 else np.float64)
    out = np.empty(values.shape, np.int32)
    if values.size:
        doubled_rank_kernel(values.view(np.uint32 if bits == 32 else np.uint64), bits, out)
    return out
