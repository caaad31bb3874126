"""Lint a recipe on saved logits: ties, different scales, near-duplicate members, and classes that are not covered."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

import numpy as np

from blendkit.blending import convert, stack_for, weight_matrix
from blendkit.core import Float64, Matrix, Scores
from blendkit.errors import shorten
from blendkit.events import ignore_text
from blendkit.metrics import doubled_ranks
from blendkit.offline.workspace import Workspace, Workspaces
from blendkit.recipe import Plan, StreamPlan, called, weak_steps

FAR = 3.0  # an effective weight this many times the stated one, or its inverse
NEARLY_EQUAL = 0.98  # by the rule of thumb of public notebooks, members above it add nothing to a blend


def data_findings(workspaces: Workspaces, plan: Plan) -> list[str]:
    """Return findings on a plan from the saved logits of its members."""
    workspace = workspaces.workspace(plan)
    blends = [s for s in plan.streams if s.blend is not None and len(s.inputs) > 1]
    names = tuple(dict.fromkeys(i for s in blends for i in s.inputs))
    made = workspaces.streams(plan, names) if names else {}
    found = [*_ties(workspaces, plan), *_uncovered(workspace)]
    for stream in blends:
        inputs = {n: made[n] for n in stream.inputs}
        found += [*_scales(stream, inputs, workspace), *_nearly_equal_pairs(stream, inputs)]
    return found


def tied_cells(x: Matrix) -> int:
    """Return how many cells of (N, C) equal an earlier one of their column."""
    ordered = np.sort(x, axis=0)
    return int((ordered[1:] == ordered[:-1]).sum())


def _ties(workspaces: Workspaces, plan: Plan) -> Iterator[str]:
    for stream, i in weak_steps(plan):
        before, after = (
            tied_cells(workspaces.streams(_cut(plan, stream, k), (stream.name,))[stream.name].values)
            for k in (i, i + 1)
        )
        if after > before:
            yield f"{called(stream, stream.steps[i])}: ties {after - before} more cells ({before} were tied)"


def _cut(plan: Plan, stream: StreamPlan, steps: int) -> Plan:
    """The plan with a stream ending after some of its steps."""
    space = stream.steps[steps - 1].space_out if steps else stream.start_space
    short = replace(stream, steps=stream.steps[:steps], space=space)
    return replace(plan, streams=tuple(short if s.name == stream.name else s for s in plan.streams))


def _uncovered(workspace: Workspace) -> Iterator[str]:
    positive = np.asarray(workspace.truth[workspace.labelled].any(axis=0), bool)
    for name, scores in workspace.members.items():
        lacks = [c for c, p, own in zip(workspace.classes, positive, scores.covered, strict=True) if p and not own]
        if lacks:
            count = f"{len(lacks)} of {int(positive.sum())} classes with positives"
            yield f"{name}: does not cover {count}: {shorten(lacks, 3)}"


def _scales(stream: StreamPlan, inputs: dict[str, Scores], workspace: Workspace) -> Iterator[str]:
    """Compare the stated weights of a value blend with the effective ones: weight x spread of the values."""
    assert stream.blend is not None
    inputs_as = stream.blend.inputs_as
    if inputs_as == "doubled_ranks" or stream.blend.weights == "membership":
        return
    coverage = {n: s.covered for n, s in workspace.members.items()}
    stack = stack_for(stream, workspace.around, workspace.rows.recordings())
    weights = np.abs(weight_matrix(stream, inputs, coverage, workspace.around.taxonomy, stack))
    spread = np.array([_spread(s, inputs_as) for s in inputs.values()])
    both = weights * spread
    used = (weights > 0).sum(axis=0) > 1
    if not used.any() or not (both.sum(axis=0)[used] > 0).all():
        return
    stated, real = ((w / w.sum(axis=0))[:, used].mean(axis=1) for w in (weights, both))
    off = [r / s for r, s in zip(real, stated, strict=True) if s > 0]
    if max(off) > FAR or min(off) < 1 / FAR:
        listed = ", ".join(f"{n} {s:.3f} -> {r:.3f}" for n, s, r in zip(inputs, stated, real, strict=True))
        yield f"{stream.name}: `by: {stream.blend.name}` on different scales; weights times spread: {listed}"


def _spread(scores: Scores, inputs_as: Literal["any", "logit", "prob"]) -> Float64:
    # the notes of this conversion are dropped: the blend itself makes the same one, and reports it
    values = convert(scores, scores.stated_space() if inputs_as == "any" else inputs_as, ignore_text).values
    return np.asarray(values.std(axis=0, dtype=np.float64))


def _nearly_equal_pairs(stream: StreamPlan, inputs: dict[str, Scores]) -> Iterator[str]:
    for (a, first), (b, second) in itertools.combinations(inputs.items(), 2):
        both = first.covered & second.covered
        rho = spearman(first.values[:, both], second.values[:, both])
        if len(rho) and float(np.mean(rho)) > NEARLY_EQUAL:
            yield (
                f"{stream.name}: {a} and {b} are nearly one model: mean Spearman {np.mean(rho):.4f} over {len(rho)} "
                f"classes (above {NEARLY_EQUAL} a second opinion adds nothing)"
            )


def spearman(a: Matrix, b: Matrix) -> Float64:
    """Return Spearman's rho per column of (N, C), ties averaged; columns that are constant in either are left out."""
    x, y = (doubled_ranks(np.ascontiguousarray(v)).astype(np.float64) for v in (a, b))
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    norm = np.sqrt((x * x).sum(axis=0) * (y * y).sum(axis=0))
    varies = norm > 0
    return np.asarray((x * y).sum(axis=0)[varies] / norm[varies])
