"""Options that say where a recipe's files lie: data folders, a Kaggle notebook's inputs, saved logits."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from blendkit.cli._options import PATH, bundle, on_option, outside_option

if TYPE_CHECKING:
    from blendkit.recipe import On


def _folders(data: tuple[Path, ...], kaggle: Path | None) -> tuple[Path, ...] | None:
    """Return the data folders that were named, then those of a Kaggle notebook; None if there are none."""
    if kaggle is None:
        return data or None
    from blendkit.recipe import kaggle_folders

    return (*data, *kaggle_folders(kaggle))


def _place(data: tuple[Path, ...], kaggle: Path | None, store: Path | None, allow_outside: bool, on: On) -> object:
    from blendkit.offline import Place

    return Place(_folders(data, kaggle), store, allow_outside, on)


_FOLDERS = (
    click.option(
        "--data",
        type=PATH,
        multiple=True,
        help="Folder that holds the recipe's files (default: the recipe's own; for packaged recipes, the sample "
        "world). May be repeated: the first folder that has a file gives it.",
    ),
    click.option(
        "--kaggle",
        is_flag=False,
        flag_value="/kaggle/input",
        type=PATH,
        metavar="[ROOT]",
        help="Also search the inputs of a Kaggle notebook, below /kaggle/input or ROOT, the competition's first.",
    ),
)
data_folders = bundle("data", ("data", "kaggle"), _folders, *_FOLDERS)
offline = bundle(
    "place",
    ("data", "kaggle", "store", "allow_outside", "on"),
    _place,
    *_FOLDERS,
    click.option(
        "--store", type=PATH, help="Folder where the members' logits were saved (default: out/<recipe>/logits)."
    ),
    outside_option,
    on_option("oof"),
)
