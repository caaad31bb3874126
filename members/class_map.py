"""Which column of a model is which class of the run."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from blendkit.errors import BlendkitError, shorten
from blendkit.member import MemberContext

HEADERS = {"inat2024_fsd50k", "primary_label", "scientific_name", "label", "class", "ebird2021"}


@dataclass(frozen=True)
class ClassMap:
    """The run's classes, the model's column for each (-1: none), and how many columns the model has."""

    classes: tuple[str, ...]
    columns: NDArray[np.int64]
    width: int
    note: str

    @property
    def covered(self) -> tuple[bool, ...]:
        """Which classes the model really scores."""
        return tuple(bool(c >= 0) for c in self.columns)

    def place(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return (B, C) of the model's (B, L); classes without a column hold 0.

        Raises BlendkitError if the model gives another number of columns than its class list has.
        """
        if values.ndim != 2 or values.shape[1] != self.width:
            raise BlendkitError(f"the model gave scores of shape {values.shape}, its class list has {self.width}")
        return np.where(self.columns >= 0, values[:, np.maximum(self.columns, 0)], np.float32(0))


def read_labels(path: Path) -> list[str]:
    """Read a class list: one per line, or the first column of a CSV; a known header line is skipped."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as handle:
            names = [row[0].strip() for row in csv.reader(handle) if row and row[0].strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise BlendkitError(f"{path}: cannot read this class list", [str(error)]) from error
    if names and names[0].lower() in HEADERS:
        names = names[1:]
    twice = sorted({n for n in names if names.count(n) > 1}) if len(set(names)) < len(names) else []
    if twice or not names:
        raise BlendkitError(f"{path}: {'classes listed twice' if twice else 'no classes'}", [shorten(twice)])
    return names


def by_id(name: str, labels: Sequence[str], context: MemberContext) -> ClassMap:
    """Match class ids exactly; without classes of the run, the model's own are used."""
    classes = context.classes or tuple(labels)
    return _mapped(name, classes, {label: i for i, label in enumerate(labels)}, list(classes), labels)


def by_scientific_name(name: str, labels: Sequence[str], context: MemberContext) -> ClassMap:
    """Match by scientific name without regard to case; needs a taxonomy for the run's classes."""
    if not context.classes:
        return by_id(name, labels, context)
    at = {label.lower(): i for i, label in enumerate(labels)}
    wanted = [context.taxonomy.scientific_name(c).lower() for c in context.classes]
    if not any(wanted):
        raise BlendkitError(f"{name}: classes are matched by scientific name, and no taxonomy gives any")
    return _mapped(name, context.classes, at, wanted, labels)


def _mapped(
    name: str, classes: Sequence[str], at: dict[str, int], wanted: Sequence[str], labels: Sequence[str]
) -> ClassMap:
    columns = np.array([at.get(w, -1) for w in wanted], np.int64)
    missing = [c for c, i in zip(classes, columns, strict=True) if i < 0]
    if len(missing) == len(classes):
        raise BlendkitError(
            f"{name}: none of its {len(labels)} classes is one of the run's {len(classes)}",
            [f"model: {shorten(labels)}", f"run: {shorten(classes)}"],
        )
    note = f"{len(classes) - len(missing)} of {len(classes)} classes matched"
    if missing:
        note += f"; without a column: {shorten(missing)}"
    return ClassMap(tuple(classes), columns, len(labels), note)
