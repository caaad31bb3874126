"""The readers that blendkit registers under `blendkit.readers`."""

from __future__ import annotations

from pathlib import Path

from blendkit.io.class_columns import has_row_ids
from blendkit.io.file_reader import ColumnNames, FileHead, Reader
from blendkit.io.readers.audacity_detections import is_label_track
from blendkit.io.readers.birdnet_npz import is_birdnet_npz
from blendkit.io.readers.detection_tables import Detections, detection_kind, open_detections, take_detections
from blendkit.io.readers.opensoundscape_frames import is_frames, read_frames
from blendkit.io.readers.score_table import Table, read_table


def _is_matrix(head: FileHead) -> bool:
    first = dict(zip(head.columns, head.first, strict=False))
    other = is_frames(head) or is_label_track(head) or detection_kind(head.plain_columns)
    part = head.kind == "Parquet" and {"recording", "end_s"} <= set(head.columns)  # of a logit store
    indexed = head.kind in ("Parquet", "Arrow") and "__index_level_0__" in head.columns  # row ids as pandas' index
    return head.is_table and not other and (part or indexed or has_row_ids(head.columns, first))


def _read_matrix(path: Path, names: ColumnNames) -> Table:
    return read_table(path, array=names.array, rows=names.rows, classes=names.classes, folds=names.folds)


def _is_arrays(head: FileHead) -> bool:
    return head.kind == "npz" and not is_birdnet_npz(head)


def _read_arrays(path: Path, names: ColumnNames) -> Table:
    rows, classes = names.rows or "row_ids", names.classes or "classes"
    return read_table(path, array=names.array, rows=rows, classes=classes, folds=names.folds)


def _is_detections(head: FileHead) -> bool:
    return head.is_table and detection_kind(head.plain_columns) == "detections"


def _read_detections(path: Path, names: ColumnNames) -> Detections:
    return take_detections(path, *open_detections(path), label=names.classes, score=names.score)


matrix: Reader = Reader(
    "One row per chunk (row_id), one column per class: submissions and OOF tables.", _is_matrix, _read_matrix
)
arrays: Reader = Reader("Arrays of an NPZ: scores, row ids, classes, and folds.", _is_arrays, _read_arrays)
frames: Reader = Reader(
    "opensoundscape's tables: file, start_time, end_time, one column per class.", is_frames, read_frames
)
detections: Reader = Reader(
    "One line per detection in any other table with a file, times, a label and a score, such as birdnetlib's.",
    _is_detections,
    _read_detections,
    "prob",
)
