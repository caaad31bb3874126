"""Tables of detections of any tool, as (file, start, end, label, score): columns found by the names in use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from blendkit.core import FileSpace, Float64, composed, recording_id, unit_of_times
from blendkit.errors import BlendkitError, brief, did_you_mean, shorten
from blendkit.io.column_values import read_binary_table
from blendkit.io.column_words import in_english
from blendkit.io.file_kinds import file_kind, why_unreadable
from blendkit.io.packed_files import FAILURES
from blendkit.io.percentages import shares_of_percent
from blendkit.io.readers.label_times import require_seconds
from blendkit.io.readers.raven_times import require_own_times
from blendkit.io.readers.table_names import table_recording
from blendkit.io.text_tables import decimal_points, english_columns, open_table, plain_name
from blendkit.io.windows_to_chunks import Windowed

if TYPE_CHECKING:
    import pandas as pd

# Column names in use, lower case: BirdNET-Analyzer (CSV, Raven, Kaleidoscope, R), birdnet, birdnetlib, Raven Pro.
_FILE = (
    "begin path",
    "begin file",
    "file",
    "filepath",
    "input",
    "filename",
    "in file",
    "recording",
    "file name",
    "file_name",
    "audio_file",
)
START_COLUMNS = (
    *("start (s)", "begin time (s)", "start_time", "start", "begin_time", "offset", "start_s", "start_ms"),
    *("start time", "start time (s)", "start_sec"),
)
END_COLUMNS = ("end (s)", "end time (s)", "end_time", "end", "end_s", "end_ms", "end time", "end_sec")
_OFFSET = ("file offset (s)",)
_DURATION = ("duration",)
_SCORE = ("confidence", "score", "probability", "prob")
LABEL_COLUMNS = (
    *("scientific name", "scientific_name", "species_name", "species code", "species_code", "label"),
    *("common name", "common_name", "species", "class", "ebird_code"),
)
NOTHING = "no detection in it: its recordings count as heard, with nothing found"
NO_SCORES = "name their column with --score; what people marked without scores is read as labels (--labels)"


@dataclass(frozen=True, eq=False)
class Detections:
    """Detections (N,) in file order. score is NaN where the table has none; notes: what was assumed of the file.

    own_tables: whether each table is of one recording, so that those without a table were not looked at. quiet: then
    the recordings in which nothing was detected. space: of a folder's scores, where all its tables fix the same.
    """

    recording: list[str]
    start_s: Float64
    end_s: Float64
    label: list[str]
    score: Float64
    source: list[str]
    notes: tuple[str, ...] = ()
    quiet: tuple[str, ...] = ()
    own_tables: bool = False
    space: FileSpace = "unknown"


def detection_kind(columns: frozenset[str]) -> str:
    """Return the format of a table of one label and its times a line by its columns (lower case); "" if it is none.

    The first that fits counts, so that no table has two formats; `detections` is any other with such columns.
    """
    if {"begin time (s)", "end time (s)"} <= columns:
        return "raven"
    if {"in file", "offset", "duration"} <= columns:
        own = columns & {"manual id", "top1match*", "auto id*", "auto id"}
        return "kaleidoscope-pro" if own else "kaleidoscope"
    if {"start (s)", "end (s)"} <= columns and columns & {"scientific name", "common name"}:
        return "birdnet-analyzer"
    if {"input", "start_time", "end_time", "species_name", "confidence"} <= columns:
        return "birdnet"
    if {"recording", "name", "start_time", "end_time", "score"} <= columns:
        return "hawkears"
    if {"recording", "species", "songtype", "x1", "x2", "score"} <= columns:
        return "arbimon"
    if {"filename", "window_start", "window_end", "label", "logits"} <= columns:
        return "perch"
    times = columns & set(START_COLUMNS) and columns & {*END_COLUMNS, *_DURATION}
    scored = columns & set(_SCORE) or "selection" in columns
    return "detections" if times and columns & set(LABEL_COLUMNS) and scored else ""


def join_detections(parts: Sequence[Detections], notes: Sequence[str]) -> Detections:
    """Return detections in the order of their parts, with further notes; those of the parts once each."""
    return Detections(
        [r for p in parts for r in p.recording],
        np.concatenate([np.zeros(0), *(p.start_s for p in parts)]),
        np.concatenate([np.zeros(0), *(p.end_s for p in parts)]),
        [text for p in parts for text in p.label],
        np.concatenate([np.zeros(0), *(p.score for p in parts)]),
        [s for p in parts for s in p.source],
        (*dict.fromkeys(n for p in parts for n in p.notes if n != NOTHING), *notes),
    )


def detection_windows(found: Detections, source: str, empty: float) -> Windowed:
    """Return detections as windows (N, C), a class per label: the score of each in its class, `empty` in the others.

    Raises BlendkitError for detections without a score.
    """
    lacking = int(np.isnan(found.score).sum())
    if lacking:
        raise BlendkitError(f"{source}: {lacking} detections have no score", [NO_SCORES])
    classes = tuple(sorted(set(found.label)))
    column = {c: i for i, c in enumerate(classes)}
    values = np.full((len(found.label), len(classes)), empty)
    values[np.arange(len(values)), [column[c] for c in found.label]] = found.score
    return Windowed(found.recording, found.start_s, found.end_s, values, classes, found.notes)


def open_detections(path: Path) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return a table with the lines of the file as index, and notes on how it was read.

    Its columns are in lower case, and in English where no other has that name.
    Cells of text tables are str. Raises BlendkitError for a table that cannot be read.
    """
    try:
        kind = file_kind(path)
    except FAILURES as error:
        reason = why_unreadable(path, error)
        raise BlendkitError(f"{path.name}: cannot read this table of detections", [reason]) from error
    notes: tuple[str, ...] = ()
    if kind in ("Parquet", "Arrow"):
        frame = read_binary_table(path)
    else:
        frame, notes = open_table(path, "this table of detections")
    return frame.rename(columns=english_columns(map(str, frame.columns))), notes


