"""Writing of tables of how probable each class is at a place and in a week."""

from __future__ import annotations

import csv
from pathlib import Path

from blendkit.io.readers.range_table import RANGE_COLUMNS, RangeTable
from blendkit.store import atomic_path


def write_range_table(table: RangeTable, path: Path) -> None:
    """Write site, week, class and probability, a line each; what is not known (NaN) stays empty."""
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(RANGE_COLUMNS)
        for (site, week), row in zip(table.levels, table.p.tolist(), strict=True):
            out.writerows([site, week, c, "" if p != p else repr(p)] for c, p in zip(table.classes, row, strict=True))
