"""What is wrong with a matrix of scores, in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blendkit.core.arrays import Matrix
from blendkit.core.rows import Rows
from blendkit.errors import shorten

_WAYS = {
    "row": "keep one of each; where they are the scores of several models or folds, write one file for each",
    "class": "keep one column of each; where they are the scores of several models, write one file for each",
}
_NOT_FINITE = (
    "score these chunks again; or leave out the column of a class that has no scores, or the row of a chunk, which "
    "`missing_rows: median` fills in a recipe"
)


def cover_problems(covered: NDArray[Any], classes: tuple[str, ...]) -> list[str]:
    """Return why `covered` is no coverage of classes (C,)."""
    if covered.shape != (len(classes),) or covered.dtype != bool:
        return [f"covered is {covered.dtype} {covered.shape}, expected bool ({len(classes)},)"]
    return []


def shape_problems(values: Matrix, rows: Rows, classes: tuple[str, ...]) -> list[str]:
    """Return why values (N, C), rows (N) and classes (C,) do not fit together."""
    if values.ndim != 2 or values.shape != (len(rows), len(classes)):
        return [f"values have shape {values.shape}, expected ({len(rows)} rows, {len(classes)} classes)"]
    if values.dtype not in (np.float32, np.float64):
        return [f"values have type {values.dtype}, expected float32 or float64"]
    return []


def duplicate_problems(what: str, names: Sequence[str]) -> list[str]:
    """Return the names of rows or classes that occur twice."""
    if len(set(names)) == len(names):
        return []
    seen: set[str] = set()
    twice = dict.fromkeys(n for n in names if n in seen or seen.add(n))  # type: ignore[func-returns-value]
    return [f"duplicate {what}: {shorten(twice)}", _WAYS[what]]


def nan_problems(values: Matrix, rows: Rows, classes: tuple[str, ...]) -> list[str]:
    """Return the cells of values (N, C) that are not finite."""
    # one cheap pass first: a finite sum proves that every value is finite
    with np.errstate(invalid="ignore", over="ignore"):
        total = float(values.sum(dtype=np.float64))
    if np.isfinite(total):
        return []
    bad = ~np.isfinite(values)
    if not bad.any():
        return []
    at = np.argwhere(bad)[:5]
    cells = [f"({rows.recording[i]}, {rows.start_s[i]:g} s, class {classes[j]}): {values[i, j]}" for i, j in at]
    return [f"{int(bad.sum())} values are not finite", *cells, _NOT_FINITE]
