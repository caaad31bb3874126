"""Ground truth: label tables as (N, C) bool, with a mask of the chunks that were labelled at all."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import PurePath

import numpy as np

from blendkit.core.arrays import Bools, Float64
from blendkit.core.flat_spans import FlatSpans, Span, flat_spans, truth_and_labelled
from blendkit.core.label_grid import labelled_without_row, off_the_grid
from blendkit.core.recording_paths import alike_paths, is_tail
from blendkit.core.rows import Rows
from blendkit.core.taxonomy import Taxonomy
from blendkit.core.time_units import SMALL_UNITS, looks_small, unit_of_lengths
from blendkit.errors import BlendkitError, counted, did_you_mean, shorten

WHOLE_RECORDING = 2**62  # the end, in ms, of a span that reaches to the end of its recording, wherever that is
_NO_TAXONOMY = (
    "if they are names of classes, or classes that the scores lack, a taxonomy that lists them says so: "
    "--taxonomy FILE, or `taxonomy:` in a recipe"
)
_MISSING = "NA is what R writes where there is no value: leave the cell of a span without a class empty"
_OTHER_JOINERS = ("/", "+", "&", "_")
_JOINED = "these are lists of classes joined by {!r}: join them by ';', ',' or '|'"
_MOST_HINTS = 5  # lines on what eBird calls the unknown labels
_ROUNDED_S = 0.002  # by which spans of one length may differ
_A_CHUNK = 0.9  # of a chunk: spans of 4.99 s are those of 5 s, and no numbers of chunks
_ROUNDED_ENDS = 0.25  # of a span: what rounding of minutes to three digits can add up to at the end of a recording
_LATE = 0.75  # of the spans: labels of which so many end beyond the scores have another unit or other recordings
_MOSTLY = 0.9  # of the recordings


@dataclass(frozen=True, repr=False)
class LabelTable:
    """Labelled spans of recordings; exact duplicates are removed, equal spans are merged.

    `spans[recording]` is a tuple of (start_ms, end_ms, classes). A span without classes is labelled
    silence; time outside every span is unlabelled, which is not the same as negative. drawn: whether they are of chunks
    that a `review` drew: shares of them are not shares of all chunks. paths: {recording: all folders of its file and
    its name} where the label file has absolute paths, of which the recording is the end. of_teacher: whether a model
    gave any of them.
    """

    spans: Mapping[str, tuple[Span, ...]]
    duplicates: int
    source: str
    notes: tuple[str, ...] = ()
    drawn: bool = False
    paths: Mapping[str, str] = field(default_factory=dict)
    of_teacher: bool = False

    def __repr__(self) -> str:
        spans, classes = counted(len(self._flat.start), "span", "spans"), counted(len(self.classes), "class", "classes")
        return f"LabelTable({spans} of {counted(len(self.spans), 'recording', 'recordings')}, {classes}, {self.source})"

    @property
    def recordings(self) -> tuple[str, ...]:
        """The labelled recordings, in file order."""
        return tuple(self.spans)

    @property
    def classes(self) -> set[str]:
        """Every class that occurs in a span."""
        return set(self._flat.names)

    @cached_property
    def _flat(self) -> FlatSpans:
        return flat_spans(self.spans)

    def only(self, recordings: Iterable[str]) -> LabelTable:
        """Return the table of the given recordings alone."""
        wanted = set(recordings)
        if wanted.issuperset(self.spans):
            return self
        return replace(self, spans=self._flat.part([r for r in self.spans if r in wanted]))

    def named_as(self, recordings: Iterable[str]) -> LabelTable:
        """Return the table under the ids of `recordings`.

        A label without a folder matches a file in any folder, and one with folders a file of which it names more or
        fewer of the last ones: `rec/site/R1` is `site/R1`, unless labels of the same times exist for `site/R1` itself:
        then it is another file, and a note says that it is left out. An absolute path whose folders are no recording's
        matches the only recording of its name, which a note says, too. Raises BlendkitError if a label's name means two
        recordings, or labels of two files one.
        """
        known = set(recordings)
        others = [r for r in self.spans if r not in known]
        if not others:
            return self
        below: dict[str, list[str]] = {}
        for r in sorted(known):
            below.setdefault(PurePath(r).name, []).append(r)
        namesakes = {r: below.get(PurePath(r).name, []) for r in others}
        whole = {r: self.paths.get(r, r) for r in others}
        alike = alike_paths(whole.values(), known)
        wanted = {r: [k for k in alike[p] if PurePath(k).name == PurePath(r).name] for r, p in whole.items()}
        taken = {k for found in wanted.values() for k in found} | (known & self.spans.keys())
        free = {r: own for r, own in namesakes.items() if r in self.paths and not wanted[r]}
        alone = {r: own[0] for r, own in free.items() if len(own) == 1 and own[0] not in taken}
        wanted |= {r: [k] for r, k in alone.items()}
        unclear = [f"{r}: {' or '.join(found)}" for r, found in wanted.items() if len(found) > 1]
        if unclear:
            raise BlendkitError(f"{self.source}: labels name several recordings", [shorten(unclear)])
        new = {r: found[0] for r, found in wanted.items() if found}
        others = [r for r, own in new.items() if _of_another_file(r, own, self.spans)]
        new = {r: own for r, own in new.items() if r not in others}
        _require_one_file(self.source, new)
        left = f"labels of {len(others)} files are left out: those of the shorter name have labels of the same times"
        notes = dict.fromkeys([*self.notes, *([f"{left}: {shorten(others)}"] if others else []), *self._by_name(alone)])
        return replace(self, spans=self._flat.with_recordings(new) if new else self.spans, notes=tuple(notes))

    def _by_name(self, alone: Mapping[str, str]) -> list[str]:
        """Return a note on absolute paths whose folders are no recording's, {recording here: the one of that name}."""
        pairs = shorten([f"{self.paths[r]} as {own}" for r, own in alone.items()], 3)
        said = f"{len(alone)} labelled files lie in other folders than the recordings of their names: {pairs}"
        return [said] if alone else []

    def renamed(self, new: Mapping[str, str]) -> LabelTable:
        """Return the labels with other names for some classes."""
        return replace(self, spans=self._flat.with_classes(new))

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
        of, own = self._flat.of(self.recordings)
        timed = self._flat.end[own] < WHOLE_RECORDING
        counts = np.zeros(len(self.spans), np.int64)
        np.maximum.at(counts, of[timed], -(-self._flat.end[own[timed]] // round(chunk_s * 1000)))
        counts[np.bincount(of[timed], minlength=len(counts)) == 0] = 1
        return dict(zip(self.recordings, counts.tolist(), strict=True))

    def out_of_reach(self, rows: Rows, what: str) -> tuple[str, ...]:
        """Return why the labels of the recordings of `rows` (N) cannot be theirs, with the likely unit; () if they can.

        They cannot if three of four spans end more than a chunk after the last row of their recording, or if short
        spans of one length are as many as the chunks: then they count chunks, or minutes. what: the rows.
        """
        if not len(rows):
            return ()
        chunk_s = float(rows.end_s[0] - rows.start_s[0])
        if counted := self._count_chunks(rows, chunk_s):
            return counted
        if not self.mostly_beyond(rows):
            return ()
        of, start, end, scored = self._times(rows)
        late = np.flatnonzero(end > scored + chunk_s)
        unit = unit_of_lengths(end - start, chunk_s)
        if not unit and (end[late] <= 1000 * scored[late]).all():
            unit = "milliseconds"
        ask = f"are its times {unit or 'in another unit than seconds, or are the scores of other recordings'}?"
        if abs(end - start - chunk_s).max() <= _ROUNDED_S:
            ask = f"its spans are chunks of {chunk_s:g} s: does {what} hold {SMALL_UNITS}, or parts of its recordings?"
        first = late[0]
        return (
            f"{self.source}: {len(late) / len(end):.0%} of its spans end beyond the last scored chunk "
            "of their recording",
            f"{of[first]}: {what} ends at {scored[first]:g} s, a label at {end[first]:g} s",
            ask,
        )

    def mostly_beyond(self, rows: Rows) -> bool:
        """Return whether so many spans end after the rows (N) that they cannot be theirs, read as seconds."""
        late, spans = self.beyond(rows)
        return late > 0 and late >= _LATE * spans

    def beyond(self, rows: Rows) -> tuple[int, int]:
        """Return how many spans end more than a chunk after the last row of their recording, and of how many."""
        if not len(rows):
            return 0, 0
        _, _, end, scored = self._times(rows)
        return int((end > scored + float(rows.end_s[0] - rows.start_s[0])).sum()), len(end)

    def on_chunks(self, rows: Rows, what: str) -> list[str]:
        """Return notes on how spans lie on the chunks of rows (N), and on labelled chunks that are no row of `what`."""
        lacking = labelled_without_row(self._flat, rows, WHOLE_RECORDING)
        chunks = counted(lacking, "labelled chunk of these recordings has", "labelled chunks of these recordings have")
        said = f"{chunks} no scores in {what}, and no part in any figure"
        return [*([said] if lacking else []), *off_the_grid(self._flat, rows, WHOLE_RECORDING)]

    def _times(self, rows: Rows) -> tuple[list[str], Float64, Float64, Float64]:
        """Return of every span of the recordings of rows: its recording, start, end, and the last row's end, in s."""
        last = rows.offsets()[1:] - 1
        scored = dict(zip(rows.recording[last].tolist(), rows.end_s[last].tolist(), strict=True))
        of, own = self._flat.of(list(scored))
        timed = self._flat.end[own] < WHOLE_RECORDING
        of, own = of[timed], own[timed]
        names, reach = list(scored), np.fromiter(scored.values(), np.float64, len(scored))
        return [names[i] for i in of.tolist()], self._flat.start[own] / 1000, self._flat.end[own] / 1000, reach[of]

    def _count_chunks(self, rows: Rows, chunk_s: float) -> tuple[str, ...]:
        """Return why spans seem to count the chunks of `rows` (N), or minutes; () if they do not."""
        of, start, end, scored = self._times(rows)
        length = end - start
        if not len(end) or length.max() - length.min() > _ROUNDED_S or length.max() >= _A_CHUNK * chunk_s:
            return ()
        mean, ends = float(length.mean()), dict[str, float]()
        for r, e in zip(of, end.tolist(), strict=True):
            ends[r] = max(e, ends.get(r, 0.0))
        chunks = dict(zip(rows.recordings(), np.diff(rows.offsets()).tolist(), strict=True))
        both = [r for r in ends if chunks[r] > 1]
        same = [r for r in both if abs(ends[r] / mean - chunks[r]) < _ROUNDED_ENDS]
        if (not both or len(same) < _MOSTLY * len(both)) and not looks_small(start, end, scored, chunk_s):
            return ()
        where = "end where as many chunks" if both and len(same) >= _MOSTLY * len(both) else "lie where the numbers"
        return (
            f"{self.source}: its spans of {mean:.3g} s {where} of {chunk_s:g} s would",
            f"are its times {SMALL_UNITS}?",
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
            lists = [s for s in _OTHER_JOINERS if any(s in u and known.issuperset(u.split(s)) for u in unknown)]
            hints = taxonomy.ebird_hints(unknown, known) if taxonomy else []
            way = [] if len(known) > len(set(classes)) or (taxonomy and taxonomy.table) else [_NO_TAXONOMY]
            way = [_MISSING, *way] if "NA" in unknown else way
            way = [*([_JOINED.format(lists[0])] if lists else []), *way]
            problems = [shorten(near), *hints[:_MOST_HINTS], *way]
            raise BlendkitError(f"{self.source}: {counted(len(unknown), 'unknown label', 'unknown labels')}", problems)

    def matrix(self, rows: Rows, classes: Sequence[str], known: Iterable[str] = ()) -> tuple[Bools, Bools]:
        """Return truth (N, C) and labelled (N,).

        A class is true in a chunk that one of its spans overlaps. A chunk is labelled if spans cover all of
        it. A recording's last chunk may end after its labels do: it is labelled if spans cover it from its
        start to the end of the labels, at least one second. Labels outside `classes` but inside `known` are
        left out; any other label raises BlendkitError with the nearest class.
        """
        self.require_known({*classes, *known})
        return truth_and_labelled(self._flat, rows, classes)


def _of_another_file(label: str, recording: str, spans: Mapping[str, Sequence[Span]]) -> bool:
    """Return whether labels of more folders are another file's than a recording's own: times of both meet."""
    if recording not in spans or label.count("/") <= recording.count("/"):
        return False
    starts, ends = (sorted(span[k] for span in spans[recording]) for k in (0, 1))
    return any(bisect_left(starts, b) > bisect_right(ends, a) for a, b, _ in spans[label])  # begun, not ended


def _require_one_file(source: str, meant: Mapping[str, str]) -> None:
    """Raise BlendkitError where labels of files in different folders mean one recording: {label: recording}."""
    of: dict[str, list[str]] = {}
    for label, recording in meant.items():
        of.setdefault(recording, []).append(label)
    several = [f"{r}: {shorten(own)}" for r, own in of.items() if not all(is_tail(own[0], o) for o in own[1:])]
    if several:
        ways = ["the recordings that were scored lie in no folders that tell them apart"]
        raise BlendkitError(f"{source}: labels of several files mean one recording", [*several[:5], *ways])
