"""Score sources of the command line: submissions, NPZ arrays, Parquet tables, stores and run folders."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from blendkit.core import Scores


SUFFIXES = (".csv", ".parquet", ".npz")


@dataclass(frozen=True)
class Names:
    """How the parts of a score file are called; None: the default."""

    rows: str | None = None
    classes: str | None = None
    folds: str | None = None
    chunk_s: float = 5.0


def split_source(text: str) -> tuple[Path, str | None]:
    """Return (path, array) of `scores.npz:array`, or (path, None)."""
    head, colon, array = text.rpartition(":")
    if colon and head.lower().endswith(".npz"):
        return Path(head), array
    return Path(text), None


def is_source(text: str) -> bool:
    """Tell score files, stores and run folders from recipes."""
    path, _ = split_source(text)
    return path.suffix.lower() in SUFFIXES or path.is_dir()


def read_source(text: str, names: Names) -> tuple[Scores, dict[str, str]]:
    """Return a source's scores and, where its file has them, the fold of every recording.

    Their space is nobody's concern here: ranks and AUCs do not ask. Raises BlendkitError for what
    cannot be read.
    """
    from blendkit.core import NameRule, Scores, rows_from_ids
    from blendkit.io.readers.score_table import read_table, recording_folds
    from blendkit.store import LogitStore

    path, array = split_source(text)
    if path.is_dir() and not (path / "submission.csv").is_file():
        return LogitStore.open(path).read(NameRule()), {}
    path = path / "submission.csv" if path.is_dir() else path
    npz = path.suffix.lower() == ".npz"
    table = read_table(
        path,
        array=array,
        rows=names.rows or ("row_ids" if npz else None),
        classes=names.classes or ("classes" if npz else None),
        folds=names.folds,
    )
    rows = rows_from_ids(table.row_ids, names.chunk_s, NameRule())
    folds = {} if table.folds is None else recording_folds(path.name, list(rows.recording), table.folds)
    return Scores.build(table.values, rows, table.classes, "unknown", source=text), folds


def source_name(text: str) -> str:
    """Return what a table calls a source: its array, its folder or its file."""
    path, array = split_source(text)
    return array or (path.resolve().name if path.is_dir() else path.stem)
