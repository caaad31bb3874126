"""How labelled spans lie on the grid of chunks: across their borders, and on chunks that have no scores."""

from __future__ import annotations

import numpy as np

from blendkit.core.arrays import Bools, Int64
from blendkit.core.flat_spans import FlatSpans, truth_and_labelled
from blendkit.core.names import NameRule
from blendkit.core.rows import Rows, chunk_rows

_RULE = "a class counts in every chunk that one of its spans overlaps, and a chunk is labelled where spans cover it all"


def off_the_grid(flat: FlatSpans, rows: Rows, endless: int) -> list[str]:
    """Return notes on the spans of the recordings of rows (N) that begin or end inside a chunk, or lie across others.

    endless: the end in ms of spans without one. The last end of a recording's labels may be that of its audio.
    """
    if not len(rows):
        return []
    step = round(float(rows.end_s[0] - rows.start_s[0]) * 1000)
    of, own = flat.of(rows.recordings())
    timed = flat.end[own] < endless
    of, start, end = of[timed], flat.start[own][timed], flat.end[own][timed]
    if not len(of):
        return []
    last = np.zeros(of.max() + 1, np.int64)
    np.maximum.at(last, of, end)
    inside = (start % step > 0) | ((end % step > 0) & (end < last[of]))
    across = ~inside & _across(of, start, end, step)
    found = {"begin or end inside a chunk": inside, f"are longer than {step / 1000:g} s and lie across others": across}
    return [f"{int(at.sum())} of {len(of)} labelled spans {what}: {_RULE}" for what, at in found.items() if at.any()]


def _across(of: Int64, start: Int64, end: Int64, step: int) -> Bools:
    """Return which spans are longer than a chunk and overlap the next or the one before, without the same times."""
    order = np.lexsort((end, start, of))
    of, start, end = of[order], start[order], end[order]
    pair = (of[1:] == of[:-1]) & (start[1:] < end[:-1]) & ((start[1:] != start[:-1]) | (end[1:] != end[:-1]))
    long = end - start > step
    out = np.zeros(len(of), bool)
    out[order] = long & (np.append(pair, False) | np.append(False, pair))
    return out


def labelled_without_row(flat: FlatSpans, rows: Rows, endless: int) -> int:
    """Return how many chunks of the recordings of rows (N) are labelled, and are not among the rows.

    Chunks are counted up to the last end of a recording's labels that is not `endless`, and at most to the one after
    its last row: labels that reach further are of other recordings, or in another unit.
    """
    if not len(rows):
        return 0
    chunk_s = float(rows.end_s[0] - rows.start_s[0])
    names = rows.recordings()
    of, own = flat.of(names)
    timed = flat.end[own] < endless
    reach = np.zeros(len(names), np.int64)
    np.maximum.at(reach, of[timed], flat.end[own][timed] // round(chunk_s * 1000))
    run = np.repeat(np.arange(len(names)), np.diff(rows.offsets()))
    at = np.rint(rows.start_s / chunk_s).astype(np.int64)
    reach = np.minimum(reach, at[rows.offsets()[1:] - 1] + 2)
    lacking = np.flatnonzero(np.bincount(run[at < reach[run]], minlength=len(names)) < reach)
    if not len(lacking):
        return 0
    grid = chunk_rows({names[i]: int(reach[i]) for i in lacking}, chunk_s, NameRule())
    known = set(zip(rows.recording[np.isin(run, lacking)].tolist(), at[np.isin(run, lacking)].tolist(), strict=True))
    labelled = truth_and_labelled(flat, grid, ())[1]
    cells = zip(grid.recording.tolist(), np.rint(grid.start_s / chunk_s).astype(np.int64).tolist(), strict=True)
    return sum(own and cell not in known for own, cell in zip(labelled.tolist(), cells, strict=True))
