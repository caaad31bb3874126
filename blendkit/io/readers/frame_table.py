"""Tables of windows as opensoundscape writes them: file, start_time, end_time, and one column per class."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from blendkit.core import recording_id
from blendkit.errors import BlendkitError, shorten
from blendkit.io.class_columns import class_columns
from blendkit.io.file_reader import ColumnNames
from blendkit.io.readers.score_table import read_columns
from blendkit.io.windowed import Windowed

KEYS = ("file", "start_time", "end_time")


def is_frame_table(columns: frozenset[str]) -> bool:
    """Return whether a table has these columns, and none that says one label or score a line."""
    return set(KEYS) <= columns and not columns & {"label", "score", "confidence", "scientific name", "common name"}


def read_frames(path: Path, names: ColumnNames) -> Windowed:
    """Read windows (N, C). Raises BlendkitError for times that are not numbers, and for columns that are no classes."""
    columns, notes = read_columns(path, text=("file",))
    by_name = {c.strip().lower(): c for c in columns}
    file, start, end = (columns.pop(by_name[k]) for k in KEYS)
    bad = [k for k, v in (("start_time", start), ("end_time", end)) if v.dtype.kind not in "fiu"]
    if bad:
        raise BlendkitError(f"{path.name}: {shorten(bad)} do not hold seconds")
    found = class_columns(path.name, columns, "", names.folds)
    values = np.column_stack([columns[c] for c in found.classes]).astype(np.float64)
    recordings = [recording_id(str(f).replace("\\", "/")) for f in file]
    notes = tuple(n for n in (*notes, *found.notes) if not n.startswith("row ids are in"))
    return Windowed(recordings, start.astype(np.float64), end.astype(np.float64), values, found.classes, notes)
