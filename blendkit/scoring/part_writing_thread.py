"""Parts written by a thread of their own, one after another, while the models score the next group."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(eq=False)
class PartWriter:
    """Writes what it is given, in that order; what a write raises is raised by the next call here."""

    _pool: ThreadPoolExecutor
    _last: Future[None] | None = None

    def write(self, write: Callable[[], None]) -> None:
        """Let the thread do this, after what it was given before is done."""
        self.wait()
        self._last = self._pool.submit(write)

    def wait(self) -> None:
        """Return once all is written. Raises what the last write raised."""
        last, self._last = self._last, None
        if last is not None:
            last.result()


@contextmanager
def part_writer() -> Iterator[PartWriter]:
    """Yield a writer; at the end, however it comes, all that it was given is written first."""
    with ThreadPoolExecutor(1, thread_name_prefix="saving") as pool:
        writer = PartWriter(pool)
        yield writer
        writer.wait()
