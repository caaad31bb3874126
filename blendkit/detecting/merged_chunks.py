"""From cells above thresholds to detections: the highest classes of a chunk, and neighbouring chunks merged."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from blendkit.core import Bools, Float64, Int64, Matrix, Rows
from blendkit.errors import BlendkitError

_SAME_S = 1e-6  # times of chunks are decimal numbers of seconds


@dataclass(frozen=True, eq=False)
class MergedCells:
    """Detections (D,), by row, then by class: the first row and the class of each, its times, score and chunks."""

    row: Int64
    class_at: Int64
    start_s: Float64
    end_s: Float64
    score: Float64
    chunks: Int64


def top_cells(cells: Bools, x: Matrix, most: int) -> Bools:
    """Return (N, C) those cells that are among the `most` highest of their row, of the cells; ties are kept.

    x (N, C): the scores. Raises BlendkitError for less than 1.
    """
    if most < 1:
        raise BlendkitError(f"at least 1 class of a chunk is kept, got {most}")
    if most >= cells.shape[1]:
        return cells
    shown = np.where(cells, x, -np.inf)
    edge = np.partition(shown, -most, axis=1)[:, -most]
    return cells & (shown >= edge[:, None])


def merge_cells(cells: Bools, x: Matrix, rows: Rows, gap_s: float | None = None) -> MergedCells:
    """Return one detection per run of cells of a class in a recording that lie at most `gap_s` seconds apart.

    cells, x (N, C); rows (N,): whole recordings, by start time. The score of a run is its highest. gap_s None: every
    cell is a detection of its own; 0: those of neighbouring chunks are one. Raises BlendkitError for a negative gap.
    """
    if gap_s is not None and not gap_s >= 0:
        raise BlendkitError(f"a gap is 0 seconds or more, got {gap_s:g}")
    column, row = (a.astype(np.int64) for a in np.nonzero(cells.T))  # by class, then by row
    first = np.flatnonzero(_starts(column, row, rows, gap_s))
    ends = rows.end_s[row]
    if not len(first):
        none, zero = np.zeros(0, np.int64), np.zeros(0)
        return MergedCells(none, none, zero, zero, zero, none)
    values = x[row, column].astype(np.float64)
    order = np.lexsort((column[first], row[first]))
    chunks = np.diff(np.append(first, len(row)))
    found = (np.maximum.reduceat(ends, first), np.maximum.reduceat(values, first), chunks)
    end, score, count = (f[order] for f in found)
    first = first[order]
    return MergedCells(row[first], column[first], rows.start_s[row[first]], end, score, count.astype(np.int64))


def _starts(column: Int64, row: Int64, rows: Rows, gap_s: float | None) -> Bools:
    """Return (K,) which of the cells, by class and row, begin a detection."""
    new = np.ones(len(row), bool)
    if gap_s is None or len(row) < 2:
        return new
    code = np.repeat(np.arange(len(rows.offsets()) - 1), np.diff(rows.offsets()))
    before, after = row[:-1], row[1:]
    apart = rows.start_s[after] - rows.end_s[before] > gap_s + _SAME_S
    new[1:] = (column[1:] != column[:-1]) | (code[after] != code[before]) | apart
    return new
