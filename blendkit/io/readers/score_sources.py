"""Scores from any kind of file: submissions, NPZ arrays, Parquet tables, stores and run folders."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from blendkit.core import FileSpace, NameRule, Scores, rows_from_ids
from blendkit.io.readers.score_table import TABLE_SUFFIXES, read_table, recording_folds, table_kind
from blendkit.store import LogitStore

SUBMISSION = "submission.csv"


@dataclass(frozen=True)
class ColumnNames:
    """Names of the parts of a score file; None: the default. chunk_s: the length of its chunks in seconds."""

    rows: str | None = None
    classes: str | None = None
    folds: str | None = None
    chunk_s: float = 5.0


@dataclass(frozen=True, eq=False)
class ScoreFile:
    """The name and the scores of a score file.

    folds: {recording: fold}, empty if it has none; notes: what was assumed of the file, and what was left out.
    """

    name: str
    scores: Scores
    folds: dict[str, str]
    notes: tuple[str, ...] = ()


def split_source(text: Path | str) -> tuple[Path, str | None]:
    """Return (path, array) of `scores.npz:array`, or (path, None)."""
    head, colon, array = str(text).rpartition(":")
    if colon and head.lower().endswith(".npz"):
        return Path(head), array
    return Path(text), None


def is_source(text: Path | str) -> bool:
    """Return whether a path is a score file, a store or a run folder, and not a recipe."""
    path, _ = split_source(text)
    return path.suffix.lower() in TABLE_SUFFIXES or path.is_dir()


def read_scores(path: Path | str, space: FileSpace = "unknown", *, names: ColumnNames | None = None) -> Scores:
    """Read scores: a table (text, Parquet, Arrow), `FILE.npz:ARRAY`, a logit store, or the folder of a run.

    Files are told by their content.

    space: the space of the values; with unknown scores, only functions that need no space (ranks, AUC) work. A store
    always holds logits. names: columns and arrays under other names. Raises BlendkitError naming what is missing,
    duplicate or not finite, and what the file has.
    """
    return read_score_file(path, space, names=names).scores


def read_score_file(path: Path | str, space: FileSpace = "unknown", *, names: ColumnNames | None = None) -> ScoreFile:
    """Read scores as `read_scores`, with the fold of every recording if the file has folds."""
    names = names or ColumnNames()
    file, array = split_source(path)
    name = array or (file.resolve().name if file.is_dir() else file.stem)
    if file.is_dir() and not (file / SUBMISSION).is_file():
        return ScoreFile(name, LogitStore.open(file).read(NameRule()), {})
    file = file / SUBMISSION if file.is_dir() else file
    npz = table_kind(file) == "npz"
    table = read_table(
        file,
        array=array,
        rows=names.rows or ("row_ids" if npz else None),
        classes=names.classes or ("classes" if npz else None),
        folds=names.folds,
    )
    rows = rows_from_ids(table.row_ids, names.chunk_s, NameRule())
    folds = {} if table.folds is None else recording_folds(file.name, list(rows.recording), table.folds)
    return ScoreFile(name, Scores.build(table.values, rows, table.classes, space, source=str(path)), folds, table.notes)
