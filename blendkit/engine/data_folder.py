"""The folder of a recipe's files: as given, its own, or the sample world of a packaged one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    pass


def recipe_data(name: str, data: Path | None) -> Path:
    """Return the folder of a recipe's files: as given, its own, or the sample world of a packaged one."""
    from blendkit.recipe import find_recipe
    from blendkit.sample import cached_world

    return data or find_recipe(name)[2] or cached_world()
