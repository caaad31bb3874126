"""LogitStore: a member's saved logits in Parquet parts, with the journals or the index that list them.

A packed part has one row per chunk: `recording`, `start_s`, `end_s`, then one float32 column per class, so
pandas, polars and DuckDB can read it; `layouts` tells of the small parts before. Journals and index name every part,
its hash and, per recording, the hash of the audio and its decoding status.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from blendkit.core import (
    Contents,
    Matrix,
    NameRule,
    NewMatrix,
    Rows,
    Saw,
    Scores,
    in_memory,
    rows_of_codes,
    side_by_side,
)
from blendkit.errors import BlendkitError
from blendkit.store.catching_up import CatchUp
from blendkit.store.compaction import finish
from blendkit.store.journal_entries import Stored, StoredPart
from blendkit.store.layouts import VALUES, by_class, by_row, columns_of, fill, joined_codes
from blendkit.store.manifest import KEYS, Manifest
from blendkit.store.parts import naming_part, read_part, rows_of, write_part
from blendkit.store.store_facts import is_store

if TYPE_CHECKING:
    import pyarrow as pa

_AT_ONCE = 16  # classes that are read together into a matrix that is larger than memory
_FACTS = ("classes", "covered", "about")


@dataclass
class LogitStore:
    """One member's logits on disk. `made_by` is the member's hash; `about` describes it."""

    manifest: Manifest
    _catch_up: CatchUp | None = field(default=None, repr=False, compare=False)

    @property
    def folder(self) -> Path:
        """The folder of the store."""
        return self.manifest.folder

    @property
    def made_by(self) -> str:
        """The member's hash."""
        return self.manifest.made_by

    @property
    def classes(self) -> tuple[str, ...]:
        """The class ids, one per column."""
        return tuple(self.manifest.facts["classes"])

    @property
    def covered(self) -> tuple[bool, ...]:
        """Which columns the member really scores."""
        return tuple(self.manifest.facts["covered"])

    @property
    def about(self) -> dict[str, Any]:
        """The member's description of itself."""
        found: dict[str, Any] = self.manifest.facts["about"]
        return found

    @property
    def saw(self) -> Saw:
        """The recordings that the member was fitted on. Raises BlendkitError if the manifest's facts are damaged."""
        try:
            return Saw.from_json(self.about)
        except ValueError as error:
            raise BlendkitError(f"{self.folder}: not a logit store", [str(error)]) from error

    @property
    def fold_saw(self) -> tuple[Saw, ...]:
        """What each fold model of an ensemble was fitted on; () for other members. Raises BlendkitError as `saw`."""
        try:
            return tuple(Saw.from_json(f) for f in self.about.get("fold_saw", ()))
        except (ValueError, TypeError, AttributeError) as error:
            raise BlendkitError(f"{self.folder}: not a logit store", [str(error)]) from error

    def contents(self) -> Contents:
        """What the stored recordings sound like, of those whose content is known."""
        return self.manifest.contents()

    @property
    def notes(self) -> list[str]:
        """What a person should know of the files: a line that was cut short, parts that are missing or not packed."""
        return [*self.manifest.notes, *filter(None, [self.manifest.lost_note])]

    @property
    def parts(self) -> dict[str, StoredPart]:
        """The parts that hold rows, by file name."""
        return self.manifest.parts

    @classmethod
    def create(
        cls, folder: Path, made_by: str, classes: Sequence[str], covered: Sequence[bool], about: Mapping[str, Any]
    ) -> LogitStore:
        """Open a member's store, new or partly filled.

        Raises BlendkitError if the folder holds another member's logits.
        """
        clash = sorted(set(classes) & {*KEYS, VALUES})
        if clash:
            raise BlendkitError(f"class ids {clash} are names of the store's own columns")
        if is_store(folder):
            found = cls.open(folder)
            if found.made_by != made_by or found.classes != tuple(classes):
                raise BlendkitError(f"{folder}: holds logits of another member", [str(found.about)])
            return found
        facts = {"classes": list(classes), "covered": [bool(c) for c in covered], "about": dict(about)}
        return cls(Manifest(folder, made_by, facts))

    @classmethod
    def open(cls, folder: Path) -> LogitStore:
        """Open an existing store. Raises BlendkitError if there is none, or if it has another format."""
        return cls(Manifest.read(folder, "logit store", _FACTS))

    def recordings(self) -> Mapping[str, Stored]:
        """Return what is stored, per recording id."""
        return self.manifest.recordings()

    def part_of(self, recording: str) -> str:
        """Return the name of the part that holds a stored recording's rows; "" for one without rows."""
        return self.manifest.part_of[recording]

    def catch_up(self) -> None:
        """Take in what other processes have added since the last look."""
        self._catch_up = self._catch_up or CatchUp(self.manifest)
        self._catch_up.look()

    def drop_damaged(self, *, verify: bool = False) -> list[str]:
        """Drop parts whose file is missing or changed, so that they are scored again; return their names.

        verify: look at the hash of every part, not only at its size and time.
        """
        return self.manifest.drop_damaged(verify=verify)

    def write(self, scores: Scores, stored: Mapping[str, Stored]) -> None:
        """Add one part, the scores of a group of recordings. The file is written before the journal lists it."""
        if scores.classes != self.classes or scores.space != "logit":
            raise BlendkitError(
                f"{self.folder}: holds logits of {len(self.classes)} classes, got {scores.space} "
                f"scores of {len(scores.classes)}"
            )
        if self.manifest.journal is None:
            self.manifest.begin()
        about = {"blendkit.space": scores.space, "blendkit.made_by": self.made_by}
        self.manifest.add(write_part(self.folder, by_row(scores, about)), stored)

    def finish(self) -> None:
        """Say that this process adds no more, and pack the small parts."""
        finish(self.manifest, self.layout)

    def layout(self, table: pa.Table) -> pa.Table:
        """Return a part's table as packed parts have it."""
        return by_class(table, self.classes, self.covered)

    def read(
        self,
        names: NameRule,
        recordings: Sequence[str] | None = None,
        classes: Sequence[str] | None = None,
        *,
        new_matrix: NewMatrix = in_memory,
    ) -> Scores:
        """Return the logits of the given recordings and classes (default: all), with N > 0 rows in canonical order.

        new_matrix: makes the matrix to read into; if not in memory, only some classes are in memory beside it. Raises
        BlendkitError if a recording or a class is not stored, or no recording has a chunk.
        """
        columns = self.classes if classes is None else tuple(classes)
        for what, asked, known in (("recordings", recordings, self.recordings()), ("classes", columns, self.classes)):
            missing = sorted(set(asked or ()) - set(known))
            if missing:
                raise BlendkitError(f"{self.folder}: {len(missing)} {what} are not stored", missing[:5])
        values, rows = self.manifest.reading(partial(self._values, names, recordings, columns, new_matrix))
        return self._scores(values, rows, columns)

    def _values(
        self, names: NameRule, recordings: Sequence[str] | None, columns: tuple[str, ...], new_matrix: NewMatrix
    ) -> tuple[Matrix, Rows]:
        """Read the values and rows, all from the same parts: another process may pack these meanwhile."""
        at_once = max(len(columns), 1) if new_matrix is in_memory else _AT_ONCE
        tables = self._tables(recordings, columns[:at_once])
        if not tables:
            raise BlendkitError(f"{self.folder}: no chunk is stored")
        ids, codes = joined_codes(tables)
        start_s, end_s = (np.concatenate([t[k].to_numpy() for t in tables]) for k in KEYS[1:])
        rows, order = rows_of_codes(ids, codes, start_s, end_s, names)
        values = new_matrix((len(rows), len(columns)), np.float32)
        for low in range(0, len(columns), at_once):
            block = columns[low : low + at_once]
            tables = self._tables(recordings, block) if low else tables
            fill(values.T[low : low + at_once], tables, block, order)
        return values, rows

    def _tables(self, recordings: Sequence[str] | None, classes: Sequence[str]) -> list[pa.Table]:
        import pyarrow as pa

        own = list(self.manifest.recordings_of_parts(recordings).items())
        wanted = columns_of(classes)
        found: list[pa.Table] = [None] * len(own)

        def read(i: int) -> None:
            found[i] = self._rows(self.folder / own[i][0], wanted, own[i][1])

        side_by_side(read, len(own), pa.cpu_count())
        return found

    def _rows(self, path: Path, columns: Sequence[str], recordings: set[str]) -> pa.Table:
        with naming_part(path):
            return rows_of(self.layout(read_part(path, columns)), recordings).select(
                [c for c in columns if c != VALUES]
            )

    def _scores(self, values: Matrix, rows: Rows, classes: tuple[str, ...]) -> Scores:
        covered = dict(zip(self.classes, self.covered, strict=True))
        return Scores.build(
            values,
            rows,
            classes,
            "logit",
            covered=np.array([covered[c] for c in classes], bool),
            made_by=self.made_by,
            source=str(self.folder),
        )
