"""Where labels lie: the columns of a table that name recordings and times, and what they say."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np

from blendkit.core import AUDIO_SUFFIXES, WHOLE_RECORDING, Int64, path_ids, recording_id, whole_path
from blendkit.io.plain_table import coded
from blendkit.io.readers.label_rows import LabelRows, places_among
from blendkit.io.readers.label_times import UNREADABLE, milliseconds, read_times, require_seconds, unlikely_unit
from blendkit.io.readers.raven_times import require_own_times
from blendkit.io.text_tables import decimal_points, find_columns, plain_name

if TYPE_CHECKING:
    import pandas as pd

# Plain names in use (see `plain_name`); of several columns of files the first counts.
_FILE = (
    *("filename", "file_name", "file", "recording", "recording_id", "recording_name", "audio", "itemid", "item_id"),
    *("audio_file", "audio_filename", "audio_file_name", "audio_path", "filepath", "file_path", "path"),
    *("begin_file", "in_file", "begin_path", "soundscape", "sound_file", "wav", "fname", "input"),
)
_START = (
    *("start", "start_time", "starttime", "begin_time", "begin", "t_start", "t_begin", "time_start"),
    *("onset", "tmin"),
)
_END = ("end", "end_time", "endtime", "t_end", "time_end", "stop", "stop_time", "tmax")
OWN_NAME = "no column of recordings"  # how the note on a table begins that names none
_ABSOLUTE = re.compile(r"(?:[A-Za-z]:)?/")
PLACES = (
    "expected a recording (filename, file, recording, path, ...) with start and end (or start and duration) and "
    "primary_label, label or species; or row_id and labels; or one 0/1 column per class in place of labels"
)


@dataclass(frozen=True)
class PlaceColumns:
    """The columns that say where labels lie; None: there is no such column.

    Without start and row_id a label holds for its whole recording; without file and row_id the table's own name is the
    recording. offset: a time within the file, where starts run on from file to file.
    """

    file: str | None = None
    start: str | None = None
    end: str | None = None
    duration: str | None = None
    row_id: str | None = None
    offset: str | None = None

    @property
    def used(self) -> list[str]:
        """The columns there are."""
        found = (self.file, self.start, self.end, self.duration, self.row_id, self.offset)
        return list(dict.fromkeys(c for c in found if c is not None))


@dataclass(frozen=True, eq=False)
class Places:
    """N spans, start and end (N,) in milliseconds, and the place `of` (N,) of the recording of each in `recordings`.

    bad: what cannot be read, one text per line. paths: {recording: all its folders} of absolute ones.
    """

    recordings: list[str]
    of: Int64
    start: Int64
    end: Int64
    bad: list[str]
    notes: tuple[str, ...] = ()
    paths: Mapping[str, str] = field(default_factory=dict)


def place_columns(frame: pd.DataFrame) -> tuple[PlaceColumns, list[str]]:
    """Return the columns that say where labels lie, and a problem for each that is missing or not clear.

    Where none has the name of a column of recordings, it is the only one whose cells all are names of audio files.
    """
    columns = list(frame.columns)
    files, row_ids = find_columns(columns, _FILE), find_columns(columns, ("row_id",))
    audio = [] if files or row_ids or not len(frame) else [c for c in columns if _names_audio(frame[c])]
    files = files or (audio if len(audio) == 1 else [])
    start, first = _one(columns, _START, "start times")
    end, second = _one(columns, _END, "end times")
    offset, onset = (next(iter(find_columns(columns, (n,))), None) for n in ("offset", "onset"))
    duration = next(iter(find_columns(columns, ("duration",))), None)
    if end is None and onset is not None and offset is not None:
        start, end, first = onset, offset, ""  # sound event tables
    elif start is None and offset is not None and (end or duration):
        start = offset
    if row_ids and (start is None or not files):
        return PlaceColumns(row_id=row_ids[0]), []
    file = files[0] if files else None
    problems = [p for p in (first, second) if p]
    if start is None and end is None and not problems:
        unclear = [f"column {offset!r} alone: a start or an end?"] if offset else []
        return PlaceColumns(file), unclear if file else ["no column of recordings"]
    if start is None and not first:
        problems.append("no column of start times")
    if end is None and duration is None and not second:
        problems.append("no column of end times")
    within = [c for c in columns if c.strip().lower() == "file offset (s)"]  # Raven, in tables of several files
    kept = None if end is not None else duration
    return PlaceColumns(file, start, end, kept, None, within[0] if within and files else None), problems


def _names_audio(cells: pd.Series[Any]) -> bool:
    suffixes = tuple(AUDIO_SUFFIXES)
    return cells.iloc[0].lower().endswith(suffixes) and all(c.lower().endswith(suffixes) for c in coded(cells)[1])


def _one(columns: Sequence[str], names: Sequence[str], what: str) -> tuple[str | None, str]:
    """Return the one column of a kind, and a problem if there are several; one named plainly (`start`) decides."""
    found = find_columns(columns, names)
    exact = [c for c in found if c.lower() == names[0]]
    if len(found) > 1 and len(exact) != 1:
        return None, f"several columns of {what}: {', '.join(found)}; leave one in the table"
    return next(iter(exact or found), None), ""


def places_of(frame: pd.DataFrame, at: PlaceColumns, own_name: str, path: object) -> Places:
    """Return where the N rows of a table lie. own_name: the recording of a table that has no column of recordings.

    Raises BlendkitError if the times are in a unit that the table does not name.
    """
    if at.row_id is not None:
        return _of_row_ids(frame, at.row_id)
    names, of, notes, paths = _recordings(frame, at.file, own_name, path)
    named = np.array([*map(bool, names)], bool)[of]
    if at.start is None:
        bad = [f"line {n}: no recording" for n in frame.index[~named].tolist()]
        start, end = np.zeros(len(of), np.int64), np.full(len(of), WHOLE_RECORDING)
        return Places(names, of, start, end, bad, (*notes, "labels hold for whole recordings"), paths)
    times = [c for c in (at.start, at.end, at.duration, at.offset) if c is not None]
    frame, commas = decimal_points(frame, times)
    second = at.end or at.duration or ""
    units = {c: plain_name(c)[1] for c in times}
    if at.end is not None and units[at.start] is None and units[at.end] is None:
        _require_seconds(frame, at.start, at.end, path)
    start, end = _spans(frame, at, units)
    if at.offset is None:
        commas = (*commas, *require_own_times(path, at.start, at.file, of, start))
    readable = (start >= 0) & (end > start) & named
    bad = []
    for i in np.flatnonzero(~readable).tolist():
        cells = [frame[c].iloc[i] for c in times[:2]]
        joined = f"{cells[0]!r} {'for' if second == at.duration else 'to'} {cells[1]!r}"
        bad.append(f"line {frame.index[i]}: {joined} of {names[of[i]]!r}")
    return Places(names, of, start, end, bad, (*notes, *commas), paths)


def rows_of_places(places: Places, sets: Sequence[frozenset[str]], which: Int64) -> LabelRows:
    """Return the rows of places (N,) whose classes are sets[which] (N,)."""
    return LabelRows(
        places.recordings, places.of, places.start, places.end, sets, which, notes=places.notes, paths=places.paths
    )


def _spans(frame: pd.DataFrame, at: PlaceColumns, units: dict[str, float | None]) -> tuple[Int64, Int64]:
    """Return starts and ends (N,) in ms; -1 for both where a time cannot be read."""
    read = {c: read_times(frame[c], unit) for c, unit in units.items()}
    start, second = read[at.start or ""], read[at.end or at.duration or ""]
    length = second if at.end is None else second - start
    known = np.logical_and.reduce([t != UNREADABLE for t in read.values()])
    start = start if at.offset is None else read[at.offset]
    return np.where(known, start, -1), np.where(known, start + length, -1)


def _require_seconds(frame: pd.DataFrame, start: str, end: str, path: object) -> None:
    unit = unlikely_unit(frame[start], frame[end])
    first = f"line {frame.index[0]}: {frame[start].iloc[0]} to {frame[end].iloc[0]}, read as seconds" if unit else ""
    known = (
        "name its columns start_ms and end_ms if they are" if unit == "milliseconds" else "divide them to get seconds"
    )
    require_seconds(path, unit, first, f"{known}, {start}_s and {end}_s if they are seconds")


def _recordings(
    frame: pd.DataFrame, column: str | None, own_name: str, path: object
) -> tuple[list[str], Int64, tuple[str, ...], dict[str, str]]:
    """Return recordings, the place (N,) of each row's among them, notes, and the whole paths of absolute ones."""
    if column is None:
        of = np.zeros(len(frame), np.int64)
        return [own_name], of, (f"{OWN_NAME}: the labels belong to {own_name!r}",), {}
    of, different = coded(frame[column])
    names = {n: n.replace("\\", "/") for n in different}
    absolute = {n: PurePosixPath(p).name for n, p in names.items() if _ABSOLUTE.match(p)}
    ids = {n: recording_id(absolute.get(n, p)) if p else "" for n, p in names.items()}
    if len({ids[n] for n in absolute}) < len({names[n] for n in absolute}):  # the folders tell them apart
        ids |= path_ids(absolute)
        said = "folders that all absolute paths share are left out of the recordings' names"
    else:
        said = "folders of absolute paths are left out of the recordings' names"
    paths = {ids[n]: whole_path(names[n]) for n in absolute}
    return list(ids.values()), of, (said,) if absolute else (), paths


def _of_row_ids(frame: pd.DataFrame, column: str) -> Places:
    """Rows `<recording>_<end second>`: a chunk is as long as the largest step that all ends are multiples of."""
    parts = [str(i).rpartition("_") for i in frame[column]]
    ends = [milliseconds(end, None) or 0 for *_, end in parts]
    bad = [
        f"line {line}: row id {i!r}, expected <recording>_<end second>"
        for line, i, (stem, *_), end in zip(frame.index, frame[column], parts, ends, strict=True)
        if not stem or end <= 0
    ]
    step = math.gcd(*ends)
    notes = (f"row ids are read as chunks of {step / 1000:g} s",) if step else ()
    names, of = places_among(recording_id(stem, whole=True) for stem, *_ in parts)
    end = np.array(ends, np.int64)
    return Places(names, of, end - step, end, bad, notes)
