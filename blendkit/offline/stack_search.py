"""Stacking as a recipe says it: a sum of logits with coefficients by class."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from blendkit.blending import contents_of_fit, convert
from blendkit.core import NO_PROBABILITIES, Bools, Saw, cluster_labels
from blendkit.errors import BlendkitError
from blendkit.events import ignore_text
from blendkit.offline.found_values import Found
from blendkit.offline.interval_settings import Judging
from blendkit.offline.judged_search import blend_to_search, judged_search
from blendkit.offline.workspace import Workspace, Workspaces
from blendkit.ops import StackWeights
from blendkit.recipe import Recipe, make_plan
from blendkit.searching import Stack, StackLoss, fit_stack
from blendkit.store import save_artefact

_DIGITS = 6


def stack_weights(
    workspaces: Workspaces, recipe: Recipe, *, loss: StackLoss = "logistic", negative: bool = False, judging: Judging,
    out: Path | None = None, audio: Path | None = None,
) -> Found:  # fmt: skip
    """Search coefficients of the inputs of the output's blend for every class, see `blendkit.searching.fit_stack`.

    The found blend is `by: sum`, so that ranks cannot be its inputs. negative: coefficients may be below 0. out: a file
    for the coefficients, which a recipe names as `weights_by: {artefact: FILE}`; it lists the labelled recordings, and
    is refused on them. audio: a folder of these, so that copies of them under other names are refused, too. Raises
    BlendkitError where the output is no blend, or an input holds ranks.
    """
    blend = blend_to_search(recipe)
    plan = make_plan(recipe)
    workspace = workspaces.workspace(plan)
    streams = workspaces.streams(plan, tuple(recipe.model.blends[blend].of))
    ranked = [n for n, s in streams.items() if s.space in NO_PROBABILITIES]
    if ranked:
        raise BlendkitError(f"{recipe.source}: stacking adds logits, and {ranked[0]!r} holds no probabilities")
    logits = {n: convert(s, "logit", ignore_text).values for n, s in streams.items()}
    covered = {n: s.covered for n, s in streams.items()}
    taxa = [workspace.around.taxonomy.group_of(c, "class_name") or "" for c in workspace.classes]
    contents = workspace.around.contents
    clusters = [str(c) for c in cluster_labels(workspace.rows, judging.clusters, workspace.labelled, contents)]

    def find(mask: Bools) -> dict[str, Any]:
        found = fit_stack(
            workspace.truth, logits, taxa, clusters, mask=mask, covered=covered, loss=loss, nonnegative=not negative,
            seed=judging.seed,
        )  # fmt: skip
        return _values(blend, found, workspace.classes)

    found = judged_search(workspaces, recipe, find, blend, judging)
    return found if out is None else _written(found, out, audio, blend, workspace)


def _written(found: Found, out: Path, audio: Path | None, blend: str, workspace: Workspace) -> Found:
    """Write the found coefficients with the recordings that they saw, and say how a recipe names them."""
    common = found.values[f"blends.{blend}.of"]
    groups = (found.values[f"blends.{blend}.weights_by"] or {"classes": []})["classes"]
    own = {c: g["of"] for g in groups for c in g["classes"]}
    coefficients = np.array([list(own.get(c, common).values()) for c in workspace.classes], np.float64)
    saw = Saw.of(workspace.rows.recording[workspace.labelled].tolist())
    notes: list[str] = []
    heard = contents_of_fit(saw.recordings, workspace.around.contents, audio, notes.append)
    save_artefact(StackWeights(workspace.classes, tuple(common), coefficients, saw.recordings), out, heard)
    way = (
        f"wrote {out}: `by: sum` with `weights_by: {{artefact: {out.name}}}` applies it in place of the lists by class"
    )
    refused = f"it is refused on the {len(saw)} recordings it was fitted on, unless `allow_seen: true`"
    return replace(found, notes=(*found.notes, *notes, f"{way}; {refused}"))


def _values(blend: str, found: Stack, classes: tuple[str, ...]) -> dict[str, Any]:
    """What a stack says of the blend, by address; classes with the same coefficients stand together."""
    common = _said(found, found.common if found.common.any() else np.ones(len(found.names)))
    together: dict[tuple[float, ...], list[str]] = {}
    for name, own in zip(classes, found.coefficients, strict=True):
        together.setdefault(tuple(_said(found, own).values()), []).append(name)
    groups = [
        {"classes": names, "of": dict(zip(found.names, own, strict=True))}
        for own, names in together.items()
        if any(own) and dict(zip(found.names, own, strict=True)) != common
    ]
    address = f"blends.{blend}"
    by_class = {"classes": groups} if groups else None
    return {f"{address}.by": "sum", f"{address}.of": common, f"{address}.weights_by": by_class}


def _said(found: Stack, coefficients: Any) -> dict[str, float]:
    """Coefficients with as many digits as a recipe needs; what is nearer to 0 than a weight may be is 0."""
    rounded = [round(float(c), _DIGITS) for c in coefficients]
    return dict(zip(found.names, rounded, strict=True))
