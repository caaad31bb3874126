"""The data folders of a Kaggle notebook: the competition, data sets, models and other notebooks' outputs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from blendkit.core import natural_key
from blendkit.errors import BlendkitError, shorten

KAGGLE_INPUT = Path("/kaggle/input")
_TEMPLATE = "sample_submission.csv"  # what tells a competition's folder from the others
_DEEPEST = 6  # levels of folders that only sort, as in models/OWNER/MODEL/FRAMEWORK/VARIATION/VERSION


def kaggle_folders(root: Path | str = KAGGLE_INPUT) -> tuple[Path, ...]:
    """Return the folders in which the inputs of a Kaggle notebook lie: the competition's first, the root last.

    root: the folder that holds one folder per input. An input that has no file at its top is followed by its
    subfolders, down to those with files, since models and newer inputs lie some levels deep. Raises BlendkitError if
    there is no such folder, or no competition (a folder with `sample_submission.csv`) in it.
    """
    root = Path(root)
    if not root.is_dir():
        way = "name the folder that holds the notebook's inputs: --kaggle=ROOT"
        raise BlendkitError(f"--kaggle: there is no folder {root}", [way])
    inputs = [f for top in _subfolders(root) for f in _with_files(top, 1)]
    competitions = [f for f in inputs if (f / _TEMPLATE).is_file()]
    if not competitions:
        found = shorten([f.relative_to(root).as_posix() for f in inputs], 8) or "no folder"
        raise BlendkitError(
            f"--kaggle: no folder in {root} holds {_TEMPLATE}, as a competition's does",
            [f"found {found}", "add the competition to the notebook's inputs, or name folders by --data"],
        )
    return (*competitions, *(f for f in inputs if f not in competitions), root)


def _with_files(folder: Path, level: int) -> Iterator[Path]:
    yield folder
    if level < _DEEPEST and not any(p.is_file() for p in folder.iterdir()):
        for inner in _subfolders(folder):
            yield from _with_files(inner, level + 1)


def _subfolders(folder: Path) -> list[Path]:
    found = [p for p in folder.iterdir() if p.is_dir() and not p.name.startswith(".")]
    return sorted(found, key=lambda p: natural_key(p.name))
