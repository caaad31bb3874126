"""Scores in opensoundscape's form: file, start_time, end_time, and one column per class."""

from __future__ import annotations

from pathlib import Path

from blendkit.core import Scores
from blendkit.errors import BlendkitError
from blendkit.io.file_writer import ScoreWriter
from blendkit.io.writers.text_rows import csv_text, score_cell, seconds_cell
from blendkit.store import atomic_path, write_text

_KEYS = ("file", "start_time", "end_time")


def _write(scores: Scores, path: Path) -> None:
    taken = set(_KEYS) & set(scores.classes)
    if taken:
        raise BlendkitError(f"{path.name}: {', '.join(sorted(taken))}: a class has the name of a column of times")
    if path.suffix.lower() == ".parquet":
        with atomic_path(path) as temporary:
            scores.to_frame().reset_index().to_parquet(temporary, index=False)
        return
    rows = scores.rows
    cells = zip(
        rows.recording.tolist(), rows.start_s.tolist(), rows.end_s.tolist(), scores.values.tolist(), strict=True
    )
    lines = ([r, seconds_cell(s), seconds_cell(e), *map(score_cell, values)] for r, s, e, values in cells)
    write_text(path, csv_text([*_KEYS, *scores.classes], lines))


opensoundscape_frames = ScoreWriter(
    "opensoundscape's table: file, start_time, end_time, one column per class, as CSV or Parquet.",
    _write,
    (".csv", ".parquet"),
    reader="frames",
)
