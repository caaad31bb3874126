"""Cells without content that spreadsheets write beside a table: columns without a name, and blank rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

_BLANK = "\0"  # no header holds it


def named_columns(header: Sequence[str]) -> list[str]:
    """Return the columns of a header; nameless ones at its end, as spreadsheets write them, get names of their own."""
    blank = next((i for i, n in enumerate(reversed(header)) if n), len(header))
    return [*header[: len(header) - blank], *(f"{_BLANK}{i}" for i in range(blank))]


def without_blank(columns: Mapping[str, NDArray[Any]], row_id: str) -> dict[str, NDArray[Any]]:
    """Return columns (N,) without the cells that a spreadsheet had beside its table: nameless columns, blank rows.

    Raises ValueError if a nameless column holds anything.
    """
    named = {n: v for n, v in columns.items() if not n.startswith(_BLANK)}
    if any(v is not None and v == v and v != "" for n in columns.keys() - named for v in columns[n].tolist()):
        raise ValueError("column '' is no class id: leave it out, or give it its class id")
    ids = named[row_id] if row_id in named else np.zeros(0)
    blank = np.array([i in ("", None) for i in ids.tolist()], bool)
    for own in named.values() if blank.any() else ():
        blank &= [v is None or v != v or v == "" for v in own.tolist()]
    return {n: v[~blank] for n, v in named.items()}
