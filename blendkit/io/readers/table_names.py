"""The recordings after which tables of results and labels are named."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from blendkit.core import recording_id

_SUFFIXES = (
    *(".birdnet.selection.table", ".birdnet.selections", ".birdnet.results", ".selections", ".selection.table"),
    *("_hawkears", "_raven_selections", "_selections", "_labels"),
)


def table_recording(path: Path) -> str:
    """Return the recording a table is named after: R of `R.BirdNET.results.csv` and `R.Table.1.selections.txt`."""
    name = path.with_suffix("").name
    for suffix in _SUFFIXES:
        if name.lower().endswith(suffix):
            name = name[: -len(suffix)]
            break
    parts = name.split(".")
    if len(parts) > 2 and parts[-2].lower() == "table" and parts[-1].isdigit():
        name = ".".join(parts[:-2])
    return recording_id(name)


def named_in(root: Path, names: Mapping[Path, str]) -> dict[Path, str]:
    """Return the recordings that files below a folder are named after, with their folders where names repeat."""
    folders: dict[str, set[Path]] = {}
    for path, name in names.items():
        folders.setdefault(name, set()).add(path.parent)
    return {
        path: (path.relative_to(root).parent / name).as_posix() if len(folders[name]) > 1 else name
        for path, name in names.items()
    }
