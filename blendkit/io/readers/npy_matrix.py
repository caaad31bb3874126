"""A bare NPY matrix, with the files beside it that name its rows and classes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from blendkit.errors import BlendkitError
from blendkit.io.file_reader import ColumnNames, Reader
from blendkit.io.npz_arrays import read_npy
from blendkit.io.readers.score_table import Table
from blendkit.io.side_files import side_names


def _read(path: Path, names: ColumnNames) -> Table:
    values = read_npy(path)
    if values.ndim != 2 or values.dtype.kind not in "fiub":
        raise BlendkitError(f"{path.name}: is {values.dtype} {values.shape}, expected numbers of shape (rows, classes)")
    ids, classes = (side_names(path, "rows", names.rows), side_names(path, "classes", names.classes))
    if values.shape != (len(ids), len(classes)):
        raise BlendkitError(
            f"{path.name}: is {values.shape}, the files beside it name {len(ids)} rows and {len(classes)} classes"
        )
    return Table(ids, classes, values if values.dtype == np.float32 else values.astype(np.float64))


npy_matrix: Reader = Reader(
    "A bare NPY (rows, classes), its names beside it: <stem>_rows.csv or row_ids.txt, <stem>_classes.txt ...",
    lambda head: head.kind == "npy",
    _read,
)
