"""How long recordings are at least, by their labels: a table of detections says nothing of what follows its last."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from blendkit.core import (
    WHOLE_RECORDING,
    Float64,
    LabelTable,
    NameRule,
    chunk_rows,
    count_chunks,
    unit_of_lengths,
)
from blendkit.errors import counted
from blendkit.io.windows_to_chunks import Windowed

_SAME_S = 0.002  # by which spans of one length may differ


def labelled_chunks(labels: LabelTable, chunk_s: float) -> dict[str, int]:
    """Return {recording: chunks up to its last labelled one}; nothing where another unit explains the spans' length."""
    lengths = _lengths_s(labels)
    return labels.chunk_counts(chunk_s) if len(lengths) and not unit_of_lengths(lengths, chunk_s) else {}


def listened_to(
    labels: LabelTable, windowed: Windowed, heard: Sequence[str], chunk_s: float
) -> tuple[dict[str, int], tuple[str, ...]]:
    """Return {recording: chunks} that detections were looked for in, by the labels of a table's recordings, and a note.

    heard: the recordings that the table names. Whether others were listened to, nobody says.
    """
    ends: dict[str, float] = {}
    for r, end in zip(windowed.recording, windowed.end_s.tolist(), strict=True):
        ends[r] = max(end, ends.get(r, 0.0))
    last = {r: count_chunks(end, chunk_s)[0] for r, end in ends.items()}
    labels, own = labels.named_as(heard), set(heard)
    counts = {r: n for r, n in labelled_chunks(labels, chunk_s).items() if r in own}
    if not counts or _may_be_of_another_unit(labels, last, chunk_s):
        return {}, ()
    known = {r: max(n, last.get(r, 0)) for r, n in counts.items()}
    further = sum(n - last.get(r, 0) for r, n in known.items())
    what = counted(further, "labelled chunk", "labelled chunks")
    return known, (f"{what} after the last detection of a recording count as nothing found",) if further else ()


def _may_be_of_another_unit(labels: LabelTable, last: dict[str, int], chunk_s: float) -> bool:
    """Return whether spans of several lengths, which tell no unit, mostly lie beyond the last detections."""
    lengths = _lengths_s(labels)
    if lengths.max() - lengths.min() <= _SAME_S:
        return False
    return labels.mostly_beyond(chunk_rows(last, chunk_s, NameRule()))


def _lengths_s(labels: LabelTable) -> Float64:
    """Return the seconds (S,) of all spans that are not of whole recordings."""
    spans = [end - start for own in labels.spans.values() for start, end, _ in own if end < WHOLE_RECORDING]
    return np.array(spans, np.float64) / 1000
