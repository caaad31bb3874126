"""Which rows a window along time holds where it reaches beyond its recording, in plain numpy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from blendkit.core import Bools, Int64
from blendkit.ops.kernels.along_time import EdgeRule

PADDED = (EdgeRule.NEAREST, EdgeRule.REFLECT)  # rules that put a row of the recording at every place of a window


@dataclass(frozen=True, eq=False)
class WindowEnds:
    """The windows around the rows (N,) of some recordings, with up to `before` and `after` chunks beside each row."""

    edge: EdgeRule
    rows: Int64
    first: Int64
    last: Int64
    before: Int64
    after: Int64

    @classmethod
    def of(cls, offsets: Int64, edge: EdgeRule) -> WindowEnds:
        """Return the windows of the rows that offsets (R + 1,) cover."""
        lengths = np.diff(offsets)
        first, last = np.repeat(offsets[:-1], lengths), np.repeat(offsets[1:] - 1, lengths)
        rows = np.arange(offsets[0], offsets[-1])
        before, after = rows - first, last - rows
        if edge is EdgeRule.SHRINK:
            before = after = np.minimum(before, after)
        return cls(edge, rows, first, last, before, after)

    def part(self, rows: slice) -> WindowEnds:
        """Return the windows of some rows alone."""
        arrays = (self.rows, self.first, self.last, self.before, self.after)
        return WindowEnds(self.edge, *(a[rows] for a in arrays))

    def inside(self, radius: int) -> Bools:
        """Return (N,) whether a window of this radius lies within the recording."""
        return np.minimum(self.before, self.after) >= radius

    def at(self, step: int) -> tuple[Int64, Bools]:
        """Return the rows (N,) that lie `step` chunks later (earlier, below 0), and which of them count as present."""
        there = self.rows + step
        present = (step <= self.after) & (-step <= self.before)
        if self.edge is EdgeRule.REFLECT:
            n = self.last - self.first + 1
            turn = (there - self.first) % (2 * n)
            there = self.first + np.where(turn < n, turn, 2 * n - 1 - turn)
        return np.clip(there, self.first, self.last), present | (self.edge in PADDED)
