"""Pattern matching of Arbimon: a line per region that resembles a template, and whether a person found the species."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from blendkit.io.file_reader import ColumnNames, FileHead, Reader
from blendkit.io.readers.detection_tables import Detections, detection_kind, open_detections, take_detections

if TYPE_CHECKING:
    import pandas as pd

_TIMES = {"x1": "start (s)", "x2": "end (s)"}  # of the region, in seconds; y1 and y2 are in Hz
_OWN = frozenset({"recording", "species", "songtype", *_TIMES})


def with_times(frame: pd.DataFrame) -> pd.DataFrame:
    """Return an export of pattern matching with its times under plain names; any other table as it is."""
    return frame.rename(columns=_TIMES) if is_pattern_matching(frame.columns) else frame


def is_pattern_matching(columns: Iterable[object]) -> bool:
    """Return whether columns are those of an export of pattern matching."""
    return set(columns) >= _OWN


def _fits(head: FileHead) -> bool:
    return head.is_table and detection_kind(head.plain_columns) == "arbimon"


def _read(path: Path, names: ColumnNames) -> Detections:
    frame, notes = open_detections(path)
    said = () if names.score else ("scores are likeness to a template, no probabilities",)
    return take_detections(path, with_times(frame), (*notes, *said), label=names.classes, score=names.score)


arbimon: Reader = Reader(
    "Arbimon's export of pattern matching: recording, species, songtype, x1 and x2 in seconds, score.", _fits, _read
)
