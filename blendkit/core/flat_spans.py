"""Labelled spans as arrays, and which rows of scores they overlap and cover."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from blendkit.core.arrays import Bools, Int64
from blendkit.core.chunk_counts import MIN_REMAINDER_S
from blendkit.core.rows import Rows

Span = tuple[int, int, frozenset[str]]  # start and end in milliseconds, classes present


@dataclass(frozen=True, eq=False)
class FlatSpans(Mapping[str, tuple[Span, ...]]):
    """S spans of R recordings: start and end (S,) in ms, where those of each recording begin (R + 1,), and labels.

    names: of the classes; codes (L,): their places in names, span by span; labels_at (S + 1,): where a span's begin.
    As a mapping, which makes the objects that it gives: the spans by recording.
    """

    at: dict[str, int]
    offsets: Int64
    start: Int64
    end: Int64
    names: tuple[str, ...]
    codes: Int64
    labels_at: Int64

    def __getitem__(self, recording: str) -> tuple[Span, ...]:
        first = self.at[recording]
        return tuple(map(self._span, range(int(self.offsets[first]), int(self.offsets[first + 1]))))

    def __iter__(self) -> Iterator[str]:
        return iter(self.at)

    def __len__(self) -> int:
        return len(self.at)

    def _span(self, i: int) -> Span:
        codes = self.codes[self.labels_at[i] : self.labels_at[i + 1]].tolist()
        return int(self.start[i]), int(self.end[i]), frozenset([self.names[c] for c in codes])

    def of(self, recordings: Sequence[str]) -> tuple[Int64, Int64]:
        """Return the spans of recordings, one after the other: the place of each in `recordings`, and its own."""
        found = np.fromiter((self.at.get(r, -1) for r in recordings), np.int64, len(recordings))
        counts = np.where(found < 0, 0, self.offsets[found + 1] - self.offsets[found])
        return np.repeat(np.arange(len(found)), counts), _ranges(self.offsets[found], counts)

    def part(self, recordings: Sequence[str]) -> FlatSpans:
        """Return the spans of some of the recordings."""
        of, own = self.of(recordings)
        counts = (self.labels_at[1:] - self.labels_at[:-1])[own]
        used, codes = np.unique(self.codes[_ranges(self.labels_at[own], counts)], return_inverse=True)
        names = tuple(self.names[i] for i in used.tolist())
        offsets = _sums(np.bincount(of, minlength=len(recordings)))
        at = {r: i for i, r in enumerate(recordings)}
        return FlatSpans(at, offsets, self.start[own], self.end[own], names, codes, _sums(counts))

    def with_recordings(self, new: Mapping[str, str]) -> FlatSpans:
        """Return the spans under other ids of some recordings; where two become one, it has the spans of both."""
        names = [new.get(r, r) for r in self.at]
        if len(set(names)) == len(names):
            return replace(self, at={r: i for i, r in enumerate(names)})
        of = np.repeat(np.arange(len(names)), np.diff(self.offsets))
        spans = [*map(self._span, range(len(of)))]
        return united_spans(names, of, self.start, self.end, [s[2] for s in spans], np.arange(len(of)))

    def with_classes(self, new: Mapping[str, str]) -> FlatSpans:
        """Return the spans with other names for some classes, of which several may become one."""
        places: dict[str, int] = {}
        of = np.array([places.setdefault(new.get(n, n), len(places)) for n in self.names], np.int64)
        return replace(self, names=tuple(places), codes=of[self.codes] if len(of) else self.codes)


def flat_spans(spans: Mapping[str, tuple[Span, ...]]) -> FlatSpans:
    """Return spans by recording as arrays."""
    if isinstance(spans, FlatSpans):
        return spans
    flat = [s for own in spans.values() for s in own]
    names, codes, labels_at = _coded_classes([s[2] for s in flat])
    start, end = (np.fromiter((s[i] for s in flat), np.int64, len(flat)) for i in (0, 1))
    at = {r: i for i, r in enumerate(spans)}
    return FlatSpans(at, _sums([*map(len, spans.values())]), start, end, names, codes, labels_at)


def united_spans(
    recordings: Sequence[str], of: Int64, start: Int64, end: Int64, sets: Sequence[frozenset[str]], which: Int64
) -> FlatSpans:
    """Return N spans by recording, in their order; equal ones of a recording are one span with the classes of all.

    of (N,): the place of each in `recordings`, which may name one twice. start, end (N,): in ms. which (N,): the place
    of each span's classes in `sets`, all of which occur.
    """
    places: dict[str, int] = {}
    names = np.array([places.setdefault(r, len(places)) for r in recordings], np.int64)
    of = names[of] if len(of) else of
    order = np.argsort(of, kind="stable")
    of, start, end, which = of[order], start[order], end[order], which[order]
    kept, which, sets = _without_equal(of, start, end, which, sets)
    class_names, codes, at = _coded_classes(sets)
    counts = (at[1:] - at[:-1])[which[kept]]
    return FlatSpans(
        places, _sums(np.bincount(of[kept], minlength=len(places))), start[kept], end[kept], class_names,
        codes[_ranges(at[which[kept]], counts)], _sums(counts),
    )  # fmt: skip


def _without_equal(
    of: Int64, start: Int64, end: Int64, which: Int64, sets: Sequence[frozenset[str]]
) -> tuple[Int64, Int64, Sequence[frozenset[str]]]:
    """Return the places of the first of equal spans (N,), `which` (N,) of `sets` has their classes, and new sets."""
    every = np.arange(len(of))
    if bool(np.all((of[1:] > of[:-1]) | (start[1:] > start[:-1]))):
        return every, which, sets
    order = np.lexsort((end, start, of))
    later = np.zeros(len(of), bool)
    later[1:] = np.logical_and.reduce([t[order][1:] == t[order][:-1] for t in (of, start, end)])
    first = order[np.maximum.accumulate(np.where(later, 0, every))]  # of the spans in this order, the one it equals
    more: dict[int, frozenset[str]] = {}
    for i, same in zip(order[later].tolist(), first[later].tolist(), strict=True):
        more[same] = more.get(same, sets[which[same]]) | sets[which[i]]
    which = which.copy()
    which[[*more]] = len(sets) + np.arange(len(more))
    return np.sort(order[~later]), which, [*sets, *more.values()]


def _coded_classes(sets: Sequence[frozenset[str]]) -> tuple[tuple[str, ...], Int64, Int64]:
    """Return the names of all classes, their places in sets, and where those of each set begin (len(sets) + 1,)."""
    places: dict[str, int] = {}
    codes = [places.setdefault(c, len(places)) for present in sets for c in present]
    return tuple(places), np.array(codes, np.int64), _sums([*map(len, sets)])


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


def _sums(counts: Sequence[int] | Int64) -> Int64:
    """Return (N + 1,) how many come before each of counts (N,), and all of them."""
    return np.concatenate([[0], np.cumsum(np.asarray(counts, np.int64))]).astype(np.int64)
