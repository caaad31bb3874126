"""Kaleidoscope's table: folder, file, offset and duration, with the names and the confidence of BirdNET's writers."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import numpy as np

from blendkit.core import DetectionTable
from blendkit.io.file_writer import Writer
from blendkit.io.writers.text_rows import csv_text, score_cell, seconds_cell, text_cell

_COLUMNS = (
    "INDIR", "FOLDER", "IN FILE", "OFFSET", "DURATION", "DATE", "TIME", "scientific_name", "common_name", "confidence",
    "TOP1MATCH",
)  # fmt: skip


def _write(table: DetectionTable, path: Path) -> None:
    path.write_text(csv_text(_COLUMNS, map(list, _rows(table))), encoding="utf-8", newline="\n")


def _rows(table: DetectionTable) -> list[list[str]]:
    clock = [("", "") if np.isnat(m) else tuple(str(m)[:19].split("T")) for m in table.clock()]
    out = []
    for i in range(len(table)):
        names, file = table.classes[table.class_at[i]], PurePosixPath(table.recordings[table.recording[i]].file)
        folder = "" if file.parent == PurePosixPath(".") else str(file.parent)
        texts = [text_cell(t) for t in (table.audio, folder, file.name)]
        times = [seconds_cell(table.start_s[i]), seconds_cell(round(table.end_s[i] - table.start_s[i], 6)), *clock[i]]
        called = [text_cell(names.scientific), text_cell(names.common)]
        out.append([*texts, *times, *called, score_cell(table.score[i]), text_cell(names.label)])
    return out


kaleidoscope: Writer = Writer(
    "Kaleidoscope's table: INDIR, FOLDER, IN FILE, OFFSET, DURATION, DATE, TIME, names and confidence.",
    _write,
    ".csv",
    "prob",
)
