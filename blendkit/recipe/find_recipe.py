"""Find a recipe by path or name, and the folder its files lie in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from blendkit.core import require_path
from blendkit.errors import BlendkitError, did_you_mean, shorten
from blendkit.recipe.load import On, Recipe, parse_recipe
from blendkit.recipe.recipe_size_limits import read_recipe


@dataclass(frozen=True)
class FoundRecipe:
    """A recipe and its origin. folder: where its files lie; None for a packaged recipe or one made in memory."""

    recipe: Recipe
    folder: Path | None = None
    packaged: bool = False


def packaged_recipes() -> dict[str, str]:
    """Return {name: text} of the recipes that come with blendkit."""
    found = sorted(_packaged_folder().glob("*.yaml"))
    return {f.stem: f.read_text(encoding="utf-8") for f in found}


def _packaged_folder() -> Path:
    """An installed package holds its recipes; in a checkout they lie beside it."""
    package = Path(__file__).parents[1]
    installed = package / "recipes"
    return installed if installed.is_dir() else package.parent / "recipes"


def is_recipe(text: Path | str) -> bool:
    """Return whether a text names a recipe: a YAML file, there or not, or a packaged one."""
    path = Path(text)
    return path.suffix.lower() in (".yaml", ".yml") or (not path.exists() and str(text) in packaged_recipes())


def load_recipe(recipe: Path | str, overrides: Sequence[str] = ()) -> Recipe:
    """Read a recipe, a file or the name of a packaged one, and apply `path=value` overrides.

    Raises BlendkitError with every problem, and with the nearest name where there is no such recipe.
    """
    return _found(recipe, overrides).recipe


def open_recipe(recipe: Recipe | Path | str, overrides: Sequence[str] = (), on: On = "test") -> FoundRecipe:
    """Read a recipe: a file, or the name of a packaged one; a `Recipe` is taken as it is.

    on: which file is read where a member names two. Raises BlendkitError with every problem, and with the nearest name
    where there is no such recipe.
    """
    found = _found(recipe, overrides)
    return replace(found, recipe=replace(found.recipe, on=on))


def _found(recipe: Recipe | Path | str, overrides: Sequence[str]) -> FoundRecipe:
    """Find a recipe.

    A file that exists is read; otherwise `recipes/eos7.yaml` and `eos7` name a packaged recipe. A file equal to a
    packaged recipe counts as packaged.
    """
    if isinstance(recipe, Recipe):
        if overrides:
            raise BlendkitError(f"{recipe.source}: overrides belong to a recipe that is read from text or a file")
        return FoundRecipe(recipe)
    require_path(recipe, "recipe", "the name of a packaged recipe, or a recipe that `load_recipe` read, serves as well")
    path, own = Path(recipe), packaged_recipes()
    if path.is_file():
        text = read_recipe(path)
        packaged = own.get(path.stem) == text
        return FoundRecipe(parse_recipe(text, path.name, overrides), None if packaged else path.parent, packaged)
    if path.is_dir():
        own_recipes = [str(p) for p in sorted(path.glob("*.y*ml"))] or ["there is no .yaml file in it"]
        raise BlendkitError(f"{path}: a folder, not a recipe", [f"name a recipe file: {shorten(own_recipes)}"])
    if path.exists():
        raise BlendkitError(f"{path}: is a pipe or a device, and no recipe file", ["write it to a file, and name that"])
    stem = path.stem if path.parent in (Path(), Path("recipes")) else ""
    if stem in own and path.suffix in ("", ".yaml"):
        return FoundRecipe(parse_recipe(own[stem], f"{stem}.yaml", overrides), None, packaged=True)
    raise BlendkitError(
        f"no recipe file {str(recipe)!r}, and no packaged recipe of that name{did_you_mean(path.stem, own)}",
        [f"packaged: {', '.join(own)}"],
    )
