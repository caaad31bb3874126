"""Classes and their relatives: ids, scientific names, genus, family, order and class."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from blendkit.errors import BlendkitError, shorten

if TYPE_CHECKING:
    import pandas as pd

Level = Literal["genus", "family", "order", "class_name"]
Sonotypes = Literal["group", "skip"]
TAXA = frozenset({"Amphibia", "Aves", "Insecta", "Mammalia", "Reptilia"})  # a recipe may name them where none occurs
LEVELS: tuple[Level, ...] = ("genus", "family", "order", "class_name")  # fine to coarse

_ALIASES = {
    "primary_label": ("primary_label", "species_code", "ebird_code", "label"),
    "scientific_name": ("scientific_name", "sci_name"),
    "family": ("family",),
    "order": ("order",),
    "class_name": ("class_name",),
}
_SONOTYPE = re.compile(r"(?<![A-Za-z])son\d+$")


@dataclass(frozen=True)
class Taxonomy:
    """What is known of each class id: scientific_name, family, order, class_name ("" if unknown)."""

    table: Mapping[str, Mapping[str, str]]

    @property
    def classes(self) -> tuple[str, ...]:
        """The class ids, in the order of the file."""
        return tuple(self.table)

    def scientific_name(self, class_id: str) -> str:
        """Return the scientific name of a class, or an empty string."""
        return self.table.get(class_id, {}).get("scientific_name", "")

    def is_sonotype(self, class_id: str) -> bool:
        """True for sound types without a species, named like `Insect son01`."""
        return bool(_SONOTYPE.search(self.scientific_name(class_id)) or _SONOTYPE.search(class_id))

    def group_of(self, class_id: str, level: Level, sonotypes: Sonotypes = "skip") -> str:
        """Return the name of the class's group at a level, or "" where it has none.

        The genus is the first word of the scientific name. For sonotypes that word is not a genus:
        `skip` leaves them alone, `group` takes it as one (as public notebooks do).
        """
        if level != "genus":
            return self.table.get(class_id, {}).get(level, "")
        if sonotypes == "skip" and self.is_sonotype(class_id):
            return ""
        words = self.scientific_name(class_id).split()
        return words[0] if words else ""

    def groups(self, classes: Sequence[str], level: Level, sonotypes: Sonotypes = "skip") -> NDArray[np.int64]:
        """Return (C,) group numbers at a level, -1 for classes without a group or alone in it."""
        names = [self.group_of(c, level, sonotypes) for c in classes]
        shared = sorted(n for n, size in Counter(names).items() if n and size > 1)
        number = {n: i for i, n in enumerate(shared)}
        return np.array([number.get(n, -1) for n in names], np.int64)

    def sizes(self, classes: Sequence[str], level: Level, sonotypes: Sonotypes = "skip") -> dict[str, int]:
        """Return the number of classes in each group of two or more."""
        names = [self.group_of(c, level, sonotypes) for c in classes]
        return {n: size for n, size in sorted(Counter(names).items()) if n and size > 1}


def read_taxonomy(paths: Sequence[Path]) -> Taxonomy:
    """Read a taxonomy CSV; further tables (eBird, say) add what it lacks, by class id or scientific name.

    Column names are matched without regard to case. Raises BlendkitError if the first table has no
    class id column, or an id twice.
    """
    first = _frame(paths[0])
    ids = _column(first, "primary_label")
    if ids is None:
        raise BlendkitError(f"{paths[0]}: no class id column", [f"has {shorten(first.columns, 8)}"])
    twice = ids[ids.duplicated()]
    if len(twice):
        raise BlendkitError(f"{paths[0]}: class ids listed twice", [shorten(twice)])
    wanted = [k for k in _ALIASES if k != "primary_label"]
    columns = {k: _column(first, k) for k in wanted}
    table = {
        str(c): {k: ("" if col is None else str(col.iloc[i])) for k, col in columns.items()} for i, c in enumerate(ids)
    }
    for path in paths[1:]:
        table = _joined(table, _frame(path), wanted)
    return Taxonomy(table)


def _joined(table: dict[str, dict[str, str]], more: pd.DataFrame, wanted: list[str]) -> dict[str, dict[str, str]]:
    ids, sci = _column(more, "primary_label"), _column(more, "scientific_name")
    columns = {k: col for k in wanted if (col := _column(more, k)) is not None}
    by_id = {str(v): i for i, v in enumerate(ids) if v} if ids is not None else {}
    by_name = {str(v).lower(): i for i, v in enumerate(sci) if v} if sci is not None else {}
    out = {}
    for class_id, known in table.items():
        at = by_id.get(class_id, by_name.get(known["scientific_name"].lower()))
        found = {k: str(col.iloc[at]) for k, col in columns.items()} if at is not None else {}
        out[class_id] = {k: known[k] or found.get(k, "") for k in known}
    return out


def _frame(path: Path) -> pd.DataFrame:
    import pandas as pd

    try:
        return pd.read_csv(path, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise BlendkitError(f"{path}: cannot read this taxonomy", [str(error)]) from error


def _column(frame: pd.DataFrame, name: str) -> pd.Series[str] | None:
    lower = {str(c).lower(): c for c in frame.columns}
    for alias in _ALIASES[name]:
        if alias in lower:
            return frame[lower[alias]]
    return None
