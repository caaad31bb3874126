"""Score tables of other notebooks: text, Parquet, Arrow and NPZ, matched by row id and class name."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from blendkit.core import Matrix
from blendkit.errors import BlendkitError, brief, did_you_mean, shorten
from blendkit.io.blank_cells import named_columns, without_blank
from blendkit.io.class_columns import ROW_ID, class_columns, find_row_id
from blendkit.io.column_table import ColumnTable
from blendkit.io.column_values import parquet_columns, parquet_table
from blendkit.io.file_kinds import file_kind, why_unreadable
from blendkit.io.npz_arrays import array_texts, npz_headers, only_matrix, read_npz_arrays
from blendkit.io.packed_files import FAILURES, open_packed, text_size
from blendkit.io.percentages import shares_of_percent
from blendkit.io.plain_scores import plain_scores
from blendkit.io.text_form import MISSING, TextForm, is_number, text_form

TABLE_SUFFIXES = (
    *(".csv", ".tsv", ".txt", ".parquet", ".pq", ".npz", ".arrow", ".feather", ".ipc"),
    *(".gz", ".zip", ".zst", ".bz2"),
)
_FOLDS = ("fold", "folds", "kfold")  # names of arrays that may hold the fold of every row


@dataclass(frozen=True, eq=False)
class Table:
    """The content of a score file: N row ids, C class ids, values (N, C) float, and a fold per row or None."""

    row_ids: list[str]
    classes: list[str]
    values: Matrix
    folds: NDArray[Any] | None = None
    notes: tuple[str, ...] = ()  # what was assumed, and what was left out


def read_table(
    path: Path,
    *,
    array: str | None = None,
    rows: str | None = None,
    classes: str | None = None,
    folds: str | None = None,
) -> Table:
    """Read a score table of one row per chunk, told by its content: text, Parquet, Arrow or NPZ.

    Text (CSV): any usual separator, decimal sign, encoding and compression. Text, Parquet and Arrow have a column of
    row ids (`rows`; default: row_id, or the one whose values are row ids) and class columns. NPZ: `array` (N, C),
    `rows` (N,), `classes` (C,), `folds` (N,) name its arrays. Raises BlendkitError naming what is missing and what the
    file has, and columns that may or may not be classes.
    """
    kind = _stored_as(path)
    if kind in ("npz", "npy"):
        return _read_npz(path, array, rows, classes, folds)
    given = [f"`{k}: {v}`" for k, v in {"array": array, "classes": classes}.items() if v is not None]
    if given:
        raise BlendkitError(
            f"{path.name}: this {kind} table names classes by columns, and {' and '.join(given)} is for NPZ files",
            ["of two files each may have its own: `array: {oof: probs, test: null}`"],
        )
    if kind not in ("Parquet", "Arrow"):
        form = text_form(path)
        row_id = find_row_id(path.name, form.header, rows, dict(zip(form.header, form.first, strict=False)))
        read = _read_text(path, form, row_id, folds)
        columns, notes = shares_of_percent(path.name, read.columns, (row_id, folds))
        return _from_columns(path, replace(read, columns=columns), row_id, folds, [*form.notes, *notes])
    read = _read_binary(path)
    first = {n: str(v[0]) for n, v in read.columns.items() if len(v)}
    return _from_columns(path, read, find_row_id(path.name, list(read.columns), rows, first), folds, [])


def read_columns(
    path: Path, text: Sequence[str], unnamed: tuple[Sequence[tuple[str, ...]], tuple[str, ...]]
) -> tuple[dict[str, NDArray[Any]], tuple[str, ...]]:
    """Return the columns of a text, Parquet or Arrow table, those in `text` as str, and notes on the file.

    unnamed: what the first columns may be called if their writer gave them no names, and their names.
    """
    others, given = unnamed
    if _stored_as(path) in ("Parquet", "Arrow"):
        columns = parquet_columns(path)
        without = next((dict(zip(o, given, strict=True)) for o in others if set(o) <= set(columns)), {})
        return {without.get(n, n): v for n, v in columns.items()}, ()
    form = text_form(path)
    if form.header[: len(given)] in others:
        form = replace(form, header=(*given, *form.header[len(given) :]))
    names = [c for c in form.header if c.strip().lower() in text]
    return dict(_read_text(path, form, names[0] if names else form.header[0], None).columns), tuple(form.notes)


def _stored_as(path: Path) -> str:
    """Return text, Parquet, Arrow, npz or npy. Raises BlendkitError if the file cannot be read."""
    try:
        return file_kind(path)
    except (*FAILURES, NotImplementedError) as error:
        raise BlendkitError(f"{path.name}: cannot read this file", [why_unreadable(path, error)]) from error


def _read_text(path: Path, form: TextForm, row_id: str, folds: str | None) -> ColumnTable:
    import pyarrow as pa

    header = named_columns(form.header)
    twice = sorted(n for n, k in Counter(header).items() if k > 1)
    if twice:
        raise BlendkitError(f"{path.name}: duplicate columns", [shorten(map(repr, twice))])
    _require_columns(path, header, row_id, folds)
    text = [n for n, value in zip(header, form.first, strict=False) if not is_number(value, form.decimal)]
    types = {n: pa.float64() for n in header if n != folds and n not in text} | {row_id: pa.string()}
    others = [n for n in header if types.get(n) != pa.float64()]
    try:
        if form.encoding == "utf-8" and form.decimal == "." and not form.before:
            with open_packed(path) as file:
                read_others = partial(_read_cells, form=form, header=others, types=types)
                plain = plain_scores(file, text_size(path), [n in others for n in header], form.separator, read_others)
            if plain is not None:
                return _beside(header, *plain)
        with open_packed(path) as file:
            return ColumnTable(without_blank(_read_cells(file, form, header, types, skip=form.before + 1), row_id))
    except (*FAILURES, pa.ArrowException) as error:
        reason = _first_reason(path, form, header, types) or _csv_reason(str(error), header)
        raise BlendkitError(f"{path.name}: cannot read this table", [reason]) from error


def _first_reason(path: Path, form: TextForm, header: list[str], types: dict[str, Any]) -> str:
    """Return what one thread finds wrong first: of several threads, any may be the first to say what it found."""
    import pyarrow as pa

    try:
        with open_packed(path) as file:
            _read_cells(file, form, header, types, skip=form.before + 1, threads=False)
    except (*FAILURES, pa.ArrowException) as error:
        return _csv_reason(str(error), header)
    return ""


def _read_cells(
    text: IO[bytes] | bytes,
    form: TextForm,
    header: Sequence[str],
    types: dict[str, Any],
    skip: int = 0,
    *,
    threads: bool = True,
) -> dict[str, NDArray[Any]]:
    """Return the columns of a text: those with types, and others of the type that their cells suggest."""
    import pyarrow as pa
    from pyarrow import csv

    table = csv.read_csv(
        pa.BufferReader(text) if isinstance(text, bytes) else text,
        read_options=csv.ReadOptions(
            encoding=form.encoding, column_names=list(header), skip_rows=skip, use_threads=threads
        ),
        parse_options=csv.ParseOptions(delimiter=form.separator, ignore_empty_lines=skip > 0),
        convert_options=csv.ConvertOptions(column_types=types, null_values=list(MISSING), decimal_point=form.decimal),
    )
    return {n: table[n].to_numpy() for n in table.column_names}


def _beside(header: Sequence[str], numbers: Matrix, others: dict[str, NDArray[Any]]) -> ColumnTable:
    """Return the columns of a header: numbers (N, M) are those that are not among the others."""
    names = tuple(n for n in header if n not in others)
    at = {n: i for i, n in enumerate(names)}
    return ColumnTable({n: others[n] if n in others else numbers[:, at[n]] for n in header}, names, numbers)


def _csv_reason(message: str, header: list[str]) -> str:
    """Return which column holds text where numbers are expected, else the start of the reader's message."""
    found = re.search(r"column #(\d+): .*'(.*)'", message)
    if found and int(found[1]) < len(header):
        return (
            f"column {header[int(found[1])]!r} holds {brief(found[2])!r}, expected numbers{_write_as_share(found[2])}"
        )
    return message.splitlines()[0][:200]


