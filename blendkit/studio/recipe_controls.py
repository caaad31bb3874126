"""What of a recipe can be moved by hand: the shares of its blends, and the numbers of its steps."""

from __future__ import annotations

import math
from typing import Any

from blendkit.errors import BlendkitError
from blendkit.offline import read_share
from blendkit.recipe import OpStep, Plan, Recipe, StreamPlan, make_plan, numbers_of

_WIDEST = 100.0  # a range of a parameter that a slider can cover


def controls_of(recipe: Recipe) -> dict[str, Any]:
    """Return the controls of a recipe: `shares` by blend, `values` of steps and coefficients, and why others lack one.

    A value is set by its address in the recipe; low and high are the ends of its slider, not the limits of the op.
    """
    plan = make_plan(recipe)
    shares, values, without = [], [], []
    for stream in plan.streams:
        if stream.blend is not None:
            found = _shares(recipe, stream)
            shares += [found] if isinstance(found, dict) else []
            without += [found] if isinstance(found, str) else []
            if stream.blend.weights == "coefficients":
                values += [_coefficient(stream, n, w) for n, w in stream.weights.items()]
        own, unnamed = _values(stream)
        values += own
        without += unnamed
    return {"shares": shares, "values": values, "without": without}


def _shares(recipe: Recipe, stream: StreamPlan) -> dict[str, Any] | str | None:
    total = math.fsum(stream.weights.values())
    try:
        for name in stream.inputs:
            read_share(f"{stream.name}.{name}=0.5", recipe)
    except BlendkitError as error:
        coefficients = stream.blend is not None and stream.blend.weights == "coefficients"
        return None if coefficients else error.title.split(": ", 1)[-1]
    return {"blend": stream.name, "members": [{"name": n, "share": stream.weights[n] / total} for n in stream.inputs]}


def _coefficient(stream: StreamPlan, name: str, weight: float) -> dict[str, Any]:
    reach = max(1.0, 2 * abs(weight))
    address = f"blends.{stream.name}.of.{name}"
    return _slider(address, stream.name, f"coefficient of {name}", weight, (-reach, reach), False)


def _values(stream: StreamPlan) -> tuple[list[dict[str, Any]], list[str]]:
    names = [n for s in stream.steps for n in {s.label, s.name if isinstance(s, OpStep) else s.label}]
    found, unnamed = [], []
    for step in stream.steps:
        if names.count(step.label) > 1:  # an op's name stands for its steps with an id, too
            unnamed.append(f"{stream.name}: several steps are called {step.label!r}: give each an `id:`")
            continue
        inside = step.ops if not isinstance(step, OpStep) else ()
        for own, path in [(o, f"{step.label}.{o.label}") for o in inside] or [(s, s.label) for s in step.ops]:
            found += _numbers(stream, own, path)
    return found, list(dict.fromkeys(unnamed))


def _numbers(stream: StreamPlan, step: OpStep, path: str) -> list[dict[str, Any]]:
    known, found = numbers_of(step.info), []
    for name, value in step.params.items():
        if name in known and isinstance(value, int | float) and not isinstance(value, bool):
            low, high, whole = known[name]
            address = f"{stream.path[0]}.{stream.name}.steps.{path}.{name}"
            found.append(_slider(address, stream.name, f"{path} {name}", value, _reach(low, high, value), whole))
    return found


def _reach(low: float | None, high: float | None, value: float) -> tuple[float, float]:
    bottom = low if low is not None and low > -_WIDEST else min(0.0, 2 * value)
    top = high if high is not None and high < _WIDEST else max(2.0, 2 * abs(value))
    return bottom, top


def _slider(
    address: str, stream: str, label: str, value: float, ends: tuple[float, float], whole: bool
) -> dict[str, Any]:
    step = 1 if whole else 10 ** math.floor(math.log10((ends[1] - ends[0]) / 100))
    low = round(math.ceil(ends[0] / step - 1e-6) * step, 12)  # a slider counts from its low end: 0.9, not 0.900000001
    return {"address": address, "stream": stream, "label": label, "value": value, "low": low, "high": ends[1],
            "step": step}  # fmt: skip


def shares_in(plan: Plan) -> dict[str, dict[str, float]]:
    """Return the shares of every blend with relative weights, {blend: {member: share}}."""
    return {
        s.name: {n: w / math.fsum(s.weights.values()) for n, w in s.weights.items()}
        for s in plan.streams
        if s.blend is not None and s.blend.weights == "relative" and math.fsum(s.weights.values()) > 0
    }
