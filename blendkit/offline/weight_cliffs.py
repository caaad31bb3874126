"""Cliffs of a recipe's blend of two inputs, and of two sources that are compared."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from blendkit.core import Bools, Scores
from blendkit.metrics import doubled_ranks
from blendkit.offline.cliffs import cliff_notes, find_cliffs
from blendkit.offline.workspace import Workspaces
from blendkit.recipe import Recipe, blend_op, make_plan


def blend_cliffs(workspaces: Workspaces, recipe: Recipe, blend: str) -> list[str]:
    """Return notes on the cliffs between the inputs of a blend of two; of more, there is no one share to look along.

    The inputs are compared as the blend takes them: as ranks, logits or probabilities.
    """
    plan = make_plan(recipe)
    of = list(recipe.model.blends[blend].of)
    if len(of) != 2:
        return []
    op, workspace = blend_op(recipe, blend), workspaces.workspace(plan)
    made = workspaces.streams(plan, tuple(of))
    return score_cliffs(
        workspace.truth, workspace.labelled, {n: made[n] for n in of}, ranks=op.inputs_as == "doubled_ranks"
    )


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
