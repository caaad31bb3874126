"""Notes on what a recipe does to taxonomic groups: smoothing over a big group makes its classes alike."""

from __future__ import annotations

from blendkit.core import LEVELS, Taxonomy
from blendkit.recipe.plan import Plan

BIG_GROUP = 10


def group_notes(plan: Plan, taxonomy: Taxonomy, classes: tuple[str, ...]) -> list[str]:
    """Return a note for every taxonomy group of more than ten classes that a recipe smooths over."""
    notes = []
    for stream in plan.streams:
        for step in stream.ops:
            for level in LEVELS if step.info.taxonomic else ():
                if step.params[level] > 0:
                    sizes = taxonomy.sizes(classes, level, step.params["sonotypes"])
                    big = [f"{n} ({size} classes)" for n, size in sizes.items() if size > BIG_GROUP]
                    if big:
                        notes.append(f"{stream.name}: {step.name} {level} {step.params[level]:g} over {', '.join(big)}")
    return notes
