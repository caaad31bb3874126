"""One Parquet table of everything that is known of each detection, with its types."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from blendkit.core import DetectionTable
from blendkit.io.file_writer import Writer


def _write(table: DetectionTable, path: Path) -> None:
    """Write the columns recording, file, site, start_time, end_time (s), clock_time, label and names, score, chunks."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    heard = [table.recordings[r] for r in table.recording.tolist()]
    names = [table.classes[c] for c in table.class_at.tolist()]
    text = pa.string()
    columns = {
        "recording": pa.array([h.id for h in heard], text),
        "file": pa.array([h.file for h in heard], text),
        "site": pa.array([h.site for h in heard], text),
        "start_time": pa.array(table.start_s),
        "end_time": pa.array(table.end_s),
        "clock_time": pa.array(table.clock(), pa.timestamp("ms")),
        "label": pa.array([n.label for n in names], text),
        "class_id": pa.array([n.id for n in names], text),
        "scientific": pa.array([n.scientific for n in names], text),
        "common": pa.array([n.common for n in names], text),
        "score": pa.array(np.asarray(table.score, np.float64)),
        "chunks": pa.array(table.chunks),
    }
    pq.write_table(pa.table(columns), path)


parquet: Writer = Writer(
    "Parquet: recording, file, site, times, clock time, label and names, score, number of chunks.", _write, ".parquet"
)
