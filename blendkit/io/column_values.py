"""Columns of Parquet and Arrow files as plain numpy arrays, whatever types their writer chose."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from blendkit.errors import BlendkitError, DeliveryError, shorten
from blendkit.io.column_table import ColumnTable
from blendkit.io.file_kinds import Kind, file_kind, require_whole, why_unreadable
from blendkit.io.sizes_allowed import check_arrow, check_parquet

if TYPE_CHECKING:
    import pandas as pd


def parquet_columns(path: Path) -> dict[str, NDArray[Any]]:
    """Return the columns (N,) of a Parquet or Arrow file, told by its first bytes, as numpy arrays.

    Categories become their values and decimals float64; nested columns are arrays of objects. Raises BlendkitError for
    a file that cannot be read, and for columns that are named twice.
    """
    import pyarrow as pa

    kind: Kind = "Arrow"
    try:
        kind = file_kind(path)
        require_whole(path, kind)
        table = _open(path, kind)
        twice = sorted(n for n, k in Counter(table.column_names).items() if k > 1)
        if twice:
            raise BlendkitError(f"{path.name}: duplicate columns", [shorten(map(repr, twice))])
        return {n: _plain(table[n]) for n in table.column_names}
    except MemoryError as error:
        raise DeliveryError(f"{path.name}: memory ran out while this {kind} file was read", [str(error)]) from error
    except (OSError, ValueError, TypeError, IndexError, OverflowError, pa.ArrowException) as error:
        raise BlendkitError(f"{path.name}: cannot read this {kind} file", [why_unreadable(path, error)]) from error


def parquet_table(path: Path) -> ColumnTable:
    """Return the columns of a Parquet or Arrow file as `parquet_columns` does.

    Those of floats, if they are all of one type, are read part by part into one matrix, so that the file's content is
    not in memory twice.
    """
    return ColumnTable(parquet_columns(path))


def read_binary_table(path: Path) -> pd.DataFrame:
    """Return a Parquet or Arrow file as a frame, its rows numbered from 1. Raises as `parquet_columns` does."""
    import pandas as pd

    columns = parquet_columns(path)
    size = len(next(iter(columns.values()), ()))
    return pd.DataFrame({n: pd.Series(list(v) if v.dtype == object else v) for n, v in columns.items()}).set_index(
        np.arange(1, size + 1)
    )


def _open(path: Path, kind: str) -> Any:
    import pyarrow.parquet as pq
    from pyarrow import feather

    if kind != "Parquet":
        check_arrow(path)
        table = feather.read_table(path)
        table.validate(full=True)  # Arrow trusts the offsets in a file, and a wrong one ends the whole process
        return table
    with pq.ParquetFile(path) as file:
        check_parquet(file, path, path.stat().st_size)
        return file.read()


def _plain(column: Any) -> NDArray[Any]:
    import pyarrow as pa

    of = column.type
    if pa.types.is_dictionary(of):
        column, of = column.cast(of.value_type), of.value_type
    if pa.types.is_decimal(of):
        column = column.cast(pa.float64())
    if pa.types.is_null(of):
        return np.full(len(column), np.nan)
    values: NDArray[Any] = column.to_numpy()
    return values
