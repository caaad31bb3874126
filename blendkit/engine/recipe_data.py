"""The folders of a recipe's files: as given, its own, or the sample world of a packaged one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from blendkit.errors import BlendkitError
from blendkit.events import Emit, silent
from blendkit.recipe import DataFolder, FoundRecipe

DataFolders = Path | str | Sequence[Path | str] | None


def data_folder(found: FoundRecipe, data: DataFolders = None, emit: Emit = silent) -> Path:
    """Return the folder in which a recipe's files are looked for, of several the first.

    A packaged recipe without one runs on the built-in sample world, which `emit` reports before it is made. Raises
    BlendkitError for a recipe made in memory that was given no folder.
    """
    given = folders_of(data)
    if given:
        return given[0]
    if found.folder is not None:
        return found.folder
    if not found.packaged:
        raise BlendkitError(f"{found.recipe.source}: say where the recipe's files lie (data=..., --data)")
    from blendkit.sample import cached_world, cached_world_folder

    emit("sample_world", {"folder": str(cached_world_folder())})
    return cached_world()


def open_data(
    found: FoundRecipe, data: DataFolders = None, allow_outside: bool = False, emit: Emit = silent
) -> DataFolder:
    """Return the folders in which a recipe's files are looked for, as `data_folder` finds the first.

    data: one or several, in the order in which they are searched. Raises as `data_folder`.
    """
    return DataFolder(data_folder(found, data, emit), allow_outside, others=folders_of(data)[1:])


def folders_of(data: DataFolders) -> tuple[Path, ...]:
    """Return the folders that were given: none, one or several."""
    return () if data is None else (Path(data),) if isinstance(data, Path | str) else tuple(map(Path, data))
