"""Cliffs of a share in a recipe's blend, and between two sources that are compared."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from blendkit.core import Bools, Scores
from blendkit.metrics import doubled_ranks
from blendkit.offline.cliffs_by_class import cliff_notes, find_cliffs
from blendkit.offline.sweeps import blend_sides
from blendkit.offline.workspace import Workspaces
from blendkit.recipe import Recipe, make_plan


def share_cliffs(workspaces: Workspaces, recipe: Recipe, blend: str, member: str) -> list[str]:
    """Return notes on the cliffs of a member's share in a blend, seen in the recipe's output.

    None where steps after the blend do not keep weighted means, so that a share has no exact path.
    """
    plan = make_plan(recipe)
    workspace, sides = workspaces.workspace(plan), blend_sides(workspaces, plan, blend, member)
    if isinstance(sides, str):
        return []
    others = [n for n in recipe.model.blends[blend].of if n != member]
    names = others[0] if len(others) == 1 else "the other members' blend", member
    a, b = (x[workspace.labelled] for x in sides)
    return cliff_notes(find_cliffs(workspace.truth[workspace.labelled], a, b, workspace.classes, names))


def score_cliffs(truth: Bools, labelled: Bools, pair: dict[str, Scores], *, ranks: bool) -> list[str]:
    """Return notes on the cliffs between two scores of the same rows, over the classes that both cover.

    truth (N, C), labelled (N,). ranks: of the whole columns, as a rank blend takes them.
    """
    first, second = pair.values()
    both = first.covered & second.covered
    a, b = (_values(s, both, ranks)[labelled] for s in (first, second))
    names = [c for c, own in zip(first.classes, both, strict=True) if own]
    x, y = pair
    return cliff_notes(find_cliffs(truth[labelled][:, both], a, b, names, (x, y)))


def _values(scores: Scores, classes: Bools, ranks: bool) -> NDArray[Any]:
    values = np.ascontiguousarray(np.asarray(scores.values)[:, classes])
    return doubled_ranks(values) if ranks else values
