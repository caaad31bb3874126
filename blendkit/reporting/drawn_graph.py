"""A recipe as a drawing: what is in each box, and what flows along each line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from blendkit.core import Scores
from blendkit.ops import signature
from blendkit.recipe import Conversion, GateStep, OpStep, Plan, StepPlan, StreamPlan, flow_text


@dataclass(frozen=True)
class Box:
    """A stream: what it is, what makes it, and its steps in words. covered: classes, None where that is not known."""

    name: str
    kind: str
    made: str
    steps: tuple[str, ...]
    space: str
    covered: int | None
    written: bool


@dataclass(frozen=True)
class Flow:
    """What flows from one box into another: a share of a blend, or scores that a step reads."""

    source: str
    target: str
    share: float | None
    weight: float | None
    reads: bool = False


@dataclass(frozen=True)
class Drawing:
    """The boxes in an order in which each can be made, and the lines between them."""

    name: str
    boxes: tuple[Box, ...]
    lines: tuple[Flow, ...]


def draw(name: str, plan: Plan, scores: Mapping[str, Scores]) -> Drawing:
    """Return the drawing of a plan. scores: streams whose coverage is known."""
    boxes = tuple(_box(plan, s, scores.get(s.name)) for s in plan.streams)
    lines = [line for s in plan.streams for line in _lines(s)]
    return Drawing(name, boxes, tuple(lines))


def _box(plan: Plan, stream: StreamPlan, scores: Scores | None) -> Box:
    kind = "member" if stream.name in plan.members else "blend" if stream.blend is not None else "stream"
    made = plan.members[stream.name].use if kind == "member" else ""
    if stream.blend is not None:
        made = f"by {stream.blend.name}" + (", by group" if stream.weights_by is not None else "")
    covered = None if scores is None else int(scores.covered.sum())
    steps = tuple(_step(s) for s in stream.steps)
    return Box(stream.name, kind, made, steps, stream.space, covered, stream.name in plan.outputs)


def _lines(stream: StreamPlan) -> list[Flow]:
    total = sum(stream.weights.values())
    relative = stream.blend is not None and stream.blend.weights == "relative" and total > 0
    found = []
    for name in stream.inputs:
        weight = stream.weights.get(name)
        share = weight / total if relative and weight is not None and stream.weights_by is None else None
        found.append(Flow(name, stream.name, share, weight))
    return [*found, *(Flow(n, stream.name, None, None, reads=True) for n in stream.reads if n not in stream.inputs)]


def _step(step: StepPlan) -> str:
    if isinstance(step, GateStep):
        return "gates: " + ", ".join(g.label for g in step.gates)
    if isinstance(step, Conversion):
        return f"to {step.space_out}"
    given = ", ".join(f"{k} {_short(v)}" for k, v in _told(step).items())
    return f"{step.label} {given}".strip() + ("" if step.where is None else " (some classes)")


def _told(step: OpStep) -> dict[str, Any]:
    """The parameters that differ from the op's defaults; the numbers where none does."""
    defaults = {p: default for p, (_, _, default) in signature(step.info.function).items()}
    own = {k: v for k, v in step.params.items() if v is not None and v is not False}
    return {k: v for k, v in own.items() if v != defaults.get(k)} or {
        k: v for k, v in own.items() if isinstance(v, float)
    }


def _short(value: object) -> str:
    text = flow_text(value)
    return text if len(text) <= 28 else f"{text[:27]}…"
