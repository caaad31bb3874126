"""Taxonomy smoothing: relatives sound alike, and a model often hears the genus before the species."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from blendkit.errors import BlendkitError
from blendkit.ops import ClassIds, Covered, Share, TaxonomyOf, op
from blendkit.ops.kernels import group_mean_kernel
from blendkit.scores import Matrix
from blendkit.taxonomy import LEVELS, Level, Sonotypes, Taxonomy


@op("taxonomy_mean", scope="chunk", classwise=False, affine=True)
def taxonomy_mean(
    x: Matrix,
    *,
    taxonomy: TaxonomyOf,
    classes: ClassIds,
    covered: Covered,
    genus: Share = 0.0,
    family: Share = 0.0,
    order: Share = 0.0,
    class_name: Share = 0.0,
    sonotypes: Sonotypes = "skip",
) -> Matrix:
    """Pull each score towards the mean of its relatives: x <- x + alpha (mean of group - x).

    x: (N, C), any space. Levels run fine to coarse (genus, family, order, class_name), each on the
    previous result, each with its own alpha; 0 leaves a level out. The mean is over the group's
    covered classes; a class alone in its group does not move. `sonotypes: group` lets `Insect son01`
    and its like form a genus, as public notebooks do. Returns (N, C) in the dtype of x. Raises
    BlendkitError for a level that the taxonomy does not know.
    Source: the TAX_SMOOTHING step of public BirdCLEF 2026 chains; eos7 used genus 0.15, class 0.05.
    """
    alphas = {"genus": genus, "family": family, "order": order, "class_name": class_name}
    used = [level for level in LEVELS if alphas[level] > 0]
    if not used:
        return x
    check_levels(taxonomy, classes, used, sonotypes)
    groups = np.array([taxonomy.groups(classes, level, sonotypes) for level in used])
    members = np.broadcast_to(covered, groups.shape).copy()
    out = np.empty_like(x, order="C")
    strengths = np.array([alphas[level] for level in used], np.float64)
    group_mean_kernel(np.ascontiguousarray(x), groups, members, strengths, out)
    return out


def check_levels(taxonomy: Taxonomy, classes: Sequence[str], used: Sequence[Level], sonotypes: Sonotypes) -> None:
    """Raise BlendkitError for levels that the taxonomy gives for no class."""
    unknown = [level for level in used if not any(taxonomy.group_of(c, level, sonotypes) for c in classes)]
    if unknown:
        raise BlendkitError(
            f"taxonomy_mean: the taxonomy gives no {' and no '.join(unknown)} for any class",
            ["list a table that has it beside taxonomy.csv, as in `taxonomy: [taxonomy.csv, ebird.csv]`"],
        )
