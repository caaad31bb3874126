"""Lists of the species that occur, everywhere or by site, from CSV."""

from __future__ import annotations

from pathlib import Path

from blendkit.errors import BlendkitError
from blendkit.io.text_tables import open_table

_CLASS = ("class", "primary_label", "species_code", "ebird_code", "label", "species", "scientific_name", "common_name")


def read_species_lists(path: Path) -> dict[str, frozenset[str]]:
    """Return the class ids by site from a CSV with or without a column `site`; the site "" stands for everywhere.

    Raises BlendkitError for a file without a class column (class, primary_label, species_code, ...), or without rows.
    """
    frame, _ = open_table(path, "this species list")
    lower = {str(k).strip().lower(): k for k in frame.columns}
    column = next((lower[k] for k in _CLASS if k in lower), None)
    if column is None or frame.empty:
        raise BlendkitError(f"{path}: no column of classes", [f"expected one of {', '.join(_CLASS)}"])
    sites = frame[lower["site"]] if "site" in lower else [""] * len(frame)
    occurs: dict[str, set[str]] = {}
    for site, name in zip(sites, frame[column], strict=True):
        occurs.setdefault(site.strip(), set()).add(name.strip())
    return {s: frozenset(c) for s, c in occurs.items()}
