"""Score tables of other notebooks: CSV, Parquet and NPZ, matched by row id and class name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blendkit.errors import BlendkitError, did_you_mean, shorten

ROW_ID = "row_id"


@dataclass(frozen=True, eq=False)
class Table:
    """What a score file holds: N row ids, C class ids, values (N, C) float, maybe a fold per row."""

    row_ids: list[str]
    classes: list[str]
    values: NDArray[np.floating[Any]]
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
    readers = {".csv": _read_csv, ".parquet": _read_parquet, ".npz": _read_npz}
    suffix = path.suffix.lower()
    if suffix not in readers:
        raise BlendkitError(
            f"{path.name}: cannot read {suffix or 'a file without suffix'} as a score table",
            [f"expected {', '.join(readers)}"],
        )
    if suffix == ".npz":
        return _read_npz(path, array, rows, classes, folds)
    given = [k for k, v in {"array": array, "classes": classes}.items() if v is not None]
    if given:
        raise BlendkitError(f"{path.name}: {given} belong to NPZ files; a {suffix} names classes by columns")
    columns = readers[suffix](path, rows or ROW_ID)  # type: ignore[operator]
    return _from_columns(path, columns, rows or ROW_ID, folds)


def _read_csv(path: Path, row_id: str) -> dict[str, NDArray[Any]]:
    import pyarrow as pa
    from pyarrow import csv

    try:
        header = csv.open_csv(path).schema.names
        twice = sorted({n for n in header if header.count(n) > 1})
        if twice:
            raise BlendkitError(f"{path.name}: duplicate columns", [shorten(twice)])
        types = {n: pa.string() if n == row_id else pa.float64() for n in header}
        missing = ["", "nan", "NaN", "NA", "null"]
        table = csv.read_csv(path, convert_options=csv.ConvertOptions(column_types=types, null_values=missing))
    except (OSError, pa.ArrowException) as error:
        raise BlendkitError(f"{path.name}: cannot read this CSV", [str(error).splitlines()[0]]) from error
    return {n: table[n].to_numpy() for n in table.column_names}


def _read_parquet(path: Path, row_id: str) -> dict[str, NDArray[Any]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowException) as error:
        raise BlendkitError(f"{path.name}: cannot read this Parquet file", [str(error).splitlines()[0]]) from error
    columns = {n: table[n].to_numpy() for n in table.column_names if not n.startswith("__index")}
    if row_id not in columns and {"recording", "end_s"} <= set(columns):  # a part of a logit store
        from blendkit.rows import format_seconds

        ends = [format_seconds(float(e)) for e in columns.pop("end_s")]
        names = columns.pop("recording")
        columns.pop("start_s", None)
        columns[row_id] = np.array([f"{r}_{e}" for r, e in zip(names, ends, strict=True)], object)
    return columns


def _from_columns(path: Path, columns: dict[str, NDArray[Any]], row_id: str, folds: str | None) -> Table:
    for name in filter(None, (row_id, folds)):
        if name not in columns:
            raise BlendkitError(
                f"{path.name}: no column {name!r}{did_you_mean(name, columns)}", [f"has {shorten(columns, 8)}"]
            )
    ids = [str(r) for r in columns[row_id]]
    fold = columns[folds] if folds else None
    classes = [n for n in columns if n not in (row_id, folds)]
    text = [n for n in classes if columns[n].dtype.kind not in "fiub"]
    if text or not classes:
        what = f"not numbers: {shorten(text)}" if text else "no class columns"
        raise BlendkitError(f"{path.name}: {what}")
    kept_float32 = all(columns[n].dtype == np.float32 for n in classes)
    values: NDArray[np.floating[Any]] = np.column_stack([columns[n] for n in classes])
    values = values.astype(np.float32 if kept_float32 else np.float64)
    return Table(ids, classes, values, fold)


def _read_npz(path: Path, array: str | None, rows: str | None, classes: str | None, folds: str | None) -> Table:
    try:
        with np.load(path, allow_pickle=False) as data:
            held = {n: data[n] for n in data.files if n in {array, rows, classes, folds}}
            shapes = [f"{n} {data[n].shape}" for n in data.files] if len(held) < 3 else []
            files = list(data.files)
    except (OSError, ValueError) as error:
        raise BlendkitError(f"{path.name}: cannot read this NPZ (pickled arrays are refused)", [str(error)]) from error
    problems = []
    for key, name in {"array": array, "rows": rows, "classes": classes, "folds": folds}.items():
        if name is None and key != "folds":
            problems.append(f"`{key}:` must name one of its arrays")
        elif name is not None and name not in held:
            problems.append(f"no array {name!r} for `{key}:`{did_you_mean(name, files)}")
    if problems:
        raise BlendkitError(f"{path.name}: cannot tell its arrays apart", [*problems, f"has {shorten(shapes, 12)}"])
    assert array
    assert rows
    assert classes
    values = np.asarray(held[array])
    ids, names = [str(r) for r in held[rows]], [str(c) for c in held[classes]]
    if values.shape != (len(ids), len(names)) or values.dtype.kind not in "fiu":
        raise BlendkitError(
            f"{path.name}: {array} is {values.dtype} {values.shape}, expected numbers of shape "
            f"({len(ids)} rows, {len(names)} classes)"
        )
    return Table(
        ids, names, values if values.dtype == np.float32 else values.astype(np.float64), held[folds] if folds else None
    )


def check_folds(path: str, recordings: Sequence[str], folds: NDArray[Any]) -> int:
    """Return the number of folds. Raises BlendkitError if a recording's chunks lie in several."""
    of: dict[str, set[str]] = {}
    for recording, fold in zip(recordings, folds, strict=True):
        of.setdefault(recording, set()).add(str(fold))
    split = [r for r, found in of.items() if len(found) > 1]
    if split:
        raise BlendkitError(f"{path}: recordings split over several folds", [shorten(split)])
    return len({f for found in of.values() for f in found})
