"""Frames of pandas whose index or columns name chunks: as opensoundscape has them, or by row id."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blendkit.core.columns_that_are_no_classes import numbers_rows
from blendkit.core.names import NameRule
from blendkit.core.recording_paths import path_ids
from blendkit.core.rows import Rows, make_rows, rows_from_ids
from blendkit.errors import BlendkitError, shorten

if TYPE_CHECKING:
    import pandas as pd

OWN_IDS = "blendkit recording ids"  # marks a frame whose files are recording ids
_SPANS, _ROW_ID = ("file", "start_time", "end_time"), ("row_id",)


def keyed_frame(frame: pd.DataFrame, names: NameRule, chunk_s: float) -> tuple[pd.DataFrame, Rows]:
    """Return a frame whose columns are all classes, and its rows.

    Raises BlendkitError for a frame that does not say which chunk a row is, and for columns without numbers.
    """
    keys = next((k for k in (_SPANS, _ROW_ID) if tuple(frame.index.names) == k), None)
    if keys is None:
        keys = next((k for k in (_SPANS, _ROW_ID) if set(k) <= set(frame.columns)), None)
        if keys is None:
            has = [str(c) for c in (*(n for n in frame.index.names if n is not None), *frame.columns)]
            ways = ["expected row_id, or file, start_time and end_time, as index or columns", f"has {shorten(has)}"]
            raise BlendkitError("frame: which chunk is a row?", ways)
        frame = frame.set_index(list(keys))
    if odd := [str(c) for c in frame.columns if numbers_rows(str(c)) or str(c).strip().lower() == "fold"]:
        raise BlendkitError("frame: columns that are no classes", [shorten(odd), f"frame.drop(columns={odd[:5]})"])
    kinds = zip(frame.columns, frame.dtypes, strict=True)
    if wrong := [f"{c} ({kind})" for c, kind in kinds if kind.kind not in "biuf"]:
        raise BlendkitError("frame: every other column is a class and holds numbers", [f"not {shorten(wrong)}"])
    first = frame.index.get_level_values(keys[0]).astype(str).tolist()
    if keys == _ROW_ID:
        return frame, rows_from_ids(first, chunk_s, names)
    ids = {} if frame.attrs.get(OWN_IDS, False) else path_ids(first)
    files = [ids.get(f, f) for f in first]
    start, end = (frame.index.get_level_values(k).to_numpy(float) for k in keys[1:])
    return frame, make_rows(files, start, end, names)
