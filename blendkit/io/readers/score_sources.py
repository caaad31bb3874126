"""Scores from any kind of file: the one reader behind commands, recipes and the Python API."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import get_args

import numpy as np

from blendkit.audio import WindowPool
from blendkit.core import (
    FileSpace,
    LabelTable,
    NameRule,
    Rows,
    Scores,
    count_chunks,
    is_bookkeeping,
    longer_chunks,
    nothing_found,
    path_ids,
    require_choice,
    rows_from_ids,
    with_fitting_names,
)
from blendkit.errors import counted
from blendkit.io.audio_places import AudioFolder, recording_lengths
from blendkit.io.file_reader import ColumnNames, ReadFile, read_found
from blendkit.io.labelled_reach import labelled_chunks, listened_to
from blendkit.io.provenance import Provenance, agreed_space, provenance_of
from blendkit.io.readers.detection_tables import Detections, detection_windows
from blendkit.io.readers.score_table import TABLE_SUFFIXES, Table, recording_folds
from blendkit.io.readers.table_names import table_recording
from blendkit.io.run_names import RunFacts, run_facts
from blendkit.io.score_places import score_file, split_source
from blendkit.io.space_check import check_space
from blendkit.io.windows_to_chunks import Windowed, late_windows, require_not_small, windows_on_chunks, without_rows
from blendkit.store import LogitStore, is_store

RECIPES = (".yaml", ".yml")
DATABASES = (".db", ".sqlite", ".sqlite3")


@dataclass(frozen=True, eq=False)
class ScoreFile:
    """The name and the scores of a score file.

    folds: {recording: fold}, empty if it has none; notes: what was assumed of the file, and what was left out;
    unread: chunks of recordings that were not asked for. whole: whether the chunks are all that were looked at; those
    of detections end with the last one, unless the recordings' lengths are known; to_the_end: then all of a recording
    was listened to, also a rest without a chunk. known: what is behind the scores;
    of_run: the facts of the run that they are the result of.
    """

    name: str
    scores: Scores
    folds: dict[str, str]
    notes: tuple[str, ...] = ()
    unread: int = 0
    whole: bool = True
    to_the_end: bool = False
    known: Provenance = field(default_factory=Provenance)
    of_run: RunFacts | None = None


def is_source(text: Path | str) -> bool:
    """Return whether a path is a score file, a store or a run folder, and not a recipe: any file that is no YAML."""
    path, _ = split_source(text)
    suffix = path.suffix.lower()
    known = suffix in (*TABLE_SUFFIXES, ".npy", *DATABASES)  # also of a file that is missing: it is no recipe's name
    return known or path.is_dir() or (path.is_file() and suffix not in RECIPES)


def read_scores(
    path: Path | str, space: FileSpace = "unknown", *, names: ColumnNames | None = None, unlikely: bool = False
) -> Scores:
    """Read scores of any known format (`blendkit formats` lists them), told by the content of a file or folder.

    path: also `FILE.npz:ARRAY`, a run's folder or a store. space: of the values, where neither the format nor what
    blendkit wrote beside them says it; with unknown scores, only functions that need no space (ranks, AUC) work.
    Windows are averaged onto chunks by shared time; of detections a chunk gets the highest that overlaps it, or 0.
    Columns whose names only count or describe (`max_prob`, `n`) are left out, unless all do. names: columns and arrays
    under other names. unlikely: take values in [0, 1], or whole numbers, for logits. Raises
    BlendkitError naming what is missing, duplicate or not finite, and what the file has, for an unknown space, and for
    one that the file or its values contradict.
    """
    scores = without_bookkeeping(read_score_file(path, space, names=names).scores)
    if scores.space != "unknown":
        check_space(scores.values, scores.space, str(path), unlikely=unlikely)
    return scores


def without_bookkeeping(scores: Scores) -> Scores:
    """Return scores without columns whose names only count or describe; as they are if that is true of all."""
    kept = [c for c in scores.classes if not is_bookkeeping(c)]
    return scores.align(scores.rows, kept, unknown_classes="ignore") if 0 < len(kept) < len(scores.classes) else scores


def read_score_file(
    path: Path | str,
    space: FileSpace = "unknown",
    *,
    names: ColumnNames | None = None,
    labels: LabelTable | None = None,
    reach: LabelTable | None = None,
    audio: AudioFolder | None = None,
) -> ScoreFile:
    """Read scores as `read_scores`, with the fold of every recording if the file has folds, and notes on the file.

    Sites, dates and hours are read by the preset that most names of its recordings fit. labels: of a store, which may
    be larger than memory, only the recordings that they name are read, unless they name none. audio: the folder of the
    recordings; where SOURCE holds single detections, it tells how long each was listened to, and those with none; else
    `reach` does, labels of these recordings.
    """
    names = names or ColumnNames()
    require_choice(space, get_args(FileSpace), "space of scores")
    known, of_run = provenance_of(path), run_facts(path)
    names = in_chunks_of(of_run, names)
    if labels is not None and is_store(split_source(path)[0]):
        return replace(_labelled_part(Path(path), labels), known=known)
    space = agreed_space(path, known, space)
    read = read_any(path, space, names, reach)
    file = read if isinstance(read, ScoreFile) else scores_of(read, path, space, names, audio, reach)
    return replace(file, known=known, of_run=of_run)


def in_chunks_of(run: RunFacts | None, names: ColumnNames) -> ColumnNames:
    """Return names with the length of a run's chunks, where nobody said another."""
    if run is None or run.chunk_s is None or names.chunk_s != ColumnNames().chunk_s:
        return names
    return replace(names, chunk_s=run.chunk_s)


