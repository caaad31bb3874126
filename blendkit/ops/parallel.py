"""Array work on a few rows at a time, on all cores."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numba import get_num_threads

from blendkit.core import Matrix

_CELLS = 250_000  # 2 MB of float64: stays in cache, and is work enough to hand over the interpreter's lock for


def in_blocks(n: int, width: int, work: Callable[[slice], None]) -> None:
    """Call work(slice) for some of n rows of `width` cells at a time, on as many threads as compiled loops use.

    Inside its whole-array functions numpy lets go of the interpreter's lock, and so do compiled loops. Each block
    writes rows of its own, so that the result knows nothing of threads. Raises what the work raises.
    """
    size = max(_CELLS // max(width, 1), 1)
    parts = [slice(low, min(low + size, n)) for low in range(0, n, size)]
    threads = min(get_num_threads(), len(parts))
    if threads < 2:
        for part in parts:
            work(part)
        return
    with ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(work, parts):
            pass


def row_by_row(kernel: Callable[..., None], x: Matrix, *others: object) -> Matrix:
    """Return what a compiled kernel(x, *others, out) writes, in blocks: each of its rows depends on that row alone."""
    out, own = np.empty_like(x, order="C"), np.ascontiguousarray(x)
    in_blocks(len(x), x.shape[1], lambda part: kernel(own[part], *others, out[part]))
    return out
