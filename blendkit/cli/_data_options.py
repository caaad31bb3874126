"""Options that say where a recipe's files lie: data folders, a Kaggle notebook's inputs, saved logits."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from blendkit.cli._options import PLACE, bundle, on_option, outside_option

if TYPE_CHECKING:
    from blendkit.recipe import On


_ROOT = "/kaggle/input"


class RecipeCommand(click.Command):
    """A command whose `--kaggle` may stand before RECIPE: a recipe or a file is never taken for its ROOT."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse arguments, with the usual ROOT where what follows `--kaggle` is none."""
        given = [f"{a}={_ROOT}" if a == "--kaggle" and _names_file(n) else a for a, n in pairwise([*args, ""])]
        return super().parse_args(ctx, given)


def _names_file(word: str) -> bool:
    """Return whether a word is a recipe or a file, and no folder."""
    path = Path(word)
    if not word or word.startswith("-") or path.is_dir():
        return False
    from blendkit.recipe import is_recipe

    return path.is_file() or is_recipe(word)


def folders_given(data: tuple[Path, ...], kaggle: Path | None) -> tuple[Path, ...] | None:
    """Return the data folders that were named, then those of a Kaggle notebook; None if there are none."""
    if kaggle is None:
        return data or None
    from blendkit.recipe import kaggle_folders

    return (*data, *kaggle_folders(kaggle))


def _place(
    data: tuple[Path, ...], kaggle: Path | None, store: Path | None, allow_outside: bool, on: On, memory: str | None
) -> object:
    from blendkit.offline import Place

    return Place(folders_given(data, kaggle), store, allow_outside, on, memory)


def memory_option(does: str) -> Callable[[Any], Any]:
    """Return `--memory`, the limit of memory for scores; does: what the command does with parts of them."""
    return click.option(
        "--memory",
        metavar="SIZE",
        help=f"{does} in parts that take about SIZE of memory, such as 4G, for scores that are larger than memory: the "
        "same results to the last bit. Whole streams lie in the folder for temporary files (TMPDIR).",
    )


FOLDERS = (
    click.option(
        "--data",
        type=PLACE,
        multiple=True,
        help="Folder that holds the recipe's files (default: the recipe's own; for packaged recipes, the sample "
        "world). May be repeated: the first folder that has a file gives it.",
    ),
    click.option(
        "--kaggle",
        is_flag=False,
        flag_value=_ROOT,
        type=PLACE,
        metavar="[ROOT]",
        help="Also search the inputs of a Kaggle notebook, below /kaggle/input or ROOT, the competition's first.",
    ),
)
data_folders = bundle("data", ("data", "kaggle"), folders_given, *FOLDERS)
offline = bundle(
    "place",
    ("data", "kaggle", "store", "allow_outside", "on", "memory"),
    _place,
    *FOLDERS,
    click.option(
        "--store", type=PLACE, help="Folder where the members' logits were saved (default: out/<recipe>/logits)."
    ),
    outside_option,
    on_option("oof"),
    memory_option("Blend"),
)
