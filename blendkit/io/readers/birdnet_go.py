"""BirdNET-Go's database: the table `notes`, whose times are those of a file, or of the clock for live recordings."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import numpy as np

from blendkit.core import composed, recording_id
from blendkit.errors import BlendkitError, counted, shorten
from blendkit.io.file_reader import ColumnNames, FileHead, Reader
from blendkit.io.readers.detection_tables import NOTHING, Detections
from blendkit.io.sqlite_files import query_detections

_COLUMNS = ("clip_name", "begin_time", "end_time", "scientific_name", "confidence")


def _fits(head: FileHead) -> bool:
    return head.kind == "sqlite" and {f"notes.{c}" for c in _COLUMNS} <= set(head.columns)


def _read(path: Path, names: ColumnNames) -> Detections:
    """Return every note: of a clip with clock times from 0 s on, of a file with its times in seconds.

    Notes whose clip is gone, as the program's retention leaves them, belong to no recording: they are left out, and
    counted. Raises BlendkitError for notes with times that are neither, by their number, and if none has a clip.
    """
    every = query_detections(path, f"SELECT {', '.join(_COLUMNS)} FROM notes ORDER BY rowid", _COLUMNS, may_lack=(0,))
    rows = [r for r in every if r[0]]
    if every and not rows:
        raise BlendkitError(f"{path.name}: none of its {len(every)} notes names a clip, so that no recording is known")
    spans = [_span(begin, end) for _, begin, end, *_ in rows]
    bad = [f"note {i}: {r[1]!r} to {r[2]!r}" for i, (r, s) in enumerate(zip(rows, spans, strict=True), 1) if s is None]
    if bad:
        raise BlendkitError(f"{path.name}: {len(bad)} notes cannot be placed in a recording", [shorten(bad)])
    known = [s for s in spans if s is not None]
    clips = sum(isinstance(r[1], str) and _plain(r[1]) is None for r in rows)
    said = [f"{clips} notes have clock times: each lies at the start of its own clip"] if clips else []
    if gone := len(every) - len(rows):
        said.append(f"{counted(gone, 'note', 'notes')} without a clip_name left out: their recordings are not known")
    return Detections(
        [recording_id(str(r[0]).replace("\\", "/")) for r in rows],
        np.array([s for s, _ in known], np.float64),
        np.array([e for _, e in known], np.float64),
        [composed(str(r[3]).strip()) for r in rows],
        np.array([r[4] for r in rows], np.float64),
        [path.name] * len(rows),
        tuple(said) if rows else (NOTHING,),
    )


def _span(begin: object, end: object) -> tuple[float, float] | None:
    """Return start and end in seconds; None for times that cannot be read or have no length."""
    first, last = _plain(begin), _plain(end)
    if first is None or last is None:
        try:
            moments = [datetime.fromisoformat(str(t)) for t in (begin, end)]
            first, last = 0.0, (moments[1] - moments[0]).total_seconds()
        except (ValueError, TypeError):
            return None
    return (first, last) if 0 <= first < last < np.inf else None


def _plain(time: object) -> float | None:
    try:
        return float(str(time))
    except ValueError:
        return None


birdnet_go: Reader = Reader("BirdNET-Go's birdnet.db (table notes).", _fits, _read, "prob")