def take_detections(
    path: Path,
    frame: pd.DataFrame,
    notes: Sequence[str] = (),
    *,
    label: str | None = None,
    score: str | None = None,
) -> Detections:
    """Return the detections of a frame with columns in lower case, found by the names in use; label and score: others.

    Times are seconds, or H:M:S. In tables of several files Raven's begin times run on from file to file, so `File
    Offset (s)` is used. A table without a column of files belongs to the recording in its own name. Raises
    BlendkitError naming missing columns and unreadable lines.
    """
    columns = {str(c): c for c in frame.columns}
    start, end, commas = _times(path, frame, columns)
    file = _first(columns, _FILE)
    names = _column(path, columns, label, LABEL_COLUMNS, "label")
    scored = _column(path, columns, score, _SCORE, "score", needed=score is not None)
    recordings = [table_recording(path)] * len(frame) if file is None else _recordings(path, frame[file])
    values = np.full(len(frame), np.nan)
    if scored is not None:
        shares, percent = shares_of_percent(path.name, {scored: frame[scored].to_numpy()}, ())
        if percent:
            _require_texts(path, frame[scored])
        numbers, more = _decimals(frame.assign(**shares), [scored])
        values, commas = _numbers(path, numbers[scored]), (*(commas or more), *percent)
    labels = [composed(str(v).strip()) for v in frame[names or ""]]
    if _first(columns, _OFFSET) is None and file is not None:
        begin, of = str(_first(columns, START_COLUMNS)), np.unique(recordings, return_inverse=True)[1]
        notes = (*notes, *require_own_times(path.name, begin, str(file), of, start))
    said = (*notes, *commas, *(() if len(frame) else (NOTHING,)))
    own = _own_table(path, recordings)
    quiet, sources = (table_recording(path),) if own and not recordings else (), [path.name] * len(frame)
    return Detections(recordings, start, end, labels, values, sources, said, quiet, own)


def _own_table(path: Path, recordings: Sequence[str]) -> bool:
    """Return whether a table is named after the one recording that it is of; an empty one by what follows the name."""
    name = table_recording(path)
    if not recordings:
        return name != recording_id(path.with_suffix("").name)
    return {r.rpartition("/")[2] for r in recordings} == {name}


