"""Writing of submission files; every file is read back and checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from blendkit.core import Float64, Int64, Matrix, Scores, distinct_values, require_kind, sigmoid, written_space
from blendkit.errors import BlendkitError, DeliveryError, shorten
from blendkit.io.class_columns import ROW_ID
from blendkit.io.plain_lines import are_plain, loops_pay
from blendkit.io.provenance import Provenance, write_side_provenance
from blendkit.io.writers.number_table import Part, write_number_table
from blendkit.io.writers.parquet_submission import PARQUET_SUFFIXES, write_parquet_submission
from blendkit.io.writers.safe_cells import safe_cell
from blendkit.io.writers.text_rows import csv_text
from blendkit.store import atomic_path

_WRITE_ROWS = 65536
_COLUMNS = 32  # whose ties are counted at a time


# fmt: off
_OTHER_FORMATS = frozenset({
    ".npz", ".npy", ".json", ".jsonl", ".tsv", ".xlsx", ".xls", ".ods", ".gz", ".zip", ".bz2", ".xz", ".zst", ".7z",
    ".feather", ".arrow", ".ipc", ".orc", ".h5", ".hdf5", ".pkl", ".pickle", ".db", ".sqlite", ".sqlite3", ".zarr",
    ".yaml", ".yml", ".html", ".wav", ".onnx", ".pt",
})  # files of these names are opened as what the name says
# fmt: on


@dataclass(frozen=True)
class Written:
    """A score file that was written, the ties that its writing made, and the ids that were made safe, as they were."""

    path: Path
    rows: int
    classes: int
    ties_by_writing: int
    tied_cells: int
    made_safe: tuple[str, ...] = ()


def write_scores(
    scores: Scores,
    path: Path | str,
    order: Int64 | None = None,
    provenance: Provenance | None = None,
    *,
    safe: bool = False,
    row_ids: Sequence[str] | None = None,
) -> Written:
    """Write scores as a submission: logits as probabilities by a float64 sigmoid, other scores unchanged.

    path: of a Parquet file if it ends in .parquet or .pq, else of a CSV. order (N,): of the rows; default:
    unchanged. row_ids (N,): of the written rows, as a template spells them. safe: row ids and class ids that a
    spreadsheet would run as formulas get an apostrophe before them, so that they no longer match those of a
    competition. provenance: where the scores come from, written beside the file as `FILE.provenance.json`, from
    which every reader takes it; its space becomes that of the file. Digits are the shortest that read back as the
    same number. Raises BlendkitError for ids that become equal when they are made safe, and for a name that ends
    like a file of another kind; DeliveryError if the file does not read back equal.
    """
    require_kind(scores, Scores, "scores to write", "`Scores.from_frame` makes scores of a table")
    if Path(path).suffix.lower() in _OTHER_FORMATS:
        ways = ["`blendkit convert` writes other formats, such as NPZ"]
        raise BlendkitError(f"{path}: scores are written as .csv or .parquet", ways)
    rows = scores.rows if order is None else scores.rows.take(order)
    ids, classes = rows.ids() if row_ids is None else list(row_ids), scores.classes
    made_safe = tuple(i for i in (*ids, *classes) if safe and safe_cell(i) != i)
    if safe:
        ids, classes = _safe(ids, Path(path)), tuple(_safe(classes, Path(path)))
    _write_parts(Path(path), ids, classes, partial(_written_values, scores, order))
    if provenance is not None:
        write_side_provenance(Path(path), replace(provenance, space=written_space(scores.space)))
    made, tied = _ties(scores)
    return Written(Path(path), len(ids), len(classes), made, tied, made_safe)


def _written_values(scores: Scores, order: Int64 | None, rows: slice) -> Float64:
    """Return what is written of some rows (M, C) of the order."""
    values = scores.values[rows] if order is None else scores.values[order[rows]]
    return np.asarray(sigmoid(values) if scores.space == "logit" else values, np.float64)


def _ties(scores: Scores) -> tuple[int, int]:
    """Return how many distinct values are lost by writing, and how many written cells tie with one before them."""
    made, tied = 0, 0
    for first in range(0, len(scores.classes), _COLUMNS):
        before = scores.values[:, first : first + _COLUMNS]
        written = sigmoid(before) if scores.space == "logit" else before
        distinct = distinct_values(written)
        tied += written.size - int(distinct.sum())
        if scores.space == "logit":
            made += int(np.maximum(distinct_values(before) - distinct, 0).sum())
    return made, tied


def _safe(ids: Sequence[str], path: Path) -> list[str]:
    """Return ids that a spreadsheet shows and never runs. Raises BlendkitError where two become one."""
    safe = [safe_cell(i) for i in ids]
    twice = [i for i, s in zip(ids, safe, strict=True) if s != i and s in set(ids)]
    if twice:
        raise BlendkitError(
            f"{path.name}: {len(twice)} ids with an apostrophe before them are ids of their own: {shorten(twice)}",
            ["rename one of the two, or write the file as it is"],
        )
    return safe


def write_submission(path: Path, row_ids: list[str], classes: tuple[str, ...], values: Matrix) -> None:
    """Write row_id and one column per class, each value (N, C) as float64 with its shortest round-trip digits.

    The file is re-read and compared bit for bit before it gets its name. Raises DeliveryError if it does
    not read back equal.
    """
    _write_parts(path, row_ids, classes, lambda rows: np.asarray(values[rows], np.float64))


def _write_parts(path: Path, row_ids: list[str], classes: tuple[str, ...], part: Part) -> None:
    """Write a submission of which `part` gives the values of some rows, as `write_submission` does."""
    with atomic_path(path) as temporary:
        if path.suffix.lower() in PARQUET_SUFFIXES:
            if not write_parquet_submission(temporary, path.name, row_ids, classes, part):
                raise _not_equal(path.name)
            return
        header = csv_text([ROW_ID, *classes], []).encode()
        if not are_plain(row_ids) or not loops_pay(len(row_ids) * len(classes)):
            _write_by_arrow(temporary, header, row_ids, classes, part(slice(None)))
        elif write_number_table(temporary, header, row_ids, len(classes), part):
            return
        _verify(temporary, path.name, row_ids, classes, part(slice(None)))


def _write_by_arrow(path: Path, header: bytes, row_ids: list[str], classes: tuple[str, ...], values: Float64) -> None:
    import pyarrow as pa
    from pyarrow import csv

    columns = [pa.array(row_ids, pa.string()), *(np.ascontiguousarray(c) for c in values.T)]
    with path.open("wb") as handle:
        handle.write(header)
        table = pa.table(columns, names=[ROW_ID, *classes])
        options = csv.WriteOptions(include_header=False, batch_size=_WRITE_ROWS, quoting_style="needed")
        csv.write_csv(table, handle, options)


def _verify(path: Path, name: str, row_ids: list[str], classes: tuple[str, ...], values: Float64) -> None:
    import pyarrow as pa
    from pyarrow import csv

    types = {ROW_ID: pa.string(), **{c: pa.float64() for c in classes}}
    try:
        table = csv.read_csv(path, convert_options=csv.ConvertOptions(column_types=types, strings_can_be_null=False))
    except pa.ArrowException as error:
        raise _not_equal(name) from error
    same_ids = table.column_names == [ROW_ID, *classes] and table[ROW_ID].to_pylist() == row_ids
    if not same_ids or any(not np.array_equal(table[c].to_numpy(), v) for c, v in zip(classes, values.T, strict=True)):
        raise _not_equal(name)


def _not_equal(name: str) -> DeliveryError:
    return DeliveryError(f"{name}: the written file does not read back equal, so it was removed")
