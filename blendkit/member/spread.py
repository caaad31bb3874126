"""Work on a batch of windows, spread over threads in parts whose sizes depend on nothing but the batch.

Several graphs, or several parts of a batch, side by side on one thread each use a machine better than one after another
on all threads: a graph waits for its slowest thread after every operation. The parts of a batch are the same on every
machine, so that the values are, too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import ceil
from typing import Any, TypeVar

import numpy as np

from blendkit.core import Float32

PART = 4  # windows: fewer leave a graph's matrices too small, more leave threads without work
Job = TypeVar("Job")
Made = TypeVar("Made")


@dataclass(frozen=True)
class Threads:
    """So many workers side by side, each of which may use so many threads."""

    workers: int
    each: int

    @classmethod
    def of(cls, threads: int, jobs: int) -> Threads:
        """Return workers of one thread each for so many jobs; of more, where there are fewer jobs than threads."""
        workers = max(1, min(threads, jobs))
        return cls(workers, max(1, threads // workers))


def in_parts(windows: Float32, size: int = PART) -> list[Float32]:
    """Return a batch (B, ...) in parts of `size` windows at most, as equal as can be: none is alone beside others.

    Many a graph gives one window other last bits than two, so that a part of one would differ from the whole.
    """
    return np.array_split(windows, max(1, ceil(len(windows) / size)))


def side_by_side(work: Callable[[Job], Made], jobs: Sequence[Job], workers: int) -> list[Made]:
    """Return what `work` makes of every job, in their order."""
    if workers == 1 or len(jobs) < 2:
        return [work(job) for job in jobs]
    with ThreadPoolExecutor(min(workers, len(jobs))) as pool:
        return list(pool.map(work, jobs))


@dataclass(frozen=True)
class SpreadFront:
    """A front end (a spectrogram) that treats every window by itself, on several threads."""

    front: Callable[[Any], Any]
    threads: int

    def __call__(self, windows: Float32) -> Float32:
        """Return the features (B, ...) of windows (B, samples)."""
        parts = np.array_split(windows, max(1, min(self.threads, len(windows))))
        return np.concatenate(side_by_side(self.front, parts, self.threads))
