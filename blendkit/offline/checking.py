"""Check a recipe without running it, and report what its author may not have meant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from blendkit.core import FoundNames
from blendkit.engine import DataFolders, find_inputs, folders_of, open_data, preflight
from blendkit.events import Emit, silent
from blendkit.offline.data_lint import data_findings
from blendkit.offline.workspace import Workspaces
from blendkit.recipe import (
    Plan,
    Recipe,
    check_files,
    group_notes,
    lint,
    make_plan,
    names_classes,
    open_recipe,
    top_notes,
)


@dataclass(frozen=True, eq=False, repr=False)
class Check:
    """A recipe that can run. findings: what the linter says; notes: worth knowing; folders: whose files were checked.

    named: how the names of its recordings are read, where there is a folder.
    """

    plan: Plan
    findings: tuple[str, ...]
    notes: tuple[str, ...]
    folders: tuple[Path, ...]
    named: FoundNames | None = None

    def __repr__(self) -> str:
        counts = f"{len(self.plan.members)} members, {len(self.plan.streams)} streams"
        return f"Check({self.plan.recipe.model.name}: {counts}, {len(self.findings)} findings)"


def check(
    recipe: Recipe | Path | str,
    data: DataFolders = None,
    *,
    overrides: Sequence[str] = (),
    store: Path | str | None = None,
    sharded: bool = False,
    allow_outside: bool = False,
    emit: Emit = silent,
) -> Check:
    """Check a recipe's keys, ops, parameters, spaces and loops, then its files and classes; then lint it.

    Files are searched for below `data`, one folder or several, by default in the recipe's own folder; those of a
    packaged recipe are checked only where a folder is given. store: saved logits; the recipe is then
    linted against them too. sharded: the recipe is to run in parts. Raises BlendkitError with every problem of a kind,
    each with file, line and key.
    """
    found = open_recipe(recipe, overrides)
    plan, notes = make_plan(found.recipe), []
    measured = make_plan(open_recipe(recipe, overrides, "oof").recipe)  # with the other file of members that name two
    named = None
    given = folders_of(data) or ((found.folder,) if found.folder is not None else ())
    if given:
        root = open_data(found, given, allow_outside)
        check_files(measured, root)
        files = check_files(plan, root)
        inputs = find_inputs(plan, root)
        preflight(plan, inputs, files)
        named = inputs.named
        notes = [*files.not_told, *inputs.doubled, *named.notes(), *group_notes(plan, inputs.taxonomy, inputs.classes)]
        notes += top_notes(plan, inputs.classes)
        if not inputs.classes and names_classes(plan):
            notes.append("classes are known once the score files are read: those that steps name are checked then")
    findings = lint(plan, sharded=sharded)
    if store is not None:
        root = open_data(found, data, allow_outside, emit)
        findings += data_findings(Workspaces(root, Path(store)), measured)
    return Check(plan, tuple(findings), tuple(notes), given, named)
