"""Labelled spans as arrays, and which rows of scores they overlap and cover."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from blendkit.core.arrays import Bools, Int64
from blendkit.core.chunk_counts import MIN_REMAINDER_S
from blendkit.core.rows import Rows

Span = tuple[int, int, frozenset[str]]  # start and end in milliseconds, classes present


@dataclass(frozen=True, eq=False)
class FlatSpans:
    """S spans of R recordings: start and end (S,) in ms, where those of each recording begin (R + 1,), and labels.

    names: of the classes; codes (L,): their places in names, span by span; labels_at (S + 1,): where a span's begin.
    """

    at: dict[str, int]
    offsets: Int64
    start: Int64
    end: Int64
    names: tuple[str, ...]
    codes: Int64
    labels_at: Int64

    def of(self, recordings: Sequence[str]) -> tuple[Int64, Int64]:
        """Return the spans of recordings, one after the other: the place of each in `recordings`, and its own."""
        found = np.fromiter((self.at.get(r, -1) for r in recordings), np.int64, len(recordings))
        counts = np.where(found < 0, 0, self.offsets[found + 1] - self.offsets[found])
        return np.repeat(np.arange(len(found)), counts), _ranges(self.offsets[found], counts)


def flat_spans(spans: Mapping[str, tuple[Span, ...]]) -> FlatSpans:
    """Return spans by recording as arrays."""
    flat = [s for own in spans.values() for s in own]
    places: dict[str, int] = {}
    codes = [places.setdefault(c, len(places)) for *_, present in flat for c in present]
    return FlatSpans(
        {r: i for i, r in enumerate(spans)},
        _sums(map(len, spans.values()), len(spans)),
        np.fromiter((s[0] for s in flat), np.int64, len(flat)),
        np.fromiter((s[1] for s in flat), np.int64, len(flat)),
        tuple(places),
        np.array(codes, np.int64),
        _sums((len(s[2]) for s in flat), len(flat)),
    )


@dataclass(frozen=True, eq=False)
class _Times:
    """Times of rows and spans that never decrease: of recording after recording, each later than the last.

    row_start, row_end (N,) and start, end (S,) are such times; of (S,): whose spans they are, own (S,): which.
    """

    row_start: Int64
    row_end: Int64
    of: Int64
    start: Int64
    end: Int64
    own: Int64


def _times(flat: FlatSpans, rows: Rows, of: Int64, own: Int64) -> _Times:
    """Return the times of rows (N,), and of spans `own` (S,) of the recordings `of`."""
    offsets = rows.offsets()
    run = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    start, end = (np.rint(t * 1000).astype(np.int64) for t in (rows.start_s, rows.end_s))
    last = int(end.max()) + 1  # later times say nothing of these rows
    step = last + 1
    span_start, span_end = (np.clip(t[own], 0, last) + of * step for t in (flat.start, flat.end))
    return _Times(run * step + start, run * step + end, of, span_start, span_end, own)


def truth_and_labelled(flat: FlatSpans, rows: Rows, classes: Sequence[str]) -> tuple[Bools, Bools]:
    """Return which classes are present in rows (N, C), and which rows are labelled (N,); see `LabelTable.matrix`."""
    truth = np.zeros((len(rows), len(classes)), bool)
    of, own = flat.of(rows.recordings())
    if not len(own):
        return truth, np.zeros(len(rows), bool)
    times = _times(flat, rows, of, own)
    row, span = _overlaps(times)
    at = {c: i for i, c in enumerate(classes)}
    column = np.array([at.get(n, -1) for n in flat.names], np.int64)
    counts = (flat.labels_at[1:] - flat.labels_at[:-1])[span]
    present = column[flat.codes[_ranges(flat.labels_at[span], counts)]] if len(flat.codes) else np.zeros(0, np.int64)
    row = np.repeat(row, counts)
    truth[row[present >= 0], present[present >= 0]] = True
    return truth, _covered(times, rows.offsets())


def _overlaps(t: _Times) -> tuple[Int64, Int64]:
    """Return all pairs of a row and a span that overlap: the place of the row, and of the span among all."""
    order = np.argsort(t.row_start, kind="stable")
    start, reached = t.row_start[order], np.maximum.accumulate(t.row_end[order])
    first = np.searchsorted(reached, t.start, "right")
    counts = np.maximum(np.searchsorted(start, t.end, "left") - first, 0)
    row, span = order[_ranges(first, counts)], np.repeat(np.arange(len(counts)), counts)
    inside = t.row_end[row] > t.start[span]
    return row[inside], t.own[span[inside]]


def _covered(t: _Times, offsets: Int64) -> Bools:
    """Return which rows (N,) lie within spans that leave no gap, the last row of a recording as far as spans reach."""
    order = np.argsort(t.start, kind="stable")
    reached = np.maximum.accumulate(t.end[order])
    first = np.flatnonzero(np.concatenate([[True], t.start[order][1:] > reached[:-1]]))  # of the spans without a gap
    start, end = t.start[order][first], reached[np.append(first[1:], len(order)) - 1]
    needed = t.row_end.copy()
    last, furthest = offsets[1:] - 1, np.full(len(offsets) - 1, -1)
    np.maximum.at(furthest, t.of, t.end)
    # the last chunk may reach beyond the recording: labels end where the audio does
    short = (t.row_start[last] + round(MIN_REMAINDER_S * 1000) <= furthest) & (furthest < t.row_end[last])
    needed[last[short]] = furthest[short]
    at = np.searchsorted(start, t.row_start, "right") - 1
    covered: Bools = (at >= 0) & (end[at] >= needed)
    return covered


def _ranges(starts: Int64, counts: Int64) -> Int64:
    """Return starts[0], starts[0] + 1 ... of counts[0] numbers, then those of the next start."""
    before = np.cumsum(counts) - counts
    return np.repeat(starts - before, counts) + np.arange(int(counts.sum()))


def _sums(counts: Iterable[int], n: int) -> Int64:
    return np.concatenate([[0], np.cumsum(np.fromiter(counts, np.int64, n))]).astype(np.int64)
