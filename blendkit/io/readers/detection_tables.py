"""Tables of detections: BirdNET's result tables and Raven selection tables, as (file, start, end, label, score)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

import numpy as np

from blendkit.core import Float64, recording_id
from blendkit.errors import BlendkitError, did_you_mean, shorten
from blendkit.io.windowed import Windowed

if TYPE_CHECKING:
    import pandas as pd

# Column names in use, lower case: BirdNET-Analyzer (CSV, Raven, Kaleidoscope, R), birdnet, birdnetlib, Raven Pro.
_FILE = ("begin path", "begin file", "file", "filepath", "input", "filename", "in file")
_START = ("start (s)", "begin time (s)", "start_time", "start", "begin_time", "offset")
_END = ("end (s)", "end time (s)", "end_time", "end")
_OFFSET = ("file offset (s)",)
_DURATION = ("duration",)
_SCORE = ("confidence", "score", "probability")
_LABEL = ("scientific name", "scientific_name", "species_name", "species code", "species_code", "label", "common name")
_SUFFIXES = (".birdnet.selection.table", ".birdnet.selections", ".birdnet.results", ".selections", ".selection.table")
_SKIPPED = ("birdnet_analysis_params", "birdnet_combined")


@dataclass(frozen=True, eq=False)
class Detections:
    """Detections (N,) in file order. score is NaN where the table has none."""

    recording: list[str]
    start_s: Float64
    end_s: Float64
    label: list[str]
    score: Float64
    source: list[str]


def is_detection_table(columns: frozenset[str]) -> bool:
    """Return whether columns (lower case) are those of a table of one label and its times a line."""
    times = columns & set(_START) and columns & {*_END, *_DURATION}
    return bool(times and columns & set(_LABEL) and (columns & set(_SCORE) or "selection" in columns))


def read_detections(path: Path, *, label: str | None = None, score: str | None = None) -> Detections:
    """Read one table, or every CSV, TSV, TXT and Parquet table of a folder.

    Columns are found by the names in BirdNET-Analyzer, birdnet, birdnetlib and Raven, ignoring case; label and
    score give other names. In tables of several files Raven's begin times run on from file to file, so
    `File Offset (s)` is used. A table without a column of files belongs to the recording in its own name.
    Raises BlendkitError naming missing columns and unreadable lines.
    """
    files = _tables(path) if path.is_dir() else [path]
    if not files:
        raise BlendkitError(f"{path}: no result tables in this folder", ["expected .csv, .txt, .tsv or .parquet files"])
    parts = [_read(f, label, score) for f in files]
    return Detections(
        [r for p in parts for r in p.recording],
        np.concatenate([p.start_s for p in parts]),
        np.concatenate([p.end_s for p in parts]),
        [text for p in parts for text in p.label],
        np.concatenate([p.score for p in parts]),
        [s for p in parts for s in p.source],
    )


def detection_windows(found: Detections, source: str) -> Windowed:
    """Return detections as windows (N, C), a class per label: the score of each in its own class, 0 in the others.

    Raises BlendkitError for detections without a score.
    """
    lacking = int(np.isnan(found.score).sum())
    if lacking:
        raise BlendkitError(f"{source}: {lacking} detections have no score", ["name the column of scores"])
    classes = tuple(sorted(set(found.label)))
    column = {c: i for i, c in enumerate(classes)}
    values = np.zeros((len(found.label), len(classes)))
    values[np.arange(len(values)), [column[c] for c in found.label]] = found.score
    return Windowed(found.recording, found.start_s, found.end_s, values, classes)


def table_recording(path: Path) -> str:
    """Return the recording a table is named after: R of `R.BirdNET.results.csv` and `R.Table.1.selections.txt`."""
    name = path.with_suffix("").name
    for suffix in _SUFFIXES:
        if name.lower().endswith(suffix):
            name = name[: -len(suffix)]
            break
    parts = name.split(".")
    if len(parts) > 2 and parts[-2].lower() == "table" and parts[-1].isdigit():
        name = ".".join(parts[:-2])
    return recording_id(name)


def _tables(folder: Path) -> list[Path]:
    found = [p for p in sorted(folder.rglob("*")) if p.suffix.lower() in (".csv", ".txt", ".tsv", ".parquet")]
    return [p for p in found if not p.name.lower().startswith(_SKIPPED)]


def _read(path: Path, label: str | None, score: str | None) -> Detections:
    frame = _frame(path)
    columns = {str(c).strip().lower(): c for c in frame.columns}
    start, end = _times(path, frame, columns)
    file = _first(columns, _FILE)
    names = _column(path, columns, label, _LABEL, "label")
    scored = _column(path, columns, score, _SCORE, "score", needed=score is not None)
    recordings = [table_recording(path)] * len(frame) if file is None else _recordings(path, frame[file])
    values = np.full(len(frame), np.nan) if scored is None else _numbers(path, frame[scored])
    assert names is not None
    labels = [str(v).strip() for v in frame[names]]
    return Detections(recordings, start, end, labels, values, [path.name] * len(frame))


def _frame(path: Path) -> pd.DataFrame:
    import pandas as pd

    try:
        if path.suffix.lower() == ".parquet":
            return pd.read_parquet(path)
        head = path.read_text(encoding="utf-8-sig", errors="strict").split("\n", 1)[0]
        separator = "\t" if "\t" in head else ";" if ";" in head and "," not in head else ","
        return pd.read_csv(path, sep=separator, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (OSError, ValueError, pd.errors.ParserError) as error:
        raise BlendkitError(f"{path.name}: cannot read this table", [str(error).splitlines()[0]]) from error


def _first(columns: dict[str, Any], names: Sequence[str]) -> Any | None:
    return next((columns[n] for n in names if n in columns), None)


def _column(
    path: Path, columns: dict[str, Any], given: str | None, names: Sequence[str], what: str, *, needed: bool = True
) -> Any | None:
    found = columns.get(given.strip().lower()) if given else _first(columns, names)
    if found is None and needed:
        expected = f"{given!r}{did_you_mean(given, columns)}" if given else f"one of {', '.join(names)}"
        raise BlendkitError(f"{path.name}: no {what} column", [f"expected {expected}", f"has {shorten(columns)}"])
    return found


def _times(path: Path, frame: pd.DataFrame, columns: dict[str, Any]) -> tuple[Float64, Float64]:
    begin, end, offset, duration = (_first(columns, n) for n in (_START, _END, _OFFSET, _DURATION))
    if begin is None or (end is None and duration is None):
        raise BlendkitError(f"{path.name}: no columns of start and end times", [f"has {shorten(columns)}"])
    start = _numbers(path, frame[begin])
    length = _numbers(path, frame[end]) - start if end is not None else _numbers(path, frame[duration])
    if offset is not None:
        start = _numbers(path, frame[offset])
    return start, np.round(start + length, 6)


def _numbers(path: Path, column: pd.Series[Any]) -> Float64:
    import pandas as pd

    values = pd.to_numeric(column, errors="coerce").to_numpy(np.float64)
    bad = np.flatnonzero(~np.isfinite(values))
    if len(bad):
        listed = [f"line {i + 2}: {column.iloc[i]!r}" for i in bad[:5]]
        raise BlendkitError(f"{path.name}: {column.name!r} holds no number in {len(bad)} lines", listed)
    return values


def _recordings(path: Path, column: pd.Series[Any]) -> list[str]:
    names = [str(v).strip().replace("\\", "/") for v in column]
    empty = [f"line {i + 2}" for i, n in enumerate(names) if not n]
    if empty:
        raise BlendkitError(f"{path.name}: {column.name!r} names no file in {len(empty)} lines", [shorten(empty)])
    return [recording_id(PurePath(n).as_posix()) for n in names]
