"""The provenance of scores inside a Parquet file: a text among its metadata, which stays when the file is moved."""

from __future__ import annotations

from pathlib import Path

from blendkit.store import atomic_path

PARQUET_START = b"PAR1"  # how such files start
_KEY = b"blendkit.provenance"


def put_metadata_text(path: Path, text: str) -> None:
    """Put a text into a Parquet file, of which one group of rows at a time is in memory."""
    import pyarrow.parquet as pq

    with atomic_path(path) as temporary, pq.ParquetFile(path) as file:
        metadata = {**(file.schema_arrow.metadata or {}), _KEY: text.encode()}
        with pq.ParquetWriter(temporary, file.schema_arrow.with_metadata(metadata)) as writer:
            for i in range(file.num_row_groups):
                group = file.read_row_group(i).replace_schema_metadata(metadata)
                writer.write_table(group, row_group_size=max(len(group), 1))


def metadata_text(path: Path) -> bytes | None:
    """Return the text that a Parquet file holds; None without one, and for a damaged file: its reader says why."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        found: bytes | None = (pq.read_schema(path).metadata or {}).get(_KEY)
    except pa.ArrowException:
        return None
    return found
