"""Teams as good as one's own blend that err otherwise: its scores, disturbed at random, on the same splits."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blendkit.core import Bools, Float64, Int64, Matrix
from blendkit.errors import BlendkitError
from blendkit.metrics.auc import check_shapes, refuse_nan
from blendkit.metrics.bootstrap import cluster_codes
from blendkit.metrics.error_likeness import error_correlation
from blendkit.metrics.kernels.ranking import doubled_ranks
from blendkit.metrics.leaderboard import simulate_split

TEAMS = 40  # a standard deviation of 40 figures is known to about a tenth, and there is one for every split


@dataclass(frozen=True, eq=False)
class TeamSpread:
    """How far equally good teams lie apart: public and private (R,), standard deviations of their macro-AUC per split.

    Splits in which a side has no figure are left out.
    """

    public: Float64
    private: Float64


def disturbed(
    y: Bools, x: Matrix, correlation: float, nested: Sequence[Sequence[object] | NDArray[Any]], teams: int, seed: int
) -> dict[str, Float64]:
    """Return {name: (N, C)} scores of `teams` teams as good as x (N, C) whose errors correlate pairwise as asked.

    Per class, scores become normal scores of their ranks. What is left after the means of positives and of negatives is
    the error: a team keeps the share sqrt(correlation) of it, and the rest is drawn with the same variance, so
    that two teams have this correlation with each other. nested: labels (N,) of what errs together, the widest first
    (sites, recordings): the drawn errors have the same shares of variance between these as those of x. Raises
    BlendkitError for a correlation outside [0, 1], NaN or other shapes.
    """
    if not 0 <= correlation <= 1:
        raise BlendkitError(f"the correlation of errors must be between 0 and 1, got {correlation:g}")
    check_shapes(y, x)
    refuse_nan(x, None)
    mean, error = _errors(np.asarray(y, bool), x)
    codes = [cluster_codes(labels, np.ones(y.shape, bool)) for labels in nested]
    shares = variance_shares(error, codes)
    size = np.sqrt((error**2).sum(axis=0) / max(1, len(error) - 2))
    rng = np.random.default_rng(seed)
    kept, new = math.sqrt(correlation), math.sqrt(1 - correlation)
    return {
        f"team {t}": mean + kept * error + new * size * _drawn(rng, error.shape, codes, shares) for t in range(teams)
    }


def _errors(y: Bools, x: Matrix) -> tuple[Float64, Float64]:
    """Normal scores (N, C) of the ranks: the mean of each cell's side of the truth, and the distance to it."""
    from scipy.special import ndtri

    normal = np.asarray(ndtri((doubled_ranks(x) / 2 - 0.5) / len(x)), np.float64)
    mean = np.zeros(normal.shape)
    for side in (y, ~y):
        total = np.where(side, normal, 0.0).sum(axis=0)
        mean = np.where(side, total / np.maximum(side.sum(axis=0), 1), mean)
    return mean, normal - mean


def variance_shares(error: Float64, nested: Sequence[tuple[Int64, int]]) -> list[float]:
    """Return the shares of the variance of errors (N, C) between groups, one for each level, the widest first.

    nested: codes (N,) and their number, each level within the one before. Nested analysis of variance of means, summed
    over classes: a level's part is what the means of its groups vary within the next wider group, less what the spread
    of the units below explains of that (never below 0). The shares are of all parts and that of the single rows.
    """
    left, unit_of, parts = error, np.arange(len(error)), list[float]()
    noise = 0.0  # of the means that are the units of a level: what their own units' spread makes of it
    for codes, count in [*reversed(nested), (np.zeros(len(error), np.int64), 1)]:
        unit = codes[np.unique(unit_of, return_index=True)[1]]
        size = np.bincount(unit, minlength=count)
        means = np.zeros((count, error.shape[1]))
        np.add.at(means, unit, left)
        means /= size[:, None]
        below = float(((left - means[unit]) ** 2).sum() / max(1, len(left) - count))
        parts = [max(0.0, below - noise), *parts]
        left, unit_of, noise = means, codes, below * float((1 / size).mean())
    total = sum(parts)
    return [p / total if total else 0.0 for p in parts[:-1]]


def _drawn(
    rng: np.random.Generator, shape: tuple[int, ...], nested: Sequence[tuple[Int64, int]], shares: Sequence[float]
) -> Float64:
    """Errors (N, C) of variance 1 with these shares between groups."""
    rows = math.sqrt(max(0.0, 1 - sum(shares))) * rng.standard_normal(shape)
    for (codes, count), share in zip(nested, shares, strict=True):
        rows += math.sqrt(share) * rng.standard_normal((count, shape[1]))[codes]
    return rows


def team_spread(
    y: Bools, x: Matrix, correlation: float, groups: Sequence[object] | NDArray[Any],
    recordings: Sequence[object] | NDArray[Any], public: float = 0.34, draws: int = 1000, seed: int = 0,
) -> TeamSpread:  # fmt: skip
    """Return how far teams like x (N, C) lie apart on simulated public and private sides.

    groups, public, draws and seed as in `simulate_split`, which makes the same splits from them; recordings (N,): what
    errs together within a group. The teams are those of `disturbed`.
    """
    live = np.flatnonzero(np.asarray(y, bool).any(axis=0) & ~np.asarray(y, bool).all(axis=0))
    nested = [groups, recordings] if list(map(str, groups)) != list(map(str, recordings)) else [recordings]
    teams = disturbed(y[:, live], np.asarray(x)[:, live], correlation, nested, TEAMS, seed)
    split = simulate_split(y[:, live], teams, groups, public, draws, seed)
    sides = [np.array(list(side.values())) for side in (split.public, split.private)]
    whole = ~np.isnan(np.concatenate(sides)).any(axis=0)
    if not whole.any():
        raise BlendkitError("no simulated split has figures on both sides: the labels are too few for a plateau")
    return TeamSpread(*(_spread(side[:, whole]) for side in sides))


def _spread(figures: Float64) -> Float64:
    """Standard deviations (R,) of figures (teams, R): 0 for equal ones, whose computed mean may be another number."""
    return np.where(np.ptp(figures, axis=0) > 0, figures.std(axis=0, ddof=1), 0.0)


def blend_correlation(y: Bools, scores: Mapping[str, Matrix], draws: int = 500, seed: int = 0) -> float:
    """Return how alike two blends of the same K scores (N, C) err, each with weights of its own.

    From the correlation of the scores' own errors (`error_correlation`): for weights w and v drawn evenly from all that
    sum to 1, w'Ev / sqrt(w'Ew v'Ev), averaged over `draws` pairs. nan where no errors can be compared; 1 for K = 1.
    """
    found, _ = error_correlation(y, scores)
    weights = np.random.default_rng(seed).dirichlet(np.ones(len(found)), 2 * draws)
    own = np.sqrt(np.einsum("ri,ij,rj->r", weights, found, weights))
    pairs = np.einsum("ri,ij,rj->r", weights[::2], found, weights[1::2])
    return min(1.0, float((pairs / (own[::2] * own[1::2])).mean()))
