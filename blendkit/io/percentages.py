"""Columns of percentages, as spreadsheets write them, read as shares."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blendkit.errors import BlendkitError, brief, shorten
from blendkit.io.text_form import MISSING

_PERCENT = re.compile(r"\s*([+-]?\d*[.,]?\d+(?:[eE][+-]?\d+)?)\s*%\s*")


def shares_of_percent(
    source: str, columns: Mapping[str, NDArray[Any]], others: Sequence[str | None]
) -> tuple[dict[str, NDArray[Any]], list[str]]:
    """Return columns (N,) of text like `18.6%` as float64 shares, 0.186, and a note that names them.

    others: columns that stay as they are. A comma is a decimal sign, for no percentage has thousands. Raises
    BlendkitError for columns that have percentages in some cells alone: the others may be shares or percentages.
    """
    text = [c for c, v in columns.items() if c not in others and v.dtype == object]
    cells = {c: [str(v) for v in columns[c] if v is not None and str(v) not in MISSING] for c in text}
    percent = {c: [v for v in own if _PERCENT.fullmatch(v)] for c, own in cells.items()}
    mixed = [
        f"{c!r} has {brief(next(v for v in cells[c] if v not in set(own)))!r} beside {brief(own[0])!r}"
        for c, own in percent.items()
        if 0 < len(own) < len(cells[c])
    ]
    if mixed:
        raise BlendkitError(f"{source}: columns hold percentages in some cells alone", [shorten(mixed), "write shares"])
    whole = [c for c, own in percent.items() if own]
    read = {c: np.array([_share(v) for v in columns[c]], np.float64) for c in whole}
    notes = [f"percentages are read as shares (18.6% is 0.186): {shorten(whole)}"] if whole else []
    return {**columns, **read}, notes


def _share(value: object) -> float:
    found = _PERCENT.fullmatch(str(value))
    return float(Decimal(found[1].replace(",", ".")).scaleb(-2)) if found else float("nan")  # 91.37% is 0.9137
