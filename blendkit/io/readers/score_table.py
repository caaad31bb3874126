"""Score tables of other notebooks: CSV, Parquet and NPZ, matched by row id and class name."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blendkit.core import Matrix
from blendkit.errors import BlendkitError, did_you_mean, shorten

ROW_ID = "row_id"
TABLE_SUFFIXES = (".csv", ".parquet", ".npz")


@dataclass(frozen=True, eq=False)
class Table:
    """The content of a score file: N row ids, C class ids, values (N, C) float, and a fold per row or None."""

    row_ids: list[str]
    classes: list[str]
    values: Matrix
    folds: NDArray[Any] | None = None


def read_table(
    path: Path,
    *,
    array: str | None = None,
    rows: str | None = None,
    classes: str | None = None,
    folds: str | None = None,
) -> Table:
    """Read a score table. CSV and Parquet: a row id column (`rows`, default row_id) and class columns.

    NPZ: `array` (N, C), `rows` (N,), `classes` (C,), `folds` (N,) name its arrays. Raises
    BlendkitError naming what is missing and what the file has.
    """
    suffix = path.suffix.lower()
    if suffix not in TABLE_SUFFIXES:
        raise BlendkitError(
            f"{path.name}: cannot read {suffix or 'a file without suffix'} as a score table",
            [f"expected {', '.join(TABLE_SUFFIXES)}"],
        )
    if suffix == ".npz":
        return _read_npz(path, array, rows, classes, folds)
    given = [k for k, v in {"array": array, "classes": classes}.items() if v is not None]
    if given:
        raise BlendkitError(f"{path.name}: {given} belong to NPZ files; a {suffix} names classes by columns")
    columns = _read_csv(path, rows or ROW_ID, folds) if suffix == ".csv" else _read_parquet(path, rows or ROW_ID)
    return _from_columns(path, columns, rows or ROW_ID, folds)


def _read_csv(path: Path, row_id: str, folds: str | None) -> dict[str, NDArray[Any]]:
    import pyarrow as pa
    from pyarrow import csv

    header: list[str] = []
    try:
        with csv.open_csv(path) as opened:
            header = opened.schema.names
        twice = sorted({n for n in header if header.count(n) > 1})
        if twice:
            raise BlendkitError(f"{path.name}: duplicate columns", [shorten(twice)])
        _require_columns(path, header, row_id, folds)
        types = {n: pa.float64() for n in header if n != folds} | {row_id: pa.string()}
        missing = ["", "nan", "NaN", "NA", "null"]
        table = csv.read_csv(path, convert_options=csv.ConvertOptions(column_types=types, null_values=missing))
    except (OSError, pa.ArrowException) as error:
        raise BlendkitError(f"{path.name}: cannot read this CSV", [_csv_reason(str(error), header)]) from error
    return {n: table[n].to_numpy() for n in table.column_names}


def _csv_reason(message: str, header: list[str]) -> str:
    """Return which column holds text where numbers are expected, else the first line of the reader's message."""
    found = re.search(r"column #(\d+): .*'(.*)'", message)
    if found and int(found[1]) < len(header):
        return f"column {header[int(found[1])]!r} holds {found[2]!r}, expected numbers"
    return message.splitlines()[0]


def _require_columns(path: Path, columns: Iterable[str], row_id: str, folds: str | None) -> None:
    known = list(columns)
    for name in filter(None, (row_id, folds)):
        if name not in known:
            raise BlendkitError(
                f"{path.name}: no column {name!r}{did_you_mean(name, known)}", [f"has {shorten(known, 8)}"]
            )


def _read_parquet(path: Path, row_id: str) -> dict[str, NDArray[Any]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowException) as error:
        raise BlendkitError(f"{path.name}: cannot read this Parquet file", [str(error).splitlines()[0]]) from error
    columns = {n: table[n].to_numpy() for n in table.column_names if not n.startswith("__index")}
    if row_id not in columns and {"recording", "end_s"} <= set(columns):  # a part of a logit store
        from blendkit.core import format_seconds

        ends = [format_seconds(float(e)) for e in columns.pop("end_s")]
        names = columns.pop("recording")
        columns.pop("start_s", None)
        columns[row_id] = np.array([f"{r}_{e}" for r, e in zip(names, ends, strict=True)], object)
    return columns


