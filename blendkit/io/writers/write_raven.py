"""Raven selection tables: one per recording, and one of all recordings whose times run on from file to file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from blendkit.core import DetectionTable, Float64, Int64
from blendkit.io.file_writer import Writer
from blendkit.io.writers.text_rows import csv_text, file_stems, score_cell, seconds_cell, text_cell
from blendkit.store import write_text, write_texts

COMBINED = "combined.selections.txt"
_COLUMNS = (
    "Selection", "View", "Channel", "Begin Time (s)", "End Time (s)", "Low Freq (Hz)", "High Freq (Hz)", "Label",
    "Confidence", "Begin Path", "File Offset (s)", "Begin Date Time",
)  # fmt: skip
_HIGHEST_HZ = "15000.0"  # selections need a band: the one that BirdNET-Analyzer gives its own


def write_raven_tables(table: DetectionTable, folder: Path, more: Mapping[str, Sequence[str]] | None = None) -> None:
    """Write `<recording>.selections.txt` for every recording that was heard, and the combined table.

    more: further columns, of (D,) texts each.
    """
    more = more or {}
    starts, header, clock = np.zeros(len(table.recordings)), [*_COLUMNS, *more], table.clock()
    stems = file_stems([h.id for h in table.recordings])
    texts = (
        (f"{stem}.selections.txt", csv_text(header, _rows(table, table.of(r), clock, starts, more), "\t"))
        for r, stem in enumerate(stems)
    )
    write_texts(folder, texts)
    lengths = [h.length_s for h in table.recordings]
    running = np.concatenate([[0.0], np.cumsum(lengths)])[:-1] if lengths else starts
    every = np.arange(len(table), dtype=np.int64)
    write_text(folder / COMBINED, csv_text(header, _rows(table, every, clock, np.round(running, 6), more), "\t"))


def _rows(
    table: DetectionTable, at: Int64, clock: NDArray[np.datetime64], starts: Float64, more: Mapping[str, Sequence[str]]
) -> Iterable[list[str]]:
    """Yield the lines of the detections at `at`; clock (D,): see `DetectionTable.clock`.

    starts (R,): where each recording starts, in seconds.
    """
    for number, i in enumerate(at.tolist(), 1):
        heard, offset = table.recordings[table.recording[i]], float(starts[table.recording[i]])
        file = f"{table.audio.rstrip('/')}/{heard.file}" if table.audio else heard.file
        yield [
            str(number), "Spectrogram 1", "1",
            seconds_cell(offset + table.start_s[i]), seconds_cell(offset + table.end_s[i]), "0.0", _HIGHEST_HZ,
            text_cell(table.classes[table.class_at[i]].label), score_cell(table.score[i]), text_cell(file),
            seconds_cell(table.start_s[i]), _date_time(clock[i]), *(text_cell(c[i]) for c in more.values()),
        ]  # fmt: skip


def _date_time(moment: np.datetime64) -> str:
    return "" if np.isnat(moment) else str(moment).replace("-", "/").replace("T", " ")


raven: Writer = Writer(
    "Raven selection tables: one per recording, and a combined one with running times and File Offset (s).",
    write_raven_tables,
)
