"""How lumpy groups make a public/private split: what the largest hold, and what that does to the public share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blendkit.core import Bools
from blendkit.metrics.bootstrap import cluster_codes
from blendkit.metrics.leaderboard import SimulatedSplit

_LARGEST = 3


@dataclass(frozen=True)
class Lump:
    """A group that a split puts whole on one side: its shares of all rows and of all positives."""

    name: str
    rows: float
    positives: float


@dataclass(frozen=True)
class SplitLumps:
    """groups: how many; largest: those with the most rows; low and high: between these is the public share of the rows
    in 90 of 100 splits; alone: classes whose positives all lie in one group, of `classes` with positives: a split can
    measure such a class on one side alone.
    """  # fmt: skip

    groups: int
    largest: tuple[Lump, ...]
    low: float
    high: float
    alone: int
    classes: int


def split_lumps(y: Bools, groups: Sequence[object] | NDArray[Any], split: SimulatedSplit) -> SplitLumps:
    """Return how lumpy the groups (N,) of a simulated split are. y (N, C): the truth of its rows."""
    codes, count = cluster_codes(groups, np.ones(y.shape, bool))
    names = [str(groups[int(i)]) for i in np.unique(codes, return_index=True)[1]]
    rows = np.bincount(codes, minlength=count)
    heard = np.zeros((count, y.shape[1]), np.int64)
    np.add.at(heard, codes, np.asarray(y, np.int64))
    order = np.argsort(-rows, kind="stable")[:_LARGEST]
    positives = max(1, int(heard.sum()))
    largest = [Lump(names[i], float(rows[i] / rows.sum()), float(heard[i].sum() / positives)) for i in order.tolist()]
    where = (heard > 0).sum(axis=0)
    low, high = np.quantile(split.shares, [0.05, 0.95]).tolist()
    return SplitLumps(count, tuple(largest), low, high, int((where == 1).sum()), int((where > 0).sum()))
