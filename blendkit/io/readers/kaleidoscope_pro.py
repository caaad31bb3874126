"""Kaleidoscope Pro's own tables: cluster.csv and id.csv, with the names that people gave in MANUAL ID."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from blendkit.core import Float64, composed
from blendkit.io.file_reader import ColumnNames, FileHead, Reader
from blendkit.io.readers.detection_tables import Detections, detection_kind, open_detections, take_detections
from blendkit.io.readers.kaleidoscope import with_paths

if TYPE_CHECKING:
    import pandas as pd

_AUTO = ("auto id*", "auto id", "top1match*", "top1match")

_NO_CLASS = ("noise", "noid")  # what the program calls sound of no animal, and calls that it cannot name


def _fits(head: FileHead) -> bool:
    return head.is_table and detection_kind(head.plain_columns) == "kaleidoscope-pro"


def _read(path: Path, names: ColumnNames) -> Detections:
    """Return what people named, with the score 1, and the program's matches with their MATCH RATIO or distance."""
    frame, notes = open_detections(path)
    frame = with_paths(path, frame)
    if names.classes or names.score:
        return take_detections(path, frame, notes, label=names.classes or _auto(frame), score=names.score)
    manual = _texts(frame, "manual id")
    matched = _texts(frame, _auto(frame) or "")
    labels = [m or a for m, a in zip(manual, matched, strict=True)]
    scores, how = _scores(frame)
    scores = np.where([bool(m) for m in manual], 1.0, scores)
    found_none = [t.casefold() in _NO_CLASS for t in labels]
    named = [bool(t) and not none for t, none in zip(labels, found_none, strict=True)]
    own = frame.assign(label=labels)[named]
    found = take_detections(path, own, notes, label="label")
    said = [f"{sum(map(bool, manual))} lines have a MANUAL ID, which counts as 1"] if any(manual) else []
    said += [how] if how and any(matched) else []
    unnamed = labels.count("")
    said += [f"{unnamed} lines without a name are left out"] if unnamed else []
    said += [f"{sum(found_none)} lines of Noise or NoID are left out"] if any(found_none) else []
    return Detections(
        found.recording, found.start_s, found.end_s, found.label, scores[named], found.source, (*found.notes, *said)
    )


def _auto(frame: pd.DataFrame) -> str | None:
    return next((c for c in _AUTO if c in frame), None)


def _texts(frame: pd.DataFrame, column: str) -> list[str]:
    return [composed(str(v).strip()) for v in frame[column]] if column in frame else [""] * len(frame)


def _scores(frame: pd.DataFrame) -> tuple[Float64, str]:
    """Return the score of the program's match in each line (NaN: none), and how it was made."""
    import pandas as pd

    if "match ratio" in frame:
        values = pd.to_numeric(frame["match ratio"], errors="coerce")
        return np.array(values, np.float64), ""
    if "top1dist" in frame:
        distance = np.array(pd.to_numeric(frame["top1dist"], errors="coerce"), np.float64)
        return 1 / (1 + distance), "TOP1DIST is a distance: the score is 1 / (1 + distance), no probability"
    return np.full(len(frame), np.nan), ""


kaleidoscope_pro: Reader = Reader(
    "Kaleidoscope Pro's cluster.csv and id.csv: MANUAL ID, else AUTO ID* (MATCH RATIO) or TOP1MATCH* (TOP1DIST).",
    _fits,
    _read,
)
