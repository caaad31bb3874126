"""A folder of result tables, one per recording or several: each is read in its own format."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from blendkit.core import FileSpace
from blendkit.errors import BlendkitError, shorten
from blendkit.io.file_reader import FOLDER, ColumnNames, FileHead, Reader, file_head, find_reader
from blendkit.io.readers.audacity_detections import is_label_track
from blendkit.io.readers.birdnet_npz import is_birdnet_npz
from blendkit.io.readers.detection_tables import (
    Detections,
    detection_kind,
    join_detections,
    open_detections,
    take_detections,
)
from blendkit.io.readers.hoplite_database import DATABASE
from blendkit.io.readers.table_names import named_in, table_recording
from blendkit.store import is_store

LOOKED_AT = 20  # tables of a folder
_SUFFIXES = (".csv", ".txt", ".tsv", ".parquet", ".arrow", ".feather", ".npz")
# What BirdNET-Analyzer writes beside its results: settings, and all results once more, as blendkit's `raven` does.
_SKIPPED = (
    "birdnet_analysis_params", "birdnet.analyze-params",
    "birdnet_combined", "birdnet_combinedtable", "combined.selections.txt",
)  # fmt: skip


def result_tables(folder: Path) -> list[Path]:
    """Return the tables in a folder and below it, in order; without those that repeat or describe the others.

    A combined table counts where it is the only one.
    """
    there = (p for p in sorted(folder.rglob("*")) if p.suffix.lower() in _SUFFIXES and not p.name.startswith("."))
    tables = [p for p in there if p.is_file() and not p.name.lower().startswith(_SKIPPED[:2])]
    return [p for p in tables if not p.name.lower().startswith(_SKIPPED)] or tables


def read_detections(path: Path, *, label: str | None = None, score: str | None = None) -> Detections:
    """Read one table of detections, or every table of a folder, in any format that blendkit knows.

    label, score: the columns to read, where they have other names than usual. A table that names no file belongs to
    the recording in its own name. A table without lines says that nothing was detected. Of several tables an empty file
    is named in a note and left out. Raises BlendkitError naming missing columns and unreadable lines.
    """
    names = ColumnNames(classes=label, score=score)
    return _read_folder(path, names) if path.is_dir() else _read_one(path, names)


def _read_folder(path: Path, names: ColumnNames) -> Detections:
    files = result_tables(path)
    if path.is_file():
        raise BlendkitError(f"{path}: it is a file, expected a folder of result tables", ["leave `folder` out"])
    if not files:
        raise BlendkitError(f"{path}: no result tables in this folder", ["expected .csv, .txt, .tsv or .parquet files"])
    empty = [p for p in files if p.stat().st_size == 0]
    if len(empty) == len(files):
        raise BlendkitError(f"{path}: every result table in this folder is empty", [_named(path, empty)])
    notes = [f"left out, for they are empty files: {_named(path, empty)}"] if empty else []
    own = named_in(path, {p: table_recording(p) for p in files})
    parts = {p: _renamed(_read_one(p, names), table_recording(p), own[p]) for p in files if p not in empty}
    each_own, quiet = _quiet(path, parts, empty)
    return replace(join_detections(list(parts.values()), notes), quiet=quiet, own_tables=each_own, space=_space(parts))


def _quiet(root: Path, parts: Mapping[Path, Detections], empty: Sequence[Path]) -> tuple[bool, tuple[str, ...]]:
    """Return whether every table with lines is named after its recording, and then the recordings of the others."""
    found = {p: set(d.recording) for p, d in parts.items() if d.recording}
    own = all({PurePosixPath(r).name for r in of} == {table_recording(p)} for p, of in found.items())
    folders = {PurePosixPath(r).parent for of in found.values() for r in of}
    if not own:
        return False, ()
    silent = [p for p in [*parts, *empty] if p not in found]
    # of recordings in several folders the tables' own folders are the best guess
    places = {p: PurePosixPath(p.relative_to(root).parent.as_posix()) for p in silent}
    one = next(iter(folders), PurePosixPath()) if len(folders) < 2 else None
    return True, tuple(((places[p] if one is None else one) / table_recording(p)).as_posix() for p in silent)


def _space(parts: Mapping[Path, Detections]) -> FileSpace:
    spaces = {d.space for d in parts.values()}
    return spaces.pop() if len(spaces) == 1 else "unknown"


def _renamed(found: Detections, name: str, own: str) -> Detections:
    """Return detections under another name, where they are of the recording that their table is named after."""
    plain = name != own and set(found.recording) == {name}
    return replace(found, recording=[own] * len(found.recording)) if plain else found


def _named(folder: Path, files: Sequence[Path]) -> str:
    return shorten(p.relative_to(folder).as_posix() for p in files)


def _read_one(path: Path, names: ColumnNames) -> Detections:
    if path.is_file() and path.stat().st_size == 0:
        raise BlendkitError(f"{path.name}: cannot read this table of detections", ["the file is empty"])
    inner = None if names.format == FOLDER else names.format
    head = file_head(path)
    if inner is None and head.is_table and not detection_kind(head.plain_columns) and not is_label_track(head):
        return take_detections(path, *open_detections(path), label=names.classes, score=names.score)
    used, reader = find_reader(path, ColumnNames(format=inner))
    found = reader.read(path, names)
    found = replace(found, space=reader.space) if isinstance(found, Detections) else found
    if not isinstance(found, Detections):
        raise BlendkitError(f"{path.name}: holds scores of every chunk or window ({used}), not single detections")
    return found


def _fits(head: FileHead) -> bool:
    """Return whether a folder is no database or store, and one of its first tables holds detections."""
    if head.kind != "folder" or DATABASE in head.columns or is_store(head.path):
        return False
    first = result_tables(head.path)[:LOOKED_AT]
    tables = [p for p in first if p.stat().st_size]  # a tool may have had nothing to say of a recording
    return any(map(_holds_detections, tables)) if tables else bool(first)  # reading names files that are all empty


def _holds_detections(path: Path) -> bool:
    try:
        head = file_head(path)
    except BlendkitError:
        return False
    table = head.is_table and detection_kind(head.plain_columns) != ""
    return table or is_label_track(head) or is_birdnet_npz(head)


result_folder: Reader = Reader(
    "A folder of tables of detections, each in any of these formats; those in folders below it too.",
    _fits,
    _read_folder,
)