def _write_as_share(cell: str) -> str:
    return " (0.186 in place of 18.6%, in the whole column)" if cell.strip().endswith("%") else ""


def _require_columns(path: Path, columns: Iterable[str], row_id: str, folds: str | None) -> None:
    known = list(columns)
    for name in filter(None, (row_id, folds)):
        if name not in known:
            raise BlendkitError(
                f"{path.name}: no column {name!r}{did_you_mean(name, known)}", [f"has {shorten(known, 8)}"]
            )


def _read_binary(path: Path) -> ColumnTable:
    table = parquet_table(path)
    columns = dict(table.columns)
    stored = {"recording", "end_s"} <= set(columns) and columns["end_s"].dtype.kind in "fiu"
    if stored and ROW_ID not in columns:  # a part of a logit store
        from blendkit.core import format_seconds

        ends = [format_seconds(float(e)) for e in columns.pop("end_s")]
        names = columns.pop("recording")
        columns.pop("start_s", None)
        columns[ROW_ID] = np.array([f"{r}_{e}" for r, e in zip(names, ends, strict=True)], object)
    return replace(table, columns=columns)


def _from_columns(path: Path, table: ColumnTable, row_id: str, folds: str | None, notes: Sequence[str]) -> Table:
    _require_columns(path, table.columns, row_id, folds)
    found = class_columns(path.name, table, row_id, folds)
    ids = [str(r) for r in table.columns[row_id]]
    fold = table.columns[folds] if folds else None
    return Table(ids, list(found.classes), table.stacked(found.classes), fold, (*notes, *found.notes))


