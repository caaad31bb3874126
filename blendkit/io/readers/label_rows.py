"""What every label form becomes before it is a LabelTable: rows of a recording, a span and classes."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np

from blendkit.core import WHOLE_RECORDING, Int64, LabelTable, united_spans

T = TypeVar("T", bound=Hashable)


@dataclass(frozen=True, eq=False)
class LabelRows:
    """N labelled spans: start and end (N,) in milliseconds, and of which recordings and classes they are.

    of (N,): the place of each span's recording in `recordings`; which (N,): of its classes in `sets`. duplicates: rows
    of the file that were left out because an equal one came before. notes: how the file was read. drawn: whether the
    file says that its rows are a draw. paths, of_teacher: see `LabelTable`.
    """

    recordings: Sequence[str]
    of: Int64
    start: Int64
    end: Int64
    sets: Sequence[frozenset[str]]
    which: Int64
    duplicates: int = 0
    notes: tuple[str, ...] = ()
    drawn: bool = False
    paths: Mapping[str, str] = field(default_factory=dict)
    of_teacher: bool = False


def places_among(values: Iterable[T]) -> tuple[list[T], Int64]:
    """Return the different ones of N values, in order, and the place (N,) of each value among them."""
    places: dict[T, int] = {}
    at = [places.setdefault(v, len(places)) for v in values]
    return list(places), np.array(at, np.int64)


def silence_between(rows: LabelRows, recording: str | None) -> LabelRows:
    """Return rows that also label the rest of their recordings, and of `recording`, as silence."""
    names = list(dict.fromkeys([*rows.recordings, *([] if recording is None else [recording])]))
    size, known = len(names), len(rows.recordings)
    return replace(
        rows,
        recordings=[*rows.recordings, *names],
        of=np.append(rows.of, known + np.arange(size)),
        start=np.append(rows.start, np.zeros(size, np.int64)),
        end=np.append(rows.end, np.full(size, WHOLE_RECORDING)),
        sets=[*rows.sets, frozenset()],
        which=np.append(rows.which, np.full(size, len(rows.sets))),
        notes=(*rows.notes, "time without a selection counts as labelled silence"),
    )


def label_table(parts: Sequence[LabelRows], source: str) -> LabelTable:
    """Return the table of all parts; equal spans of a recording give the union of their classes."""
    recordings, sets = [r for p in parts for r in p.recordings], [s for p in parts for s in p.sets]
    of = _joined([p.of for p in parts], [len(p.recordings) for p in parts])
    which = _joined([p.which for p in parts], [len(p.sets) for p in parts])
    start, end = (np.concatenate(t) for t in ([p.start for p in parts], [p.end for p in parts]))
    notes = tuple(dict.fromkeys(n for p in parts for n in p.notes))
    spans = united_spans(recordings, of, start, end, sets, which)
    own: dict[str, set[str | None]] = {}
    for p in parts:
        for r in p.recordings:
            own.setdefault(r, set()).add(p.paths.get(r))
    paths = {r: path for r, found in own.items() if len(found) == 1 and (path := next(iter(found))) is not None}
    drawn, taught = any(p.drawn for p in parts), any(p.of_teacher for p in parts)
    return LabelTable(spans, sum(p.duplicates for p in parts), source, notes, drawn, paths, taught)


def _joined(places: Sequence[Int64], sizes: Sequence[int]) -> Int64:
    """Return places among the values of each part as those among the values of all parts."""
    before = np.cumsum([0, *sizes[:-1]])
    return np.concatenate([p + b for p, b in zip(places, before.tolist(), strict=True)]).astype(np.int64)
