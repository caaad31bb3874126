"""What the Python package birdnet writes by `to_csv`, and its Parquet and Arrow tables."""

from __future__ import annotations

from pathlib import Path

from blendkit.io.file_reader import ColumnNames, FileHead, Reader
from blendkit.io.readers.detection_tables import Detections, detection_kind, open_detections, take_detections


def _fits(head: FileHead) -> bool:
    return head.is_table and detection_kind(head.plain_columns) == "birdnet"


def _read(path: Path, names: ColumnNames) -> Detections:
    return take_detections(path, *open_detections(path), label=names.classes, score=names.score)


birdnet_long: Reader = Reader(
    "birdnet's CSV, Parquet and Arrow: input, start_time, end_time (H:M:S or seconds), species_name, confidence.",
    _fits,
    _read,
    "prob",
)
