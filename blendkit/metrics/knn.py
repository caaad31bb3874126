"""Which features separate the classes: k-nearest-neighbour accuracy, measured before any training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from blendkit.core import Bools, Float64, Matrix
from blendkit.errors import BlendkitError, shorten

KnnMetric = Literal["cosine", "euclidean"]


@dataclass(frozen=True)
class Probed:
    """One feature's figures. top_one: share of clips whose class the k neighbours predict, and its interval.

    silhouette: the separation of the classes, -1 to 1 (Rousseeuw 1987), with the same metric.
    """

    name: str
    width: int
    top_one: float
    low: float
    high: float
    silhouette: float


@dataclass(frozen=True, eq=False)
class Probe:
    """Every feature's figures, best first, and the clips (n,) that each predicted correctly.

    gains: per feature, the interval of its top-1 less that of `against`, on the same redrawn clips.
    """

    labels: tuple[str, ...]
    features: tuple[Probed, ...]
    correct: dict[str, Bools]
    gains: dict[str, tuple[float, float, float]]
    against: str


def neighbours_right(
    x: Matrix, labels: Sequence[str], groups: Sequence[str] | None, k: int, metric: KnnMetric
) -> Bools:
    """Return (n,) whether the k nearest clips of other groups predict a clip's class by majority.

    x (n, D). groups (n,): clips that never vote on each other (the same fold, recordist or source); None
    leaves out only the clip itself. Of classes with equal votes the one with the nearest clip wins, whatever they are
    called (scikit-learn takes the first by name). Raises
    BlendkitError for values that are not finite, and for clips with fewer than k voters.
    """
    from sklearn.metrics import pairwise_distances

    if not np.isfinite(x).all():
        raise BlendkitError(f"features hold {int((~np.isfinite(x)).sum())} values that are not finite")
    distance = pairwise_distances(x.astype(np.float64), metric=metric)
    own = np.arange(len(x)) if groups is None else np.unique(np.array(groups, str), return_inverse=True)[1]
    distance[own[:, None] == own[None, :]] = np.inf
    voters = np.isfinite(distance).sum(axis=1)
    if (voters < k).any():
        raise BlendkitError(f"k is {k}, but a clip has only {int(voters.min())} neighbours outside its own group")
    names, code = np.unique(np.array(labels, str), return_inverse=True)
    near = np.argsort(distance, axis=1, kind="stable")[:, :k]
    votes = np.zeros((len(x), len(names)), np.int64)
    np.add.at(votes, (np.arange(len(x))[:, None], code[near]), 1)
    own_votes = np.take_along_axis(votes, code[near], axis=1)  # (n, k): of each neighbour's class
    first = (own_votes == votes.max(axis=1, keepdims=True)).argmax(axis=1)
    return np.asarray(code[near[np.arange(len(x)), first]] == code)


def probe(
    features: Mapping[str, Matrix],
    labels: Sequence[str],
    groups: Sequence[str] | None = None,
    *,
    k: int = 5,
    metric: KnnMetric = "cosine",
    against: str | None = None,
    replicates: int = 1000,
    seed: int = 0,
) -> Probe:
    """Rank features (n, D) of the same clips by how well neighbours predict a clip's class.

    Intervals redraw whole sources (groups where there are more than ten, else clips within their class)
    with replacement, the same draws for every feature. against: the feature that gains are measured
    against (default: `embedding`, which is what a model ends in, else the last one). Raises BlendkitError for features
    of differing numbers of clips, and for fewer than two classes.
    """
    _check(features, labels, groups)
    reference = against or ("embedding" if "embedding" in features else list(features)[-1])
    if reference not in features:
        raise BlendkitError(f"no feature {reference!r} to measure gains against", [f"has {', '.join(features)}"])
    correct = {n: neighbours_right(x, labels, groups, k, metric) for n, x in features.items()}
    draws = _draws(labels, groups, replicates, seed)
    resampled = {n: (draws @ c.astype(np.float64)) / draws.sum(axis=1) for n, c in correct.items()}
    probed = [_one(n, x, correct[n], resampled[n], labels, metric) for n, x in features.items()]
    ranked = tuple(sorted(probed, key=lambda p: (-p.top_one, p.name)))
    gains = {n: _gain(correct[n], correct[reference], resampled[n] - resampled[reference]) for n in features}
    return Probe(tuple(labels), ranked, correct, gains, reference)


def _gain(right: Bools, other: Bools, drawn: Float64) -> tuple[float, float, float]:
    low, high = (float(q) for q in np.quantile(drawn, (0.025, 0.975)))
    return float(right.mean() - other.mean()), low, high


def initial_weights(probed: Sequence[Probed], blocks: int = 3) -> dict[str, float]:
    """Return the best blocks and initial weights of a scalar mix, in proportion to their leads.

    A feature's lead is its top-1 less the lowest of all, so that a block as bad as the worst gets almost none.
    """
    worst = min(p.top_one for p in probed)
    best = sorted(probed, key=lambda p: (-p.top_one, p.name))[:blocks]
    lead = np.array([max(p.top_one - worst, 1e-9) for p in best])
    return {p.name: float(w) for p, w in zip(best, lead / lead.sum(), strict=True)}


def _check(features: Mapping[str, Matrix], labels: Sequence[str], groups: Sequence[str] | None) -> None:
    n = len(labels)
    bad = [f"{name} has shape {x.shape}" for name, x in features.items() if x.ndim != 2 or len(x) != n]
    if groups is not None and len(groups) != n:
        bad.append(f"{len(groups)} groups")
    if not features or bad:
        raise BlendkitError(f"a probe needs features (n, D) of {n} clips", bad)
    counts = {c: list(labels).count(c) for c in dict.fromkeys(labels)}
    if len(counts) < 2:
        raise BlendkitError(f"a probe needs two classes; all clips are {next(iter(counts), 'missing')}")
    rare = [c for c, count in counts.items() if count < 2]
    if rare:
        raise BlendkitError("too few clips: every class needs at least two", [shorten(rare)])


def _draws(labels: Sequence[str], groups: Sequence[str] | None, replicates: int, seed: int) -> Float64:
    """Return (R, n) how often each clip is drawn."""
    rng, n = np.random.default_rng(seed), len(labels)
    out = np.zeros((replicates, n))
    many = groups is not None and len(set(groups)) > 10
    units = np.unique(np.array(groups if many else np.arange(n), str), return_inverse=True)[1]
    strata = np.zeros(n, np.int64) if many else np.unique(np.array(labels, str), return_inverse=True)[1]
    for stratum in np.unique(strata):
        members = np.unique(units[strata == stratum])
        drawn = rng.integers(0, len(members), (replicates, len(members)))
        counts = np.zeros((replicates, units.max() + 1))
        np.add.at(counts, (np.arange(replicates)[:, None], members[drawn]), 1)
        inside = strata == stratum
        out[:, inside] = counts[:, units[inside]]
    return out


def _one(
    name: str,
    x: Matrix,
    correct: Bools,
    resampled: Float64,
    labels: Sequence[str],
    metric: KnnMetric,
) -> Probed:
    from sklearn.metrics import silhouette_score

    low, high = (float(q) for q in np.quantile(resampled, (0.025, 0.975)))
    separate = float(silhouette_score(x.astype(np.float64), np.array(labels, str), metric=metric))
    return Probed(name, x.shape[1], float(correct.mean()), low, high, separate)
