"""Lists of the species that occur, everywhere or by site, from CSV."""

from __future__ import annotations

import re
from pathlib import Path

from blendkit.errors import BlendkitError
from blendkit.io.text_tables import open_table, read_text_file

_BIRDNET_LINE = re.compile(r"[A-Z][^_,;\t]*_[^_,;\t]+")
_CLASS = ("class", "primary_label", "species_code", "ebird_code", "label", "species", "scientific_name", "common_name")


def read_species_lists(path: Path) -> dict[str, frozenset[str]]:
    """Return the class ids by site from a CSV with or without a column `site`; the site "" stands for everywhere.

    Also from BirdNET's own list, whose lines are `Scientific name_Common name` without a header. Raises BlendkitError
    for any other file without a class column (class, primary_label, species_code, ...), or without rows.
    """
    named = _birdnet_list(path)
    if named:
        return {"": named}
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


def _birdnet_list(path: Path) -> frozenset[str]:
    """Return the lines of a list as BirdNET writes it; none if it is another file."""
    try:
        text = read_text_file(path, "this species list")
    except BlendkitError:
        return frozenset()  # a table's reader says what is wrong, or it is Parquet
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return frozenset(lines) if lines and all(map(_BIRDNET_LINE.fullmatch, lines)) else frozenset()
