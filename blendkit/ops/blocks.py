"""Array work on a few rows at a time, on all cores."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from numba import get_num_threads

ROWS = 256  # a float64 temporary of some hundred classes stays in a core's own cache


def in_blocks(n: int, work: Callable[[slice], None], *, size: int = ROWS) -> None:
    """Call work(slice) for `size` of n rows at a time, on as many threads as compiled loops use.

    For whole-array expressions: numpy lets go of the interpreter's lock inside them. Each block writes rows of its own,
    so that the result knows nothing of threads. Raises what the work raises.
    """
    parts = [slice(low, min(low + size, n)) for low in range(0, n, size)]
    threads = min(get_num_threads(), len(parts))
    if threads < 2:
        for part in parts:
            work(part)
        return
    with ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(work, parts):
            pass
