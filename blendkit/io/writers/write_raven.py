"""Raven selection tables: one per recording, and one of all recordings whose times run on from file to file."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from blendkit.core import DetectionTable, Int64
from blendkit.io.file_writer import Writer
from blendkit.io.writers.text_rows import csv_text, file_stems, score_cell, seconds_cell, text_cell
from blendkit.store import write_text

COMBINED = "combined.selections.txt"
_COLUMNS = (
    "Selection", "View", "Channel", "Begin Time (s)", "End Time (s)", "Low Freq (Hz)", "High Freq (Hz)", "Label",
    "Confidence", "Begin Path", "File Offset (s)", "Begin Date Time",
)  # fmt: skip
_HIGHEST_HZ = "15000.0"  # selections need a band: the one that BirdNET-Analyzer gives its own


def _write(table: DetectionTable, folder: Path) -> None:
    """Write `<recording>.selections.txt` for every recording that was heard, and the combined table."""
    starts = np.zeros(len(table.heard))
    for r, stem in enumerate(file_stems([h.id for h in table.heard])):
        name = f"{stem}.selections.txt"
        write_text(folder / name, csv_text(_COLUMNS, _rows(table, table.of(r), starts), "\t"))
    lengths = [h.length_s for h in table.heard]
    running = np.concatenate([[0.0], np.cumsum(lengths)])[:-1] if lengths else starts
    every = np.arange(len(table), dtype=np.int64)
    write_text(folder / COMBINED, csv_text(_COLUMNS, _rows(table, every, np.round(running, 6)), "\t"))


def _rows(
    table: DetectionTable, at: Int64, starts: np.ndarray[tuple[int], np.dtype[np.float64]]
) -> Iterable[list[str]]:
    """Yield the lines of the detections at `at`; starts (R,): where each recording starts, in seconds."""
    clock = table.clock()
    for number, i in enumerate(at.tolist(), 1):
        heard, offset = table.heard[table.recording[i]], float(starts[table.recording[i]])
        file = f"{table.audio.rstrip('/')}/{heard.file}" if table.audio else heard.file
        yield [
            str(number), "Spectrogram 1", "1",
            seconds_cell(offset + table.start_s[i]), seconds_cell(offset + table.end_s[i]), "0.0", _HIGHEST_HZ,
            text_cell(table.classes[table.class_at[i]].label), score_cell(table.score[i]), text_cell(file),
            seconds_cell(table.start_s[i]), _date_time(clock[i]),
        ]  # fmt: skip


def _date_time(moment: np.datetime64) -> str:
    return "" if np.isnat(moment) else str(moment).replace("-", "/").replace("T", " ")


raven: Writer = Writer(
    "Raven selection tables: one per recording, and a combined one with running times and File Offset (s).", _write
)