def _given(columns: dict[str, Any], name: str) -> Any | None:
    """Return the column of a name, also of one in another language that was turned into English."""
    own = name.strip().lower()
    return columns.get(own, columns.get(in_english(own)))


def _first(columns: dict[str, Any], names: Sequence[str]) -> Any | None:
    return next((columns[n] for n in names if n in columns), None)


def _column(
    path: Path, columns: dict[str, Any], given: str | None, names: Sequence[str], what: str, *, needed: bool = True
) -> Any | None:
    found = _given(columns, given) if given else _first(columns, names)
    if found is None and needed:
        expected = f"{given!r}{did_you_mean(given, columns)}" if given else f"one of {', '.join(names)}"
        raise BlendkitError(f"{path.name}: no {what} column", [f"expected {expected}", f"has {shorten(columns)}"])
    return found


def _times(path: Path, frame: pd.DataFrame, columns: dict[str, Any]) -> tuple[Float64, Float64, tuple[str, ...]]:
    begin, end, offset, duration = (_first(columns, n) for n in (START_COLUMNS, END_COLUMNS, _OFFSET, _DURATION))
    if begin is None or (end is None and duration is None):
        raise BlendkitError(f"{path.name}: no columns of start and end times", [f"has {shorten(columns)}"])
    frame, notes = _decimals(frame, [c for c in (begin, end, offset, duration) if c is not None])
    start = _numbers(path, frame[begin])
    length = _numbers(path, frame[end]) - start if end is not None else _numbers(path, frame[duration])
    if offset is not None:
        start = _numbers(path, frame[offset])
    unit = plain_name(begin)[1]
    if unit == 0.001:  # start_ms, and so its end
        start, length = start / 1000, length / 1000
    stop = np.round(start + length, 6)
    if unit is None:
        first = f"line {frame.index[0]}: {start[0]:g} to {stop[0]:g}, read as seconds" if len(frame) else ""
        require_seconds(
            path.name, unit_of_times(start, stop), first, "give seconds, in columns `start (s)` and `end (s)`"
        )
    return start, stop, notes


def _decimals(frame: pd.DataFrame, columns: Sequence[Any]) -> tuple[pd.DataFrame, tuple[str, ...]]:
    text = [c for c in columns if len(frame) and isinstance(frame[c].iloc[0], str)]
    return decimal_points(frame, text)


def _numbers(path: Path, column: pd.Series[Any]) -> Float64:
    import pandas as pd

    values = np.array(pd.to_numeric(column, errors="coerce"), np.float64)
    for i in np.flatnonzero(np.isnan(values)):
        values[i] = _clock(str(column.iloc[i]))
    bad = np.flatnonzero(~np.isfinite(values))
    if len(bad):
        listed = [f"line {column.index[i]}: {brief(column.iloc[i])!r}" for i in bad[:5]]
        raise BlendkitError(f"{path.name}: {column.name!r} holds no number in {len(bad)} lines", listed)
    return values


def _require_texts(path: Path, column: pd.Series[Any]) -> None:
    """Raise BlendkitError for empty cells, which are no percentages."""
    empty = [f"line {i}: ''" for i, text in zip(column.index, column, strict=True) if not str(text).strip()]
    if empty:
        raise BlendkitError(f"{path.name}: {column.name!r} holds no number in {len(empty)} lines", empty[:5])


def _clock(text: str) -> float:
    """Return the seconds of H:M:S or M:S, NaN for any other text."""
    try:
        parts = [float(p) for p in text.split(":")]
    except ValueError:
        return np.nan
    return sum(p * 60**i for i, p in enumerate(reversed(parts))) if 2 <= len(parts) <= 3 else np.nan


def _recordings(path: Path, column: pd.Series[Any]) -> list[str]:
    names = [str(v).strip().replace("\\", "/") for v in column]
    empty = [f"line {i}" for i, n in zip(column.index, names, strict=True) if not n]
    if empty:
        raise BlendkitError(f"{path.name}: {column.name!r} names no file in {len(empty)} lines", [shorten(empty)])
    return [recording_id(n) for n in names]
