"""Looking through mapped files of any length: what was looked through does not stay in memory.

The pages of a mapped file that were touched count as memory of this process until it lets go of them.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator

Bytes = bytes | mmap.mmap
SPAN = 1 << 26  # bytes that are looked through before their pages are let go


def let_go(data: Bytes) -> None:
    """Let go of the pages of a mapped file that were touched; they stay readable. Nothing happens for bytes."""
    if isinstance(data, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        data.madvise(mmap.MADV_DONTNEED)


def places(data: Bytes, what: bytes, start: int = 0, stop: int | None = None) -> Iterator[int]:
    """Yield all places of `what` that lie in data[start:stop], in order."""
    end = len(data) if stop is None else stop
    for first in range(start, end, SPAN):
        last = min(end, first + SPAN + len(what) - 1)
        at = data.find(what, first, last)
        while at >= 0:
            yield at
            at = data.find(what, at + 1, last)
        if last < end:
            let_go(data)
