"""Recipe search: weights of the output's blend, or values of steps, each measured on held-out recordings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from blendkit.core import cluster_labels
from blendkit.errors import BlendkitError
from blendkit.metrics import macro_auc
from blendkit.offline.found_values import Found
from blendkit.offline.interval_settings import Judging
from blendkit.offline.judged_search import Mask, each_alone, judged_search, last_blend
from blendkit.offline.weight_shares import bare_blend, is_relabelling, steps_after
from blendkit.offline.whatif_axes import Axis
from blendkit.offline.workspace import Workspace, Workspaces
from blendkit.ops import WEIGHTS_DO
from blendkit.recipe import Recipe, blend_op, make_plan
from blendkit.searching import ascend, ascend_shrunken, greedy

_PASSES = 10
_COARSE = 101  # points of a path inside a search of chains


@dataclass(frozen=True, eq=False)
class BlendInputs:
    """What a weight search works on: a blend's inputs (N, C) after the steps that follow it, and their coverage."""

    blend: str
    scores: dict[str, NDArray[Any]]
    covered: dict[str, Mask]


def greedy_weights(workspaces: Workspaces, recipe: Recipe, steps: int, *, judging: Judging) -> Found:
    """Search the weights of the output's blend by greedy selection; see `blendkit.searching`."""
    inputs = _inputs(workspaces, recipe)
    truth = workspaces.workspace(make_plan(recipe)).truth

    def find(mask: Mask) -> dict[str, Any]:
        found = greedy(truth, inputs.scores, steps, mask, inputs.covered)
        return {f"blends.{inputs.blend}.of": {n: float(w) for n, w in found.weights.items()}}

    return judged_search(workspaces, recipe, find, inputs.blend, judging)


def line_weights(
    workspaces: Workspaces, recipe: Recipe, *, by: Literal["class_name", "class"] | None = None, judging: Judging
) -> Found:
    """Search the weights of the output's blend by coordinate ascent.

    by: also for every class_name (Aves ...) or every class, pulled towards the weights of all classes, as strongly as
    recordings that are held out inside the search say (`blendkit.searching.ascend_shrunken`).
    """
    inputs, workspace = _inputs(workspaces, recipe), workspaces.workspace(make_plan(recipe))
    address = f"blends.{inputs.blend}"
    groups = None if by is None else _groups(workspace, by)
    clusters = cluster_labels(workspace.rows, judging.clusters, workspace.labelled, workspace.around.contents)

    def find(mask: Mask) -> dict[str, Any]:
        if groups is None:
            return {f"{address}.of": ascend(workspace.truth, inputs.scores, mask=mask, covered=inputs.covered).weights}
        found = ascend_shrunken(
            workspace.truth, inputs.scores, groups, clusters, mask=mask, covered=inputs.covered, seed=judging.seed
        )
        own = {str(g): w for g, w in found.groups.items() if g and w != found.common}
        listed: Any = own if by == "class_name" else [{"classes": [c], "of": w} for c, w in own.items()]
        weights_by = {"class_name" if by == "class_name" else "classes": listed} if own else None
        return {f"{address}.of": found.common, f"{address}.weights_by": weights_by}

    return judged_search(workspaces, recipe, find, inputs.blend, judging)


def _groups(workspace: Workspace, by: Literal["class_name", "class"]) -> list[str]:
    if by == "class":
        return list(workspace.classes)
    groups = [workspace.around.taxonomy.group_of(c, "class_name") for c in workspace.classes]
    if not any(groups):
        raise BlendkitError("the taxonomy gives no class_name for any class, so there are no groups to search by")
    return groups


def searched_weights(
    workspaces: Workspaces, recipe: Recipe, cells: Mask, start: Mapping[str, float]
) -> dict[str, float]:
    """Return the weights that coordinate ascent finds from `start` on some cells (N, C), among inputs that have some.

    Raises BlendkitError as `line_weights` does.
    """
    inputs = _inputs(workspaces, recipe)
    truth = workspaces.workspace(make_plan(recipe)).truth
    used = {n: x for n, x in inputs.scores.items() if start[n] > 0}
    covered = {n: inputs.covered[n] for n in used}
    found = ascend(truth, used, start=start, grid=_COARSE, mask=cells, covered=covered).weights
    return {n: found.get(n, 0.0) for n in start}


