"""Tables of windows as opensoundscape writes them: file, start_time, end_time, and one column per class."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blendkit.core import recording_id
from blendkit.errors import BlendkitError, shorten
from blendkit.io.class_columns import class_columns
from blendkit.io.column_table import ColumnTable
from blendkit.io.file_reader import ColumnNames, FileHead
from blendkit.io.readers.detection_tables import LABEL_COLUMNS
from blendkit.io.readers.score_table import read_columns
from blendkit.io.text_form import is_number
from blendkit.io.text_tables import plain_name
from blendkit.io.windows_to_chunks import Windowed, repeated_windows

KEYS = ("file", "start_time", "end_time")
_OTHER_NAMES = {  # in use for the three, plain and in seconds (see `plain_name`)
    "file": ("file", "filename", "file_name", "filepath", "file_path", "audio_file", "audio_path", "path", "recording"),
    "start_time": ("start_time", "start", "begin_time"),
    "end_time": ("end_time", "end"),
}
_UNNAMED = [("", "", ""), ("level_0", "level_1", "level_2"), tuple(f"__index_level_{i}__" for i in range(3))]
_NO_FRAMES = {"row_id", "end_s", "primary_label", "species", *LABEL_COLUMNS}  # matrices, a store's parts, labels
_ONE_LABEL = {"label", "score", "confidence", "scientific name", "common name", "species_name"}


def is_frames(head: FileHead) -> bool:
    """Return whether a table has these columns and none that says one label or score a line.

    Also one whose index of three levels has no names: then its first three cells are a text and two times.
    """
    if not head.is_table or head.plain_columns & _ONE_LABEL:
        return False
    return set(KEYS) <= head.plain_columns or _is_unnamed(head) or _has_other_names(head)


def _has_other_names(head: FileHead) -> bool:
    """Return whether a table has these columns under other names in use, and beside them nothing but numbers."""
    keys = _keys(head.columns)
    if keys is None or head.plain_columns & _NO_FRAMES or len(head.columns) == len(keys):
        return False
    return all(is_number(cell) for c, cell in zip(head.columns, head.first, strict=False) if c not in keys)


def _keys(columns: Iterable[str]) -> tuple[str, ...] | None:
    """Return the columns of file, start and end, by the names in use; None where one is lacking or not clear."""
    named = {c: plain_name(c) for c in columns}
    found = [[c for c, (n, unit) in named.items() if n in own and unit in (None, 1.0)] for own in _OTHER_NAMES.values()]
    return tuple(c[0] for c in found) if all(len(c) == 1 for c in found) else None


def _is_unnamed(head: FileHead) -> bool:
    if head.kind != "text":
        return all(c in head.columns for c in _UNNAMED[2])
    first = head.first[:3]
    return head.columns[:3] in _UNNAMED and len(first) == 3 and [is_number(c) for c in first] == [False, True, True]


def read_frames(path: Path, names: ColumnNames) -> Windowed:
    """Read windows (N, C). Raises BlendkitError for times that are not numbers, and for columns that are no classes."""
    columns, notes = read_columns(path, text=_OTHER_NAMES["file"], unnamed=(_UNNAMED, KEYS))
    keys = _keys(columns)
    if keys is None:
        raise BlendkitError(f"{path.name}: expected columns {', '.join(KEYS)}", [f"has {shorten(columns, 8)}"])
    file, start, end = (columns.pop(k) for k in keys)
    start, end = (_seconds(path, k, v) for k, v in ((keys[1], start), (keys[2], end)))
    found = class_columns(path.name, ColumnTable(columns), "", names.folds)
    values = np.column_stack([columns[c] for c in found.classes]).astype(np.float64)
    recordings = [recording_id(str(f).replace("\\", "/")) for f in file]
    notes = tuple(n for n in (*notes, *found.notes) if not n.startswith("row ids are in"))
    windowed = Windowed(recordings, start, end, values, found.classes, notes)
    if twice := repeated_windows(windowed):
        ways = ["keep one of each; scores of several models belong in a file for each"]
        raise BlendkitError(f"{path.name}: {len(twice)} windows occur more than once", [shorten(twice, 3), *ways])
    return windowed


def _seconds(path: Path, name: str, values: NDArray[Any]) -> NDArray[np.float64]:
    if values.dtype.kind not in "fiu" or not np.isfinite(values).all():
        raise BlendkitError(f"{path.name}: {name} does not hold seconds in every line")
    return values.astype(np.float64)
