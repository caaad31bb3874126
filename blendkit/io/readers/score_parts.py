"""A folder of score tables, one per recording, part or partition: each is read in its own format, all as one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from blendkit.errors import BlendkitError, counted, shorten
from blendkit.io.file_reader import FOLDER, PARTS, ColumnNames, FileHead, Reader, file_head, find_reader
from blendkit.io.readers.builtin import arrays, frames, matrix
from blendkit.io.readers.hoplite_database import DATABASE
from blendkit.io.readers.result_folder import LOOKED_AT, result_tables
from blendkit.io.readers.score_table import Table
from blendkit.io.windows_to_chunks import Windowed
from blendkit.store import is_store

_SCORES = (matrix, frames, arrays)
_WAY = "scores of several models are several sources: give each file by itself"


def _fits(head: FileHead) -> bool:
    """Return whether a folder is no database or store, and all of its first tables hold scores."""
    if head.kind != "folder" or DATABASE in head.columns or is_store(head.path):
        return False
    tables = [p for p in result_tables(head.path)[:LOOKED_AT] if p.stat().st_size]
    return bool(tables) and all(map(_holds_scores, tables))


def _holds_scores(path: Path) -> bool:
    try:
        head = file_head(path)
    except BlendkitError:
        return False
    return any(reader.recognises(head) for reader in _SCORES)


def _read_parts(path: Path, names: ColumnNames) -> Table | Windowed:
    """Read every table of a folder, and those in folders below it, as one.

    Raises BlendkitError naming a table that holds no scores, other classes than the first, or rows of another table.
    """
    files = result_tables(path)
    if not files:
        raise BlendkitError(f"{path}: no score tables in this folder", ["expected .csv, .parquet or .npz files"])
    inner = replace(names, format=None) if names.format in (FOLDER, PARTS) else names
    found = {p.relative_to(path).as_posix(): _read_one(p, inner) for p in files}
    tables = {p: f for p, f in found.items() if isinstance(f, Table)}
    windows = {p: f for p, f in found.items() if isinstance(f, Windowed)}
    if tables and windows:
        raise BlendkitError(
            f"{path.name}: its tables are of two kinds",
            [f"rows of chunks: {shorten(tables, 3)}", f"windows: {shorten(windows, 3)}", "keep each kind in a folder"],
        )
    return _joined_windows(path, windows) if windows else _joined_tables(path, tables)


def _read_one(path: Path, names: ColumnNames) -> Table | Windowed:
    used, reader = find_reader(path, names)
    found = reader.read(path, names)
    if isinstance(found, Table | Windowed):
        return found
    raise BlendkitError(f"{path.name}: holds single detections ({used}), not scores of every chunk or window")


def _joined_tables(folder: Path, parts: Mapping[str, Table]) -> Table:
    first = next(iter(parts.values()))
    places = _places(folder, {p: t.classes for p, t in parts.items()})
    _require_apart(folder, {p: t.row_ids for p, t in parts.items()})
    without = [p for p, t in parts.items() if t.folds is None]
    if without and len(without) < len(parts):
        raise BlendkitError(f"{folder.name}: some of its tables have folds, and others none", [shorten(without)])
    folds = None if without else np.concatenate([t.folds for t in parts.values() if t.folds is not None])
    values = np.concatenate([t.values[:, places[p]] for p, t in parts.items()])
    ids = [i for t in parts.values() for i in t.row_ids]
    return Table(ids, first.classes, values, folds, _notes(parts, (t.notes for t in parts.values())))


def _joined_windows(folder: Path, parts: Mapping[str, Windowed]) -> Windowed:
    first = next(iter(parts.values()))
    places = _places(folder, {p: w.classes for p, w in parts.items()})
    _require_apart(folder, {p: [*zip(w.recording, w.start_s, w.end_s, strict=True)] for p, w in parts.items()})
    start, end = (np.concatenate([getattr(w, n) for w in parts.values()]) for n in ("start_s", "end_s"))
    values = np.concatenate([w.values[:, places[p]] for p, w in parts.items()])
    recordings = [r for w in parts.values() for r in w.recording]
    return Windowed(recordings, start, end, values, first.classes, _notes(parts, (w.notes for w in parts.values())))


def _places(folder: Path, classes: Mapping[str, Sequence[str]]) -> dict[str, list[int]]:
    """Return for every table where the classes of the first stand in it. Raises BlendkitError where they differ."""
    first = next(iter(classes))
    wanted = classes[first]
    said = []
    for part, own in classes.items():
        lacks, more = (shorten(sorted({*a} - {*b}), 5) for a, b in ((wanted, own), (own, wanted)))
        differs = [f"{word} {names}" for word, names in (("lacks", lacks), ("also has", more)) if names]
        said += [f"{part} {' and '.join(differs)}"] if differs else []
    if said:
        problems = [*said[:5], f"compared with {first}", "parts of one table have the same classes", _WAY]
        raise BlendkitError(f"{folder.name}: its tables hold different classes", problems)
    return {part: [{c: k for k, c in enumerate(own)}[c] for c in wanted] for part, own in classes.items()}


def _require_apart(folder: Path, rows: Mapping[str, Sequence[object]]) -> None:
    """Raise BlendkitError if two tables hold the same row."""
    owner: dict[object, str] = {}
    for part, own in rows.items():
        twice = next((row for row in own if row in owner), None)
        if twice is not None:
            row = twice if isinstance(twice, str) else "{}, {:g} to {:g} s".format(*twice)  # type: ignore[misc]
            raise BlendkitError(f"{folder.name}: {row} stands in {owner[twice]} and in {part}", [_WAY])
        owner.update(dict.fromkeys(own, part))


def _notes(parts: Iterable[str], notes: Iterable[Sequence[str]]) -> tuple[str, ...]:
    names = list(parts)
    below = sorted({f for n in names for f in n.split("/")[:-1] if "=" in f})
    said = [f"{counted(len(names), 'table', 'tables')} read as one: {shorten(names, 3)}"]
    said += [f"folders such as {below[0]!r} tell parts apart; they are read as no column"] if below else []
    return tuple(dict.fromkeys([*said, *(n for own in notes for n in own)]))


score_parts: Reader = Reader(
    "A folder of score tables of the same classes, one per recording, part or partition; those below it too.",
    _fits,
    _read_parts,
)
