"""Find a recipe by path or name, and the data folder it runs on."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from blendkit.errors import BlendkitError, did_you_mean


def packaged() -> dict[str, str]:
    """Return {name: text} of the recipes that come with blendkit."""
    found = (f for f in files("blendkit.recipes").iterdir() if f.name.endswith(".yaml"))
    return {f.name.removesuffix(".yaml"): f.read_text(encoding="utf-8") for f in sorted(found, key=lambda f: f.name)}


def find_recipe(name: str) -> tuple[str, str, Path | None]:
    """Return (text, source, folder) of a recipe; folder is None for a packaged one.

    A path that exists wins; `recipes/eos7.yaml` and `eos7` otherwise name a packaged recipe. A file
    equal to a packaged recipe counts as packaged. Raises BlendkitError with the nearest name.
    """
    path, own = Path(name), packaged()
    if path.is_file():
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise BlendkitError(f"{path}: cannot read this recipe", [str(error)]) from error
        return text, path.name, None if own.get(path.stem) == text else path.parent
    stem = path.stem if path.parent in (Path(), Path("recipes")) else ""
    if stem in own and path.suffix in ("", ".yaml"):
        return own[stem], f"{stem}.yaml", None
    raise BlendkitError(
        f"no recipe file {name!r}, and no packaged recipe of that name{did_you_mean(path.stem, own)}",
        [f"packaged: {', '.join(own)}"],
    )
