"""Kaleidoscope tables as BirdNET-Analyzer and birda write them: a folder, a file, an offset, a confidence."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from blendkit.errors import BlendkitError, shorten
from blendkit.io.file_reader import ColumnNames, FileHead, Reader
from blendkit.io.readers.detection_tables import Detections, detection_kind, open_detections, take_detections

if TYPE_CHECKING:
    import pandas as pd

_LABELS = ("scientific_name", "scientific name", "common_name", "top1match")
_SCORES = ("confidence", "top1dist")  # what BirdNET's writers call a distance is its confidence


def with_paths(path: Path, frame: pd.DataFrame) -> pd.DataFrame:
    """Return a Kaleidoscope table with the folder in front of each bare file name, and empty offsets as 0.

    Raises BlendkitError for a table of other columns, and for lines without a file.
    """
    missing = [c for c in ("in file", "offset", "duration") if c not in frame]
    if missing:
        raise BlendkitError(f"{path.name}: is no table of Kaleidoscope", [f"lacks the columns {shorten(missing)}"])
    empty = [f"line {i}" for i, f in zip(frame.index, frame["in file"], strict=True) if not str(f).strip()]
    if empty:
        raise BlendkitError(f"{path.name}: 'in file' names no file in {len(empty)} lines", [shorten(empty)])
    files = [_joined(r) for r in frame[[c for c in ("indir", "folder", "in file") if c in frame]].to_numpy()]
    offsets = frame["offset"].where(frame["offset"].astype(str).str.strip() != "", "0")
    made = frame.assign(offset=offsets)
    made["in file"] = files
    return made


def _joined(cells: Any) -> str:
    *folders, file = (str(c).strip().replace("\\", "/") for c in cells)
    if "/" in file:
        return file
    return "/".join([*(f.rstrip("/") for f in folders if f), file])


def _fits(head: FileHead) -> bool:
    return head.is_table and detection_kind(head.plain_columns) == "kaleidoscope"


def _read(path: Path, names: ColumnNames) -> Detections:
    frame, notes = open_detections(path)
    label = names.classes or next((c for c in _LABELS if c in frame), None)
    score = names.score or next((c for c in _SCORES if c in frame), None)
    return take_detections(path, with_paths(path, frame), notes, label=label, score=score)


kaleidoscope: Reader = Reader(
    "Kaleidoscope tables of BirdNET: INDIR, FOLDER, IN FILE, OFFSET, DURATION, a name, a confidence.",
    _fits,
    _read,
    "prob",
)
