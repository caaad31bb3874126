"""How many different values the columns of a table have."""

from __future__ import annotations

from typing import Any

import numpy as np

from blendkit.core.arrays import Int64, Matrix
from blendkit.core.compiling import compiled, few, loop_threads, read_only
from blendkit.core.threads import side_by_side

_TOGETHER = 8  # columns that one thread takes: a line of memory holds as many cells of a row
_FREE = np.uint64(2**64 - 1)  # the bits of no number
_SPREAD = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / the golden ratio: a product's upper bits differ for close numbers
_ONE = np.uint64(1)


def distinct_values(x: Matrix) -> Int64:
    """Return how many different values each column of x (N, C) has; no value may be NaN."""
    if few(x.size, _count):
        return np.array([len(np.unique(c)) for c in x.T], np.int64)
    counts = np.zeros(x.shape[1], np.int64)
    bits = max(int(2 * len(x) - 1).bit_length(), 1)

    def work(i: int) -> None:
        part = slice(i * _TOGETHER, (i + 1) * _TOGETHER)
        columns = np.add(x[:, part].T, 0.0, dtype=np.float64, order="C")  # -0.0 becomes 0.0, which equals it
        places = np.empty(1 << bits, np.uint64)
        _count(read_only(columns.view(np.uint64)), places, np.uint64(64 - bits), counts[part])

    side_by_side(work, -(-x.shape[1] // _TOGETHER), loop_threads())
    return counts


@compiled()
def _count(columns: Any, places: Any, shift: Any, counts: Any) -> None:
    """Count the different words of each of the columns (C, N), by places (P,) of which at most half are taken."""
    last = np.uint64(len(places) - 1)
    for c in range(np.uint64(columns.shape[0])):
        places[:] = _FREE
        found = 0
        for i in range(np.uint64(columns.shape[1])):
            word = columns[c, i]
            at = word * _SPREAD >> shift
            while places[at] != _FREE and places[at] != word:
                at = (at + _ONE) & last
            found += places[at] == _FREE
            places[at] = word
        counts[c] = found
