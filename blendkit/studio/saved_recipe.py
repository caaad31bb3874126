"""Settings as a recipe file, and as the command that gives the same figures."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from blendkit.errors import BlendkitError
from blendkit.recipe import edited_text, flow_text, load_recipe, parse_recipe
from blendkit.store import write_text

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,99}")


@dataclass(frozen=True)
class RecipeText:
    """The text of a recipe: where it was read, where new ones are saved, and the overrides it was opened with.

    options: those of a command that opens the same files and labels.
    """

    source: str
    text: str
    folder: Path
    overrides: tuple[str, ...] = ()
    options: tuple[str, ...] = ()

    def edited(self, values: Mapping[str, Any], name: str | None = None) -> str:
        """Return the text with the overrides and other values, all else as it is. name: of the recipe.

        Raises BlendkitError as `edited_text` does.
        """
        text, found = self.text, parse_recipe(self.text, self.source)
        if self.overrides:
            raise BlendkitError(f"{self.source} was opened with --set: write these values into its file first")
        return edited_text(found, text, {**values, **({} if name is None else {"name": name})})

    def save(self, values: Mapping[str, Any], name: str) -> Path:
        """Write the edited text as NAME.yaml beside the recipe, and return its path.

        Raises BlendkitError for a name that is none, and a file that exists: nothing is replaced.
        """
        if not _NAME.fullmatch(name):
            raise BlendkitError(f"{name!r} is no name of a recipe", ["letters, digits, - and _, a letter first"])
        path = self.folder / f"{name}.yaml"
        if path.exists():
            raise BlendkitError(f"{path} exists, and is not replaced", ["choose another name"])
        text = self.edited(values, name)
        write_text(path, text)
        load_recipe(path)
        return path

    def command(self, values: Mapping[str, Any]) -> str:
        """Return the command that gives the figures of these values."""
        given = [*self.overrides, *(f"{a}={flow_text(v)}" for a, v in values.items())]
        own = [shlex.join(self.options)] if self.options else []
        return " ".join(
            ["blendkit whatif", shlex.quote(self.source), *own, *(f"--set {shlex.quote(g)}" for g in given)]
        )
