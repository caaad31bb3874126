"""The CSV of the Python package birdnet, of all recordings."""

from __future__ import annotations

from pathlib import Path

from blendkit.core import DetectionTable, NamedClass
from blendkit.io.file_writer import Writer
from blendkit.io.writers.text_rows import csv_text, score_cell, text_cell

_COLUMNS = ("input", "start_time", "end_time", "species_name", "confidence")
_MICRO = 1_000_000


def _write(table: DetectionTable, path: Path) -> None:
    root = f"{table.audio.rstrip('/')}/" if table.audio else ""
    rows = [
        [
            text_cell(root + table.recordings[table.recording[i]].file),
            _clock(float(table.start_s[i])),
            _clock(float(table.end_s[i])),
            text_cell(_species(table.classes[table.class_at[i]])),
            score_cell(table.score[i]),
        ]
        for i in range(len(table))
    ]
    path.write_text(csv_text(_COLUMNS, rows), encoding="utf-8", newline="\n")


def _species(names: NamedClass) -> str:
    """Return `Scientific name_Common name`, or the one label where the two are not both known."""
    known = names.label != names.id and names.scientific != names.common
    return f"{names.scientific}_{names.common}" if known else names.label


def _clock(seconds: float) -> str:
    """Return H:M:S with two decimals, or six where two would change it: 00:01:03.50."""
    whole, part = divmod(round(seconds * _MICRO), _MICRO)
    digits = f"{part // 10000:02d}" if part % 10000 == 0 else f"{part:06d}"
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}.{digits}"


birdnet: Writer = Writer(
    "The CSV of the Python package birdnet: input, start_time, end_time (H:M:S), species_name, confidence.",
    _write,
    ".csv",
    "prob",
)