def _labelled_part(folder: Path, labels: LabelTable) -> ScoreFile:
    store = LogitStore.open(folder)
    chunks = {r: s.chunks for r, s in store.recordings().items()}
    named = labels.named_as(chunks).recordings
    wanted = [r for r in chunks if r in named] or None
    scores, notes = store.read(NameRule(), wanted), tuple(store.notes)
    return _fitted(ScoreFile(folder.resolve().name, scores, {}, notes, unread=sum(chunks.values()) - len(scores)))


def read_any(
    path: Path | str, space: FileSpace, names: ColumnNames, reach: LabelTable | None = None
) -> ScoreFile | ReadFile:
    """Return scores as `read_score_file` does; single detections as they are, which `scores_of` pools onto chunks."""
    file, array = split_source(path)
    if is_store(file):
        store = LogitStore.open(file)
        return _fitted(ScoreFile(file.resolve().name, store.read(NameRule()), {}, tuple(store.notes)))
    names = names if array is None else replace(names, array=array)
    read = read_found(file, names)
    return read if isinstance(read.found, Detections) else scores_of(read, path, space, names, None, reach)


def scores_of(
    read: ReadFile, path: Path | str, space: FileSpace, names: ColumnNames, audio: AudioFolder | None = None,
    reach: LabelTable | None = None,
) -> ScoreFile:  # fmt: skip
    """Return the scores of what was read of a path: windows and detections pooled onto chunks."""
    file, array = split_source(path)
    name = array or (file.resolve().name if file.is_dir() else file.name.split(".")[0])
    file = score_file(file)
    found, space = read.found, read.space if space == "unknown" else space
    if isinstance(found, Table):
        rows = rows_from_ids(found.row_ids, names.chunk_s, NameRule())
        folds = {} if found.folds is None else recording_folds(file.name, list(rows.recording), found.folds)
        scores = Scores.build(found.values, rows, found.classes, space, source=str(path))
        return _fitted(ScoreFile(name, scores, folds, (*found.notes, *longer_chunk_notes(rows, names.chunk_s))))
    if isinstance(found, Detections):
        return _fitted(_of_detections(read, found, name, file.name, space, names.chunk_s, audio, reach))
    ids = path_ids(found.recording)
    windowed = replace(found, recording=[ids[r] for r in found.recording])
    if reach is not None:
        lengths = labelled_chunks(reach.named_as(windowed.recording), names.chunk_s)
        require_not_small(windowed, lengths, names.chunk_s, file.name)
    scores = windows_on_chunks(windowed, {}, names.chunk_s, NameRule(), space, "mean", file.name)
    said = (_pooled(read, windowed, scores, names.chunk_s, "mean"), *without_rows(scores, {}, names.chunk_s))
    return _fitted(ScoreFile(name, scores, {}, (*found.notes, *said)))


def longer_chunk_notes(rows: Rows, chunk_s: float) -> list[str]:
    """Return a note where row ids look like those of longer chunks than they were read for."""
    step = longer_chunks(rows)
    if step is None:
        return []
    ends = f"every recording's rows end at {step:g} s, {2 * step:g} s and so on"
    return [f"{ends}, and are read as chunks of {chunk_s:g} s: are they of {step:g} s? say `chunk_s:` or --chunk-s"]


def _of_detections(
    read: ReadFile, found: Detections, name: str, source: str, space: FileSpace, chunk_s: float,
    audio: AudioFolder | None, reach: LabelTable | None,
) -> ScoreFile:  # fmt: skip
    """Return detections on chunks, each with the highest that overlaps it, else the score of nothing."""
    if space in ("prob", "rank") and np.isfinite(found.score).all():  # a score below that of nothing would be lost
        check_space(found.score[:, None], space, source)
    empty = nothing_found(space, found.score)
    windowed = detection_windows(found, source, empty)
    found = found if audio is None else _named_after(found, source, audio)
    paths = [*windowed.recording, *found.quiet]
    ids = path_ids(paths) if audio is None else audio.ids_of(paths)
    windowed = replace(windowed, recording=[ids[r] for r in windowed.recording])
    heard = list(dict.fromkeys(ids.values()))
    lengths: dict[str, float] = {}
    whole, said = False, tuple[str, ...]()
    if audio is not None:
        lengths, whole, said = recording_lengths(heard, audio, others=not found.own_tables)
    known = {r: count_chunks(s, chunk_s)[0] for r, s in lengths.items()}
    if audio is None and reach is not None:
        known, said = listened_to(reach, windowed, heard, chunk_s)
    scores = windows_on_chunks(windowed, known, chunk_s, NameRule(), space, "max", source, empty=empty)
    notes = (
        *windowed.notes,
        _pooled(read, windowed, scores, chunk_s, "max"),
        *said,
        *late_windows(windowed, known, chunk_s),
    )
    return ScoreFile(name, scores, {}, notes, whole=whole, to_the_end=audio is not None)


def _named_after(found: Detections, source: str, audio: AudioFolder) -> Detections:
    """Return detections; of empty tables alone those that are named after a recording are of this one."""
    if found.recording:
        return found
    known = {i.rpartition("/")[2] for i in audio.files}
    own = [n for n in found.quiet or (table_recording(Path(source)),) if n.rpartition("/")[2] in known]
    return replace(found, quiet=tuple(own), own_tables=bool(own))


def _pooled(read: ReadFile, windowed: Windowed, scores: Scores, chunk_s: float, pool: WindowPool) -> str:
    windows = counted(len(windowed.recording), "window", "windows")
    return f"{windows} of {read.format} pooled onto {counted(len(scores), 'chunk', 'chunks')} of {chunk_s:g} s ({pool})"


def _fitted(file: ScoreFile) -> ScoreFile:
    return replace(file, scores=replace(file.scores, rows=with_fitting_names(file.scores.rows)))
