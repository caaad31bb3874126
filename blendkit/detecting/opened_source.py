"""A source of scores as detections need it: classes by id, and what is known of every recording that was heard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from blendkit.core import (
    FileSpace,
    Float64,
    Rows,
    ScoredRecording,
    Scores,
    Taxonomy,
    copies_counted,
    make_rows,
)
from blendkit.detecting.recording_clocks import Clocks
from blendkit.errors import BlendkitError, did_you_mean, shorten
from blendkit.io import (
    NO_EFFORT,
    AudioFolder,
    ColumnNames,
    Provenance,
    ScoreFile,
    check_space,
    is_source,
    read_score_file,
    read_species_lists,
    read_taxonomy,
    scored_recordings,
)


@dataclass(frozen=True)
class Reading:
    """How a source is read.

    columns: the file's columns and arrays; space: of the scores, where the file does not say it. taxonomy: of the
    classes; species: a list of those that are wanted, by id or name, None: all. audio: the folder of the recordings,
    which gives the names and lengths of their files. clocks: how their names and deployments give site and time.
    """

    columns: ColumnNames | None = None
    space: FileSpace = "unknown"
    taxonomy: Taxonomy | Path | str | None = None
    species: Path | str | None = None
    audio: Path | str | None = None
    clocks: Clocks = Clocks()


@dataclass(frozen=True, eq=False)
class OpenedSource:
    """Scores whose rows are whole recordings in order, the taxonomy, and what was heard, recording by recording.

    path: of the source, None of scores in memory; name: what messages call it; notes: what was assumed. lacking: the
    recordings that the audio folder does not hold. whole: whether all chunks that were looked at are known;
    known: what is behind the scores.
    """

    scores: Scores
    taxonomy: Taxonomy
    recordings: tuple[ScoredRecording, ...]
    audio: str
    path: Path | str | None
    name: str
    notes: tuple[str, ...]
    lacking: frozenset[str] = frozenset()
    whole: bool = True
    known: Provenance = field(default_factory=Provenance)

    @property
    def space(self) -> FileSpace:
        """The space of the scores."""
        return self.scores.space


def open_source(source: Scores | Path | str, reading: Reading) -> OpenedSource:
    """Read a source. Raises BlendkitError as `read_scores` does, for recipes, for a space that the values or the file
    contradict, and for an audio folder that holds none of the recordings.
    """
    path = None if isinstance(source, Scores) else source
    name = "these scores" if path is None else str(path)
    folder = AudioFolder.of(reading.audio)
    file = ScoreFile(name, source, {}) if isinstance(source, Scores) else _read(source, reading, folder)
    scores, notes = file.scores, file.notes
    taxonomy = reading.taxonomy if isinstance(reading.taxonomy, Taxonomy) else _taxonomy(reading.taxonomy)
    scores, left_out = scores.known_to(taxonomy, source=name)
    scores = Scores.build(scores.values, scores.rows, scores.classes, scores.space, covered=scores.covered, source=name)
    if scores.space != "unknown":
        notes = (*notes, *check_space(scores.values, scores.space, name, unlikely=True))
    if reading.species is not None:
        scores, wanted = _wanted(scores, Path(reading.species), taxonomy, name)
        left_out = (*left_out, *wanted)
    of_run = None if file.of_run is None else file.of_run.rule
    named = reading.clocks.read(scores.rows.recordings(), of_run)
    rows = make_rows([str(r) for r in scores.rows.recording], scores.rows.start_s, scores.rows.end_s, named.rule)
    recordings, last = rows.recordings(), rows.offsets()[1:] - 1
    heard_s = {} if file.of_run is None else file.of_run.heard_s
    lengths = dict(zip(recordings, rows.end_s[last].tolist(), strict=True))
    heard, audio, said = scored_recordings(recordings, lengths, named.rule, folder, heard_s, to_the_end=file.to_the_end)
    lacking = frozenset(h.id for h in heard if audio and not h.found)
    scores = Scores(scores.values, rows, scores.classes, scores.space, scores.covered)
    zones = reading.clocks.assumed(recordings, named.rule, of_run)
    of_names = (*([named.said] if named.failed else []), *named.notes(), *zones)
    if reading.clocks.site == "folder" and not any(h.site for h in heard):
        of_names = (*of_names, "--site folder: no recording lies in a folder, so that no site is known")
    twins = copies_counted(recordings, file.known.contents)
    every = (*notes, *left_out, *of_names, *said, *([] if file.whole else [NO_EFFORT]), *twins)
    return OpenedSource(scores, taxonomy, heard, audio, path, name, every, lacking, file.whole, file.known)


def _wanted(scores: Scores, path: Path, taxonomy: Taxonomy, name: str) -> tuple[Scores, tuple[str, ...]]:
    """Return the scores of the classes that a list wants, at any site, and a note on those that have none."""
    listed = {c for own in read_species_lists(path).values() for c in own} - {""}
    known = set(scores.classes)
    ids = taxonomy.ids_of(listed - known)
    wanted = {ids.get(c, c) for c in listed}
    lacking = sorted(wanted - known)
    hints = shorten(f"{c!r}{did_you_mean(c, known)}" for c in lacking)
    kept = [c for c in scores.classes if c in wanted]
    if not kept:
        ways = [] if taxonomy.table else ["--taxonomy connects common and scientific names with ids"]
        raise BlendkitError(f"{path}: none of its {len(listed)} classes is in {name}", [hints, *ways])
    note = f"{len(lacking)} of {len(listed)} wanted classes are not in {name}: {hints}"
    part = scores.align(scores.rows, kept, unknown_classes="ignore")
    return part, (note,) if lacking else ()


def _taxonomy(path: Path | str | None) -> Taxonomy:
    return Taxonomy({}) if path is None else read_taxonomy(path)


def _read(source: Path | str, reading: Reading, audio: AudioFolder | None) -> ScoreFile:
    if not is_source(source):
        ways = ["give the folder of a run, a store of logits, or a score file", "`blendkit run RECIPE` makes a run"]
        raise BlendkitError(f"{source}: no scores here", ways)
    return read_score_file(source, reading.space, names=reading.columns, audio=audio)


def recording_codes(rows: Rows) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return the place (N,) of each row's recording among the recordings in order."""
    return np.repeat(np.arange(len(rows.offsets()) - 1), np.diff(rows.offsets())).astype(np.int64)


def file_lengths(recordings: Sequence[ScoredRecording], rows: Rows) -> Float64:
    """Return the seconds (N,) that the file of each row's recording lasts; NaN where it was not found."""
    return np.array([h.length_s if h.found else np.nan for h in recordings])[recording_codes(rows)]


def listened_s(recordings: Sequence[ScoredRecording], rows: Rows) -> Float64:
    """Return the seconds (N,) that each chunk stands for: one ends with its recording, where its length is known.

    The last one of a recording that was listened to its end goes on to it, if less than a chunk is left.
    """
    length = file_lengths(recordings, rows)
    end, last = np.fmin(rows.end_s, length), rows.offsets()[1:] - 1
    left, whole = length[last] - end[last], np.array([h.to_the_end for h in recordings], bool)
    end[last] += np.where(whole & (left > 0) & (left < rows.end_s[last] - rows.start_s[last]), left, 0.0)
    return np.asarray(np.maximum(end - rows.start_s, 0.0), np.float64)


def effort_s(recordings: Sequence[ScoredRecording], rows: Rows) -> Float64:
    """Return the seconds (R,) of each recording that its chunks stand for."""
    return np.bincount(recording_codes(rows), listened_s(recordings, rows), len(recordings)).astype(np.float64)
