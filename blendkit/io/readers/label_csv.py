"""Label tables from CSV."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from blendkit.core import LabelTable, recording_id
from blendkit.errors import BlendkitError, shorten


def read_labels(path: Path | str) -> LabelTable:
    """Read a label CSV with columns filename, start, end, primary_label (`;`-joined, may be empty).

    Times are HH:MM:SS or seconds. Rows listed twice count once; equal spans give the union of their
    labels. Raises BlendkitError naming missing columns, or the lines whose times cannot be read.
    """
    import pandas as pd

    path = Path(path)
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise BlendkitError(f"{path}: cannot read these labels", [str(error)]) from error
    missing = [c for c in ("filename", "start", "end", "primary_label") if c not in frame.columns]
    if missing:
        raise BlendkitError(f"{path}: missing columns {missing}", [f"has {shorten(frame.columns, 8)}"])
    unique = frame.drop_duplicates(["filename", "start", "end", "primary_label"])
    spans: dict[str, dict[tuple[int, int], set[str]]] = {}
    bad = []
    for line, name, start, end, label in zip(
        unique.index + 2, unique.filename, unique.start, unique.end, unique.primary_label, strict=True
    ):
        key = (_milliseconds(start), _milliseconds(end))
        if not name or key[0] is None or key[1] is None or key[0] < 0 or key[0] >= key[1]:
            bad.append(f"line {line}: {start!r} to {end!r} of {name!r}")
            continue
        present = {c.strip() for c in label.split(";") if c.strip()}
        spans.setdefault(recording_id(name), {}).setdefault((key[0], key[1]), set()).update(present)
    if bad:
        wanted = "a filename, and times as HH:MM:SS or seconds, start before end"
        raise BlendkitError(f"{path}: rows need {wanted}", [shorten(bad)])
    table = {r: tuple((s, e, frozenset(c)) for (s, e), c in found.items()) for r, found in spans.items()}
    return LabelTable(table, len(frame) - len(unique), str(path.name))


def _milliseconds(text: str) -> int | None:
    try:
        parts = [float(p) for p in text.split(":")]
    except ValueError:
        return None
    if not 1 <= len(parts) <= 3 or not all(np.isfinite(parts)):
        return None
    seconds = 0.0
    for part in parts:
        seconds = seconds * 60 + part
    return round(seconds * 1000)
