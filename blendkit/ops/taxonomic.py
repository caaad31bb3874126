"""Taxonomy smoothing: relatives sound alike, so a model often recognises the genus but not the species."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Literal, NotRequired, TypedDict, Unpack

import numpy as np
from annotated_types import Ge, Interval, Le

from blendkit.core import LEVELS, Bools, Float64, Int64, Level, Matrix, Sonotypes, Taxonomy, few, read_only
from blendkit.errors import BlendkitError, did_you_mean
from blendkit.ops.declare import (
    NO_GROUPS,
    ClassGroups,
    ClassIds,
    Covered,
    NonNegative,
    TaxonomyOf,
    UnitInterval,
    op,
)
from blendkit.ops.fitted.shared import highest_covered, require_below, unsureness
from blendkit.ops.kernels.few_cells_sums import plain_group_means
from blendkit.ops.kernels.over_classes import (
    NO_GROUP,
    GroupReduction,
    group_mean_kernel,
    group_reduce_kernel,
    share_kernel,
)
from blendkit.ops.parallel import in_blocks, row_by_row
from blendkit.ops.parameter_marks import Default

Strength = Annotated[float, Interval(ge=0, le=1), Default(0.0)]


class TaxonLevels(TypedDict):
    """The parameters of every op on the levels of a taxonomy: a strength from 0 to 1 per level, 0 leaves it out.

    sonotypes: whether `Insect son01` and its like form a genus (`group`) or not (`skip`).
    """

    taxonomy: TaxonomyOf
    classes: ClassIds
    covered: Covered
    genus: NotRequired[Strength]
    family: NotRequired[Strength]
    order: NotRequired[Strength]
    class_name: NotRequired[Strength]
    sonotypes: NotRequired[Annotated[Sonotypes, Default("skip")]]


@op(
    "taxonomy_mean",
    also_called=(("TAX_SMOOTHING, taxonomy smoothing", "{genus: 0.15, class_name: 0.05, sonotypes: group}"),),
    scope="chunk",
    affine=True,
    taxonomic=True,
)
def taxonomy_mean(x: Matrix, **levels: Unpack[TaxonLevels]) -> Matrix:
    """Move each score towards the mean of its relatives: x <- x + alpha (mean of group - x).

    x: (N, C), any space. Levels are applied from fine to coarse (genus, family, order, class_name), each to
    the previous result, each with its own alpha; 0 leaves a level out. The mean is over the group's
    covered classes; a class alone in its group does not change. `sonotypes: group` lets `Insect son01`
    and its like form a genus, as public notebooks do. Returns (N, C) in the dtype of x. Raises
    BlendkitError for a level that the taxonomy does not have.
    Source: the TAX_SMOOTHING step of public BirdCLEF 2026 chains; eos7 used genus 0.15, class 0.05.
    """
    used = _in_use("taxonomy_mean", levels)
    return x if used is None else _towards_means(x, used, lambda part: np.ones(len(part)))


@op(
    "taxonomy_mean_unsure",
    also_called=(("the same, gated by the chunk's uncertainty", "{genus: 0.12, class_name: 0.025}"),),
    scope="chunk",
    spaces=("prob", "rank", "unit"),
    taxonomic=True,
    check=require_below,
)
def taxonomy_mean_unsure(
    x: Matrix,
    *,
    largest: Annotated[int, Ge(2), Le(1_000_000)] = 80,
    unsure: UnitInterval = 0.35,
    sure: UnitInterval = 0.92,
    **levels: Unpack[TaxonLevels],
) -> Matrix:
    """Move each score of an unsure chunk towards the mean of its relatives: x <- x + alpha u (mean of group - x).

    u is 1 where the chunk's highest covered score is at most `unsure`, and falls to 0 at `sure`. Groups of more than
    `largest` classes do not change. All else as in `taxonomy_mean`. Raises BlendkitError for unsure >= sure. Source: a
    fork of the TAX_SMOOTHING step (genus 0.12, class 0.025, groups of 2 to 80, 0.35, 0.92).
    """
    name = "taxonomy_mean_unsure"
    require_below(unsure, sure)  # even if no level is in use
    used = _in_use(name, levels)
    if used is None:
        return x
    groups, members, alphas = used
    small = np.array([[g >= 0 and (row == g).sum() <= largest for g in row] for row in groups])
    used, covered = (np.where(small, groups, NO_GROUP), members, alphas), levels["covered"]
    return _towards_means(x, used, lambda part: unsureness(highest_covered(part, covered), unsure, sure))


@op(
    "taxon_share",
    also_called=(("cross-taxa gating", "{power: 0.5}"),),
    scope="chunk",
    spaces=("prob", "unit"),
    effect="rescale",
)
def taxon_share(
    x: Matrix, *, taxonomy: TaxonomyOf, classes: ClassIds, covered: Covered, power: NonNegative = 0.5
) -> Matrix:
    """Multiply each class by its taxon's share of the chunk: p <- p (sum over its class_name / sum over all)^power.

    x: (N, C) probabilities; sums are over covered classes. Classes that are not covered or have no class_name stay, and
    so do chunks whose sum is 0. Returns (N, C). Source: the cross-taxa gating of a BirdCLEF 2026 audit (0.5), in which
    it lost 0.003.
    """
    names = [taxonomy.group_of(c, "class_name") for c in classes]
    at = {n: i for i, n in enumerate(dict.fromkeys(names))}
    taxa = np.array([at[n] if n else NO_GROUP for n in names], np.int64)
    return row_by_row(share_kernel, x, taxa, covered.copy(), power)


@op("taxonomy_max", also_called=(("maximum over congeners", "{genus: 0.15}"),), scope="chunk", taxonomic=True)
def taxonomy_max(x: Matrix, **levels: Unpack[TaxonLevels]) -> Matrix:
    """Move each score towards the highest of its relatives: x <- (1 - alpha) x + alpha max of group.

    All else as in `taxonomy_mean`. Alpha 1 makes a group's classes equal, as `mirror` does. Source: the
    reduction that genus proxies of public BirdCLEF chains use in place of the mean.
    """
    used = _in_use("taxonomy_max", levels)
    return x if used is None else row_by_row(group_reduce_kernel, x, *used, GroupReduction.MAX.value)


@op(
    "taxonomy_noisy_or",
    also_called=(("noisy-or over congeners", "{genus: 0.15}"),),
    scope="chunk",
    spaces=("prob", "unit"),
    taxonomic=True,
)
def taxonomy_noisy_or(x: Matrix, **levels: Unpack[TaxonLevels]) -> Matrix:
    """Move each probability towards that of any relative calling: p <- (1 - alpha) p + alpha (1 - prod(1 - p)).

    All else as in `taxonomy_mean`; probabilities only. Source: the noisy-or of causes (Pearl 1988), over relatives.
    """
    used = _in_use("taxonomy_noisy_or", levels)
    return x if used is None else row_by_row(group_reduce_kernel, x, *used, GroupReduction.NOISY_OR.value)


@op(
    "mirror",
    also_called=(
        ("MIRROR_PAIRS, sonotype mirroring", "{groups: [[47158son15, 47158son16]], unknown_classes: ignore}"),
    ),
    scope="chunk",
)
def mirror(
    x: Matrix,
    *,
    classes: ClassIds,
    covered: Covered,
    groups: ClassGroups = NO_GROUPS,
    unknown_classes: Literal["error", "ignore"] = "error",
) -> Matrix:
    """Give every class of a group the highest of the group's covered scores, chunk by chunk.

    x: (N, C) in any space; groups: lists of class ids that a listener cannot distinguish, such as sonotypes of one
    insect; a class may be in one group only. unknown_classes: `ignore` allows groups made for another set of
    classes. Returns (N, C). Raises BlendkitError for an unknown class, and for one in two groups. Source: the
    MIRROR_PAIRS of public BirdCLEF 2026 chains.
    """
    at = {c: i for i, c in enumerate(classes)}
    groups = [[c for c in g if c in at or unknown_classes == "error"] for g in groups]
    named = [c for g in groups for c in g]
    problems = [f"unknown class {c!r}{did_you_mean(c, classes)}" for c in named if c not in at]
    problems += [f"class {c!r} is in two groups" for c in sorted({c for c in named if named.count(c) > 1})]
    if problems:
        raise BlendkitError("mirror: groups do not fit", problems)
    number = np.full(len(classes), NO_GROUP, np.int64)
    for g, group in enumerate(groups):
        number[[at[c] for c in group]] = g
    kind = GroupReduction.MAX.value
    return row_by_row(group_reduce_kernel, x, number[None], covered[None].copy(), np.ones(1), kind)


def congener_scores(
    x: Matrix, taxonomy: Taxonomy, classes: Sequence[str], covered: Bools, by: Literal["mean", "max"]
) -> tuple[Float64, Bools]:
    """Return (N, C) scores in which uncovered classes have the scores of their genus, and (C,) those covered then.

    by: the mean or the highest of the genus's covered classes. A genus without any stays uncovered. Source: the
    genus proxies of public BirdCLEF 2026 chains, which use the maximum.
    """
    out, now = x.astype(np.float64), covered.copy()
    for g in np.unique(number := taxonomy.groups(classes, "genus")):
        inside = number == g
        if g >= 0 and (inside & covered).any() and (inside & ~covered).any():
            own = out[:, inside & covered]
            out[:, inside & ~covered] = (own.max(axis=1) if by == "max" else own.mean(axis=1))[:, None]
            now |= inside
    return out, now


def _towards_means(x: Matrix, levels: Levels, share: Callable[[Matrix], Float64]) -> Matrix:
    """Return x (N, C) moved towards its groups' means, chunks (n, C) by share(chunks) (n,) of the levels' alphas."""
    if few(x.size, group_mean_kernel):
        return plain_group_means(x, *levels, share(x)).astype(x.dtype)
    out, own = np.empty_like(x, order="C"), read_only(x)
    in_blocks(len(x), x.shape[1], lambda part: group_mean_kernel(own[part], *levels, share(own[part]), out[part]))
    return out


Levels = tuple[Int64, Bools, Float64]


def _in_use(name: str, given: TaxonLevels) -> Levels | None:
    """Return group numbers (L, C), counted classes (L, C) and strengths (L,) of the levels in use; None if none is."""
    strengths: Mapping[str, float] = {level: float(given.get(level, 0.0)) for level in LEVELS}
    used = [level for level in LEVELS if strengths[level] > 0]
    if not used:
        return None
    taxonomy, classes, sonotypes = given["taxonomy"], given["classes"], given.get("sonotypes", "skip")
    check_levels(name, taxonomy, classes, used, sonotypes)
    groups = np.array([taxonomy.groups(classes, level, sonotypes) for level in used])
    members = np.broadcast_to(given["covered"], groups.shape).copy()
    return groups, members, np.array([strengths[level] for level in used], np.float64)


def check_levels(
    name: str, taxonomy: Taxonomy, classes: Sequence[str], used: Sequence[Level], sonotypes: Sonotypes
) -> None:
    """Raise BlendkitError for levels that the taxonomy gives for no class."""
    unknown = [level for level in used if not any(taxonomy.group_of(c, level, sonotypes) for c in classes)]
    if unknown:
        raise BlendkitError(
            f"{name}: the taxonomy gives no {' and no '.join(unknown)} for any class",
            ["add a table that has it, as in `taxonomy: [taxonomy.csv, ebird.csv]`"],
        )
