"""What perch-hoplite's agile modelling writes of a classifier: a line per window and label above a threshold."""

from __future__ import annotations

from pathlib import Path

from blendkit.io.file_reader import ColumnNames, FileHead, Reader
from blendkit.io.readers.detection_tables import Detections, detection_kind, open_detections, take_detections

_TIMES = {"window_start": "start (s)", "window_end": "end (s)"}


def _fits(head: FileHead) -> bool:
    return head.is_table and detection_kind(head.plain_columns) == "perch"


def _read(path: Path, names: ColumnNames) -> Detections:
    frame, notes = open_detections(path)
    frame = frame.rename(columns=_TIMES)
    return take_detections(path, frame, notes, label=names.classes, score=names.score or "logits")


perch: Reader = Reader(
    "perch-hoplite's CSV of a classifier: filename, window_start, window_end, label, logits.", _fits, _read, "logit"
)
