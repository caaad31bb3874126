"""Parts: Parquet files with one row per chunk, named after what they hold."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from blendkit.errors import BlendkitError
from blendkit.store.files import atomic_path
from blendkit.store.journal_entries import StoredPart

if TYPE_CHECKING:
    import pyarrow as pa


def write_part(folder: Path, table: pa.Table) -> StoredPart:
    """Write a part, whole or not at all; equal tables give one file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    pq.write_table(
        table,
        sink,
        use_dictionary=["recording"],
        write_statistics=list(
            table.column_names[:3]
        ),  # of values they would be a sixth of what a reader looks up first
        compression="zstd",
        row_group_size=max(len(table), 1),
        write_page_checksum=True,  # damage that changes neither size nor time is noticed when the part is read
    )
    data = sink.getvalue()
    sha256 = hashlib.sha256(data).hexdigest()
    path = folder / f"part-{sha256[:16]}.parquet"
    with atomic_path(path) as temporary:
        temporary.write_bytes(data)
        now = temporary.stat()  # not of `path`: a process that has packed an equal part removes it by that name
    return StoredPart(path.name, sha256, now.st_size, now.st_mtime_ns)


def read_part(path: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """Read a part, or those of these columns that it has.

    Raises BlendkitError for a damaged file, FileNotFoundError without one.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(
            path, read_dictionary=["recording"], page_checksum_verification=True, pre_buffer=False
        ) as file:
            many = file.metadata.serialized_size > 1 << 15 and file.metadata.num_rows > 1 << 10
            return file.read(None if columns is None else list(columns), use_threads=many)
    except FileNotFoundError:
        raise
    except (OSError, pa.ArrowException) as error:
        ways = ["run with --verify: damaged parts are scored again"]
        raise BlendkitError(f"{path}: cannot read this part", [str(error), *ways]) from error


@contextmanager
def naming_part(path: Path) -> Iterator[None]:
    """Let errors on what a part holds name its file: a table of other columns, or of other types."""
    import pyarrow as pa

    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError, pa.ArrowException) as error:
        ways = ["it does not hold what its store says: remove it, and score its recordings again"]
        raise BlendkitError(f"{path}: not a part of this store", [str(error), *ways]) from error


def rows_of(table: pa.Table, recordings: set[str]) -> pa.Table:
    """Return the rows of a part that belong to the given recordings (a set), in the part's order."""
    import pyarrow as pa
    import pyarrow.compute as pc

    column = table["recording"].combine_chunks()
    listed = column.dictionary.to_pylist()
    if recordings.issuperset(listed):
        return table
    wanted = pa.array([i for i, r in enumerate(listed) if r in recordings], column.indices.type)
    return table.filter(pc.is_in(column.indices, wanted))
