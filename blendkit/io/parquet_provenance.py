"""The provenance of scores inside a Parquet file: a text among its metadata, which stays when the file is moved."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from blendkit.core import json_value, text_hash
from blendkit.store import atomic_path

PARQUET_START = b"PAR1"  # how such files start
_KEY = b"blendkit.provenance"


def put_metadata(path: Path, facts: dict[str, Any]) -> None:
    """Put facts into a Parquet file, of which one group of rows at a time is in memory, with a mark of its columns."""
    import pyarrow.parquet as pq

    with atomic_path(path) as temporary, pq.ParquetFile(path) as file:
        text = json.dumps({"facts": facts, "mark": _mark(file)})
        metadata = {**(file.schema_arrow.metadata or {}), _KEY: text.encode()}
        packing = file.metadata.row_group(0).column(0).compression if file.num_row_groups else "SNAPPY"
        packing = "NONE" if packing == "UNCOMPRESSED" else packing
        with pq.ParquetWriter(temporary, file.schema_arrow.with_metadata(metadata), compression=packing) as writer:
            for i in range(file.num_row_groups):
                group = file.read_row_group(i).replace_schema_metadata(metadata)
                writer.write_table(group, row_group_size=max(len(group), 1))


def metadata_of(path: Path) -> tuple[dict[str, Any], bool] | None:
    """Return the facts that a Parquet file holds, and whether its columns are those of which they were said.

    Columns are told by their lowest and highest values: a file of other scores has others. None without facts, and for
    a damaged file: its reader says why. Raises ValueError for facts that are no JSON.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            text = (file.schema_arrow.metadata or {}).get(_KEY)
            mark = None if text is None else _mark(file)
    except pa.ArrowException:
        return None
    if text is None:
        return None
    said = json_value(text)
    return said["facts"], said["mark"] == mark


def _mark(file: Any) -> str:
    """Return a hash of the number of rows, and of each column's name and ends in each group of rows."""
    groups = [file.metadata.row_group(i) for i in range(file.num_row_groups)]
    ends = [[_ends(group.column(j)) for j in range(group.num_columns)] for group in groups]
    return text_hash(json.dumps([file.metadata.num_rows, ends]))


def _ends(column: Any) -> list[str]:
    found = column.statistics
    known = found is not None and found.has_min_max
    return [column.path_in_schema, *([repr(found.min), repr(found.max)] if known else [])]
