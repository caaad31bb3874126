"""Raven selection tables, of Raven, BirdNET-Analyzer, HawkEars and others, for one recording or several."""

from __future__ import annotations

from pathlib import Path

from blendkit.io.file_reader import ColumnNames, FileHead, Reader
from blendkit.io.readers.detection_tables import Detections, detection_kind, open_detections, take_detections


def _fits(head: FileHead) -> bool:
    return head.is_table and detection_kind(head.plain_columns) == "raven"


def _read(path: Path, names: ColumnNames) -> Detections:
    return take_detections(path, *open_detections(path), label=names.classes, score=names.score)


raven_selections: Reader = Reader(
    "Raven selection tables: Begin Time (s), End Time (s), a label; in tables of several files File Offset (s).",
    _fits,
    _read,
)
