"""Audacity label tracks: a text of start, end, label and score for every recording."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from blendkit.core import DetectionTable
from blendkit.io.file_writer import Writer
from blendkit.io.writers.text_rows import file_stems, score_cell, seconds_cell, text_cell
from blendkit.store import write_texts


def _write(table: DetectionTable, folder: Path) -> None:
    """Write `<recording>.txt`; of a recording without detections an empty track, since tracks have no header.

    Audacity shows three fields and passes over the fourth, the score, which BirdNET-Analyzer writes there, too.
    """
    stems = file_stems([h.id for h in table.recordings])
    write_texts(folder, ((f"{stem}.txt", "".join(_lines(table, r))) for r, stem in enumerate(stems)))


def _lines(table: DetectionTable, recording: int) -> Iterator[str]:
    for i in table.of(recording).tolist():
        times = seconds_cell(table.start_s[i]), seconds_cell(table.end_s[i])
        label = text_cell(table.classes[table.class_at[i]].label)
        yield "\t".join([*times, label, score_cell(table.score[i])]) + "\n"


audacity: Writer = Writer("Audacity label tracks, one per recording: start, end, label and score between tabs.", _write)
