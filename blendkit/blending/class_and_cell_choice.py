"""Which classes, or which single cells, a step acts on: its `where`."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from blendkit.blending.weights import class_mask
from blendkit.core import TAXA, Bools, Scores, Taxonomy
from blendkit.errors import BlendkitError, did_you_mean, shorten
from blendkit.ops import highest_classes
from blendkit.recipe import GateStep, OpStep, Where


def chosen_cells(
    step: OpStep | GateStep, scores: Scores, taxonomy: Taxonomy, coverage: Mapping[str, Bools]
) -> Bools | None:
    """Return true for the classes (C,) or, where scores decide, the cells (N, C) that a step acts on; None for all.

    A class that the stream does not cover is never among the highest, nor among the others. Raises BlendkitError as
    `where_mask` does.
    """
    where = step.where
    if where is None or where.by_cell is None:
        return where_mask(step, scores.classes, taxonomy, coverage)
    top = where.top or (where.other_than.top if where.other_than else 0) or 0
    bounds = scores.rows.offsets() if where.by_cell == "recording" else None
    found = highest_classes(scores.values, top, offsets=bounds, covered=scores.covered)
    return found if where.other_than is None else ~found & scores.covered


def where_mask(
    step: OpStep | GateStep, classes: tuple[str, ...], taxonomy: Taxonomy, coverage: Mapping[str, Bools]
) -> Bools | None:
    """Return (C,) true for the classes a step acts on, None for all, or where only scores can tell.

    Raises BlendkitError for classes, taxa and members that do not exist.
    """
    where = step.where
    if where is None or where.by_cell is not None:
        return None
    if where.other_than is not None:
        return ~_named(step, where.other_than, classes, taxonomy, coverage)
    return _named(step, where, classes, taxonomy, coverage)


def _named(
    step: OpStep | GateStep, where: Where, classes: tuple[str, ...], taxonomy: Taxonomy, coverage: Mapping[str, Bools]
) -> Bools:
    if where.classes is not None:
        return class_mask(where.classes, classes, f"{step.name}: where.classes")
    if where.class_name is not None:
        taxa = [known_taxonomy(step, taxonomy).group_of(c, "class_name") for c in classes]
        # a known taxon may select no class, so that one recipe serves several data sets; a misspelt one may not
        unknown = sorted(set(where.class_name) - set(taxa) - TAXA)
        if unknown:
            named = ", ".join(f"{u!r}{did_you_mean(u, set(taxa))}" for u in unknown)
            there = shorten(sorted(set(taxa) - {""}), 8) or "none"
            raise BlendkitError(f"{step.name}: where.class_name: no class is {named}; the taxonomy has {there}")
        return np.array([t in where.class_name for t in taxa])
    member = where.covered_by or where.not_covered_by or ""
    if member not in coverage:
        raise BlendkitError(f"{step.name}: where: {member!r} is not a member{did_you_mean(member, coverage)}")
    return coverage[member] if where.covered_by else ~coverage[member]


def known_taxonomy(step: OpStep | GateStep, taxonomy: Taxonomy) -> Taxonomy:
    """Return a taxonomy that holds something. Raises BlendkitError naming the step that needs it."""
    if not taxonomy.table:
        raise BlendkitError(f"{step.name} needs a taxonomy, and the data folder has none (`taxonomy:` names it)")
    return taxonomy
