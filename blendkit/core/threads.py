"""Work on several threads: numpy's whole-array functions and compiled loops release the interpreter's lock."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache


def side_by_side(work: Callable[[int], None], n: int, threads: int) -> None:
    """Call work(0) to work(n - 1) on up to `threads` threads, of which this is one; each writes a part of its own.

    Work may itself call this function. Of the exceptions of the work, that of the lowest number is raised, whichever
    thread was first.
    """
    todo = deque(range(n))  # shared by the threads: taking from it is atomic
    failed: dict[int, BaseException] = {}

    def take() -> None:
        while not failed:
            try:
                i = todo.popleft()
            except IndexError:
                return
            try:
                work(i)
            except BaseException as error:  # raised below, when all that was begun has ended
                failed[i] = error

    helpers = [_pool(os.getpid(), threads).submit(take) for _ in range(min(threads, n) - 1)]
    take()
    # one that did not start is not waited for, since its thread may wait for this one
    for started in [h for h in helpers if not h.cancel()]:
        started.result()
    if failed:
        raise failed[min(failed)]


@lru_cache(maxsize=1)
def _pool(process: int, threads: int) -> ThreadPoolExecutor:
    """Return threads that wait for work: starting them would take longer than small work. A fork gets its own."""
    return ThreadPoolExecutor(threads)
