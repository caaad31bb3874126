"""The plan in words: streams, spaces, scopes, and the set-scope barriers between stages."""

from __future__ import annotations

from blendkit.recipe.plan import Plan, StreamPlan
from blendkit.recipe.step_plans import Conversion, GateStep, StepPlan


def explain(plan: Plan) -> list[str]:
    """Return one line per stream and step, in the order in which they are made."""
    lines = []
    for number, stage in enumerate(stages(plan), 1):
        lines.append(f"stage {number}")
        for stream, steps, opening in stage:
            if opening:
                lines.append(f"  {stream.name}  [{stream.start_space}]  {_source(plan, stream)}")
            lines += [f"    {_step(s)}" for s in steps]
    written = ", ".join(plan.outputs)
    return [*lines, f"written: {written}"]


Stage = list[tuple[StreamPlan, list[StepPlan], bool]]


def stages(plan: Plan) -> list[Stage]:
    """Fuse streams and steps into stages; a new one starts where an op must see the whole set at once."""
    out: list[Stage] = [[]]
    for stream in plan.streams:
        if stream.blend is not None and stream.blend.scope == "set":
            out.append([])
        part: list[StepPlan] = []
        out[-1].append((stream, part, True))
        for step in stream.steps:
            if step.scope == "set":
                part = []
                out.append([(stream, part, False)])
            part.append(step)
    return [s for s in out if s]


def _source(plan: Plan, stream: StreamPlan) -> str:
    if stream.name in plan.members:
        return f"member {plan.members[stream.name].use}"
    if stream.blend is None:
        return f"from {stream.inputs[0]}"
    of = " + ".join(f"{w:g} {n}" for n, w in stream.weights.items())
    if stream.weights_by is not None:
        of += f", by group {stream.weights_by.model_dump(exclude_none=True)}"
    return f"blend by {stream.blend.name}: {of} (scope {stream.blend.scope})"


def _step(step: StepPlan) -> str:
    if isinstance(step, GateStep):
        gates = "; ".join(_step(g).split("  [")[0] for g in step.gates)
        only = "" if step.where is None else f" where {step.where.said()}"
        return f"gates: {gates}{only}  [{step.space_in}, scope {step.scope}, monotone no]"
    if isinstance(step, Conversion):
        return f"{step.name} {step.space_out}  [{step.space_in} -> {step.space_out}, scope {step.scope}]"
    params = ", ".join(f"{k} {v}" for k, v in step.params.items() if v is not None)
    space = step.space_in if step.space_in == step.space_out else f"{step.space_in} -> {step.space_out}"
    name = step.name if step.id is None else f"{step.id}: {step.name}"
    only = "" if step.where is None else f" where {step.where.said()}"
    return f"{name}({params}){only}  [{space}, scope {step.scope}, monotone {step.info.monotone}]"
