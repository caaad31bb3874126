"""Stacking as a recipe says it: a sum of logits with coefficients by class."""

from __future__ import annotations

from typing import Any

import numpy as np

from blendkit.blending import convert
from blendkit.core import NO_PROBABILITIES, Bools, cluster_labels
from blendkit.errors import BlendkitError
from blendkit.events import ignore_text
from blendkit.offline.interval_settings import Judging
from blendkit.offline.recipe_search import Found, blend_to_search, judged_search
from blendkit.offline.workspace import Workspaces
from blendkit.recipe import Recipe, make_plan
from blendkit.searching import Stack, StackLoss, fit_stack

_DIGITS = 6


def stack_weights(
    workspaces: Workspaces, recipe: Recipe, *, loss: StackLoss = "logistic", negative: bool = False, judging: Judging
) -> Found:
    """Search coefficients of the inputs of the output's blend for every class, see `blendkit.searching.fit_stack`.

    The found blend is `by: sum`, so that ranks cannot be its inputs. negative: coefficients may be below 0. Raises
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
    clusters = [str(c) for c in cluster_labels(workspace.rows, judging.clusters, workspace.labelled)]

    def find(mask: Bools) -> dict[str, Any]:
        found = fit_stack(
            workspace.truth, logits, taxa, clusters, mask=mask, covered=covered, loss=loss, nonnegative=not negative,
            seed=judging.seed,
        )  # fmt: skip
        return _values(blend, found, workspace.classes)

    return judged_search(workspaces, recipe, find, blend, judging)


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
