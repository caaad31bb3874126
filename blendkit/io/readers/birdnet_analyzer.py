"""BirdNET-Analyzer's result tables: CSV and Parquet, of one recording or combined."""

from __future__ import annotations

from pathlib import Path

from blendkit.io.file_reader import ColumnNames, FileHead, Reader
from blendkit.io.readers.detection_tables import Detections, detection_kind, open_detections, take_detections


def _fits(head: FileHead) -> bool:
    return head.is_table and detection_kind(head.plain_columns) == "birdnet-analyzer"


def _read(path: Path, names: ColumnNames) -> Detections:
    return take_detections(path, *open_detections(path), label=names.classes, score=names.score)


birdnet_analyzer: Reader = Reader(
    "BirdNET-Analyzer's CSV and Parquet: Start (s), End (s), Scientific name, Common name, Confidence, File.",
    _fits,
    _read,
    "prob",
)
