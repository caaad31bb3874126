"""Audacity label tracks: a text of start, end, label and score for every recording."""

from __future__ import annotations

from pathlib import Path

from blendkit.core import DetectionTable
from blendkit.io.file_writer import Writer
from blendkit.io.writers.text_rows import file_stems, score_cell, seconds_cell, text_cell
from blendkit.store import write_text


def _write(table: DetectionTable, folder: Path) -> None:
    """Write `<recording>.txt`; of a recording without detections an empty track, since tracks have no header.

    Audacity knows three fields and reads a fourth as part of the label, so that the score is seen beside it.
    """
    for r, stem in enumerate(file_stems([h.id for h in table.heard])):
        lines = [
            "\t".join(
                [
                    seconds_cell(table.start_s[i]),
                    seconds_cell(table.end_s[i]),
                    text_cell(table.classes[table.class_at[i]].label),
                    score_cell(table.score[i]),
                ]
            )
            for i in table.of(r).tolist()
        ]
        write_text(folder / f"{stem}.txt", "".join(f"{line}\n" for line in lines))


audacity: Writer = Writer("Audacity label tracks, one per recording: start, end, label and score between tabs.", _write)
