"""The tables a competition ships: taxonomy, chunk labels and the submission template."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

from blendkit.sample.config import CHUNK_SECONDS, Part, Purpose, WorldConfig
from blendkit.sample.recording_schedule import PlannedRecording, row_ids
from blendkit.sample.species import SPECIES, class_labels

TAXONOMY_COLUMNS = ("primary_label", "inat_taxon_id", "scientific_name", "common_name", "class_name")
LABEL_COLUMNS = ("filename", "start", "end", "primary_label")


def write_taxonomy(path: Path) -> None:
    """Write one row per class, in the template's column order."""
    rows = [[s.label, s.taxon_id, s.scientific, s.common, s.class_name] for s in SPECIES]
    write_csv(path, TAXONOMY_COLUMNS, rows)


def write_labels(path: Path, recordings: Sequence[PlannedRecording]) -> None:
    """Write one row per labelled 5 s chunk; the training file lists every row twice, as the real one does."""
    rows = []
    for recording in recordings:
        for chunk in recording.labelled:
            labels = ";".join(SPECIES[p.species].label for p in recording.presences if chunk in p.chunks)
            start = chunk * CHUNK_SECONDS
            row = [f"{recording.stem}.ogg", _clock(start), _clock(start + CHUNK_SECONDS), labels]
            rows.extend([row] * (2 if recording.split is Part.TRAIN else 1))
    write_csv(path, LABEL_COLUMNS, rows)


def write_template(path: Path, config: WorldConfig, recordings: Sequence[PlannedRecording]) -> None:
    """Write the submission template: recordings shuffled, chunks ascending, every value 1 / classes."""
    order = config.rng(Purpose.TEMPLATE).permutation(len(recordings))
    labels, value = class_labels(), repr(1 / len(class_labels()))
    ids = row_ids(config, tuple(recordings[i] for i in order))
    write_csv(path, ("row_id", *labels), ([row_id, *[value] * len(labels)] for row_id in ids))


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a CSV with plain line feeds, the same bytes on every system."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def _clock(seconds: int) -> str:
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
