"""Scores: a matrix of scores with its rows, classes and space, the type that all packages exchange."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from blendkit.core.argument_kinds import require_choice
from blendkit.core.arrays import Bools, Int64, Matrix
from blendkit.core.audio_suffixes import composed
from blendkit.core.auto_names import with_fitting_names
from blendkit.core.changed_ids import changed_ids
from blendkit.core.columns_that_are_no_classes import is_bookkeeping
from blendkit.core.name_differences import compare_rows
from blendkit.core.names import NameRule
from blendkit.core.pandas_frames import OWN_IDS, keyed_frame
from blendkit.core.recording_paths import recordings_in_other_folders
from blendkit.core.results_in_notebooks import notebook_view
from blendkit.core.rows import (
    MissingRows,
    Rows,
    UnknownClasses,
    canonical_order,
    in_canonical_order,
    same_rows,
)
from blendkit.core.score_problems import cover_problems, duplicate_problems, nan_problems, shape_problems
from blendkit.core.spaces import FileSpace, Space, nothing_found, rounded_into_unit
from blendkit.core.taxonomy import Taxonomy
from blendkit.errors import BlendkitError, did_you_mean, shorten

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Scores:
    """Scores of N chunks for C classes.

    values (N, C): float32 for stored member logits, float64 for rank streams and blends; read-only.
    space: `unknown` only for files whose space is not stated; functions that need a space refuse it.
    covered (C,): the classes the source really scores. made_by: a provenance hash.
    Raises BlendkitError where shapes or types do not fit together; `build` checks the values too.
    """

    values: Matrix
    rows: Rows
    classes: tuple[str, ...]
    space: FileSpace
    covered: Bools
    made_by: str = ""

    def __post_init__(self) -> None:
        """Check the shapes, and make the arrays read-only."""
        problems = shape_problems(self.values, self.rows, self.classes) + cover_problems(self.covered, self.classes)
        if problems:
            raise BlendkitError("scores do not fit together", problems)
        object.__setattr__(self, "values", _frozen(self.values))
        object.__setattr__(self, "covered", _frozen(self.covered))

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        scope = f"{len(self)} chunks of {len(self.rows.recordings())} recordings x {len(self.classes)} classes"
        return f"Scores({scope}, {self.space}, {int(self.covered.sum())} covered)"

    def _repr_html_(self) -> str:
        """Show the first rows in a notebook."""
        return notebook_view(repr(self), self.take_rows(np.arange(min(len(self), 10))).to_frame())

    @property
    def shape(self) -> tuple[int, int]:
        """(N chunks, C classes)."""
        return len(self.rows), len(self.classes)

    def stated_space(self) -> Space:
        """Return the space. Raises BlendkitError if it is unknown."""
        if self.space == "unknown":
            raise BlendkitError("the space of these scores is unknown", ["state their space: logit, prob or rank"])
        return self.space

    @classmethod
    def build(
        cls,
        values: Matrix,
        rows: Rows,
        classes: Sequence[str],
        space: FileSpace,
        *,
        covered: Bools | None = None,
        made_by: str = "",
        source: str = "scores",
    ) -> Scores:
        """Return checked and ordered scores; every matrix from outside blendkit passes through this function.

        Rows come out grouped by recording and ordered by start time; values that need no re-ordering
        are not copied, so the caller must not change them afterwards. Probabilities and ranks that rounding
        put up to 1e-6 beyond [0, 1] become 0 or 1. Raises BlendkitError naming `source` for wrong shapes,
        duplicate rows or classes, and NaN with (recording, chunk, class).
        """
        names = tuple(composed(str(c)) for c in classes)
        problems = shape_problems(values, rows, names)
        problems += [] if covered is None else cover_problems(covered, names)
        if not problems:
            ordered = in_canonical_order(rows)
            twice = [] if ordered else duplicate_problems("row", rows.ids())
            problems = twice + duplicate_problems("class", names) + nan_problems(values, rows, names)
        if problems:
            raise BlendkitError(f"{source}: unusable scores", problems)
        if not ordered:
            order = canonical_order(rows)
            values, rows = values[order], rows.take(order)
        values = values if space in ("logit", "unknown") else rounded_into_unit(values)
        cover = np.ones(len(names), bool) if covered is None else np.asarray(covered, bool)
        return cls(values, rows, names, space, cover, made_by)

    def with_values(self, values: Matrix, space: Space | None = None) -> Scores:
        """Return the same rows and classes with other values (and maybe another space)."""
        if values.shape != self.values.shape:
            raise BlendkitError(f"values have shape {values.shape}, expected {self.values.shape}")
        return replace(self, values=values, space=space or self.space)

    def take_rows(self, index: NDArray[np.integer[Any]]) -> Scores:
        """Return the rows at `index`, in that order."""
        return replace(self, values=self.values[index], rows=self.rows.take(index))

    def align(
        self,
        rows: Rows,
        classes: Sequence[str],
        *,
        fill: float = 0.0,
        source: str = "scores",
        unknown_classes: UnknownClasses = "error",
        missing_rows: MissingRows = "error",
    ) -> Scores:
        """Return these scores on the given rows and classes, matched by identity, never by position.

        A recording with more or fewer folders before its name is the same one, where no other may be meant.
        Classes that these scores lack hold `fill` and are not covered. Raises BlendkitError listing
        missing rows (unless they are to get the class's median, or NOTHING_FOUND of the space) and
        classes that `classes` lacks (unless they are to be ignored).
        """
        problems = []
        row_at = self._row_index(rows)
        empty = missing_rows == "median" and not len(self.rows)
        if (row_at < 0).any() and (missing_rows == "error" or empty):
            missing = rows.take(np.flatnonzero(row_at < 0)[:5]).ids()
            problems.append(f"{int((row_at < 0).sum())} of {len(rows)} rows missing: {shorten(missing)}")
            problems += filter(None, [compare_rows(rows, self.rows, "the expected rows", source)])
        known = set(classes)
        unknown = [c for c in self.classes if c not in known]
        if unknown and unknown_classes == "error":
            hints = [f"{c!r}{did_you_mean(c, known)}" for c in unknown]
            problems.append(f"{len(unknown)} unknown classes: {shorten(hints)}")
        if problems:
            raise BlendkitError(f"{source}: does not fit the expected rows and classes", problems)
        return self._placed(row_at, rows, tuple(classes), fill, missing_rows)

    def known_to(
        self, taxonomy: Taxonomy, also: Iterable[str] = (), *, source: str = "scores"
    ) -> tuple[Scores, tuple[str, ...]]:
        """Return the scores of known classes, by id, and notes on columns that were names and that were left out.

        also: further ids that are classes, such as those of labels. Left out are columns that a taxonomy of some of the
        others lacks, else those that only count or describe. Raises BlendkitError for two names of one class, and if no
        class is left.
        """
        also = set(also)
        own = changed_ids(self.classes, also | set(taxonomy.table))
        classes, notes = taxonomy.as_ids([own.get(c, c) for c in self.classes], source=source)
        if own:
            notes = (f"{len(own)} columns are ids that a program changed, and are read as these: {_pairs(own)}", *notes)
        others = [c for c in classes if c not in taxonomy.table and c not in also]
        why = "columns that the taxonomy lacks are left out"
        if not any(c in taxonomy.table for c in classes):
            others, why = [c for c in others if is_bookkeeping(c)], "columns are left out, for they are no classes"
        if others and len(others) == len(classes):
            raise BlendkitError(f"{source}: no column is a class", [f"has {shorten(classes, 8)}"])
        named = replace(self, classes=classes)
        if not others:
            return named, notes
        kept = [c for c in classes if c not in set(others)]
        part = named.align(self.rows, kept, unknown_classes="ignore")
        return part, (*notes, f"{len(others)} {why}: {shorten(others)}")

    def _row_index(self, rows: Rows) -> Int64:
        """Return the position of each wanted row in these scores, -1 where it is missing."""
        if same_rows(rows, self.rows):
            return np.arange(len(rows))
        at = {key: i for i, key in enumerate(_keys(self.rows))}
        found = np.fromiter((at.get(key, -1) for key in _keys(rows)), np.int64, len(rows))
        if (found < 0).any() and (new := recordings_in_other_folders(self.rows.recordings(), rows.recordings())):
            at = {(new.get(r, r), start, end): i for (r, start, end), i in at.items()}
            return np.fromiter((at.get(key, -1) for key in _keys(rows)), np.int64, len(rows))
        return found

    def _placed(self, row_at: Int64, rows: Rows, classes: tuple[str, ...], fill: float, missing: MissingRows) -> Scores:
        same_rows = len(row_at) == len(self.rows) and np.array_equal(row_at, np.arange(len(row_at)))
        if same_rows and classes == self.classes:
            return replace(self, rows=rows)
        at = {c: i for i, c in enumerate(self.classes)}
        col_at = np.array([at.get(c, -1) for c in classes], np.int64)
        layout: Literal["C", "F"] = "F" if self.values.flags.f_contiguous else "C"
        values = np.full((len(rows), len(classes)), fill, self.values.dtype, order=layout)
        present = np.flatnonzero(col_at >= 0)
        values[:, present] = self.values[np.ix_(row_at, col_at[present])] if len(self.rows) else fill
        if (row_at < 0).any():
            own = self.values[:, col_at[present]]
            stand_in = nothing_found(self.space, self.values) if missing == "nothing" else np.median(own, axis=0)
            values[np.ix_(row_at < 0, present)] = stand_in
        covered = np.zeros(len(classes), bool)
        covered[present] = self.covered[col_at[present]]
        return Scores(values, rows, classes, self.space, covered, self.made_by)

    def to_frame(self) -> pd.DataFrame:
        """Return a frame indexed by (file, start_time, end_time), one column per class."""
        import pandas as pd

        index = pd.MultiIndex.from_arrays(
            [self.rows.recording, self.rows.start_s, self.rows.end_s], names=["file", "start_time", "end_time"]
        )
        frame = pd.DataFrame(self.values, index=index, columns=list(self.classes))
        frame.attrs[OWN_IDS] = True
        return frame

    @classmethod
    def from_frame(
        cls, frame: pd.DataFrame, space: FileSpace, names: NameRule | None = None, chunk_s: float = 5.0
    ) -> Scores:
        """Read a frame with `row_id`, or with file, start_time and end_time, as index or as columns.

        A row id is `<recording>_<end second>` of a chunk of `chunk_s` seconds. Files become recording ids as those of
        score files do: without audio suffix, and absolute paths without the folders that all share; those of a frame
        that `to_frame` made are ids already and stay as they are. All other columns are classes.
        names: default, the preset that most names fit. Raises BlendkitError for a frame with neither, for no known
        space, for values outside [0, 1] of any but logits, for columns of texts or of numbers of rows, and as `build`.
        """
        require_choice(space, get_args(FileSpace), "space of scores")
        frame, rows = keyed_frame(frame, names or NameRule(), chunk_s)
        rows = rows if names else with_fitting_names(rows)
        made = cls.build(frame.to_numpy(), rows, [str(c) for c in frame.columns], space, source="frame")
        if space not in ("logit", "unknown") and made.values.size:
            low, high = float(made.values.min()), float(made.values.max())
            if low < 0 or high > 1:
                what = f"frame: declared {space!r}, but values lie in [{low:g}, {high:g}], not in [0, 1]"
                raise BlendkitError(what, ["are these logits? say 'logit'"])
        return made


def _pairs(own: Mapping[str, str]) -> str:
    return shorten(f"{name!r} as {class_id!r}" for name, class_id in own.items())


def _keys(rows: Rows) -> Iterator[tuple[str, int, int]]:
    """Yield the identity of each row: recording, start and end in milliseconds."""
    start, end = (np.rint(t * 1000).astype(np.int64).tolist() for t in (rows.start_s, rows.end_s))
    return zip(rows.recording.tolist(), start, end, strict=True)


def _frozen(values: NDArray[Any]) -> NDArray[Any]:
    if not values.flags.writeable:
        return values
    view = values.view()
    view.setflags(write=False)
    return view