def _from_columns(path: Path, columns: dict[str, NDArray[Any]], row_id: str, folds: str | None) -> Table:
    _require_columns(path, columns, row_id, folds)
    ids = [str(r) for r in columns[row_id]]
    fold = columns[folds] if folds else None
    classes = [n for n in columns if n not in (row_id, folds)]
    text = [n for n in classes if columns[n].dtype.kind not in "fiub"]
    if text or not classes:
        what = f"not numbers: {shorten(text)}" if text else "no class columns"
        raise BlendkitError(f"{path.name}: {what}")
    float32 = all(columns[n].dtype == np.float32 for n in classes)
    values: Matrix = np.column_stack([columns[n] for n in classes])
    values = values.astype(np.float32 if float32 else np.float64)
    return Table(ids, classes, values, fold)


def _read_npz(path: Path, array: str | None, rows: str | None, classes: str | None, folds: str | None) -> Table:
    wanted = {"array": array, "rows": rows, "classes": classes, "folds": folds}
    try:
        with path.open("rb") as handle:  # np.load does not close a file that it cannot read
            data = np.load(handle, allow_pickle=False)
            if not hasattr(data, "files"):
                raise ValueError("it holds one bare array; save it with its row ids and classes by np.savez")
            problems = _npz_problems(wanted, list(data.files))
            if problems:
                listed = shorten([f"{n} {_npz_shape(data, n)}" for n in data.files], 12)
                raise BlendkitError(f"{path.name}: its arrays cannot be identified", [*problems, f"has {listed}"])
            held = {key: data[name] for key, name in wanted.items() if name is not None}
    except (OSError, ValueError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise BlendkitError(f"{path.name}: cannot read this NPZ (pickled arrays are refused)", [str(error)]) from error
    values, fold = np.asarray(held["array"]), held.get("folds")
    ids, names = _texts(held["rows"]), _texts(held["classes"])
    if values.shape != (len(ids), len(names)) or values.dtype.kind not in "fiu":
        expected = f"expected numbers of shape ({len(ids)} rows, {len(names)} classes)"
        raise BlendkitError(f"{path.name}: {array} is {values.dtype} {values.shape}, {expected}")
    if fold is not None and fold.shape != (len(ids),):
        raise BlendkitError(
            f"{path.name}: {folds} has shape {fold.shape}, expected one fold for each of {len(ids)} rows"
        )
    return Table(ids, names, values if values.dtype == np.float32 else values.astype(np.float64), fold)


def _npz_problems(wanted: dict[str, str | None], files: list[str]) -> list[str]:
    unnamed = [f"`{k}:` must name one of its arrays" for k, n in wanted.items() if n is None and k != "folds"]
    given = {k: n for k, n in wanted.items() if n is not None}
    return unnamed + [f"no array {n!r} for `{k}:`{did_you_mean(n, files)}" for k, n in given.items() if n not in files]


def _npz_shape(data: Any, name: str) -> str:
    try:
        return str(data[name].shape)
    except ValueError:  # pickled arrays are never loaded: their shape is unknown
        return "(pickled)"


def _texts(ids: NDArray[Any]) -> list[str]:
    return [i.decode() if isinstance(i, bytes) else str(i) for i in ids.ravel().tolist()]


def recording_folds(path: str, recordings: Sequence[str], folds: NDArray[Any]) -> dict[str, str]:
    """Return the fold of every recording. Raises BlendkitError if a recording's chunks are in several."""
    of: dict[str, dict[str, None]] = {}
    for recording, fold in zip(recordings, folds, strict=True):
        of.setdefault(recording, {})[str(fold)] = None
    split = [r for r, found in of.items() if len(found) > 1]
    if split:
        raise BlendkitError(f"{path}: recordings split over several folds", [shorten(split)])
    return {r: next(iter(found)) for r, found in of.items()}
