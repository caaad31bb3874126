"""Lists of the species that occur, everywhere or by site, from CSV."""

from __future__ import annotations

import csv
from pathlib import Path

from blendkit.errors import BlendkitError

_CLASS = ("class", "primary_label", "species_code", "ebird_code", "label")


def read_species_lists(path: Path) -> dict[str, frozenset[str]]:
    """Return the class ids by site from a CSV with or without a column `site`; the site "" stands for everywhere.

    Raises BlendkitError for a file without a class column (class, primary_label, species_code, ...), or without rows.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            table = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BlendkitError(f"{path}: cannot read this species list", [str(error)]) from error
    lower = {str(k).lower(): k for k in (table[0] if table else {})}
    column = next((lower[k] for k in _CLASS if k in lower), None)
    if column is None:
        raise BlendkitError(f"{path}: no column of classes", [f"expected one of {', '.join(_CLASS)}"])
    occurs: dict[str, set[str]] = {}
    for row in table:
        occurs.setdefault((row.get(lower.get("site", "")) or "").strip(), set()).add(row[column].strip())
    return {s: frozenset(c) for s, c in occurs.items()}
