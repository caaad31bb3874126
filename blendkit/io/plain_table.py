"""Large tables of text cells: read at once where they are plain, and their columns as few different texts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

_LETTERS = 1 << 16  # of a text, from which it pays


def plain_table(text: str, separator: str) -> pd.DataFrame | None:
    """Return the table in a text as a frame of str, with the lines of the file as index; None if it is not plain.

    Plain is a large text without quotes, blank lines and rows whose first cell is empty, whose lines all have as many
    cells as the header, which names every column once.
    """
    import pyarrow as pa
    from pyarrow import csv

    header = [c.strip() for c in text[: text.find("\n")].split(separator)]
    if len(text) < _LETTERS or not _one_line_each(text) or not all(header) or len(set(header)) < len(header):
        return None
    names = [str(i) for i in range(len(header))]
    try:
        table = csv.read_csv(
            pa.py_buffer(text.encode()),
            csv.ReadOptions(column_names=names, skip_rows=1),
            csv.ParseOptions(delimiter=separator, quote_char=False, ignore_empty_lines=False),
            csv.ConvertOptions(column_types={n: pa.string() for n in names}, strings_can_be_null=False),
        )
    except pa.ArrowException:
        return None  # the reader of every form says what is wrong
    if not all(c.strip() for c in table[0].unique().to_pylist()):
        return None
    frame: pd.DataFrame = table.rename_columns(header).to_pandas()
    return frame.set_index(np.arange(2, len(table) + 2))


def _one_line_each(text: str) -> bool:
    """Return whether every line feed of a text ends a row, and every row ends so."""
    return '"' not in text and "\n\n" not in text and text.count("\r") == text.count("\r\n")


def coded(column: pd.Series[Any]) -> tuple[NDArray[np.intp], list[str]]:
    """Return the different texts of a column (N,), and the place of each cell's among them."""
    codes, different = column.factorize()
    return codes, [str(t) for t in different.tolist()]
