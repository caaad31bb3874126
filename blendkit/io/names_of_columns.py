"""Names of columns and arrays that are given once for several score files, of which not every file has each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from blendkit.io.file_reader import ColumnNames, file_head
from blendkit.io.score_places import score_file, split_source

_NAMED = ("rows", "classes", "folds", "score")


def names_by_file(files: Sequence[Path | str], names: ColumnNames) -> list[ColumnNames]:
    """Return the names for each file: a column or array that one of the files has is asked of those that have it.

    A name that no file has is asked of all, so that reading says what is missing. Raises BlendkitError for files that
    cannot be read.
    """
    given = {k: name for k in _NAMED if (name := getattr(names, k)) is not None}
    if not given or len(files) < 2:
        return [names] * len(files)
    held = [_columns(f) for f in files]
    lacked = [
        [k for k, name in given.items() if own is not None and name not in own and _held(name, held)] for own in held
    ]
    dropped: list[dict[str, Any]] = [dict.fromkeys(keys) for keys in lacked]
    return [replace(names, **keys) for keys in dropped]


def _held(name: str, held: Sequence[frozenset[str] | None]) -> bool:
    return any(own is not None and name in own for own in held)


def _columns(file: Path | str) -> frozenset[str] | None:
    """Return the columns or arrays of a file; None of a folder, whose tables may have any."""
    path = score_file(split_source(file)[0])
    return frozenset(file_head(path).columns) if path.is_file() else None
