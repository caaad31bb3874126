"""Which columns of a score table are classes, and which a reader must not take for one."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blendkit.core import numbers_rows, recording_id
from blendkit.errors import BlendkitError, did_you_mean, shorten
from blendkit.io.column_table import ColumnTable

ROW_ID = "row_id"
_ID_NAMES = ("row_id", "rowid", "id", "row", "filename", "file", "name", "index")
_FEWEST = 3  # rows by which a column can be told to number them
_FEW = 0.3  # of the columns
_PERCENT = 100
_ENOUGH_ROWS = 20  # to judge the scale of a column
# by which pandas and polars tell the columns of two joined tables apart; a name alone stands for the left one
_SIDES = (("_x", "_y"), ("_left", "_right"), ("_right", ""), ("_y", ""), ("_x", ""))
# fmt: off
_ABOUT_ROWS = {
    "fold", "folds", "kfold", "split", "start", "end", "start_s", "end_s", "start_time", "end_time",
    "start_sec", "end_sec", "time", "second", "seconds", "offset", "duration", "site", "hour", "hour_utc",
    "date", "datetime", "month", "filename", "file", "filepath", "path", "recording", "audio", "chunk",
    "latitude", "longitude", "lat", "lon", "lng", "elevation", "altitude", "temperature", "temp_c", "temperature_c",
    "humidity", "snr", "snr_db", "rms", "rms_db", "moon_phase", "cluster_id", "group_id", "timestamp", "timezone",
    "sample_rate", "top_species_conf", "max_score", "max_conf",
}  # columns that many tables have beside their classes
# fmt: on


@dataclass(frozen=True)
class ClassColumns:
    """The columns of a table: its row ids, its classes, and what was left out, in words."""

    row_id: str
    classes: tuple[str, ...]
    notes: tuple[str, ...] = ()


def find_row_id(source: str, columns: Sequence[str], wanted: str | None, first: Mapping[str, str]) -> str:
    """Return the column of row ids: the one that is named, `row_id`, or the only one whose values look like row ids.

    first: a value of each column. Raises BlendkitError, with the columns, if there is none.
    """
    if wanted is not None or ROW_ID in columns:
        name = wanted or ROW_ID
        if name in columns:
            return name
        raise BlendkitError(
            f"{source}: no column {name!r}{did_you_mean(name, columns)}", [f"has {shorten(columns, 8)}"]
        )
    likely = [c for c in columns if _looks_like_a_row_id(first.get(c, ""))]
    named = [c for c in likely if c.strip().lower() in _ID_NAMES]
    found = named if len(named) == 1 else likely
    if len(found) == 1 and not _is_a_row(found[0], columns):
        return found[0]
    if len(found) == 1:
        ways = [f"its first line is {shorten(columns, 8)}", f"add a line above it: {ROW_ID}, and the id of each class"]
        raise BlendkitError(f"{source}: its first line is a row, not a header", ways)
    problems = [
        f"has {shorten(columns, 8)}",
        "expected row ids <recording>_<end second>; name their column with `rows:`",
    ]
    raise BlendkitError(f"{source}: no column {ROW_ID!r}{did_you_mean(ROW_ID, columns)}", problems)


def _is_a_row(name: str, columns: Sequence[str]) -> bool:
    """Return whether names of columns are a row: the row id's looks like one, and others have decimals."""
    return _looks_like_a_row_id(name) and any(re.fullmatch(r"-?\d*\.\d+(?:[eE]-?\d+)?", c.strip()) for c in columns)


def has_row_ids(columns: Sequence[str], first: Mapping[str, str]) -> bool:
    """Return whether a table has a column of row ids, by name or by its first value."""
    return ROW_ID in columns or any(_looks_like_a_row_id(first.get(c, "")) for c in columns)


def class_columns(source: str, table: ColumnTable, row_id: str, folds: str | None) -> ClassColumns:
    """Return which columns are classes.

    Columns that pandas makes (numbers of rows without a name, `Unnamed: 0`, `index`) and columns about rows (fold,
    times, site) are left out with a note. Raises BlendkitError for what may be either: such a name with other values,
    classes that a merge wrote twice, text, and an empty name.
    """
    columns = table.columns
    others = [c for c in columns if c not in (row_id, folds)]
    numbered = [c for c in others if numbers_rows(c) or _counts_rows(columns[c])]
    about = [c for c in others if c.strip().lower() in _ABOUT_ROWS and c not in numbered]
    classes = [c for c in others if c not in numbered and c not in about]
    problems = [
        f"column {c!r} is no class id, and does not number the rows either: leave it out, or give it its class id"
        for c in numbered
        if not _tells_rows_apart(columns[c])
    ]
    problems += [f"{c!r} is no class id" for c in classes if c.strip().lower() in ("nan", "none", "null")]
    problems += _written_twice(classes)
    text = [c for c in classes if columns[c].dtype.kind not in "fiub"]
    problems += [f"not numbers: {shorten(text)}", _without_text(classes, text, row_id)] if text else []
    if not classes and not problems:
        problems = ["no class columns"]
    scales = [] if text else _of_another_scale(table, classes) or _whole_among_fractions(table, classes)
    if problems or scales:
        what = "its columns are not all classes" if problems else "its columns are not all of one scale"
        raise BlendkitError(f"{source}: {what}", [*problems, *scales])
    notes = [f"left out, for it numbers the rows: column {shorten(map(repr, numbered))}"] if numbered else []
    notes += [f"left out, for they are no classes: columns {shorten(about)}"] if about else []
    notes += [f"row ids are in column {row_id!r}"] if row_id != ROW_ID else []
    return ClassColumns(row_id, tuple(classes), tuple(notes))


