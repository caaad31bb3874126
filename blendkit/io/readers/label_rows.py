"""What every label form becomes before it is a LabelTable: rows of a recording, a span and classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from blendkit.core import WHOLE_RECORDING, LabelTable


@dataclass(frozen=True, eq=False)
class LabelRows:
    """N labelled spans: recordings, (start, end) in milliseconds, and the classes present.

    duplicates: rows of the file that were left out because an equal one came before. notes: how the file was read.
    """

    recordings: list[str]
    spans: list[tuple[int, int]]
    classes: list[frozenset[str]]
    duplicates: int = 0
    notes: tuple[str, ...] = ()


def silence_between(rows: LabelRows, recording: str | None) -> LabelRows:
    """Return rows that also label the rest of their recordings, and of `recording`, as silence."""
    names = list(dict.fromkeys([*rows.recordings, *([] if recording is None else [recording])]))
    spans = [*rows.spans, *[(0, WHOLE_RECORDING)] * len(names)]
    classes = [*rows.classes, *[frozenset[str]()] * len(names)]
    note = "time without a selection counts as labelled silence"
    return LabelRows([*rows.recordings, *names], spans, classes, rows.duplicates, (*rows.notes, note))


def label_table(parts: Sequence[LabelRows], source: str) -> LabelTable:
    """Return the table of all parts; equal spans of a recording give the union of their classes."""
    found: dict[str, dict[tuple[int, int], frozenset[str]]] = {}
    for part in parts:
        for recording, span, classes in zip(part.recordings, part.spans, part.classes, strict=True):
            own = found.setdefault(recording, {})
            own[span] = own[span] | classes if span in own else classes
    spans = {r: tuple([(s, e, c) for (s, e), c in own.items()]) for r, own in found.items()}
    notes = tuple(dict.fromkeys(n for p in parts for n in p.notes))
    return LabelTable(spans, sum(p.duplicates for p in parts), source, notes)
