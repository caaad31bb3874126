"""What can be known of a run before anything is scored: its recordings, its space, and what is behind its scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from blendkit.core import Saw, Space
from blendkit.engine.checks_before_scoring import preflight
from blendkit.engine.output_folder import LOGITS
from blendkit.engine.recipe_data import folders_of
from blendkit.engine.run_inputs import find_inputs, member_context
from blendkit.engine.run_provenance import Behind
from blendkit.errors import BlendkitError
from blendkit.recipe import DataFolder, Recipe, check_files, make_plan
from blendkit.scoring import CPU_ONLY, Runtime, open_members, saw_of_members


@dataclass(frozen=True, eq=False)
class Beforehand:
    """The recordings that a run would score, the space of its output, and what its members and steps learned from."""

    recordings: tuple[str, ...]
    space: Space
    saw: Saw


def look_beforehand(
    recipe: Recipe, data: Path | Sequence[Path], out: Path, runtime: Runtime = CPU_ONLY
) -> Beforehand:  # fmt: skip
    """Check a run of a recipe as `run` does, and return what is known of it; nothing is scored or written.

    data: one folder or several, in the order in which they are searched. out: the run's folder, whose saved logits say
    what their member learned from. Raises BlendkitError as `run` does, and where members need audio and there is none:
    silence would be scored in its place.
    """
    plan = make_plan(recipe)
    first, *others = folders_of(data)
    folder = DataFolder(first, others=tuple(others))
    files, inputs = check_files(plan, folder), find_inputs(plan, folder)
    preflight(plan, inputs, files)
    opened = open_members(plan, member_context(plan, inputs, runtime), files, out / LOGITS)
    space = next(s.space for s in plan.streams if s.name == recipe.model.output)
    if opened.audio and inputs.mode != "audio":
        folders = ", ".join(recipe.model.audio)
        raise BlendkitError(f"no audio below {folder.said}", [f"folders searched for audio: {folders}"])
    named = [r.id for r in inputs.to_score if not r.problem] if opened.audio else []
    named += [r for s in opened.tables.values() for r in s.rows.recordings()] if not opened.audio else []
    known = {n: p.saw for n, p in Behind.of(opened, files).with_steps(plan, files).items()}
    everything = Saw().joined(*{**known, **saw_of_members(opened.audio)}.values())
    return Beforehand(tuple(dict.fromkeys(named)), space, everything)
