"""SQLite files that are only read: neither they nor files beside them change."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from blendkit.errors import BlendkitError, shorten


@contextmanager
def open_database(path: Path) -> Iterator[sqlite3.Connection]:
    """Yield a read-only connection. A log beside the database, of a program that still writes, is read too."""
    # a read-only disk allows no lock files; without a write-ahead log none are needed
    immutable = "" if path.with_name(f"{path.name}-wal").exists() else "&immutable=1"
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro{immutable}", uri=True)) as connection:
        yield connection


def query_detections(
    path: Path, query: str, columns: Sequence[str], *, may_lack: Sequence[int] = ()
) -> list[tuple[Any, ...]]:
    """Return the rows of a query whose last column is a score.

    may_lack: the columns, by number, that may be empty. Raises BlendkitError for a database that cannot be read, and
    for rows that lack a value or whose score is no finite number, by their number.
    """
    try:
        with open_database(path) as connection:
            rows = connection.execute(query).fetchall()
    except (sqlite3.Error, OSError, ValueError, OverflowError) as error:
        raise BlendkitError(f"{path.name}: cannot read this database", [str(error)]) from error
    needed = [i for i in range(len(columns)) if i not in may_lack]
    bad = [
        f"row {n}: {columns[i]} is {row[i]!r}"
        for n, row in enumerate(rows, 1)
        for i in needed
        if row[i] in (None, "") or (i == len(columns) - 1 and not _is_finite(row[i]))
    ]
    if bad:
        raise BlendkitError(f"{path.name}: {len(bad)} cells hold no usable value", [shorten(bad)])
    return rows


def _is_finite(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)
