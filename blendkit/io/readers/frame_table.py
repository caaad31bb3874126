"""Tables of windows as opensoundscape writes them: file, start_time, end_time, and one column per class."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blendkit.core import recording_id
from blendkit.errors import BlendkitError, shorten
from blendkit.io.class_columns import class_columns
from blendkit.io.column_table import ColumnTable
from blendkit.io.file_reader import ColumnNames, FileHead
from blendkit.io.readers.score_table import read_columns
from blendkit.io.text_form import is_number
from blendkit.io.windows_to_chunks import Windowed

KEYS = ("file", "start_time", "end_time")
_UNNAMED = [("", "", ""), ("level_0", "level_1", "level_2"), tuple(f"__index_level_{i}__" for i in range(3))]
_ONE_LABEL = {"label", "score", "confidence", "scientific name", "common name", "species_name"}


def is_frames(head: FileHead) -> bool:
    """Return whether a table has these columns and none that says one label or score a line.

    Also one whose index of three levels has no names: then its first three cells are a text and two times.
    """
    if not head.is_table or head.plain_columns & _ONE_LABEL:
        return False
    return set(KEYS) <= head.plain_columns or _is_unnamed(head)


def _is_unnamed(head: FileHead) -> bool:
    if head.kind != "text":
        return all(c in head.columns for c in _UNNAMED[2])
    first = head.first[:3]
    return head.columns[:3] in _UNNAMED and len(first) == 3 and [is_number(c) for c in first] == [False, True, True]


def read_frames(path: Path, names: ColumnNames) -> Windowed:
    """Read windows (N, C). Raises BlendkitError for times that are not numbers, and for columns that are no classes."""
    columns, notes = read_columns(path, text=("file",), unnamed=(_UNNAMED, KEYS))
    by_name = {c.strip().lower(): c for c in columns}
    if not set(KEYS) <= set(by_name):
        raise BlendkitError(f"{path.name}: expected columns {', '.join(KEYS)}", [f"has {shorten(columns, 8)}"])
    file, start, end = (columns.pop(by_name[k]) for k in KEYS)
    start, end = (_seconds(path, k, v) for k, v in (("start_time", start), ("end_time", end)))
    found = class_columns(path.name, ColumnTable(columns), "", names.folds)
    values = np.column_stack([columns[c] for c in found.classes]).astype(np.float64)
    recordings = [recording_id(str(f).replace("\\", "/")) for f in file]
    notes = tuple(n for n in (*notes, *found.notes) if not n.startswith("row ids are in"))
    return Windowed(recordings, start, end, values, found.classes, notes)


def _seconds(path: Path, name: str, values: NDArray[Any]) -> NDArray[np.float64]:
    if values.dtype.kind not in "fiu" or not np.isfinite(values).all():
        raise BlendkitError(f"{path.name}: {name} does not hold seconds in every line")
    return values.astype(np.float64)
