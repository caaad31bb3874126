"""Taxonomy tables."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from blendkit.core import Taxonomy, composed
from blendkit.errors import BlendkitError, shorten
from blendkit.io.text_tables import open_table, plain_name

if TYPE_CHECKING:
    import pandas as pd

_ALIASES = {
    "primary_label": ("primary_label", "species_code", "ebird_code", "label"),
    "reports_as": ("report_as", "reportas"),
    "scientific_name": ("scientific_name", "sci_name"),
    "family": ("family",),
    "order": ("order", "order1"),
    "class_name": ("class_name",),
    "common_name": ("common_name", "com_name", "primary_com_name", "english_name"),
    "ebird_code": ("ebird_code", "species_code", "speciescode"),
}
_OPTIONAL = ("common_name", "ebird_code")  # only for matching a model's class list; kept where a table has them


def read_taxonomy(path: Path | str | Sequence[Path]) -> Taxonomy:
    """Read a taxonomy, a table in text or Parquet, or several.

    Further tables (eBird, say) add what the first lacks, by class id or scientific name.
    eBird's own table has the columns SPECIES_CODE and REPORT_AS, by which forms and retired codes are explained.
    Column names are matched ignoring case, and whatever stands between their words. Raises BlendkitError if the first
    table has no class id column, or lists an id twice.
    """
    paths = [Path(path)] if isinstance(path, (Path, str)) else list(path)
    first = _frame(paths[0])
    ids = _column(first, "primary_label")
    if ids is None:
        raise BlendkitError(f"{paths[0]}: no class id column", [f"has {shorten(first.columns, 8)}"])
    twice = ids[ids.duplicated()]
    if len(twice):
        raise BlendkitError(f"{paths[0]}: class ids listed twice", [shorten(twice)])
    wanted = [k for k in _ALIASES if k not in ("primary_label", "reports_as")]
    columns = {k: _column(first, k) for k in wanted}
    unstated = [k for k in _OPTIONAL if (col := columns[k]) is None or col.name == ids.name]
    columns = {k: col for k, col in columns.items() if k not in unstated}
    table = {
        composed(str(c)): {k: ("" if col is None else str(col.iloc[i])) for k, col in columns.items()}
        for i, c in enumerate(ids)
    }
    reports = _reports(first)
    for path in paths[1:]:
        more = _frame(path)
        table, reports = _joined(table, more, wanted), {**_reports(more), **reports}
    return Taxonomy(table, reports)


def _reports(frame: pd.DataFrame) -> dict[str, str]:
    """Return {code: the code that it is reported as} of eBird's table; none of another."""
    codes, species = _column(frame, "ebird_code"), _column(frame, "reports_as")
    if codes is None or species is None:
        return {}
    pairs = zip(map(str, codes), map(str, species), strict=True)
    return {code: of for code, of in pairs if of.strip() and of.upper() != "NA" and of != code}


def _joined(table: dict[str, dict[str, str]], more: pd.DataFrame, wanted: list[str]) -> dict[str, dict[str, str]]:
    ids, sci = _column(more, "primary_label"), _column(more, "scientific_name")
    columns = {k: col for k in wanted if (col := _column(more, k)) is not None}
    by_id = {str(v): i for i, v in enumerate(ids) if v} if ids is not None else {}
    by_name = {str(v).lower(): i for i, v in enumerate(sci) if v} if sci is not None else {}
    out = {}
    for class_id, known in table.items():
        at = by_id.get(class_id, by_name.get(known["scientific_name"].lower()))
        found = {k: str(col.iloc[at]) for k, col in columns.items()} if at is not None else {}
        out[class_id] = {k: known.get(k) or found.get(k, "") for k in dict.fromkeys([*known, *found])}
    return out


def _frame(path: Path) -> pd.DataFrame:
    frame, _ = open_table(path, "this taxonomy")
    return frame.rename(columns=str.strip)


def _column(frame: pd.DataFrame, name: str) -> pd.Series[str] | None:
    lower = {plain_name(str(c))[0]: c for c in frame.columns}
    for alias in _ALIASES[name]:
        if alias in lower:
            return frame[lower[alias]]
    return None
