"""A search of a recipe's values is repeated without parts of the recordings, and judged there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blendkit.core import Bools, Float64, Matrix, cluster_labels
from blendkit.errors import BlendkitError
from blendkit.io import split_label_source
from blendkit.metrics import CrossFitted
from blendkit.offline.found_values import Found
from blendkit.offline.interval_settings import Judging
from blendkit.offline.workspace import Workspace, Workspaces
from blendkit.recipe import DataFolder, Recipe, make_plan, with_values
from blendkit.searching import divisions, guard, held_out

Mask = Bools
Find = Callable[[Mask], dict[str, Any]]
"""Searches on the cells (N, C) where the mask is true; returns values by their address in the recipe."""
PARTS, TIMES = 4, 2
SPLIT = "each quarter of the {} held out in turn, twice"


def judged_search(
    workspaces: Workspaces,
    recipe: Recipe,
    find: Find,
    blend: str | None,
    judging: Judging,
) -> Found:
    """Search on all labels, repeat the search with parts held out, and measure the recipe before and after.

    blend: whose inputs alone the gain is measured against; None: the members.
    """
    workspace, before = workspaces.output(recipe)
    labelled = labelled_cells(workspace)
    searched: list[dict[str, Any]] = []

    def fit(mask: Mask) -> Float64:
        searched.append(find(mask))
        found = workspaces.output(with_values(recipe, searched[-1], "search"), quiet=True)[1]
        return np.asarray(found.values, np.float64)

    divided, drawn = _divided(workspace, judging)
    guarded = guard(
        workspace.truth,
        each_alone(workspaces, recipe, blend),
        fit,
        divided,
        drawn,
        before=before.values,
        mask=labelled,
        replicates=judging.replicates,
        seed=judging.seed,
        level=judging.level,
    )
    values, *parts = searched  # the first search is that of all labels
    best = with_values(recipe, values, "search")
    after = workspaces.output(best)[1]
    assert guarded.gain_over_before is not None
    macros = (workspace.auc(before).macro, workspace.auc(after).macro)
    return Found(
        values, guarded, *macros, guarded.gain_over_before, SPLIT.format(judging.redrawn),
        (*workspace.notes, *_on_fits(best)), tuple(parts),
        tuned=workspace.tuned(workspace.around.files), labels=tuning_labels(recipe, workspaces.data, workspace),
        judging=judging, seen=tuple(workspace.seen(make_plan(best))),
    )  # fmt: skip


def _on_fits(recipe: Recipe) -> list[str]:
    """Say how steps of a found recipe were fitted on the labels, if there are such."""
    steps = (step for stream in make_plan(recipe).streams for step in stream.ops)
    if not any(step.params.get("fit") is not None and step.folds for step in steps):
        return []
    return ["fitted steps are cross-fitted by recording, not fitted anew for every part of the search"]


def tuning_labels(recipe: Recipe, data: DataFolder, workspace: Workspace) -> tuple[str | dict[str, Any], ...]:
    """Return the labels that what a search made of a recipe is tuned on: those before it, and those it used.

    Of a file that labels recordings beyond the search's, those that it had are named: figures on the others are held
    out.
    """
    used = {str(r) for r in workspace.rows.recording[workspace.labelled]}
    used |= {r.rpartition("/")[2] for r in used}  # a label without a folder is of a file in any
    found: dict[str, list[str] | None] = {}  # None: all recordings of the file
    for one in recipe.model.tuned_on:
        name, own = (one, None) if isinstance(one, str) else (one["labels"], list(one["recordings"]))
        found[name] = own
    for name in recipe.model.labels:
        path = data.find(name)
        if not split_label_source(path)[0].exists():
            continue  # keys at their default name files that need not be there: nothing was tuned on these
        known = data.contents.labels(path).recordings
        own = [r for r in known if r in used]
        before = found.get(name, [])
        if before is None or (own and len(own) == len(known)):
            found[name] = None
        elif own or before:
            found[name] = list(dict.fromkeys([*before, *own]))
    return tuple(n if own is None else {"labels": n, "recordings": own} for n, own in found.items())


def each_alone(workspaces: Workspaces, recipe: Recipe, blend: str | None) -> Mapping[str, NDArray[Any]]:
    """Return the recipe's output with each input of its last blend alone; without a blend, its members' streams."""
    if blend is None:
        streams = workspaces.streams(make_plan(recipe), tuple(recipe.model.members))
        return {n: s.values for n, s in streams.items()}
    names = list(recipe.model.blends[blend].of)
    alone = {n: {m: float(m == n) for m in names} for n in names}
    own = recipe.model.blends[blend]
    # weights by group would replace the ones that leave one input alone
    drop = {f"blends.{blend}.weights_by": None} if own.weights_by is not None else {}
    tries = {n: with_values(recipe, {f"blends.{blend}.of": w, **drop}, "search") for n, w in alone.items()}
    return {n: workspaces.output(r, quiet=True)[1].values for n, r in tries.items()}


def _divided(workspace: Workspace, judging: Judging) -> tuple[list[list[str]], list[str]]:
    contents = workspace.around.contents
    drawn = [str(c) for c in cluster_labels(workspace.rows, judging.clusters, workspace.labelled, contents)]
    return divisions(drawn, PARTS, TIMES, judging.seed, workspace.labelled), drawn


def searched_cells(workspace: Workspace, judging: Judging) -> list[Mask]:
    """Return the cells (N, C) that `judged_search` searches on, in its order: first all labelled ones."""
    labelled = labelled_cells(workspace)
    parts = held_out(workspace.truth, *_divided(workspace, judging), labelled)
    return [labelled, *(labelled & ~rows[:, None] for division in parts for rows in division)]


def nested_figure(workspace: Workspace, judging: Judging, scores: Iterable[Matrix]) -> float:
    """Return the macro-AUC of scores (N, C), one for each part, on the positives of these parts, as `guard` does."""
    labelled, (divided, drawn) = labelled_cells(workspace), _divided(workspace, judging)
    parts = held_out(workspace.truth, divided, drawn, labelled)
    counts = CrossFitted(workspace.truth, drawn, 1, judging.seed, labelled, len(parts))
    for x, rows in zip(scores, (rows for division in parts for rows in division), strict=True):
        counts.add("nested", x, rows)
    return counts.bootstrap().estimate["nested"]


def labelled_cells(workspace: Workspace) -> Mask:
    """Return the cells (N, C) of the labelled rows, which a search on all labels learns from."""
    return np.array(np.broadcast_to(workspace.labelled[:, None], workspace.truth.shape))


def blend_to_search(recipe: Recipe) -> str:
    """Return the blend that the output comes from. Raises BlendkitError where that is a member."""
    blend = last_blend(recipe)
    if blend is None:
        raise BlendkitError(f"{recipe.source}: the output {recipe.model.output!r} is not a blend: nothing to search")
    return blend


def last_blend(recipe: Recipe) -> str | None:
    """The blend that is the output, or that the output is forked from; None if that is a member."""
    name, model = recipe.model.output, recipe.model
    while name in model.streams:
        name = model.streams[name].source
    return name if name in model.blends else None
