"""Rows of examples by their indices: folds share one copy of the features, which may be most of the memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from blendkit.core import Int64
from blendkit.training.examples import Examples, Index, MixedCopies, stack

MOST_ROWS = 1024  # in a batch of what is only scored
_MOST_NUMBERS = 2**24  # of features in such a batch: 64 MiB, whatever the size of a grid


@dataclass(frozen=True, eq=False)
class Column:
    """One feature of rows that lie in several arrays. part, at (N,): in which of them, and where."""

    sources: tuple[Tensor, ...]
    part: Tensor
    at: Tensor

    def __getitem__(self, rows: Tensor) -> Tensor:
        """Return the feature (B, ...) of the rows at these indices."""
        part, at = self.part[rows], self.at[rows]
        if len(self.sources) == 1:
            return self.sources[0][at]
        out = self.sources[0].new_empty((len(rows), *self.sources[0].shape[1:]))
        for i, source in enumerate(self.sources):
            own = part == i
            out[own] = source[at[own]]
        return out


@dataclass(frozen=True, eq=False)
class PickedRows:
    """The rows at `index` of each of several examples, one after the other; labels: all but the features."""

    parts: tuple[tuple[Examples, Index], ...]
    labels: Examples

    @classmethod
    def of(
        cls,
        examples: Examples,
        index: Index,
        more: Sequence[Examples] = (),
        copies: MixedCopies | None = None,
        beside: Index | None = None,
    ) -> PickedRows:
        """Return the rows at `index`, all rows of what comes beside them, and the mixed copies at `beside`."""
        parts = [(examples, index), *((m, np.arange(len(m))) for m in more if len(m))]
        if copies is not None and beside is not None and len(beside):
            parts.append((copies.rows, beside))
        return cls(tuple(parts), stack([replace(e, features={}).take(i) for e, i in parts]))

    def __len__(self) -> int:
        """N."""
        return len(self.labels)

    def column(self, name: str) -> Column:
        """Return one feature. Nothing is copied."""
        part = np.concatenate([np.full(len(i), k) for k, (_, i) in enumerate(self.parts)])
        at = np.concatenate([i for _, i in self.parts])
        sources = tuple(torch.from_numpy(e.features[name]) for e, _ in self.parts)
        return Column(sources, torch.from_numpy(part), torch.from_numpy(at))

    def batches(self, names: Sequence[str]) -> Iterator[list[Tensor]]:
        """Yield the features of all rows in order, batch by batch, each a list in the order of `names`."""
        columns = [self.column(n) for n in names]
        for rows in in_batches(np.arange(len(self)), self.parts[0][0], names):
            yield [c[torch.from_numpy(rows)] for c in columns]


def in_batches(index: Index, examples: Examples, names: Sequence[str]) -> Iterator[Int64]:
    """Yield the index in parts of which the features fit into memory beside all else."""
    numbers = sum(int(np.prod(examples.features[n].shape[1:])) for n in names)
    step = max(1, min(MOST_ROWS, _MOST_NUMBERS // max(1, numbers)))
    for i in range(0, len(index), step):
        yield index[i : i + step]
