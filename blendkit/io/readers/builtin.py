"""The readers that blendkit registers under `blendkit.readers`."""

from __future__ import annotations

from pathlib import Path

from blendkit.io.class_columns import has_row_ids
from blendkit.io.file_reader import ColumnNames, FileHead, Reader
from blendkit.io.readers.detection_tables import Detections, is_detection_table, read_detections
from blendkit.io.readers.frame_table import is_frame_table, read_frames
from blendkit.io.readers.score_table import Table, read_table


def _is_matrix(head: FileHead) -> bool:
    first = dict(zip(head.columns, head.first, strict=False))
    if {"recording", "end_s"} <= set(head.columns) and head.kind == "Parquet":  # a part of a logit store
        return True
    return head.kind in ("text", "Parquet", "Arrow") and has_row_ids(head.columns, first)


def _read_matrix(path: Path, names: ColumnNames) -> Table:
    return read_table(path, array=names.array, rows=names.rows, classes=names.classes, folds=names.folds)


def _read_arrays(path: Path, names: ColumnNames) -> Table:
    rows, classes = names.rows or "row_ids", names.classes or "classes"
    return read_table(path, array=names.array, rows=rows, classes=classes, folds=names.folds)


def _is_detections(head: FileHead) -> bool:
    return head.kind in ("text", "Parquet") and is_detection_table(head.plain_columns)


def _read_detections(path: Path, names: ColumnNames) -> Detections:
    return read_detections(path, label=names.classes)


matrix = Reader(
    "One row per chunk (row_id), one column per class: submissions and OOF tables.", _is_matrix, _read_matrix
)
arrays = Reader("Arrays of an NPZ: scores, row ids, classes, and folds.", lambda h: h.kind == "npz", _read_arrays)
frames = Reader(
    "opensoundscape's tables: file, start_time, end_time, one column per class.",
    lambda h: h.kind in ("text", "Parquet", "Arrow") and is_frame_table(h.plain_columns),
    read_frames,
)
detections = Reader(
    "One line per detection: BirdNET-Analyzer, birdnet, birdnetlib, Raven.", _is_detections, _read_detections, "prob"
)
