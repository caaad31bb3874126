"""How work on scores is divided: by classes, each with all rows, or by recordings, each with all classes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from blendkit.core import NewMatrix, Rows, in_memory
from blendkit.errors import BlendkitError
from blendkit.ops import OpInfo
from blendkit.recipe import Conversion, OpStep, Plan, StepPlan, StreamPlan

Division = Literal["classes", "recordings"]


@dataclass(frozen=True)
class Parts:
    """cells: of a stream that one part of the work may hold. new_matrix: makes the matrices of whole streams."""

    cells: int
    new_matrix: NewMatrix = in_memory

    def of_classes(self, shape: tuple[int, int]) -> Iterator[slice]:
        """Yield classes of (N, C) scores, a part at a time."""
        step = max(1, self.cells // max(shape[0], 1))
        for low in range(0, shape[1], step):
            yield slice(low, min(low + step, shape[1]))

    def of_recordings(self, rows: Rows, classes: int) -> Iterator[slice]:
        """Yield rows, a part at a time; a part holds whole recordings, at least one."""
        bounds, most = rows.offsets(), max(1, self.cells // max(classes, 1))
        first = 0
        while first < len(bounds) - 1:
            last = max(int(np.searchsorted(bounds, bounds[first] + most, "right")) - 1, first + 1)
            yield slice(int(bounds[first]), int(bounds[last]))
            first = last


def division_of(step: StepPlan) -> Division | None:
    """Return how a step can be divided; None where it needs all rows of all classes at once.

    A step that is given numbers by class, or whose cells the scores of a chunk decide, needs all classes.
    """
    if isinstance(step, Conversion):
        return "classes"
    infos = [o.info for o in step.ops]
    named = any(o.params.get(p) for o in step.ops for p in o.info.keyed())
    by_cell = any(s.where is not None and s.where.by_cell is not None for s in (step, *step.ops))
    if all(i.classwise for i in infos) and not named and not by_cell:
        return "classes"
    return None if step.scope == "set" else "recordings"


def blend_division(info: OpInfo) -> Division | None:
    """Return how a blend can be divided; None where it needs all rows of all classes at once."""
    if info.classwise:
        return "classes"
    return "recordings" if info.scope != "set" and info.inputs_as != "doubled_ranks" else None


def require_divisible(plan: Plan) -> None:
    """Raise BlendkitError with every step and blend of a plan that cannot be done in parts."""
    problems = [p for s in plan.streams for p in _indivisible(plan, s)]
    if problems:
        ways = "run it without --memory, on a machine that holds the whole, or leave these out with `--set`"
        raise BlendkitError(f"{plan.recipe.source}: cannot be blended in parts", [*problems, ways])


def _indivisible(plan: Plan, stream: StreamPlan) -> Iterator[str]:
    if stream.blend is not None and blend_division(stream.blend) is None:
        yield f"{plan.recipe.where(stream.path)}: this blend needs all rows of all classes at once"
    for step in stream.steps:
        if division_of(step) is None:
            why = "needs all rows of all classes at once"
            label = step.name if isinstance(step, OpStep) else "gates"
            yield f"{plan.recipe.where(step.path)}: {label} {why}"
