"""Where offline work finds its files: a recipe's data folder, and the members' saved logits."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from blendkit.core import LabelTable
from blendkit.engine import ALL_IN_MEMORY, DataFolders, HeldStreams, held_within, open_data
from blendkit.events import Emit, silent
from blendkit.offline.workspace import Workspaces
from blendkit.recipe import On, Recipe, make_plan, open_recipe


@dataclass(frozen=True)
class Place:
    """The folders of a recipe's files and saved logits.

    data: the folder of a recipe's files, or several (None: its own, or the sample world); store: where logits were
    saved (None: out/<recipe>/logits); allow_outside: whether the recipe may name files outside its data folder; on:
    which file is read where a member names two, `{oof: ..., test: ...}`: the one with labels is `oof`; memory: about
    how much the scores in work may take, as `4G` or in bytes, for scores that are larger than memory.
    """

    data: DataFolders = None
    store: Path | None = None
    allow_outside: bool = False
    on: On = "oof"
    memory: str | int | None = None


def open_workspaces(
    recipe: Recipe | Path | str,
    overrides: Sequence[str] = (),
    place: Place | None = None,
    emit: Emit = silent,
    *,
    labels: LabelTable | None = None,
    need_labels: bool = True,
) -> tuple[Workspaces, Recipe]:
    """Return the workspaces of a recipe's data folder and saved logits, and the recipe. Raises as a run does.

    labels: in place of those in the data folder; need_labels: whether it is an error that no label matches a row.
    """
    place = place or Place()
    found = open_recipe(recipe, overrides, place.on)
    make_plan(found.recipe)  # a recipe that cannot run should say so before a sample world is made for it
    folder = open_data(found, place.data, place.allow_outside, emit)
    stores = place.store or Path("out") / found.recipe.model.name / "logits"
    return Workspaces(folder, stores, labels, need_labels, _held(place.memory)), found.recipe


def _held(memory: str | int | None) -> HeldStreams:
    """Where streams are held, as long as anything holds them: workspaces have no end that a `with` block could mark."""
    if memory is None:
        return ALL_IN_MEMORY
    stack = ExitStack()
    held = stack.enter_context(held_within(memory))
    weakref.finalize(held, stack.close)
    return held
