"""`table`: scores that another program computed, from CSV, Parquet or NPZ."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np

from blendkit.core import Scores, Space, rows_from_ids
from blendkit.io import check_space, read_table, recording_folds
from blendkit.member import FilePath, MemberContext


@dataclass
class TableMember:
    """A finished score table; `read` gives it on its own rows and classes."""

    path: Path
    space: Space
    context: MemberContext
    array: str | None
    rows: str | None
    classes: str | None
    fold_column: str | None
    dtype: str | None
    unlikely: bool
    folds: dict[str, str] = field(default_factory=dict)
    _warnings: list[str] = field(default_factory=list)

    def read(self) -> Scores:
        """Return the table's scores. Raises BlendkitError for values that contradict their space."""
        table = read_table(self.path, array=self.array, rows=self.rows, classes=self.classes, folds=self.fold_column)
        values = table.values if self.dtype is None else table.values.astype(self.dtype)
        rows = rows_from_ids(table.row_ids, self.context.chunk_s, self.context.names)
        scores = Scores.build(values, rows, table.classes, self.space, source=self.path.name)
        self._warnings = [
            *table.notes,
            *check_space(np.asarray(values), self.space, self.path.name, unlikely=self.unlikely),
        ]
        if table.folds is not None:
            self.folds = recording_folds(self.path.name, list(rows.recording), table.folds)
        return scores

    def warnings(self) -> list[str]:
        """Return the warnings that `read` found about the values."""
        return list(self._warnings)


def table(
    context: MemberContext,
    *,
    path: FilePath,
    space: Space,
    array: str | None = None,
    rows: str | None = None,
    classes: str | None = None,
    folds: str | None = None,
    dtype: Literal["float32", "float64"] | None = None,
    unlikely: bool = False,
) -> TableMember:
    """Scores of another notebook: rows matched by row id, columns by class id, never by position.

    space: what the values are; no file format records it, so the recipe must. array, rows, classes, folds name
    the arrays of an NPZ (rows also the row id column of a CSV or Parquet). dtype: what the values
    were before they were written, where a CSV of float32 probabilities holds exact 0 or 1.
    unlikely: take values that all lie in [0, 1] for logits, if `space` says so.
    """
    return TableMember(Path(path), space, context, array, rows, classes, folds, dtype, unlikely)
