"""0/1 labels: tables with a column per class, and arrays in NPZ files."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from blendkit.core import Bools, Int64
from blendkit.errors import BlendkitError, shorten
from blendkit.io.plain_table import coded
from blendkit.io.readers.label_places import PlaceColumns, places_of, rows_of_places
from blendkit.io.readers.label_rows import LabelRows, places_among
from blendkit.io.readers.score_table import read_table
from blendkit.io.text_tables import plain_name

if TYPE_CHECKING:
    import pandas as pd

_YES = frozenset({"1", "1.0", "1,0", "true", "t", "yes"})
_NO = frozenset({"0", "0.0", "0,0", "false", "f", "no"})
_MARKS = frozenset({"x", "+", "*", *_YES})
_BLANKS = "cells without a mark count as chunks without the class"
_NO_CLASSES = (
    *("", "unnamed_0", "index", "fold", "split", "subset", "site", "date", "hour", "audio_id", "file_id"),
    *("seconds", "duration", "offset", "datasetid"),
)


def binary_columns(frame: pd.DataFrame, used: Sequence[str]) -> list[str]:
    """Return the other columns than `used` as those of classes, if at least half of them hold only 0 and 1, or if all
    hold only marks and blanks; else [].
    """
    rest = [c for c in frame.columns if c not in used and plain_name(c)[0] not in _NO_CLASSES]
    binary = [c for c in rest if holds_0_and_1(frame, c)]
    if binary and 2 * len(binary) >= len(rest):
        return rest
    return rest if _hold_marks(coded(frame[c])[1] for c in rest) else []


def _hold_marks(columns: Iterable[Sequence[str]]) -> bool:
    """Return whether the different cells of columns are one kind of mark, such as x or 1, and blanks, and both."""
    found = {v.strip().lower() for cells in columns for v in cells}
    return "" in found and len(found) == 2 and found < {"", *_MARKS}


def holds_0_and_1(frame: pd.DataFrame, column: str) -> bool:
    """Return whether a column of a table with rows holds nothing but 0 and 1, or false and true."""
    if not len(frame) or frame[column].iloc[0].strip().lower() not in _YES | _NO:
        return False
    return all(v.strip().lower() in _YES | _NO for v in coded(frame[column])[1])


def classes_of_cells(
    frame: pd.DataFrame, columns: Sequence[str]
) -> tuple[list[frozenset[str]], Int64, tuple[str, ...], list[str]]:
    """Return the different sets of classes that are there in N rows of 0/1 columns, which one each row has, notes, and
    the cells that are neither, with their line.
    """
    cells = [coded(frame[name]) for name in columns]
    marks = _hold_marks(different for _, different in cells)
    there, not_there = (_MARKS, frozenset({""})) if marks else (_YES, _NO)
    yes = np.zeros((len(frame), len(columns)), bool)
    bad = []
    for j, (name, (at, different)) in enumerate(zip(columns, cells, strict=True)):
        words = [v.strip().lower() for v in different]
        yes[:, j] = np.array([w in there for w in words], bool)[at]
        odd = np.flatnonzero(np.array([w not in there | not_there for w in words], bool)[at]).tolist()
        bad += [f"line {frame.index[i]}: {name!r} is {frame[name].iloc[i]!r}, expected 0 or 1" for i in odd]
    return *_classes_of(yes, columns), (_BLANKS,) if marks else (), bad


def _classes_of(yes: Bools, columns: Sequence[str]) -> tuple[list[frozenset[str]], Int64]:
    """Return the different sets of classes in rows (N, C), and the place (N,) of each row's among them."""
    different, which = places_among(row.tobytes() for row in yes)
    found = [np.flatnonzero(np.frombuffer(row, bool)).tolist() for row in different]
    return [frozenset(columns[j] for j in own) for own in found], which


def is_npz(path: Path) -> bool:
    """Return whether a file is an archive of arrays, whatever its suffix."""
    try:
        with zipfile.ZipFile(path) as archive:
            return any(n.endswith(".npy") for n in archive.namelist())
    except (OSError, ValueError, NotImplementedError, zipfile.BadZipFile):
        return False  # whoever reads it as a table says what is wrong


def rows_of_npz(path: Path, array: str | None) -> LabelRows:
    """Return the rows of an array (N, C) of 0 and 1, with `row_ids` (N,) and `classes` (C,) beside it.

    Raises BlendkitError for missing arrays, with what there is, and for other values, with their row.
    """
    import pandas as pd

    if array is None:
        with zipfile.ZipFile(path) as archive:
            has = [n.removesuffix(".npy") for n in archive.namelist()]
        raise BlendkitError(f"{path}: say which array holds labels, as in {path.name}:labels", [f"has {shorten(has)}"])
    table = read_table(path, array=array, rows="row_ids", classes="classes")
    bad = np.argwhere(~np.isin(table.values, (0, 1)))
    if len(bad):
        listed = [f"{table.row_ids[i]}: {table.classes[j]} is {table.values[i, j]:g}" for i, j in bad.tolist()]
        raise BlendkitError(f"{path}: {len(bad)} values of {array!r} are neither 0 nor 1", [shorten(listed)])
    ids = pd.DataFrame({"row_id": table.row_ids}, range(1, len(table.row_ids) + 1), dtype=str)
    places = places_of(ids, PlaceColumns(row_id="row_id"), "", path)
    if places.bad:
        raise BlendkitError(f"{path}: {len(places.bad)} row ids cannot be read", [shorten(places.bad)])
    return rows_of_places(places, *_classes_of(table.values != 0, table.classes))
