"""Work on a batch of windows, spread over threads in parts whose sizes depend on nothing but the batch.

Several graphs, or several parts of a batch, side by side on one thread each use a machine better than one after another
on all threads: a graph waits for its slowest thread after every operation. The parts of a batch are the same on every
machine, so that the values are, too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any, TypeVar

import numpy as np

from blendkit.core import Float32, side_by_side
from blendkit.graphs import Provider
from blendkit.member.protocol import MemberContext

PART = 4  # windows: fewer leave a graph's matrices too small, more leave threads without work
Model = TypeVar("Model")


@dataclass(frozen=True)
class Threads:
    """So many workers side by side, each of which may use so many threads."""

    workers: int
    each: int

    @classmethod
    def of(cls, context: MemberContext, jobs: int) -> Threads:
        """Return workers of one thread each for so many jobs; of more, where there are fewer jobs than threads.

        On anything but the CPU, one worker has all threads.
        """
        workers = max(1, min(context.threads, jobs)) if context.provider == "cpu" else 1
        return cls(workers, max(1, context.threads // workers))


def part_of(provider: Provider, batch: int | None = None) -> int | None:
    """Return how many windows a graph of a fixed batch, or of any, is given at a time; None: all, but on the CPU."""
    return batch or (PART if provider == "cpu" else None)


def in_parts(windows: Float32, size: int | None = PART) -> list[Float32]:
    """Return a batch (B, ...) in parts of `size` windows at most, as equal as can be: none is alone beside others.

    Many a graph gives one window other last bits than two, so that a part of one would differ from the whole.
    """
    return np.array_split(windows, max(1, ceil(len(windows) / (size or len(windows) or 1))))


def of_each_on_parts(
    work: Callable[[Model, Float32], Any], models: Sequence[Model], windows: Float32, size: int | None, workers: int
) -> list[Any]:
    """Return what every model makes of a batch (B, ...), as one array each; models and parts run side by side.

    work: gives a model's values (b, ...) of a part; size: windows of a part at most, None for no parts.
    """
    parts = in_parts(windows, size)
    n = len(parts)
    made: list[Any] = [None] * (len(models) * n)

    def one(i: int) -> None:
        made[i] = work(models[i // n], parts[i % n])

    side_by_side(one, len(made), workers)
    return [np.concatenate(made[i : i + n]) for i in range(0, len(made), n)]


@dataclass(frozen=True)
class SpreadFront:
    """A front end (a spectrogram) that treats every window by itself, on several threads."""

    front: Callable[[Any], Any]
    threads: int

    def __call__(self, windows: Float32) -> Float32:
        """Return the features (B, ...) of windows (B, samples)."""
        size = ceil(len(windows) / self.threads)
        (made,) = of_each_on_parts(lambda front, part: front(part), [self.front], windows, size, self.threads)
        return np.asarray(made)
