"""Array work in blocks of rows, on all cores."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from blendkit.core import Int64, Matrix, loop_threads, read_only, side_by_side
from blendkit.ops.kernels.bounds import bounds_of

_CELLS = 250_000  # 2 MB of float64: a block stays in cache, and its work is long beside the start of a thread's task


def in_blocks(n: int, width: int, work: Callable[[slice], None]) -> None:
    """Call work(slice) for blocks of n rows of `width` cells, on as many threads as compiled loops use.

    Each block writes rows of its own, so that the result does not depend on threads. Exceptions of the work are raised.
    """
    size = max(_CELLS // max(width, 1), 1)
    parts = [slice(low, min(low + size, n)) for low in range(0, n, size)]
    threads = loop_threads() if len(parts) > 1 else 1  # to ask takes numba's import
    side_by_side(lambda i: work(parts[i]), len(parts), threads)


def row_by_row(kernel: Callable[..., None], x: Matrix, *others: object) -> Matrix:
    """Return the output of a compiled kernel(x, *others, out), whose rows are independent, computed in blocks."""
    out, own = np.empty_like(x, order="C"), read_only(x)
    in_blocks(len(x), x.shape[1], lambda part: kernel(own[part], *others, out[part]))
    return out


def by_recording(kernel: Callable[..., None], x: Matrix, offsets: Int64 | None, *others: object) -> Matrix:
    """Return the output of a compiled kernel(x, offsets, *others, out), which handles each recording by itself.

    offsets (R + 1,): the recordings' first rows; without any, all rows are one recording. Recordings are computed in
    blocks.
    """
    out, own, at = np.empty_like(x, order="C"), read_only(x), bounds_of(x, offsets)
    mean_cells = -(-x.size // max(len(at) - 1, 1))
    in_blocks(len(at) - 1, mean_cells, lambda part: kernel(own, at[part.start : part.stop + 1], *others, out))
    return out
