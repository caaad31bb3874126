"""Ground truth: label tables as (N, C) bool, with a mask of the chunks that were labelled at all."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePath

import numpy as np

from blendkit.core.arrays import Bools
from blendkit.core.rows import MIN_REMAINDER_S, Rows
from blendkit.errors import BlendkitError, did_you_mean, shorten

Span = tuple[int, int, frozenset[str]]  # start and end in milliseconds, classes present


@dataclass(frozen=True)
class LabelTable:
    """Labelled spans of recordings; exact duplicates are removed, equal spans are merged.

    `spans[recording]` is a tuple of (start_ms, end_ms, classes). A span without classes is labelled
    silence; time outside every span is unlabelled, which is not the same as negative.
    """

    spans: dict[str, tuple[Span, ...]]
    duplicates: int
    source: str

    @property
    def recordings(self) -> tuple[str, ...]:
        """The labelled recordings, in file order."""
        return tuple(self.spans)

    @property
    def classes(self) -> set[str]:
        """Every class that occurs in a span."""
        return {c for spans in self.spans.values() for *_, present in spans for c in present}

    def only(self, recordings: Iterable[str]) -> LabelTable:
        """Return the table of the given recordings alone."""
        wanted = set(recordings)
        return LabelTable({r: s for r, s in self.spans.items() if r in wanted}, self.duplicates, self.source)

    def named_as(self, recordings: Iterable[str]) -> LabelTable:
        """Return the table under the ids of `recordings`: a label without a folder matches a file in any folder.

        Raises BlendkitError if two recordings share the name that a label gives.
        """
        known = set(recordings)
        below: dict[str, list[str]] = {}
        for r in sorted(known):
            below.setdefault(PurePath(r).name, []).append(r)
        wanted = {r: below.get(r, []) for r in self.spans if r not in known and "/" not in r}
        unclear = [f"{r}: {' or '.join(found)}" for r, found in wanted.items() if len(found) > 1]
        if unclear:
            raise BlendkitError(f"{self.source}: labels name several recordings", [shorten(unclear)])
        new = {r: found[0] for r, found in wanted.items() if found}
        spans = {new.get(r, r): s for r, s in self.spans.items()}
        return LabelTable(spans, self.duplicates, self.source)

    def chunk_counts(self, chunk_s: float) -> dict[str, int]:
        """Return, per recording, the chunks up to its last labelled one."""
        step = round(chunk_s * 1000)
        return {r: max(-(-end // step) for _, end, _ in spans) for r, spans in self.spans.items()}

    def require_known(self, classes: Iterable[str]) -> None:
        """Raise BlendkitError, with the nearest class, for labels that are not in `classes`."""
        known = set(classes)
        unknown = [f"{u!r}{did_you_mean(u, known)}" for u in sorted(self.classes - known)]
        if unknown:
            raise BlendkitError(f"{self.source}: {len(unknown)} unknown labels", [shorten(unknown)])

    def matrix(self, rows: Rows, classes: Sequence[str], known: Iterable[str] = ()) -> tuple[Bools, Bools]:
        """Return truth (N, C) and labelled (N,).

        A class is true in a chunk that one of its spans overlaps. A chunk is labelled if spans cover all of
        it. A recording's last chunk may end after its labels do: it is labelled if spans cover it from its
        start to the end of the labels, at least one second. Labels outside `classes` but inside `known` are
        left out; any other label raises BlendkitError with the nearest class.
        """
        at = {c: i for i, c in enumerate(classes)}
        self.require_known({*classes, *known})
        truth = np.zeros((len(rows), len(classes)), bool)
        labelled = np.zeros(len(rows), bool)
        offsets = rows.offsets()
        for first, last in itertools.pairwise(offsets):
            spans = self.spans.get(rows.recording[first], ())
            reached = max((s[1] for s in spans), default=0)
            for i in range(first, last) if spans else ():
                start, end = round(rows.start_s[i] * 1000), round(rows.end_s[i] * 1000)
                over = [s for s in spans if s[0] < end and s[1] > start]
                present = [at[c] for *_, cs in over for c in cs if c in at]
                truth[i, present] = True
                # the last chunk may reach beyond the recording: labels end where the audio does
                known_end = reached if i == last - 1 and start + MIN_REMAINDER_S * 1000 <= reached < end else end
                labelled[i] = _covers(over, start, known_end)
        return truth, labelled


def _covers(spans: list[Span], start: int, end: int) -> bool:
    reached = start
    for span_start, span_end, _ in sorted(spans, key=lambda s: s[:2]):
        if span_start > reached:
            return False
        reached = max(reached, span_end)
    return reached >= end
