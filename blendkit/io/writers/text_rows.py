"""What writers of texts share: cells, lines, and names of files that any system can have."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

from blendkit.io.readers.label_cells import LABEL_JOINERS
from blendkit.io.writers.safe_cells import safe_cell

_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]+")
_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f<>:"|?*\\]')  # in names of files on Windows
_DEVICE = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\.|$)")


def text_cell(text: str) -> str:
    """Return a text on one line, as a cell that a spreadsheet never runs."""
    return safe_cell(_CONTROL.sub(" ", text))


def label_cell(name: str) -> str:
    """Return the cell of one class in a column of labels: a list of one, where a reader would take it for several."""
    return (
        json.dumps([name], ensure_ascii=False)
        if any(j in name for j in (*LABEL_JOINERS, "[", " "))
        else text_cell(name)
    )


def seconds_cell(seconds: float) -> str:
    """Return seconds to the microsecond, always with a point: 5.0, 2.5. Some tools take 5 for another type than 5.0."""
    return repr(round(float(seconds), 6))


def score_cell(score: float) -> str:
    """Return the shortest digits that read back as the same number."""
    return repr(float(score))


def csv_text(header: Sequence[str], rows: Iterable[Sequence[str]], separator: str = ",") -> str:
    """Return a table as text: cells that hold the separator or quotes stand in quotes, lines end in a line feed."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue()


def file_stems(recordings: Sequence[str]) -> list[str]:
    """Return a relative path (R,) for each recording's file, without suffix: its id, as any system can name a file.

    Roots, `..` and letters that a system forbids are replaced; two that would be one file, also where letter case does
    not count, get `~2` and so on.
    """
    taken: set[str] = set()
    out = []
    for recording in recordings:
        stem = _stem(recording)
        name, n = stem, 1
        while name.casefold() in taken:
            n += 1
            name = f"{stem}~{n}"
        taken.add(name.casefold())
        out.append(name)
    return out


def _stem(recording: str) -> str:
    parts = [p for p in PurePosixPath(recording.replace("\\", "/")).parts if p not in ("/", "//", ".", "..")]
    clean = [_FORBIDDEN.sub("_", p).rstrip(" .") or "_" for p in parts]
    return "/".join(f"_{p}" if _DEVICE.match(p) else p for p in clean) or "_"