def grid_values(workspaces: Workspaces, recipe: Recipe, axes: Sequence[Axis], *, judging: Judging) -> Found:
    """Search values of the recipe along one axis at a time, all others fixed, until no axis gains."""
    macros: dict[tuple[Any, ...], float] = {}

    def find(mask: Mask) -> dict[str, Any]:
        mask_key = mask.tobytes()  # parts held out may repeat a mask, and a climb repeats points

        def macro(point: tuple[int, ...]) -> float:
            key = (mask_key, point)
            if key not in macros:
                workspace, scores = workspaces.output(_at(recipe, axes, point), quiet=True)
                macros[key] = macro_auc(workspace.truth, scores.values, mask).macro
            return macros[key]

        return _values(recipe, axes, _climb(axes, macro))

    return judged_search(workspaces, recipe, find, last_blend(recipe), judging)


def _climb(axes: Sequence[Axis], macro: Callable[[tuple[int, ...]], float]) -> tuple[int, ...]:
    """Coordinate ascent from the middle of every axis; of equally good points the one nearest to the last wins."""
    point = tuple(len(a.values) // 2 for a in axes)
    for _ in range(_PASSES):
        before = point
        for k, axis in enumerate(axes):
            tries = [(*point[:k], i, *point[k + 1 :]) for i in range(len(axis.values))]
            best = max(tries, key=lambda p: (macro(p), -abs(p[k] - point[k])))
            point = best if macro(best) > macro(point) else point
        if point == before:
            break
    return point


def _at(recipe: Recipe, axes: Sequence[Axis], point: Sequence[int]) -> Recipe:
    for axis, i in zip(axes, point, strict=True):
        recipe = axis.applied(recipe, axis.values[i])
    return recipe


def _values(recipe: Recipe, axes: Sequence[Axis], point: Sequence[int]) -> dict[str, Any]:
    """What a point changes, by address; for a share, the weights that follow from it."""
    plain = {a.address: a.values[i] for a, i in zip(axes, point, strict=True) if isinstance(a.address, str)}
    blends = {a.address[0] for a in axes if not isinstance(a.address, str)}
    changed = _at(recipe, axes, point).model.blends
    return {**plain, **{f"blends.{b}.of": dict(changed[b].of) for b in sorted(blends)}}


def _inputs(workspaces: Workspaces, recipe: Recipe) -> BlendInputs:
    """The outputs with each input of the last blend alone: the output with any weights is their weighted mean.

    Where a later step does not keep weighted means, the inputs are those of the blend itself, and a note of the
    workspace says so. Raises BlendkitError where there is no blend to search, or none with relative weights.
    """
    blend = last_blend(recipe)
    if blend is None:
        raise BlendkitError(
            f"{recipe.source}: the output {recipe.model.output!r} is not a blend, so it has no weights to search"
        )
    own = recipe.model.blends[blend]
    op = blend_op(recipe, blend)
    if op.weights != "relative" or own.weights_by is not None or len(own.of) < 2:
        why = "weighs by group" if own.weights_by is not None else "has one input"
        why = why if op.weights == "relative" else WEIGHTS_DO[op.weights]
        raise BlendkitError(f"{recipe.source}: blend {blend!r} {why}; a search needs one set of relative weights")
    plan = make_plan(recipe)
    covered = {n: s.covered for n, s in workspaces.streams(plan, tuple(own.of)).items()}
    chain = steps_after(plan, blend)
    if isinstance(chain, str):
        names = list(own.of)
        alone = {n: {m: float(m == n) for m in names} for n in names}
        scores = {n: bare_blend(workspaces, plan, blend, w).values for n, w in alone.items()}
        workspaces.workspace(plan).note(blend, f"weights are searched before the steps that follow: {chain}")
    else:
        scores = dict(each_alone(workspaces, recipe, blend))
    bare = isinstance(chain, str) or all(is_relabelling(step) for s in chain for step in s.steps)
    if op.inputs_as == "doubled_ranks" and bare:
        twice = 2 * len(workspaces.workspace(plan).whole.rows)  # the rows that were ranked
        scores = {n: np.rint(x * twice).astype(np.int64) for n, x in scores.items()}  # ranks are exact
    return BlendInputs(blend, scores, covered)
