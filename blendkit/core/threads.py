"""Work on several threads: numpy's whole-array functions and compiled loops release the interpreter's lock."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache


def side_by_side(work: Callable[[int], None], n: int, threads: int) -> None:
    """Call work(0) to work(n - 1) on up to `threads` threads, of which this is one; each writes a part of its own.

    Work may itself call this function. Exceptions of the work are raised.
    """
    todo = deque(range(n))  # shared by the threads: taking from it is atomic

    def take() -> None:
        while True:
            try:
                i = todo.popleft()
            except IndexError:
                return
            work(i)

    helpers = [_pool(os.getpid(), threads).submit(take) for _ in range(min(threads, n) - 1)]
    try:
        take()
    finally:
        # one that did not start is not waited for, since its thread may wait for this one
        started = [h for h in helpers if not h.cancel()]
        failed = [error for h in started if (error := h.exception())]
    if failed:
        raise failed[0]


@lru_cache(maxsize=1)
def _pool(process: int, threads: int) -> ThreadPoolExecutor:
    """Return threads that wait for work: starting them would take longer than small work. A fork gets its own."""
    return ThreadPoolExecutor(threads)
