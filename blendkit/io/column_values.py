"""Columns of Parquet and Arrow files as plain numpy arrays, whatever types their writer chose."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from blendkit.core import Matrix
from blendkit.errors import BlendkitError, DeliveryError, shorten
from blendkit.io.column_table import ColumnTable
from blendkit.io.file_kinds import Kind, file_kind, require_whole, why_unreadable
from blendkit.io.unpacked_size_limits import check_arrow, check_parquet

if TYPE_CHECKING:
    import pandas as pd

_COLUMNS = 16  # that are read at once
_ROWS_IN_CACHE = 512
_FEW_ROWS = 20_000  # of a table that may be in memory twice for a moment


def parquet_columns(path: Path) -> dict[str, NDArray[Any]]:
    """Return the columns (N,) of a Parquet or Arrow file, told by its first bytes, as numpy arrays.

    Categories become their values and decimals float64; nested columns are arrays of objects. Raises BlendkitError for
    a file that cannot be read, and for columns that are named twice.
    """
    return dict(_read(path, beside=False).columns)


def parquet_table(path: Path) -> ColumnTable:
    """Return the columns of a Parquet or Arrow file as `parquet_columns` does.

    Those of floats, if they are all of one type, are read part by part into one matrix, so that the content of a
    Parquet file is not in memory twice.
    """
    return _read(path, beside=True)


def _read(path: Path, *, beside: bool) -> ColumnTable:
    import pyarrow as pa

    kind: Kind = "Arrow"
    try:
        kind = file_kind(path)
        require_whole(path, kind)
        if kind == "Parquet":
            return _read_parquet(path, beside=beside)
        table = _read_arrow(path)
        _require_unlike(path, table.column_names)
        return ColumnTable({n: _plain(table[n]) for n in table.column_names})
    except MemoryError as error:
        raise DeliveryError(f"{path.name}: memory ran out while this {kind} file was read", [str(error)]) from error
    except (OSError, ValueError, TypeError, IndexError, OverflowError, pa.ArrowException) as error:
        raise BlendkitError(f"{path.name}: cannot read this {kind} file", [why_unreadable(path, error)]) from error


def read_binary_table(path: Path) -> pd.DataFrame:
    """Return a Parquet or Arrow file as a frame, its rows numbered from 1. Raises as `parquet_columns` does."""
    import pandas as pd

    columns = parquet_columns(path)
    size = len(next(iter(columns.values()), ()))
    return pd.DataFrame({n: pd.Series(list(v) if v.dtype == object else v) for n, v in columns.items()}).set_index(
        np.arange(1, size + 1)
    )


def _require_unlike(path: Path, names: Sequence[str]) -> None:
    twice = sorted(n for n, k in Counter(names).items() if k > 1)
    if twice:
        raise BlendkitError(f"{path.name}: duplicate columns", [shorten(map(repr, twice))])


def _read_arrow(path: Path) -> Any:
    from pyarrow import feather

    check_arrow(path)
    table = feather.read_table(path)
    table.validate(full=True)  # Arrow trusts the offsets in a file, and a wrong one ends the whole process
    return table


def _read_parquet(path: Path, *, beside: bool) -> ColumnTable:
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        check_parquet(file, path, path.stat().st_size)
        names = file.schema_arrow.names
        _require_unlike(path, names)
        floats = _floats(file.schema_arrow) if beside else ()
        if not floats or file.metadata.num_rows < _FEW_ROWS:
            table = file.read()
            return ColumnTable({n: _plain(table[n]) for n in table.column_names})
        others = file.read(columns=[n for n in names if n not in set(floats)])
        matrix = _read_matrix(file, floats)
    own = {n: matrix[:, j] for j, n in enumerate(floats)}
    return ColumnTable({n: own[n] if n in own else _plain(others[n]) for n in names}, floats, matrix)


def _read_matrix(file: Any, names: Sequence[str]) -> Matrix:
    """Return columns of one type as (N, C); a few of them are in memory twice for a moment."""
    import pyarrow as pa

    matrix = np.empty((file.metadata.num_rows, len(names)), file.schema_arrow.field(names[0]).type.to_pandas_dtype())
    at = 0
    for group in range(file.num_row_groups):
        rows = slice(at, at + file.metadata.row_group(group).num_rows)
        for first in range(0, len(names), _COLUMNS):
            own = list(names[first : first + _COLUMNS])
            table = file.read_row_group(group, columns=own)
            _copy_columns([table[n].to_numpy() for n in own], matrix[rows, first : first + _COLUMNS])
        at = rows.stop
    pa.default_memory_pool().release_unused()  # what the parts took would stay with the process
    return matrix


def _floats(schema: Any) -> tuple[str, ...]:
    """Return the columns of floats, if all of these are of one type."""
    import pyarrow as pa

    found = [f for f in schema if pa.types.is_float32(f.type) or pa.types.is_float64(f.type)]
    return tuple(f.name for f in found) if len({f.type for f in found}) == 1 else ()


def _copy_columns(columns: Sequence[NDArray[Any]], out: Matrix) -> None:
    """Copy columns (M,) into out (M, C), some rows at a time, which stay in cache while all columns come to them."""
    for low in range(0, len(out), _ROWS_IN_CACHE):
        rows = slice(low, low + _ROWS_IN_CACHE)
        for j, column in enumerate(columns):
            out[rows, j] = column[rows]


def _plain(column: Any) -> NDArray[Any]:
    import pyarrow as pa

    of = column.type
    if pa.types.is_dictionary(of):
        column, of = column.cast(of.value_type), of.value_type
    if pa.types.is_decimal(of):
        column = column.cast(pa.float64())
    if pa.types.is_binary(of) or pa.types.is_large_binary(of):  # texts, as tools write them that do not mark UTF-8
        with suppress(pa.ArrowInvalid):
            column = column.cast(pa.large_string())
    if pa.types.is_null(of):
        return np.full(len(column), np.nan)
    values: NDArray[Any] = column.to_numpy()
    return values
