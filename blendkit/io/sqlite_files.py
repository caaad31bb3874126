"""SQLite files that are only read: neither they nor files beside them change."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from blendkit.errors import BlendkitError, shorten

_STEPS = 5 * 10**7  # of the machine of SQLite, for a file of any size: about a second
_STEPS_OF_A_BYTE = 1000
_BETWEEN = 10**6  # steps between two looks at how many are left
_CELL = 1 << 20  # bytes of one cell, whatever the size of the file


@contextmanager
def open_database(path: Path) -> Iterator[sqlite3.Connection]:
    """Yield a read-only connection. A log beside the database, of a program that still writes, is read too.

    A view may hold a query without an end: one that takes far more steps than the file's size explains raises
    sqlite3.OperationalError.
    """
    # a read-only disk allows no lock files; without a write-ahead log none are needed
    immutable = "" if path.with_name(f"{path.name}-wal").exists() else "&immutable=1"
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro{immutable}", uri=True)) as connection:
        size = path.stat().st_size
        left = iter(range(max(_STEPS, _STEPS_OF_A_BYTE * size) // _BETWEEN))
        connection.set_progress_handler(lambda: next(left, None) is None, _BETWEEN)
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, max(_CELL, size))
        yield connection


def fetch_rows(connection: sqlite3.Connection, query: str, path: Path) -> list[tuple[Any, ...]]:
    """Return the rows of a query, at most one for each byte of the file. Raises BlendkitError for more."""
    size = path.stat().st_size
    rows = connection.execute(query).fetchmany(size + 1)
    if len(rows) > size:
        raise BlendkitError(f"{path.name}: gives more rows than it has bytes", [f"it has {size} bytes"])
    return rows


def query_detections(
    path: Path, query: str, columns: Sequence[str], *, may_lack: Sequence[int] = ()
) -> list[tuple[Any, ...]]:
    """Return the rows of a query whose last column is a score.

    may_lack: the columns, by number, that may be empty. Raises BlendkitError for a database that cannot be read, and
    for rows that lack a value or whose score is no finite number, by their number.
    """
    try:
        with open_database(path) as connection:
            rows = fetch_rows(connection, query, path)
    except (sqlite3.Error, OSError, ValueError, OverflowError) as error:
        raise BlendkitError(f"{path.name}: cannot read this database", [why_no_database(error)]) from error
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


def why_no_database(error: Exception) -> str:
    """Return why a database cannot be read, also one that was read for too long."""
    if isinstance(error, sqlite3.OperationalError) and str(error) == "interrupted":
        return "a query takes far longer than the size of the file explains: is a view in it made to?"
    return str(error)


def _is_finite(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)
