"""How long recordings are at least, by their labels: a table of detections says nothing of what follows its last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from blendkit.core import WHOLE_RECORDING, Int64, LabelTable, count_chunks, unit_of_lengths
from blendkit.errors import counted
from blendkit.io.windows_to_chunks import Windowed

_LATE = 0.75  # of spans of several lengths: so many beyond the last detection may as well be in another unit
_SAME_MS = 2  # by which spans of one length may differ


def labelled_chunks(labels: LabelTable, recordings: Sequence[str], chunk_s: float) -> dict[str, int]:
    """Return {recording: chunks up to its last labelled one} of all labelled recordings, by the names of `recordings`.

    Nothing where the spans are of a length that only another unit explains.
    """
    return _counts(labels.named_as(recordings), chunk_s)


def listened_to(
    labels: LabelTable, windowed: Windowed, heard: Sequence[str], chunk_s: float
) -> tuple[dict[str, int], tuple[str, ...]]:
    """Return {recording: chunks} that detections were looked for in, by the labels of a table's recordings, and a note.

    heard: the recordings that the table names. Whether others were listened to, nobody says.
    """
    last: dict[str, int] = {}
    for r, end in zip(windowed.recording, windowed.end_s.tolist(), strict=True):
        last[r] = max(last.get(r, 0), count_chunks(end, chunk_s)[0])
    labels, own = labels.named_as(heard), set(heard)
    counts = {r: n for r, n in _counts(labels, chunk_s).items() if r in own}
    if not counts or _may_be_of_another_unit(labels, last, chunk_s):
        return {}, ()
    known = {r: max(n, last.get(r, 0)) for r, n in counts.items()}
    further = sum(n - last.get(r, 0) for r, n in known.items())
    what = counted(further, "labelled chunk", "labelled chunks")
    return known, (f"{what} after the last detection of a recording count as nothing found",) if further else ()


def _counts(labels: LabelTable, chunk_s: float) -> dict[str, int]:
    spans = _spans(labels)
    if not len(spans) or unit_of_lengths((spans[:, 1] - spans[:, 0]) / 1000, chunk_s):
        return {}
    return labels.chunk_counts(chunk_s)


def _may_be_of_another_unit(labels: LabelTable, last: Mapping[str, int], chunk_s: float) -> bool:
    spans = _spans(labels)
    length = spans[:, 1] - spans[:, 0]
    if length.max() - length.min() <= _SAME_MS:
        return False  # spans of one usual length
    own = labels.only(last)
    late = [end > 1000 * chunk_s * (last[r] + 1) for r in own.recordings for _, end, _ in own.spans[r]]
    return bool(late) and float(np.mean(late)) >= _LATE


def _spans(labels: LabelTable) -> Int64:
    """Return the start and end (S, 2) of all spans that are not of whole recordings, in milliseconds."""
    found = [(start, end) for own in labels.spans.values() for start, end, _ in own if end < WHOLE_RECORDING]
    return np.array(found, np.int64).reshape(-1, 2)
