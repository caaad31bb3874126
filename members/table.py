"""`table`: scores that another program computed, from a file of any format that `blendkit formats list` names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import numpy as np

from blendkit.core import NOTHING_FOUND, Matrix, Scores, Space, is_bookkeeping, rows_from_ids
from blendkit.errors import BlendkitError, shorten
from blendkit.io import (
    ColumnNames,
    Detections,
    Table,
    check_space,
    longer_chunk_notes,
    read_found,
    recording_folds,
    run_facts,
)
from blendkit.member import (
    ClassBy,
    DataFile,
    FilePath,
    MemberContext,
    detections_on_grid,
    match_classes,
    names_in_common,
    windows_on_grid,
)
from blendkit.store import LogitStore, is_store

ScoreFiles = Annotated[str, DataFile(folder=True)]


@dataclass
class TableMember:
    """A finished score file; `read` gives it on its own rows and classes, or on the run's chunks."""

    path: Path
    space: Space
    context: MemberContext
    names: ColumnNames
    dtype: str | None
    unlikely: bool
    class_by: ClassBy = "id"
    synonyms: Path | None = None
    folds: dict[str, str] = field(default_factory=dict)
    _warnings: list[str] = field(default_factory=list)

    def read(self) -> Scores:
        """Return the file's scores.

        A table of chunks keeps its rows. Windows are averaged onto the run's chunks by shared time; of detections a
        chunk gets the highest that overlaps it. A store of logits is read a few classes at a time. Raises
        BlendkitError for values that contradict their space.
        """
        if is_store(self.path):
            return self._stored()
        read = read_found(self.path, self.names)
        if read.space not in ("unknown", self.space):
            raise BlendkitError(
                f"{self.path.name}: declared `space: {self.space}`, but a {read.format} file holds {read.space} scores",
                [f"write `space: {read.space}`"],
            )
        if isinstance(read.found, Table):
            return self._on_own_rows(read.found)
        if isinstance(read.found, Detections):
            found = read.found
            lacking = int(np.isnan(found.score).sum())
            if lacking:
                ways = ["name their column with `score:`, or use the member `raven` with `unscored:`"]
                raise BlendkitError(f"{self.path.name}: {lacking} detections have no score", ways)
            # of the scores above a threshold only the range can be judged, which raises
            check_space(found.score[:, None], self.space, self.path.name, unlikely=self.unlikely)
            scores, self._warnings = detections_on_grid(
                found, found.score, self.context, self.space, "max", self.path.name, empty=NOTHING_FOUND[self.space]
            )
        else:
            said = check_space(read.found.values, self.space, self.path.name, unlikely=self.unlikely)
            scores, more = windows_on_grid(read.found, self.context, self.space, "mean", self.path.name)
            self._warnings = [*more, *said]
        return scores

    def _stored(self) -> Scores:
        if self.space != "logit":
            raise BlendkitError(
                f"{self.path.name}: declared `space: {self.space}`, but a store holds logits", ["write `space: logit`"]
            )
        store = LogitStore.open(self.path)
        scores = store.read(self.context.names, new_matrix=self.context.new_matrix)
        self._warnings = list(store.notes)
        return scores

    def warnings(self) -> list[str]:
        """Return the warnings that `read` found about the values."""
        return list(self._warnings)

    def _on_own_rows(self, table: Table) -> Scores:
        run = run_facts(self.path)
        own = None if run is None else run.chunk_s
        if own is not None and own != self.context.chunk_s:
            raise BlendkitError(
                f"{self.path.name}: its run has chunks of {own:g} s, this recipe of {self.context.chunk_s:g} s",
                [f"`chunk_s: {own:g}` in the recipe reads them"],
            )
        values = table.values if self.dtype is None else table.values.astype(self.dtype)
        rows = rows_from_ids(table.row_ids, self.context.chunk_s, self.context.names)
        classes, values, notes = self._of_the_run(table.classes, np.asarray(values))
        scores = Scores.build(values, rows, classes, self.space, source=self.path.name)
        self._warnings = [
            *table.notes,
            *longer_chunk_notes(rows, self.context.chunk_s),
            *notes,
            *check_space(np.asarray(values), self.space, self.path.name, unlikely=self.unlikely),
        ]
        if table.folds is not None:
            self.folds = recording_folds(self.path.name, list(rows.recording), table.folds)
        return scores

    def _of_the_run(self, columns: Sequence[str], values: Matrix) -> tuple[Sequence[str], Matrix, list[str]]:
        """Return the columns by the run's class ids, if they are other names; those of no class are left out."""
        common = names_in_common(columns, self.context)
        if self.class_by == "id":
            named, notes = self.context.taxonomy.as_ids(columns, self.context.classes, source=self.path.name)
            if notes or "id" in common or not common:
                return self._without_bookkeeping(named, values, notes)
        mapped = match_classes("table", columns, self.class_by, self.context, synonyms=self.synonyms)
        found = np.flatnonzero(mapped.columns >= 0)
        unused = [c for i, c in enumerate(columns) if i not in set(mapped.used.tolist())]
        said = [mapped.note] + ([f"columns of no class left out: {shorten(unused)}"] if unused else [])
        return [mapped.classes[i] for i in found.tolist()], values[:, mapped.columns[found]], said

    def _without_bookkeeping(
        self, columns: tuple[str, ...], values: Matrix, notes: Sequence[str]
    ) -> tuple[tuple[str, ...], Matrix, list[str]]:
        """Leave out columns that count or describe, where the run has no list of classes that would refuse them."""
        others = [] if self.context.classes else [c for c in columns if is_bookkeeping(c)]
        if not others or len(others) == len(columns):
            return columns, values, list(notes)
        kept = [i for i, c in enumerate(columns) if c not in others]
        said = f"{len(others)} columns are left out, for they are no classes: {shorten(others)}"
        return tuple(columns[i] for i in kept), values[:, kept], [*notes, said]


def table(
    context: MemberContext,
    *,
    path: ScoreFiles,
    space: Space,
    array: str | None = None,
    rows: str | None = None,
    classes: str | None = None,
    folds: str | None = None,
    score: str | None = None,
    format: str | None = None,  # noqa: A002 - the key of a recipe
    dtype: Literal["float32", "float64"] | None = None,
    unlikely: bool = False,
    class_by: ClassBy = "id",
    synonyms: FilePath | None = None,
) -> TableMember:
    """Scores of another program, in any format of `blendkit formats list`, or a folder of its result tables.

    Chunks are matched by row id, recordings by their paths, columns by class, never by position. space: what the
    values are; few formats record it, so the recipe must. array, rows, classes, folds: the arrays of an NPZ (rows
    also the row id column of a table). path: the file or folder. classes and score name the columns of labels and
    scores in a table of detections. format: the reader, where the content does not tell it. dtype: what the values
    of a table of chunks were before they were written, where a CSV of float32 probabilities holds exact 0 or 1.
    unlikely: take values that all lie in [0, 1] for logits, if `space` says so. class_by: what the columns of a
    table of chunks are called, if not by the ids of the run's classes: the taxonomy and `synonyms` (a CSV of two
    names a line) find them.
    """
    names = ColumnNames(rows, classes, folds, context.chunk_s, array, format, score)
    own = Path(synonyms) if synonyms else None
    return TableMember(Path(path), space, context, names, dtype, unlikely, class_by, own)
