"""Label tracks as Audacity writes them: start, end and label between tabs, without a header."""

from __future__ import annotations

import re

import numpy as np

from blendkit.errors import BlendkitError, shorten
from blendkit.io.readers.label_cells import split_cells
from blendkit.io.readers.label_rows import LabelRows, places_among, silence_between
from blendkit.io.readers.label_times import milliseconds

_LINE = re.compile(r"\s*([\d.,]+)\t\s*([\d.,]+)\s*(?:\t(.*))?")


def is_track(text: str) -> bool:
    """Return whether a text is a label track: its first line starts with two times."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    return _LINE.fullmatch(first) is not None


def rows_of_track(text: str, path: object, recording: str) -> LabelRows:
    """Return the labels of a recording; what lies between them is silence. A point label lasts 1 ms.

    Lines that start with a backslash give frequencies of the label before, and are passed over. Raises BlendkitError
    listing the lines that are no labels.
    """
    found, bad = [], []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("\\"):
            continue
        cells = _LINE.fullmatch(line)
        times = [milliseconds(cells[i].replace(",", "."), None) for i in (1, 2)] if cells else []
        if not cells or len(times) < 2 or times[0] is None or times[1] is None or times[0] > times[1]:
            bad.append(f"line {number}: {line!r}")
            continue
        found.append((number, (times[0], max(times[1], times[0] + 1)), (cells[3] or "").strip()))
    labels = [label for *_, label in found]
    different, at = places_among(labels)
    sets, notes, lists = split_cells(different, at, [n for n, *_ in found], blanks=False)
    if bad or lists:
        raise BlendkitError(
            f"{path}: {len(bad) + len(lists)} lines are no labels of a track",
            [shorten([*bad, *lists]), "expected start, end (seconds) and label, with tabs between"],
        )
    unnamed = sum(not label for label in labels)
    notes = (*notes, *([f"{unnamed} selections without a label count as silence"] if unnamed else []))
    kept, _ = places_among((*span, sets[i]) for (_, span, _), i in zip(found, at.tolist(), strict=True))
    start, end = (np.array([k[j] for k in kept], np.int64) for j in (0, 1))
    classes, which = places_among(k[2] for k in kept)
    of = np.zeros(len(kept), np.int64)
    rows = LabelRows([recording], of, start, end, classes, which, len(found) - len(kept), notes)
    return silence_between(rows, recording)
