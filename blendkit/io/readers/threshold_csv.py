"""Thresholds of classes: a table of a class and a number a line, as `blendkit detect` writes it."""

from __future__ import annotations

import math
from pathlib import Path

from blendkit.core import composed
from blendkit.errors import BlendkitError, shorten
from blendkit.io.text_tables import decimal_points, open_table

_COLUMNS = ("class", "threshold")


def read_thresholds(path: Path) -> dict[str, float]:
    """Return {class: threshold} of a table with the columns class and threshold; other columns do not matter.

    A class with an empty threshold is left out: it is never detected. Raises BlendkitError naming missing columns, and
    every line without a class, with a threshold that is no finite number, or with a class that came before.
    """
    frame, _ = open_table(path, "this table of thresholds")
    frame = frame.rename(columns={c: str(c).strip().lower() for c in frame.columns})
    lacks = [c for c in _COLUMNS if c not in frame.columns]
    if lacks:
        raise BlendkitError(f"{path}: no column {', '.join(lacks)}", [f"has {shorten(frame.columns, 8)}"])
    frame, _ = decimal_points(frame, ["threshold"])
    found: dict[str, float] = {}
    bad, seen = [], set[str]()
    for line, name, text in zip(frame.index, frame["class"], frame["threshold"], strict=True):
        known, value = composed(name.strip()), _number(text)
        if not known or known in seen or math.isinf(value):
            why = "no class" if not known else "this class came before" if known in seen else f"threshold {text!r}"
            bad.append(f"line {line}: {why}")
        elif not math.isnan(value):
            found[known] = value
        seen.add(known)
    if bad:
        expected = "expected each class once, with a number or an empty threshold"
        raise BlendkitError(f"{path}: {len(bad)} wrong lines; {expected}", [shorten(bad, 10)])
    if not found:
        ways = ["an empty threshold means that a class is never detected; its column why may say why it has none"]
        raise BlendkitError(f"{path}: no class has a threshold", ways)
    return found


def _number(text: str) -> float:
    """Return a finite number, NaN for an empty text, infinity for anything else."""
    try:
        value = float(text) if text.strip() else None
    except ValueError:
        return math.inf
    return math.nan if value is None else value if math.isfinite(value) else math.inf
