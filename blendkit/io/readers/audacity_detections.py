"""Audacity label tracks: start, end and label between tabs, without a header, with or without a score."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from blendkit.core import recording_id
from blendkit.errors import BlendkitError, shorten
from blendkit.io.file_reader import ColumnNames, FileHead, Reader
from blendkit.io.packed_files import unpack_file
from blendkit.io.readers.detection_tables import Detections
from blendkit.io.readers.table_names import table_recording
from blendkit.io.text_tables import decode_text

_WHAT = "this label track"


def is_label_track(head: FileHead) -> bool:
    """Return whether the first line of a text is two times in order and a label.

    A number is a label only if it is whole and a score from 0 to 1 follows, as after ids of iNaturalist.
    """
    line = head.start.splitlines()[0].decode("utf-8", "replace") if head.start else ""
    cells = line.split("\t") if "\t" in line else head.columns  # `0,5` would be two columns of a table with commas
    if head.kind != "text" or not 3 <= len(cells) <= 4:
        return False
    start, end = _number(cells[0]), _number(cells[1])
    if not 0 <= start <= end or math.isnan(_number(cells[2])):
        return 0 <= start <= end
    return "\t" in line and cells[2].strip().isdecimal() and len(cells) == 4 and 0 <= _number(cells[3]) <= 1


def _read(path: Path, names: ColumnNames) -> Detections:
    """Return the labels of the recording that the track is named after. Lines of frequencies are passed over."""
    text, notes = decode_text(unpack_file(path, _WHAT), path, _WHAT)
    found, bad = [], []
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip() and not line.startswith("\\"):  # `\` and two frequencies belong to the label before
            one = _label(line)
            if one is None:
                bad.append(f"line {number}: {line!r}")
            else:
                found.append(one)
    if bad or not found:
        ways = [shorten(bad), "expected start, end (seconds), label and perhaps a score, with tabs between"]
        raise BlendkitError(f"{path.name}: {len(bad)} lines are no labels", ways)
    start, end, labels, scores = zip(*found, strict=True)
    points = [s == e for s, e in zip(start, end, strict=True)]
    ends = np.array(end) + np.where(points, 0.001, 0.0)  # a point label: an instant, as long as it must be to count
    recording = table_recording(path)
    if recording.lower().endswith("_scores"):  # HawkEars and BriteKit
        recording = recording[: -len("_scores")]
    n = len(found)
    said = (*notes, f"a label track names no file: it counts as that of {recording!r}")
    return Detections(
        [recording_id(recording)] * n, np.array(start), ends, list(labels), np.array(scores), [path.name] * n, said
    )


def _label(line: str) -> tuple[float, float, str, float] | None:
    """Return start, end, label and score (NaN: none) of a line, None if it is no label."""
    cells = line.split("\t")
    if not 3 <= len(cells) <= 4:
        return None
    start, end, label = _number(cells[0]), _number(cells[1]), cells[2].strip()
    score = _number(cells[3]) if len(cells) == 4 and cells[3].strip() else math.nan
    name, semicolon, last = label.rpartition(";")
    if semicolon and not math.isnan(_number(last)):  # `name;score`, of HawkEars and BriteKit
        label, score = name.strip(), _number(last)
    wrong = math.isnan(score) and len(cells) == 4 and bool(cells[3].strip())
    return None if wrong or not label or not 0 <= start <= end < math.inf else (start, end, label, score)


def _number(text: str) -> float:
    try:
        return float(text.strip().replace(",", "."))
    except ValueError:
        return math.nan


audacity_detections: Reader = Reader(
    "Audacity label tracks: start, end, label; the score in a fourth field (BirdNET), or as label;score (HawkEars).",
    is_label_track,
    _read,
)
