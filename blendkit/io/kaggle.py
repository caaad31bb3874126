"""Kaggle files: the sample submission that fixes the order, and the submission itself."""

from __future__ import annotations

import csv as csv_text
import io
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blendkit.errors import BlendkitError, DeliveryError, shorten
from blendkit.files import atomic_path
from blendkit.io.tables import ROW_ID, read_table

_WRITE_ROWS = 65536
_SCORES = ("score", "publicscore", "privatescore", "publicleaderboardscore", "privateleaderboardscore")


@dataclass(frozen=True)
class Template:
    """A sample submission: its row ids and its class columns, in file order."""

    row_ids: tuple[str, ...]
    classes: tuple[str, ...]


def read_template(path: Path) -> Template:
    """Read a sample submission. Raises BlendkitError without a row_id column or with a row id twice."""
    table = read_table(path)
    twice = [r for r, n in Counter(table.row_ids).items() if n > 1]
    if twice:
        raise BlendkitError(f"{path.name}: duplicate row ids", [shorten(twice)])
    return Template(tuple(table.row_ids), tuple(table.classes))


def read_leaderboard(path: Path) -> NDArray[np.float64]:
    """Return the scores (T,) of a leaderboard CSV, from its column Score, PublicScore or PrivateScore.

    Raises BlendkitError for a file without such a column, or with scores that are no numbers.
    """
    import pandas as pd

    try:
        frame = pd.read_csv(path)
    except (OSError, ValueError) as error:
        raise BlendkitError(f"{path}: cannot read this leaderboard", [str(error).splitlines()[0]]) from error
    column = next((c for c in frame.columns if str(c).replace("_", "").lower() in _SCORES), None)
    if column is None:
        raise BlendkitError(f"{path}: no column Score", [f"has {shorten(frame.columns, 8)}"])
    scores = pd.to_numeric(frame[column], errors="coerce").to_numpy(np.float64)
    bad = np.flatnonzero(~np.isfinite(scores))
    if len(bad) or not len(scores):
        rows = [f"line {i + 2}: {frame[column].iloc[i]!r}" for i in bad.tolist()]
        raise BlendkitError(f"{path}: scores that are no numbers", [shorten(rows) or "there is no team"])
    return scores


def write_submission(path: Path, row_ids: list[str], classes: tuple[str, ...], values: NDArray[np.float64]) -> None:
    """Write row_id and one column per class, each value (N, C) with its shortest round-trip digits.

    The file is re-read and compared bit for bit before it takes its name. Raises DeliveryError if
    it does not read back.
    """
    import pyarrow as pa
    from pyarrow import csv

    columns = [pa.array(row_ids, pa.string()), *(np.ascontiguousarray(c) for c in values.T)]
    with atomic_path(path) as temporary:
        with temporary.open("wb") as handle:
            header = io.StringIO()
            csv_text.writer(header, lineterminator="\n").writerow([ROW_ID, *classes])
            handle.write(header.getvalue().encode())
            table = pa.table(columns, names=[ROW_ID, *classes])
            options = csv.WriteOptions(include_header=False, batch_size=_WRITE_ROWS, quoting_style="needed")
            csv.write_csv(table, handle, options)
        _verify(temporary, path.name, row_ids, classes, values)


def ties_made(before: NDArray[np.floating[Any]], after: NDArray[np.floating[Any]]) -> int:
    """Return how many distinct values per column were lost between two (N, C) matrices, summed."""
    return sum(max(len(np.unique(b)) - len(np.unique(a)), 0) for b, a in zip(before.T, after.T, strict=True))


def _verify(path: Path, name: str, row_ids: list[str], classes: tuple[str, ...], values: NDArray[np.float64]) -> None:
    import pyarrow as pa
    from pyarrow import csv

    types = {ROW_ID: pa.string(), **{c: pa.float64() for c in classes}}
    table = csv.read_csv(path, convert_options=csv.ConvertOptions(column_types=types, strings_can_be_null=False))
    same_ids = table.column_names == [ROW_ID, *classes] and table[ROW_ID].to_pylist() == row_ids
    if not same_ids or any(not np.array_equal(table[c].to_numpy(), v) for c, v in zip(classes, values.T, strict=True)):
        raise DeliveryError(f"{name}: what was written does not read back")