def _read_npz(path: Path, array: str | None, rows: str | None, classes: str | None, folds: str | None) -> Table:
    headers = npz_headers(path)
    array = only_matrix(headers, rows, classes) if array is None else array
    wanted = {"array": array, "rows": rows, "classes": classes, "folds": folds}
    problems = _npz_problems(wanted, list(headers))
    if problems:
        listed = shorten([f"{n} {h}" for n, h in headers.items()], 12)
        raise BlendkitError(f"{path.name}: its arrays cannot be identified", [*problems, f"has {listed}"])
    given = {key: name for key, name in wanted.items() if name is not None}
    found = read_npz_arrays(path, list(given.values()))
    held = {key: found[name] for key, name in given.items()}
    values, fold = held["array"], held.get("folds")
    ids, names = array_texts(held["rows"]), array_texts(held["classes"])
    if values.shape != (len(ids), len(names)) or values.dtype.kind not in "fiub":
        expected = f"expected numbers of shape ({len(ids)} rows, {len(names)} classes)"
        raise BlendkitError(f"{path.name}: {array} is {values.dtype} {values.shape}, {expected}")
    if fold is not None and fold.shape != (len(ids),):
        raise BlendkitError(
            f"{path.name}: {folds} has shape {fold.shape}, expected one fold for each of {len(ids)} rows"
        )
    notes = tuple(
        f"array {n!r} may hold folds: --folds {n} (`folds:` in a recipe) reads them"
        for n, h in headers.items()
        if fold is None and n.lower() in _FOLDS and tuple(h.shape) == (len(ids),)
    )
    return Table(ids, names, values if values.dtype == np.float32 else values.astype(np.float64), fold, notes)


def _npz_problems(wanted: dict[str, str | None], files: list[str]) -> list[str]:
    lacking = [k for k, n in wanted.items() if n is None and k != "folds"]
    unnamed = [f"`{k}:` must name one of its arrays" for k in lacking]
    if "array" in lacking:
        unnamed[lacking.index("array")] += " (on the command line: FILE.npz:ARRAY)"
    given = {k: n for k, n in wanted.items() if n is not None}
    return unnamed + [f"no array {n!r} for `{k}:`{did_you_mean(n, files)}" for k, n in given.items() if n not in files]


def recording_folds(path: str, recordings: Sequence[str], folds: NDArray[Any]) -> dict[str, str]:
    """Return the fold of every recording. Raises BlendkitError if a recording's chunks are in several."""
    of: dict[str, dict[str, None]] = {}
    for recording, fold in zip(recordings, folds, strict=True):
        of.setdefault(recording, {})[str(fold)] = None
    split = [r for r, found in of.items() if len(found) > 1]
    if split:
        raise BlendkitError(f"{path}: recordings split over several folds", [shorten(split)])
    return {r: next(iter(found)) for r, found in of.items()}
