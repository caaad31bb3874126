"""Writing of submission files; every file is read back and checked."""

from __future__ import annotations

import csv as csv_text
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from blendkit.core import Float64, Int64, Scores, sigmoid, ties_made, written_space
from blendkit.errors import BlendkitError, DeliveryError, shorten
from blendkit.io.class_columns import ROW_ID
from blendkit.io.provenance import Provenance, write_side_provenance
from blendkit.io.writers.safe_cells import safe_cell
from blendkit.store import atomic_path

_WRITE_ROWS = 65536


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
) -> Written:
    """Write scores as a submission CSV: logits as probabilities by a float64 sigmoid, other scores unchanged.

    order (N,): of the rows; default: unchanged. safe: row ids and class ids that a spreadsheet would run as formulas
    get an apostrophe before them, so that they no longer match those of a competition. provenance: where the scores
    come from, written beside the file as `FILE.provenance.json`, from which every reader takes it; its space becomes
    that of the file. Digits are the shortest that read back as the same number. Raises BlendkitError for ids that
    become equal when they are made safe, and DeliveryError if the file does not read back equal.
    """
    out = scores if order is None else scores.take_rows(order)
    values = np.asarray(sigmoid(out.values) if out.space == "logit" else out.values, np.float64)
    ids, classes = out.rows.ids(), out.classes
    made_safe = tuple(i for i in (*ids, *classes) if safe and safe_cell(i) != i)
    if safe:
        ids, classes = _safe(ids, Path(path)), tuple(_safe(classes, Path(path)))
    write_submission(Path(path), ids, classes, values)
    if provenance is not None:
        write_side_provenance(Path(path), replace(provenance, space=written_space(out.space)))
    distinct = sum(len(np.unique(c)) for c in values.T)
    made = ties_made(out.values, values) if out.space == "logit" else 0
    return Written(Path(path), len(values), len(out.classes), made, values.size - distinct, made_safe)


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


def write_submission(path: Path, row_ids: list[str], classes: tuple[str, ...], values: Float64) -> None:
    """Write row_id and one column per class, each value (N, C) with its shortest round-trip digits.

    The file is re-read and compared bit for bit before it gets its name. Raises DeliveryError if it does
    not read back equal.
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


def _verify(path: Path, name: str, row_ids: list[str], classes: tuple[str, ...], values: Float64) -> None:
    import pyarrow as pa
    from pyarrow import csv

    types = {ROW_ID: pa.string(), **{c: pa.float64() for c in classes}}
    table = csv.read_csv(path, convert_options=csv.ConvertOptions(column_types=types, strings_can_be_null=False))
    same_ids = table.column_names == [ROW_ID, *classes] and table[ROW_ID].to_pylist() == row_ids
    if not same_ids or any(not np.array_equal(table[c].to_numpy(), v) for c, v in zip(classes, values.T, strict=True)):
        raise DeliveryError(f"{name}: the written file does not read back equal, so it was removed")
