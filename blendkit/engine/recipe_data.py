"""The folder of a recipe's files: as given, its own, or the sample world of a packaged one."""

from __future__ import annotations

from pathlib import Path

from blendkit.errors import BlendkitError
from blendkit.events import Emit, silent
from blendkit.recipe import FoundRecipe


def data_folder(found: FoundRecipe, data: Path | str | None = None, emit: Emit = silent) -> Path:
    """Return the folder in which a recipe's files are looked for.

    A packaged recipe without one runs on the built-in sample world, which `emit` reports before it is made. Raises
    BlendkitError for a recipe made in memory that was given no folder.
    """
    if data is not None:
        return Path(data)
    if found.folder is not None:
        return found.folder
    if not found.packaged:
        raise BlendkitError(f"{found.recipe.source}: say where the recipe's files lie (data=..., --data)")
    from blendkit.sample import cached_world, cached_world_folder

    emit("sample_world", {"folder": str(cached_world_folder())})
    return cached_world()
