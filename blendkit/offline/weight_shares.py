"""The output as a function of one blend's weights: the steps after the blend, and the blend by itself."""

from __future__ import annotations

from dataclasses import replace

from blendkit.core import Scores
from blendkit.offline.workspace import Workspaces
from blendkit.recipe import Conversion, OpStep, Plan, StepPlan, StreamPlan


def steps_after(plan: Plan, blend: str) -> list[StreamPlan] | str:
    """The streams from a blend to the output, or the reason why one of their steps does not keep weighted means.

    A step keeps weighted means if its result for a weighted mean is the weighted mean of its results.
    """
    of = {s.name: s for s in plan.streams}
    chain = [of[plan.recipe.model.output]]
    while chain[0].name != blend:
        if chain[0].blend is not None or len(chain[0].inputs) != 1:
            return f"{blend!r} is not the last blend before the output"
        chain.insert(0, of[chain[0].inputs[0]])
    stream = chain[0]
    if stream.blend is None or not stream.blend.weighted_mean:
        return f"blend op {'' if stream.blend is None else stream.blend.name!r} is not a weighted mean"
    for s in chain:
        for step in s.steps:
            if not (step.affine if isinstance(step, OpStep) else is_relabelling(step)):
                return f"step {step.name!r} after the blend does not keep weighted means"
    return chain


def is_relabelling(step: StepPlan) -> bool:
    """Return whether a step leaves every number as it is, and only says what it means."""
    return isinstance(step, Conversion) and step.relabels


def without_relabelling(stream: StreamPlan) -> StreamPlan:
    """Return a stream without the steps that leave every number as it is, so that whole numbers may stand for ranks."""
    kept = [i for i, step in enumerate(stream.steps) if not is_relabelling(step)]
    return replace(
        stream, steps=tuple(stream.steps[i] for i in kept), fill_at=sum(i < stream.fill_at for i in kept)
    )  # fmt: skip


def bare_blend(workspaces: Workspaces, plan: Plan, blend: str, weights: dict[str, float]) -> Scores:
    """A blend with other weights, before its fill and its steps."""
    streams = tuple(
        replace(s, weights=weights, steps=(), fill=None, space=s.start_space) if s.name == blend else s
        for s in plan.streams
    )
    return workspaces.streams(replace(plan, streams=streams), (blend,))[blend]
