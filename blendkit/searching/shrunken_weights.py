"""Weights of groups of classes, or of single classes, pulled towards those of all; how strongly is chosen inside."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blendkit.core import Bools, Float64
from blendkit.errors import BlendkitError
from blendkit.metrics import CrossFitted, counted_cells
from blendkit.searching.coordinate_ascent import ascend, ascend_groups
from blendkit.searching.held_out_gain import divisions

PULLS = (0.0, 3.0, 10.0, 30.0, 100.0, np.inf)
_PARTS, _DIGITS = 3, 6
Weights = dict[str, float]


@dataclass(frozen=True, eq=False)
class Shrunken:
    """common: the weights of all classes; groups: those of each group that has classes to learn from.

    pull: so many positives of the common weights count beside a group's own; chosen by held-out clusters. Infinity:
    the groups have the common weights.
    """

    common: Weights
    groups: dict[Hashable, Weights]
    pull: float


def ascend_shrunken(
    y: Bools,
    scores: Mapping[str, NDArray[Any]],
    groups: Sequence[Hashable],
    clusters: Sequence[str],
    *,
    pulls: Sequence[float] = PULLS,
    grid: int = 101,
    mask: Bools | None = None,
    covered: Mapping[str, Bools] | None = None,
    seed: int = 0,
) -> Shrunken:
    """Climb for all classes and for every group, and return weights between the two.

    w = (n own + pull common) / (n + pull), n: the positives of the group. The pull is the one with the highest
    macro-AUC on clusters (N,) held out inside, each third in turn; of equals the strongest. groups (C,) as in
    `ascend_groups`, all else as in `ascend`. Raises BlendkitError as these do, and for no pulls.
    """
    if not pulls:
        raise BlendkitError("shrinking needs at least one pull")
    keep = np.array(counted_cells(y.shape, mask))
    given = (y, scores, groups, grid, covered)
    pull = pulls[0] if len(pulls) == 1 else _chosen(given, keep, clusters, pulls, seed)
    common, own, positives = _fitted(given, keep)
    found = {g: _between(w, common, positives[g], pull) for g, w in own.items()}
    return Shrunken(common, found, pull)


Given = tuple[Bools, Mapping[str, NDArray[Any]], Sequence[Hashable], int, Mapping[str, Bools] | None]


def _fitted(given: Given, keep: Bools) -> tuple[Weights, dict[Hashable, Weights], dict[Hashable, int]]:
    """The weights of all classes and of each group, unshrunken, and the groups' positives."""
    y, scores, groups, grid, covered = given
    common = ascend(y, scores, grid=grid, mask=keep, covered=covered).weights
    own = ascend_groups(y, scores, groups, grid=grid, mask=keep, covered=covered)
    positives: dict[Hashable, int] = dict.fromkeys(groups, 0)
    for g, n in zip(groups, (y & keep).sum(axis=0).tolist(), strict=True):
        positives[g] += n
    return common, {g: a.weights for g, a in own.items() if _reach_all(a.weights, g, groups, covered)}, positives


def _reach_all(own: Weights, group: Hashable, groups: Sequence[Hashable], covered: Mapping[str, Bools] | None) -> bool:
    """Whether some member with a weight covers each class of the group: no recipe can say weights that do not."""
    if covered is None:
        return True
    reached = np.any([covered[n] for n, w in own.items() if w], axis=0)
    return bool(reached[[g == group for g in groups]].all())


def _between(own: Weights, common: Weights, positives: int, pull: float) -> Weights:
    share = 0.0 if np.isinf(pull) else positives / (positives + pull)
    return {n: round(share * own[n] + (1 - share) * w, _DIGITS) for n, w in common.items()}


def _chosen(given: Given, keep: Bools, clusters: Sequence[str], pulls: Sequence[float], seed: int) -> float:
    """The pull with the highest macro-AUC on held-out positives; the strongest where nothing can be held out."""
    y = given[0]
    if len({clusters[i] for i in np.flatnonzero(keep.any(axis=1)).tolist()}) < 2:
        return max(pulls)
    counts = CrossFitted(y, clusters, 1, seed, keep)
    for rows in _parts(keep, clusters, seed):
        try:
            common, own, positives = _fitted(given, keep & ~rows[:, None])
        except BlendkitError:
            return max(pulls)  # too few labels to hold any out
        for pull in pulls:
            weights = {g: _between(w, common, positives[g], pull) for g, w in own.items()}
            counts.add(str(pull), _blended(given, common, weights), rows)
    macros = counts.bootstrap().estimate
    return max(pulls, key=lambda p: (round(macros[str(p)], 6), p))


def _parts(keep: Bools, clusters: Sequence[str], seed: int) -> Iterator[Bools]:
    (parts,) = divisions(clusters, _PARTS, 1, seed, np.asarray(keep.any(axis=1), bool))
    label = np.array(parts)
    for part in np.unique(label).tolist():
        yield np.asarray(label == part, bool)


def _blended(given: Given, common: Weights, weights: Mapping[Hashable, Weights]) -> Float64:
    """The weighted sum (N, C) with each class's own weights; a member counts where it covers the class."""
    y, scores, groups, _, covered = given
    out = np.zeros(y.shape)
    for name, x in scores.items():
        w = np.array([weights.get(g, common)[name] for g in groups])
        out += x * (w if covered is None else w * covered[name])
    return out
