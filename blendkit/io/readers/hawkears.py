"""Score tables of HawkEars and BriteKit: recording, name, start_time, end_time, score."""

from __future__ import annotations

from pathlib import Path

from blendkit.io.file_reader import ColumnNames, FileHead, Reader
from blendkit.io.readers.detection_tables import Detections, detection_kind, open_detections, take_detections


def _fits(head: FileHead) -> bool:
    return head.is_table and detection_kind(head.plain_columns) == "hawkears"


def _read(path: Path, names: ColumnNames) -> Detections:
    return take_detections(path, *open_detections(path), label=names.classes or "name", score=names.score)


hawkears: Reader = Reader(
    "HawkEars and BriteKit's score CSV: recording, name, start_time, end_time, score.", _fits, _read, "prob"
)
