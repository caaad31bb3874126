"""Work on several threads: numpy's whole-array functions and compiled loops release the interpreter's lock."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor


def side_by_side(work: Callable[[int], None], n: int, threads: int) -> None:
    """Call work(0) to work(n - 1) on up to `threads` threads; each call must write a part of its own.

    Exceptions of the work are raised.
    """
    threads = min(threads, n)
    if threads < 2:
        for i in range(n):
            work(i)
        return
    with ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(work, range(n)):  # consumed, because an exception of the work is raised only here
            pass
