"""From opened scores and thresholds to a table of detections."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from blendkit.core import DetectionTable, Naming, named_classes
from blendkit.detecting.merged_chunks import merge_cells, top_cells
from blendkit.detecting.opened_source import OpenedSource, recording_codes
from blendkit.detecting.thresholds_of_source import ClassThresholds


@dataclass(frozen=True)
class Merging:
    """How cells above their thresholds become detections.

    gap_s: those of a class that lie at most so many seconds apart are one (None: each chunk is its own); top_k: so many
    classes of a chunk are kept (None: all), with ties.
    """

    gap_s: float | None = None
    top_k: int | None = None


def find_detections(
    opened: OpenedSource, thresholds: ClassThresholds, merging: Merging, naming: Naming = "id"
) -> tuple[DetectionTable, tuple[str, ...]]:
    """Return the cells at or above their thresholds as detections, and notes.

    Ends are cut at the end of a recording whose length is known. Raises BlendkitError for names without a taxonomy.
    """
    scores = opened.scores
    cells = scores.values >= thresholds.values
    if merging.top_k is not None:
        cells = top_cells(cells, scores.values, merging.top_k)
    runs = merge_cells(cells, scores.values, scores.rows, merging.gap_s)
    recording = recording_codes(scores.rows)[runs.row]
    length = np.array([h.length_s for h in opened.recordings])[recording]
    end = np.where(length > runs.start_s, np.minimum(runs.end_s, length), runs.end_s)
    names, notes = named_classes(scores.classes, opened.taxonomy, naming)
    return DetectionTable(
        opened.recordings, names, recording, runs.class_at, runs.start_s, end, runs.score, runs.chunks, opened.audio
    ), notes
