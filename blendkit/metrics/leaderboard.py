"""Uncertainty of a leaderboard: rounding plateaus, public/private splits, rank bands."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blendkit.core import Bools, Float64, Int64, Matrix
from blendkit.errors import BlendkitError, did_you_mean
from blendkit.metrics.auc import check_shapes, counted_cells
from blendkit.metrics.bootstrap import (
    Bootstrap,
    bootstrap_of,
    check_redraws,
    cluster_codes,
    drawn_weights,
    resampled_macros,
)
from blendkit.metrics.kernels.ranking import doubled_ranks


@dataclass(frozen=True)
class Plateau:
    """Scores that a leaderboard shows as equal.

    names, best first; shown: the rounded figure; width: highest minus lowest macro-AUC among them; tied:
    the share of bootstrap replicates in which they all round alike; sd: of the difference between the
    highest and the lowest over the replicates. If width is far below sd, the order is noise.
    """

    names: tuple[str, ...]
    shown: float
    width: float
    tied: float
    sd: float


def plateaus(boot: Bootstrap, decimals: int = 3) -> tuple[Plateau, ...]:
    """Return the groups of scores whose macro-AUC rounds to the same `decimals`, the highest first."""
    ordered = sorted(boot.estimate, key=lambda n: -boot.estimate[n])
    groups = itertools.groupby(ordered, key=lambda n: round(boot.estimate[n], decimals))
    return tuple(_plateau(boot, tuple(names), shown, decimals) for shown, names in groups)


def _plateau(boot: Bootstrap, names: tuple[str, ...], shown: float, decimals: int) -> Plateau:
    draws = np.array([boot.replicates[n] for n in names])
    draws = draws[:, ~np.isnan(draws).any(axis=0)]
    tied = (np.ptp(np.round(draws, decimals), axis=0) == 0).mean() if draws.size else math.nan
    sd = float((draws[0] - draws[-1]).std(ddof=1)) if draws.shape[1] > 1 else math.nan
    return Plateau(names, shown, boot.estimate[names[0]] - boot.estimate[names[-1]], float(tied), sd)


@dataclass(frozen=True, eq=False)
class SimulatedSplit:
    """Many public/private splits of the same rows.

    public and private {name: (R,) macro-AUC}; shares (R,): the rows that were public. Where a split
    leaves no class with positives and negatives, the figure is nan.
    """

    public: dict[str, Float64]
    private: dict[str, Float64]
    shares: Float64

    def shake_up(self, name: str) -> Int64:
        """Return (R',) places lost (positive) or won from public to private among the compared scores."""
        self._check(name)
        at = list(self.public).index(name)
        before, after = self._ranks
        return np.asarray(np.rint(after[at] - before[at]), np.int64)

    def rank_correlation(self) -> float:
        """Return the mean Spearman correlation of public and private ranks; nan if there is only one score."""
        before, after = self._ranks
        if len(before) < 2:
            return math.nan
        a, b = before - before.mean(axis=0), after - after.mean(axis=0)
        size = np.sqrt((a**2).sum(axis=0) * (b**2).sum(axis=0))
        rho = np.divide((a * b).sum(axis=0), size, out=np.full(a.shape[1], np.nan), where=size > 0)
        return float(np.nanmean(rho)) if (~np.isnan(rho)).any() else math.nan

    def above(self, a: str, b: str) -> float:
        """Return the share of splits in which `a` is above `b` on the private side; ties count half."""
        self._check(a, b)
        gap = self.private[a] - self.private[b]
        gap = gap[~np.isnan(gap)]
        return float(((gap > 0) + 0.5 * (gap == 0)).mean()) if len(gap) else math.nan

    def stays_above(self, a: str, b: str) -> float:
        """Return, of the splits with `a` above `b` in public, the share with `a` above `b` in private; nan if none."""
        self._check(a, b)
        led = self.public[a] > self.public[b]
        return float((self.private[a] > self.private[b])[led].mean()) if led.any() else math.nan

    @cached_property
    def _ranks(self) -> tuple[Float64, Float64]:
        """Ranks (M, R') in public and private, 1 the highest, ties averaged, of the splits with figures."""
        sides = [np.array(list(s.values())) for s in (self.public, self.private)]
        whole = ~np.isnan(np.concatenate(sides)).any(axis=0)
        before, after = (doubled_ranks(-side[:, whole]) / 2 for side in sides)
        return before, after

    def _check(self, *names: str) -> None:
        for name in names:
            if name not in self.public:
                raise BlendkitError(f"no scores are called {name!r}{did_you_mean(name, self.public)}")


def simulate_split(
    y: Bools,
    scores: Mapping[str, Matrix],
    groups: Sequence[object] | NDArray[Any],
    public: float = 0.34,
    draws: int = 1000,
    seed: int = 0,
    mask: Bools | None = None,
) -> SimulatedSplit:
    """Split the rows into a public and a private side many times and score every side exactly.

    y (N, C), scores {name: (N, C)}; groups (N,): rows that stay together, by recording (a random split), site
    or date. In random order, groups are added to the public side until its share of the rows is as near to
    `public` as possible; both sides have at least one group. A class without positives or negatives on a
    side is skipped there. Raises BlendkitError for a share outside (0, 1), fewer than two groups, NaN (row,
    class), or other shapes.
    """
    _check_public(public)
    for name, x in scores.items():
        check_shapes(y, x, mask, name)
    keep = counted_cells(y.shape, mask)
    codes, count = cluster_codes(groups, keep)
    size = np.bincount(codes[keep.any(axis=1)], minlength=count)
    sides = _public_sides(size, public, draws, seed)
    both = resampled_macros(y, scores, keep, codes, np.concatenate([sides, 1 - sides], axis=1))
    return _split_of(both, size, sides)


def bootstrap_and_split(
    y: Bools, scores: Mapping[str, Matrix], clusters: Sequence[object] | NDArray[Any], drawn: tuple[int, int, int],
    public: float = 0.34,
) -> tuple[Bootstrap, SimulatedSplit]:  # fmt: skip
    """Return `paired_bootstrap` and `simulate_split` of the same clusters (N,): the same figures, scores sorted once.

    drawn: replicates, splits and seed. Raises BlendkitError as both do.
    """
    replicates, draws, seed = drawn
    check_redraws(y, scores, replicates, None)
    _check_public(public)
    keep = np.ones(y.shape, bool)
    codes, count = cluster_codes(clusters, keep)
    size = np.bincount(codes, minlength=count)
    sides = _public_sides(size, public, draws, seed)
    weights = np.concatenate([drawn_weights(count, replicates, seed), sides, 1 - sides], axis=1)
    both = bootstrap_of(y, scores, keep, codes, weights)
    own = {n: r[:replicates] for n, r in both.replicates.items()}
    boot = replace(both, replicates=own, scored=both.scored[:replicates])
    return boot, _split_of({n: r[replicates:] for n, r in both.replicates.items()}, size, sides)


def _check_public(public: float) -> None:
    if not 0 < public < 1:
        raise BlendkitError(f"the public share must be between 0 and 1, got {public:g}")


def _public_sides(size: Int64, public: float, draws: int, seed: int) -> Int64:
    """Return (K, D) 1 where a group of so many rows is public in a draw, else 0."""
    count, rng = len(size), np.random.default_rng(seed)
    sides = np.zeros((count, draws), np.int64)
    for r in range(draws):
        order = rng.permutation(count)
        reached = np.cumsum(size[order]) / size.sum()
        drawn = int(np.argmin(np.abs(reached[:-1] - public))) + 1  # without the last, so the private side has a group
        sides[order[:drawn], r] = 1
    return sides


def _split_of(both: Mapping[str, Float64], size: Int64, sides: Int64) -> SimulatedSplit:
    """The split whose public figures come first in `both`, and then its private ones."""
    draws = sides.shape[1]
    return SimulatedSplit(
        {n: m[:draws] for n, m in both.items()}, {n: m[draws:] for n, m in both.items()}, size @ sides / size.sum()
    )


@dataclass(frozen=True)
class RankBand:
    """Ranks among `teams` (1 the best): at the estimate, and at both ends of the interval."""

    rank: int
    best: int
    worst: int
    teams: int


def rank_band(board: Float64, estimate: float, draws: Float64, decimals: int = 3, level: float = 0.9) -> RankBand:
    """Return the rank of a score on a leaderboard, and the band of ranks of its draws.

    board (T,) are the scores shown, to `decimals`; draws (R,) are values of the score on other data
    (bootstrap replicates or simulated splits). Teams with the same shown figure share the best rank. Only
    this score varies: the noise of the other teams' scores is not included.
    """
    if not len(board):
        raise BlendkitError("the leaderboard is empty")
    low, high = np.nanquantile(draws, [(1 - level) / 2, (1 + level) / 2])
    shown = np.round([estimate, high, low], decimals)
    above = [int((np.round(board, decimals) > s + 1e-12).sum()) + 1 for s in shown]
    return RankBand(above[0], above[1], above[2], len(board))
