"""The CSV of BirdNET-Analyzer, of all recordings."""

from __future__ import annotations

from pathlib import Path

from blendkit.core import DetectionTable
from blendkit.io.file_writer import Writer
from blendkit.io.writers.text_rows import csv_text, score_cell, seconds_cell, text_cell

_COLUMNS = ("Start (s)", "End (s)", "Scientific name", "Common name", "Confidence", "File")


def _write(table: DetectionTable, path: Path) -> None:
    root = f"{table.audio.rstrip('/')}/" if table.audio else ""
    rows = []
    for i in range(len(table)):
        names, heard = table.classes[table.class_at[i]], table.recordings[table.recording[i]]
        times = [seconds_cell(table.start_s[i]), seconds_cell(table.end_s[i])]
        called = [text_cell(names.scientific), text_cell(names.common)]
        rows.append([*times, *called, score_cell(table.score[i]), text_cell(root + heard.file)])
    path.write_text(csv_text(_COLUMNS, rows), encoding="utf-8", newline="\n")


csv_table: Writer = Writer(
    "BirdNET-Analyzer's CSV: Start (s), End (s), Scientific name, Common name, Confidence, File.",
    _write,
    ".csv",
    "prob",
)
