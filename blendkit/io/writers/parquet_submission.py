"""A submission as Parquet, written and read back in groups of rows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from blendkit.core import Float64
from blendkit.errors import BlendkitError
from blendkit.io.class_columns import ROW_ID
from blendkit.io.writers.number_table import Part

PARQUET_SUFFIXES = (".parquet", ".pq")
_GROUP_CELLS = 1 << 23  # 64 MB of numbers


def write_parquet_submission(path: Path, name: str, ids: Sequence[str], classes: Sequence[str], part: Part) -> bool:
    """Write row_id and one float64 column per class; return whether all of it was read back equal.

    ids: of N rows; part: the values of some of them. Raises BlendkitError if a class is called as the row ids are.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    if ROW_ID in classes:
        raise BlendkitError(f"{name}: a class is called {ROW_ID}, as the column of row ids is")
    rows = max(_GROUP_CELLS // max(len(classes), 1), 1)
    parts = [slice(low, low + rows) for low in range(0, len(ids), rows)]
    schema = pa.schema([(ROW_ID, pa.string()), *((c, pa.float64()) for c in classes)])
    with pq.ParquetWriter(path, schema) as writer:
        for own in parts:
            columns = [pa.array(ids[own], pa.string()), *(np.ascontiguousarray(c) for c in part(own).T)]
            writer.write_table(pa.table(columns, schema=schema), row_group_size=rows)
    with pq.ParquetFile(path) as file:
        groups = file.num_row_groups == len(parts)
        return groups and all(_equal(file.read_row_group(i), ids[own], part(own)) for i, own in enumerate(parts))


def _equal(table: Any, ids: Sequence[str], values: Float64) -> bool:
    columns = table.columns
    same = columns[0].to_pylist() == list(ids) and len(columns) == values.shape[1] + 1
    return same and all(np.array_equal(c.to_numpy(), v) for c, v in zip(columns[1:], values.T, strict=True))
