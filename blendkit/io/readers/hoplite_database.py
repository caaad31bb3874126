"""perch-hoplite databases: windows from `hoplite.sqlite`, their vectors from the usearch index beside it."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from blendkit.core import Float32, Float64, recording_id
from blendkit.errors import BlendkitError, shorten
from blendkit.io.sqlite_files import fetch_rows, open_database, why_no_database

DATABASE, INDEX = "hoplite.sqlite", "usearch.index"
_QUERY = (
    "SELECT windows.id, recordings.filename, windows.offsets FROM windows "
    "JOIN recordings ON recordings.id = windows.recording_id ORDER BY recordings.filename, windows.id"
)


@dataclass(frozen=True, eq=False)
class Vectors:
    """Windows (N,) of recordings, times in seconds, and their vectors (N, D) float32: embeddings or logits."""

    recording: list[str]
    start_s: Float64
    end_s: Float64
    values: Float32
    duplicates: int


def read_hoplite(path: Path) -> Vectors:
    """Read a database of perch-hoplite 1.x, a folder.

    Windows that are stored twice with equal vectors count once; the database does not prevent them. Raises
    BlendkitError if the folder is not a database, if vectors are missing, or if a window has two different ones.
    """
    database = path / DATABASE
    ids, recording, offsets = _windows(database)
    values = _vectors(database.parent / INDEX, ids)
    bad = [
        f"{r}, window {i}: offsets {o.tolist()}" for r, i, o in zip(recording, ids, offsets, strict=True) if len(o) != 2
    ]
    if bad:
        raise BlendkitError(f"{database}: windows need a start and an end", [shorten(bad)])
    start, end = np.array([o[0] for o in offsets]), np.array([o[1] for o in offsets])
    keep, duplicates = _distinct(database, recording, start, end, values)
    return Vectors([recording[i] for i in keep], start[keep], end[keep], values[keep], duplicates)


def _windows(database: Path) -> tuple[list[int], list[str], list[Float64]]:
    if not database.is_file():
        raise BlendkitError(f"{database}: no such hoplite database")
    try:
        with open_database(database) as connection:
            rows = fetch_rows(connection, _QUERY, database)
    except sqlite3.Error as error:
        raise BlendkitError(f"{database}: not a perch-hoplite 1.x database", [why_no_database(error)]) from error
    if not rows:
        raise BlendkitError(f"{database}: holds no windows")
    offsets = [np.frombuffer(blob, "<f8") for _, _, blob in rows]
    return [int(i) for i, *_ in rows], [recording_id(str(f)) for _, f, _ in rows], offsets


def _vectors(index: Path, ids: list[int]) -> Float32:
    try:
        from usearch.index import Index
    except ImportError as error:
        hint = ["pip install 'blendkit[hoplite]'"]
        raise BlendkitError("usearch, which reads hoplite's vectors, is not installed", hint) from error
    if not index.is_file():
        raise BlendkitError(f"{index}: the file of the database's vectors is missing")
    try:
        restored: Any = Index.restore(str(index))
        found = restored.get(np.array(ids, np.uint64))
    except Exception as error:  # usearch raises its own mix of exceptions
        raise BlendkitError(f"{index}: cannot read these vectors", [str(error).splitlines()[0]]) from error
    missing = [str(i) for i, v in zip(ids, found, strict=True) if v is None]
    if missing:
        raise BlendkitError(f"{index}: {len(missing)} of {len(ids)} windows have no vector", [shorten(missing)])
    return np.asarray(np.stack([np.asarray(v) for v in found]), np.float32)


def _distinct(
    database: Path,
    recording: list[str],
    start: Float64,
    end: Float64,
    values: Float32,
) -> tuple[list[int], int]:
    """Return the first of each window's rows, and how many repeat it; a repeated one must be equal."""
    first: dict[tuple[str, float, float], int] = {}
    unequal = []
    for i, r in enumerate(recording):
        key = (r, round(float(start[i]), 6), round(float(end[i]), 6))
        j = first.setdefault(key, i)
        if not np.array_equal(values[i], values[j]):
            unequal.append(f"{r} {start[i]:g}-{end[i]:g} s")
    if unequal:
        raise BlendkitError(f"{database}: windows with two different vectors", [shorten(unequal)])
    return list(first.values()), len(recording) - len(first)
