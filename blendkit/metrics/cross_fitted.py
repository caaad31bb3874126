"""Macro-AUC of blends that were chosen without the positives they are measured on, with their bootstrap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blendkit.core import Bools, Int64
from blendkit.errors import BlendkitError
from blendkit.metrics.auc import check_shapes, counted_cells, refuse_nan
from blendkit.metrics.bootstrap import (
    Bootstrap,
    cluster_codes,
    drawn_pairs,
    drawn_weights,
    macros_of,
    tallies,
    tallies_without,
)
from blendkit.metrics.redrawn_counts import redrawn_counts


@dataclass(eq=False)
class CrossFitted:
    """Counts of several streams, part by part; each part is scored by a blend that was chosen without it.

    A positive of a part is compared with all negatives of its class under that part's own scores, so no comparison is
    made across two blends, and no class is lost whose positives all lie in one part. The negatives of the other parts
    were seen by the choice; its positives, which are few and decide it, were not. `add` every part once for every
    stream, for each of `repeats` divisions into parts. y (N, C); clusters (N,) labels, as in `paired_bootstrap`.
    """

    y: Bools
    clusters: Sequence[object] | NDArray[Any]
    replicates: int = 1000
    seed: int = 0
    mask: Bools | None = None
    repeats: int = 1
    _keep: Bools = field(init=False, repr=False)
    _cluster: Int64 = field(init=False, repr=False)
    _weights: Int64 = field(init=False, repr=False)
    _twice_u: dict[str, tuple[Int64, Int64]] = field(init=False, default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        """Draw the clusters. Raises BlendkitError for fewer than two."""
        self._keep = np.ascontiguousarray(counted_cells(self.y.shape, self.mask))
        self._cluster, count = cluster_codes(self.clusters, self._keep)
        drawn = drawn_weights(count, self.replicates, self.seed)
        self._weights = np.concatenate([np.ones((count, 1), np.int64), drawn], axis=1)  # the first draw is the data

    def add(self, name: str, x: NDArray[Any], part: Bools) -> None:
        """Count a stream's scores x (N, C) for the positives in the rows of `part` (N,).

        Raises BlendkitError for NaN (row, class) and another shape.
        """
        check_shapes(self.y, x, self.mask, f"scores {name!r}")
        refuse_nan(x, self._keep)
        own = self.y & self._keep & part[:, None]
        keep = self._keep & (own | ~self.y)
        live = np.flatnonzero(own.any(axis=0))
        clusters, draws = self._weights.shape
        empty = tuple(np.zeros((self.y.shape[1], n), np.int64) for n in (draws, clusters))
        counts, alone = self._twice_u.setdefault(name, (empty[0], empty[1]))
        found = redrawn_counts(own, x, keep, self._cluster, self._weights, live, jackknife=True)
        counts[live] += found[0]
        alone[live] += found[1]

    def bootstrap(self) -> Bootstrap:
        """Return the macro-AUCs of all streams with their replicates. Raises BlendkitError where nothing was added."""
        if not self._twice_u:
            raise BlendkitError("no part of any stream was counted")
        positives, negatives = tallies(self.y, self._keep, self._cluster, len(self._weights))
        pairs = self.repeats * drawn_pairs(positives, negatives, self._weights)
        left_out = self.repeats * tallies_without(positives) * tallies_without(negatives)
        macros = {n: macros_of(counts, pairs) for n, (counts, _) in self._twice_u.items()}
        jack = {n: macros_of(alone, left_out) for n, (_, alone) in self._twice_u.items()}
        scored = (pairs[:, 1:] > 0).sum(axis=0)
        own = {n: float(m[0]) for n, m in macros.items()}
        return Bootstrap(own, {n: m[1:] for n, m in macros.items()}, jack, scored, len(self._weights))
