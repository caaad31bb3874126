"""What-if: the exact macro-AUC of a recipe's output along one or two axes, from saved logits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blendkit.blending import finished
from blendkit.core import Float64, Scores
from blendkit.errors import BlendkitError
from blendkit.metrics import weight_path
from blendkit.offline.weight_shares import bare_blend, steps_after, without_relabelling
from blendkit.offline.whatif_axes import Axis
from blendkit.offline.workspace import Workspace, Workspaces
from blendkit.ops import integer_weights
from blendkit.recipe import Plan, Recipe, StreamPlan, make_plan


@dataclass(frozen=True, eq=False)
class Sweep:
    """macro: macro-AUC (V,) or (V1, V2) along the axes. how: by the exact weight path, or why point by point."""

    axes: tuple[Axis, ...]
    macro: Float64
    how: str

    @property
    def best(self) -> tuple[int, ...]:
        """The place of the highest macro-AUC; of several, the first."""
        return tuple(int(i) for i in np.unravel_index(int(np.nanargmax(self.macro)), self.macro.shape))

    def recipe(self, recipe: Recipe, at: Sequence[int]) -> Recipe:
        """Return the recipe at one point."""
        for axis, i in zip(self.axes, at, strict=True):
            recipe = axis.applied(recipe, axis.values[i])
        return recipe


def sweep(workspaces: Workspaces, recipe: Recipe, axes: Sequence[Axis]) -> Sweep:
    """Measure a recipe's output at every point of one axis, or of the grid of two.

    A share of the output's own blend is swept by the exact weight path where all later steps keep
    weighted means; these steps are then applied to both sides first, in float64. Otherwise the output is
    made again at every point, re-using the streams and steps that do not change. Raises BlendkitError as
    a run does, at the first point that cannot be made.
    """
    shares = [i for i, a in enumerate(axes) if not isinstance(a.address, str)]
    inner = shares[-1] if shares else len(axes) - 1
    outer = axes[1 - inner] if len(axes) > 1 else None
    lines, reasons = [], []
    for value in outer.values if outer is not None else (None,):
        changed = recipe if outer is None else outer.applied(recipe, value)
        line, reason = _line(workspaces, changed, axes[inner])
        lines.append(line)
        reasons.append(reason)
    macro = np.array(lines) if outer is not None else lines[0]
    if outer is not None and inner == 0:
        macro = macro.T
    why = next((r for r in reasons if r), None)
    how = "exact weight path" if why is None else f"point by point: {why}"
    return Sweep(tuple(axes), macro, how)


def _line(workspaces: Workspaces, recipe: Recipe, axis: Axis) -> tuple[Float64, str | None]:
    """Macro-AUCs (V,) along one axis, and why the weight path was not used (None if it was)."""
    if isinstance(axis.address, str):
        reason: str | None = f"{axis.label} is not a share of a blend"
    else:
        plan = make_plan(recipe)
        sides = blend_sides(workspaces, plan, *axis.address)
        reason = sides if isinstance(sides, str) else None
        if not isinstance(sides, str):
            workspace = workspaces.workspace(plan)
            rows = np.flatnonzero(workspace.labelled)
            try:
                path = weight_path(workspace.truth[rows], sides[0][rows], sides[1][rows], axis.values)
            except BlendkitError as error:  # values beyond what the path can blend exactly
                reason = error.title
            else:
                # at the shares 0 and 1 a class may lose every input that covers it; the path cannot represent that
                ends = {i: w for i, w in enumerate(axis.values) if w in (0, 1)}
                measured = {i: _measured(workspaces, axis.applied(recipe, w)) for i, w in ends.items()}
                return np.array([measured.get(i, m) for i, m in enumerate(path.macro.tolist())]), None
    return np.array([_measured(workspaces, axis.applied(recipe, v)) for v in axis.values]), reason


def _measured(workspaces: Workspaces, recipe: Recipe) -> float:
    workspace, scores = workspaces.output(recipe)
    return workspace.auc(scores).macro


def blend_sides(workspaces: Workspaces, plan: Plan, blend: str, member: str) -> tuple[NDArray[Any], NDArray[Any]] | str:
    """Return the output (N, C) with none and with all of a member, whose weighted mean is any share; or why not."""
    chain = steps_after(plan, blend)
    if isinstance(chain, str):
        return chain
    stream, workspace = chain[0], workspaces.workspace(plan)
    if workspace.whole.at is not None and any(t.scope == "set" for s in chain for t in s.steps):
        return "a step after the blend needs all rows, and memory is limited"
    covered = {n: s.covered for n, s in workspaces.streams(plan, stream.inputs).items()}
    given = {n: w for n, w in stream.weights.items() if n != member and w}
    if any((covered[n] != covered[next(iter(given))]).any() for n in given):
        return "the other members cover different classes, so a share means another weight in each"
    none, whole = (
        bare_blend(workspaces, plan, blend, weights)
        for weights in ({**stream.weights, member: 0.0}, {n: float(n == member) for n in stream.weights})
    )
    both = none.covered | whole.covered
    # if one side alone covers a class, its values are the blend's at every share
    a = np.where(none.covered, none.values, whole.values)
    b = np.where(whole.covered, whole.values, none.values)
    blank = replace(none, values=np.zeros_like(a), covered=both, made_by=f"{none.made_by}+{whole.made_by}")
    ranked = stream.blend is not None and stream.blend.inputs_as == "doubled_ranks"
    if (
        ranked and not _through(workspace, chain, _with(blank, blank.values, "0")).any()
    ):  # steps without a constant part give the same order at any scale
        a, b = _as_ranks(a, b, np.array([[w] for w in given.values()]), len(workspace.whole.rows))
    sides = [_through(workspace, chain, _with(blank, values, name)) for name, values in (("a", a), ("b", b))]
    return sides[0], sides[1]


def _with(blank: Scores, values: NDArray[Any], name: str) -> Scores:
    return replace(blank, values=values, made_by=f"{blank.made_by}:{name}")


def _as_ranks(a: Float64, b: Float64, weights: Float64, among: int) -> tuple[Float64, Float64]:
    """Percentile ranks as the integers they were divided from, which tie exactly; unchanged if weights forbid it.

    among: how many rows were ranked.
    """
    whole = integer_weights(weights)
    if whole is None:
        return a, b
    scale = 2 * among * int(whole.sum())
    return np.rint(a * scale), np.rint(b * scale)


def _through(workspace: Workspace, chain: Sequence[StreamPlan], scores: Scores) -> Float64:
    coverage = {n: s.covered for n, s in workspace.members.items()}
    for stream in chain:
        note = partial(workspace.note, stream.name)
        scores = finished(without_relabelling(stream), scores, workspace.around, coverage, note, workspace.memo)
    return np.asarray(scores.values, np.float64)
