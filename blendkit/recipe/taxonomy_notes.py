"""Notes on a recipe and the classes of its run: big groups that it smooths over, and more classes than there are."""

from __future__ import annotations

from blendkit.core import LEVELS, Taxonomy
from blendkit.recipe.plan import Plan
from blendkit.recipe.step_plans import GateStep, OpStep, StepPlan
from blendkit.recipe.step_schema import Where

BIG_GROUP = 10


def group_notes(plan: Plan, taxonomy: Taxonomy, classes: tuple[str, ...]) -> list[str]:
    """Return a note for every taxonomy group of more than ten classes that a recipe smooths over."""
    notes = []
    for stream in plan.streams:
        for step in stream.ops:
            for level in LEVELS if step.info.taxonomic else ():
                if step.params[level] > 0:
                    sizes = taxonomy.sizes(classes, level, step.params["sonotypes"])
                    acted_on = taxonomy.sizes(_chosen(step.where, taxonomy, classes), level, step.params["sonotypes"])
                    big = [f"{n} ({sizes[n]} classes)" for n in acted_on if sizes[n] > BIG_GROUP]
                    if big:
                        notes.append(f"{stream.name}: {step.name} {level} {step.params[level]:g} over {', '.join(big)}")
    return notes


def _chosen(where: Where | None, taxonomy: Taxonomy, classes: tuple[str, ...]) -> tuple[str, ...]:
    """Return the classes that a step may act on, as far as their ids and the taxonomy tell."""
    if where is None:
        return classes
    if where.class_name is not None:
        return tuple(c for c in classes if taxonomy.group_of(c, "class_name") in where.class_name)
    if where.classes is not None:
        return tuple(c for c in classes if c in where.classes)
    if where.other_than is not None and where.other_than.by_cell is None:
        others = set(_chosen(where.other_than, taxonomy, classes))
        return classes if len(others) == len(classes) else tuple(c for c in classes if c not in others)
    return classes


def top_notes(plan: Plan, classes: tuple[str, ...]) -> list[str]:
    """Return a note for every step that acts on at least as many of the highest classes (`top:`) as there are."""
    notes = []
    for stream in plan.streams:
        for step in (s for outer in stream.steps for s in _own_and_inner(outer)):
            where = step.where
            top = 0 if where is None else where.top or (where.other_than.top if where.other_than else 0) or 0
            if classes and top >= len(classes):
                acts = "acts on no class" if where and where.other_than else "acts on every class"
                notes.append(f"{stream.name}: {step.label}: `top: {top}` of {len(classes)} classes {acts}")
    return notes


def _own_and_inner(step: StepPlan) -> tuple[StepPlan, ...]:
    return (step, *step.ops) if isinstance(step, GateStep) else (step,)


def names_classes(plan: Plan) -> bool:
    """Return whether a recipe names classes or taxa: in parameters of steps, in `where:`, `weights_by:` or a fill."""
    for stream in plan.streams:
        if stream.weights_by is not None or (stream.fill is not None and stream.fill.by_class):
            return True
        for step in (s for outer in stream.steps for s in _own_and_inner(outer)):
            named = any(step.params.get(p) for p in step.info.keyed()) if isinstance(step, OpStep) else False
            if named or (step.where is not None and step.where.by_cell is None):
                return True
    return False
