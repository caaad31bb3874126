"""Nested evaluation of a search: its score on recordings it did not see, and whether the gain exceeds the noise."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blendkit.core import Bools, Float64, fold_of
from blendkit.errors import BlendkitError
from blendkit.metrics import Interval, check_shapes, counted_cells, macro_auc, paired_bootstrap

Search = Callable[[Bools], Float64]
"""From the cells (N, C) that may be learned from to blended scores (N, C) of all rows."""


@dataclass(frozen=True, eq=False)
class Guarded:
    """The nested evaluation of a search.

    in_sample: the macro-AUC on the cells it searched; nested: of blends whose weights never saw the
    recording they score, pooled over folds; fold_mean: the mean of the folds' own figures; optimism:
    in_sample - nested. best_member: the member with the highest macro-AUC, best_member_macro, on all cells,
    which favours it; gain: nested blend less that member, with its recording-clustered interval. accepted:
    the gain exceeds its own standard deviation, the Ladder's step (Blum & Hardt 2015). unseen (N, C): the
    nested scores.
    """

    in_sample: float
    nested: float
    fold_mean: float
    optimism: float
    best_member: str
    best_member_macro: float
    gain: Interval
    accepted: bool
    folds: int
    unseen: Float64

    @property
    def verdict(self) -> str:
        """One sentence for the reader of a report."""
        gain = f"{self.gain.estimate:+.6f} against a noise of {self.gain.sd:.6f}"
        if not self.accepted:
            return f"rejected: {gain}; keep {self.best_member!r} or the blend you have"
        significance = "the interval excludes 0" if self.gain.low > 0 else "the interval still contains 0"
        return f"accepted: {gain}; {significance}"


def half_split(recordings: Sequence[str]) -> list[str]:
    """Return a fold label (N,) per row: the recordings in two halves, by the hash of their names."""
    half = fold_of(sorted(set(recordings)), 2)
    return [str(half[r]) for r in recordings]


def guard(
    y: Bools,
    members: Mapping[str, NDArray[Any]],
    fit: Search,
    folds: Sequence[object],
    clusters: Sequence[object],
    *,
    mask: Bools | None = None,
    replicates: int = 1000,
    seed: int = 0,
    level: float = 0.95,
) -> Guarded:
    """Search once on everything, then once without each fold; compare the unseen parts with the best member.

    y (N, C); members {name: (N, C)}; fit(cells) searches by those cells alone and returns blended scores
    (N, C); folds (N,) and clusters (N,) are labels per row, a fold holds whole clusters. mask as in
    `macro_auc`. Raises BlendkitError for fewer than two folds, a cluster in two folds, and as
    `paired_bootstrap` does.
    """
    for name, x in members.items():
        check_shapes(y, x, mask, f"scores {name!r}")
    keep = np.array(counted_cells(y.shape, mask))
    labels = np.array([str(f) for f in folds], object)
    parts = _parts(labels, [str(c) for c in clusters], keep)
    in_sample = macro_auc(y, fit(keep), mask).macro
    unseen, own = np.zeros(y.shape), []
    for part in parts:
        inside = keep & (labels == part)[:, None]
        blended = fit(keep & ~inside)
        unseen[labels == part] = blended[labels == part]
        own.append(macro_auc(y, blended, inside).macro)
    scored = [m for m in own if not math.isnan(m)]
    nested = macro_auc(y, unseen, mask).macro
    macros = {n: macro_auc(y, x, mask).macro for n, x in members.items()}
    best = max(macros, key=lambda n: macros[n])
    both = {"nested": unseen, "best": members[best]}
    gain = paired_bootstrap(y, both, clusters, replicates, seed, mask).difference("nested", "best", level)
    return Guarded(
        in_sample,
        nested,
        math.fsum(scored) / len(scored) if scored else math.nan,
        in_sample - nested,
        best,
        macros[best],
        gain,
        bool(gain.estimate > gain.sd),
        len(parts),
        unseen,
    )


def _parts(labels: NDArray[Any], clusters: list[str], keep: Bools) -> list[str]:
    """Return the folds with cells that count, in sorted order."""
    used = np.flatnonzero(keep.any(axis=1)).tolist()
    of: dict[str, set[str]] = {}
    for i in used:
        of.setdefault(clusters[i], set()).add(labels[i])
    split = [c for c, found in of.items() if len(found) > 1]
    if split:
        raise BlendkitError(
            f"{len(split)} clusters are split over several folds, such as {split[0]!r}",
            ["every cluster must be in one fold: use coarser folds, or smaller clusters"],
        )
    parts = sorted({str(labels[i]) for i in used})
    if len(parts) < 2:
        raise BlendkitError(
            f"nested scores need at least two folds to hold out, found {len(parts)}",
            ["one recording (or site) cannot be used for both the search and its evaluation"],
        )
    return parts
