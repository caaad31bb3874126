"""Ground truth: label tables as (N, C) bool, with a mask of the chunks that were labelled at all."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath

import numpy as np

from blendkit.core.arrays import Bools
from blendkit.core.rows import MIN_REMAINDER_S, Rows
from blendkit.core.taxonomy import Taxonomy
from blendkit.errors import BlendkitError, did_you_mean, shorten

Span = tuple[int, int, frozenset[str]]  # start and end in milliseconds, classes present
WHOLE_RECORDING = 2**62  # the end, in ms, of a span that reaches to the end of its recording, wherever that is
_MOST_HINTS = 5  # lines on what eBird calls the unknown labels
_MOSTLY = 0.9  # of the spans: labels of which so many end beyond the scores have another unit or other recordings
_UNITS = {1000: "milliseconds", 1_000_000: "microseconds"}  # of which a second is so many
_UNITS |= {r: f"samples at {r} Hz" for r in (8000, 16000, 22050, 24000, 32000, 44100, 48000)}


@dataclass(frozen=True)
class LabelTable:
    """Labelled spans of recordings; exact duplicates are removed, equal spans are merged.

    `spans[recording]` is a tuple of (start_ms, end_ms, classes). A span without classes is labelled
    silence; time outside every span is unlabelled, which is not the same as negative.
    """

    spans: dict[str, tuple[Span, ...]]
    duplicates: int
    source: str
    notes: tuple[str, ...] = ()

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
        return replace(self, spans={r: s for r, s in self.spans.items() if r in wanted})

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
        return replace(self, spans={new.get(r, r): s for r, s in self.spans.items()})

    def renamed(self, new: Mapping[str, str]) -> LabelTable:
        """Return the labels with other names for some classes."""
        spans = {r: tuple((a, b, frozenset(new.get(c, c) for c in found)) for a, b, found in own)
                 for r, own in self.spans.items()}  # fmt: skip
        return replace(self, spans=spans)

    def by_id(self, taxonomy: Taxonomy, known: Iterable[str] = ()) -> LabelTable:
        """Return the labels by class id, where they are names that one class of a taxonomy alone has, and note it.

        known: further ids of classes, which are no names.
        """
        new = taxonomy.ids_of(self.classes - set(known))
        if not new:
            return self
        note = f"{len(new)} labels are names of classes, not ids, and are read as these: {shorten(sorted(new))}"
        return replace(self.renamed(new), notes=(*self.notes, note))

    def chunk_counts(self, chunk_s: float) -> dict[str, int]:
        """Return, per recording, the chunks up to its last labelled one; 1 if it is labelled only as a whole."""
        step = round(chunk_s * 1000)
        ends = {r: [end for _, end, _ in spans if end < WHOLE_RECORDING] for r, spans in self.spans.items()}
        return {r: max((-(-end // step) for end in own), default=1) for r, own in ends.items()}

    def out_of_reach(self, rows: Rows, what: str) -> tuple[str, ...]:
        """Return why the labels of the recordings of `rows` (N) cannot be theirs, with the likely unit; () if they can.

        They cannot if nine of ten spans end more than a chunk after the last row of their recording, or if short spans
        of one length are as many as the chunks: then they count chunks, or minutes. what: the rows.
        """
        if counted := self._count_chunks(rows):
            return counted
        last = rows.offsets()[1:] - 1
        scored = dict(zip(rows.recording[last], (2 * rows.end_s[last] - rows.start_s[last]) * 1000, strict=True))
        ends = [(r, end) for r in scored for _, end, _ in self.spans.get(r, ()) if end < WHOLE_RECORDING]
        late = [(r, end) for r, end in ends if end > scored[r]]
        if not late or len(late) < _MOSTLY * len(ends):
            return ()
        as_ms = all(end <= 1000 * scored[r] for r, end in late)
        unit = "milliseconds" if as_ms else "in another unit than seconds, or are the scores of other recordings"
        length = self._one_length()
        if length is not None and length % round(1000 * float(rows.end_s[0] - rows.start_s[0])) == 0:
            unit = _UNITS.get(length // round(1000 * float(rows.end_s[0] - rows.start_s[0])), unit)
        first, end = late[0]
        scored_s = float(rows.end_s[last][list(scored).index(first)])
        return (
            f"{self.source}: {len(late) / len(ends):.0%} of its spans end beyond the last scored chunk "
            "of their recording",
            f"{first}: {what} ends at {scored_s:g} s, a label at {end / 1000:g} s",
            f"are its times {unit}?",
        )

    def _one_length(self) -> int | None:
        """Return the length (ms) that all spans have; None if they differ."""
        lengths = {end - start for own in self.spans.values() for start, end, _ in own}
        if not lengths or max(lengths) - min(lengths) > 2:  # rounding to milliseconds
            return None
        return round(sum(lengths) / len(lengths))

    def _count_chunks(self, rows: Rows) -> tuple[str, ...]:
        """Return why spans seem to count the chunks of `rows` (N); () if they do not."""
        length, chunk = self._one_length(), round(1000 * float(rows.end_s[0] - rows.start_s[0])) if len(rows) else 0
        if length is None or not 0 < length < chunk:
            return ()
        chunks = dict(zip(rows.recordings(), np.diff(rows.offsets()).tolist(), strict=True))
        both = {r: n for r, n in chunks.items() if r in self.spans and n > 1}
        same = [r for r, n in both.items() if round(max(end for _, end, _ in self.spans[r]) / length) == n]
        if not both or len(same) < _MOSTLY * len(both):
            return ()
        return (
            f"{self.source}: its spans of {length / 1000:g} s end where as many chunks of {chunk / 1000:g} s would",
            "are its times the numbers of chunks, or minutes?",
        )

    def require_in_reach(self, rows: Rows, what: str) -> None:
        """Raise BlendkitError if the labels are `out_of_reach` of rows (N)."""
        if why := self.out_of_reach(rows, what):
            raise BlendkitError(why[0], why[1:])

    def require_known(self, classes: Iterable[str], taxonomy: Taxonomy | None = None) -> None:
        """Raise BlendkitError, with the nearest class, for labels that neither `classes` nor a taxonomy has.

        Where the taxonomy holds eBird's REPORT_AS, it says which class a form or a retired code belongs to.
        """
        known = {*classes, *(taxonomy.classes if taxonomy else ())}
        unknown = sorted(self.classes - known)
        if unknown:
            near = [f"{u!r}{did_you_mean(u, known)}" for u in unknown]
            hints = taxonomy.ebird_hints(unknown, known) if taxonomy else []
            raise BlendkitError(f"{self.source}: {len(unknown)} unknown labels", [shorten(near), *hints[:_MOST_HINTS]])

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
