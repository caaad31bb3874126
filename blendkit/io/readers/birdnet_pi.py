"""BirdNET-Pi's database (birds.db): one row per detection, each saved as a clip of its own."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from blendkit.core import composed, recording_id
from blendkit.io.file_reader import ColumnNames, FileHead, Reader
from blendkit.io.readers.detection_tables import NOTHING, Detections
from blendkit.io.sqlite_files import query_detections

WINDOW_S = 3.0  # of BirdNET v2.4, which BirdNET-Pi runs
_QUERY = "SELECT File_Name, Sci_Name, Confidence FROM detections ORDER BY rowid"


def _fits(head: FileHead) -> bool:
    wanted = {f"detections.{c}" for c in ("Sci_Name", "Confidence", "File_Name")}
    return head.kind == "sqlite" and wanted <= set(head.columns)


def _read(path: Path, names: ColumnNames) -> Detections:
    """Return each detection as a window of 3 s at the start of its clip."""
    rows = query_detections(path, _QUERY, ("File_Name", "Sci_Name", "Confidence"))
    n = len(rows)
    said = "each detection is the clip that BirdNET-Pi saved of it: its database holds no place within a recording"
    return Detections(
        [recording_id(str(file)) for file, *_ in rows],
        np.zeros(n),
        np.full(n, WINDOW_S),
        [composed(str(label).strip()) for _, label, _ in rows],
        np.array([score for *_, score in rows], np.float64),
        [path.name] * n,
        (said,) if n else (NOTHING,),
    )


birdnet_pi: Reader = Reader(
    "BirdNET-Pi's birds.db (table detections): every detection as its own clip.", _fits, _read, "prob"
)