def _without_text(classes: Sequence[str], text: Sequence[str], row_id: str) -> str:
    """Return the way out for columns of text: a table of one score a line becomes one of a class a column."""
    if len(text) == 1 and len(classes) == 2:
        (score,) = set(classes) - set(text)
        names = f"index={row_id!r}, columns={text[0]!r}, values={score!r}"
        return f"a line per chunk and class? in pandas: frame.pivot({names})"
    return "leave out what is no class"


def _looks_like_a_row_id(value: str) -> bool:
    stem, _, end = value.rpartition("_")
    return bool(stem) and bool(recording_id(stem)) and end.replace(".", "", 1).isdigit()


def _counts_rows(values: NDArray[Any]) -> bool:
    """Return whether values are 0, 1, 2 ... or 1, 2, 3 ...: no class has such scores."""
    if values.dtype.kind not in "iuf" or len(values) < _FEWEST:
        return False
    return float(values[0]) in (0.0, 1.0) and bool(np.array_equal(values, np.arange(len(values)) + float(values[0])))


def _tells_rows_apart(values: NDArray[Any]) -> bool:
    """Return whether a nameless column is the index of a table that was sorted, filtered or stacked."""
    if values.dtype.kind not in "iuf":
        return False
    whole = bool(np.array_equal(values, np.round(values))) and bool((values >= 0).all())
    return whole and len(np.unique(values)) == len(values)


def _of_another_scale(table: ColumnTable, classes: Sequence[str]) -> list[str]:
    """Return a problem for few columns beyond [0, 1] beside many that lie within, or fewer that lie wholly beyond.

    Infinite values are none of scale. Rare classes stay within [0, 1] in percentages, too.
    """
    ends = table.ends([c for c in classes if len(table.columns[c]) >= _ENOUGH_ROWS])
    beyond = [c for c, (low, high) in ends.items() if (low < 0 or high > 1) and math.isfinite(high - low)]
    within = [c for c, (low, high) in ends.items() if 0 <= low < high <= 1]  # a constant says nothing of the scale
    wholly = [c for c in beyond if ends[c][0] > 1 or ends[c][1] < 0]
    few = len(beyond) <= (len(within) + len(beyond)) * _FEW or len(beyond) == len(wholly) < len(within)
    if not beyond or len(within) < 2 or not few:
        return []
    worst = [f"{c!r} in [{ends[c][0]:g}, {ends[c][1]:g}]" for c in beyond]
    asked = "are these classes? leave out what is none"
    if len(beyond) > 1 and _percentages([ends[c] for c in beyond], [table.columns[c] for c in beyond]):
        asked = "are all of them percentages? divide them by 100; a column that is no class must be left out"
    return [f"{len(within)} columns lie in [0, 1], but {shorten(worst, 3)}: {asked}"]


def _whole_among_fractions(table: ColumnTable, classes: Sequence[str]) -> list[str]:
    """Return a problem for few columns of several whole numbers beside many with fractions: counts, folds, sites."""
    columns = {c: table.columns[c] for c in classes if len(table.columns[c]) >= _ENOUGH_ROWS}
    whole = [c for c, v in columns.items() if _are_whole(v[:_ENOUGH_ROWS]) and _are_whole(v)]
    odd = [c for c in whole if columns[c].min() >= 0 and len(np.unique(columns[c])) >= _FEWEST]  # counts have no sign
    fractions = len(columns) - len(whole)
    if not odd or fractions < 2 or len(odd) > (len(odd) + fractions) * _FEW:
        return []
    said = shorten([f"{c!r} from {columns[c].min():g} to {columns[c].max():g}" for c in odd], 3)
    return [f"whole numbers alone beside columns of fractions: {said}: are these classes? leave out what is none"]


def _are_whole(values: NDArray[Any]) -> bool:
    return bool(np.array_equal(values, np.round(values)))


def _percentages(ends: Sequence[tuple[float, float]], columns: Sequence[NDArray[Any]]) -> bool:
    """Return whether columns beyond [0, 1] can be percentages: none beyond [0, 100], and not all whole numbers."""
    inside = all(low >= 0 and high <= _PERCENT for low, high in ends) and max(high for _, high in ends) > _PERCENT / 10
    return inside and any((c != np.round(c)).any() for c in columns)


def _written_twice(classes: Sequence[str]) -> list[str]:
    """Return a problem for the suffixes by which pandas tells columns of one name apart."""
    known = set(classes)
    numbered = [c for c in classes if re.search(r"\.\d+$", c) and c.rpartition(".")[0] in known]
    pairs = [(c, c.removesuffix(a) + b) for a, b in _SIDES for c in classes if c.endswith(a)]
    merged = [f"{c} and {other}" for c, other in pairs if other in known and c != other]
    problems = []
    if numbered:
        problems.append(f"{shorten(numbered)}: the same class twice? pandas numbers columns of one name")
    if merged:
        problems.append(f"{shorten(merged)}: two tables merged into one? give each table a member of its own")
    return problems
