"""Conversion: from any file that a reader knows to any file that a writer makes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from blendkit.core import DetectionTable, FileSpace, Scores, copies_counted, sigmoid, ties_made
from blendkit.errors import BlendkitError
from blendkit.io.audio_places import AudioFolder
from blendkit.io.converted_detections import Carried, detection_table
from blendkit.io.file_reader import ColumnNames, ReadFile
from blendkit.io.file_writer import FOLD, ScoreWriter, Writer, call_score_writer, call_writer, with_fitting_scores
from blendkit.io.provenance import Provenance, known_space, read_provenance, write_side_provenance
from blendkit.io.readers.score_sources import ScoreFile, in_chunks_of, is_source, read_any, read_score_file, scores_of
from blendkit.io.run_names import run_facts
from blendkit.io.score_places import split_source
from blendkit.io.space_check import beyond_unit, check_space
from blendkit.io.writer_choice import choose_writer
from blendkit.store import new_folder, written_together

_EDITED = "it was changed after it was written: its space and what it learned from are not known"
_TO_THE_LAST = "chunks after the last detection of a recording have no row: --audio tells how long recordings are"


@dataclass(frozen=True)
class Converted:
    """A file or folder that was written.

    holds: scores or detections; count: how many chunks or detections; space: of the values that were written. files:
    all that were written, as paths below the folder of `path`. notes: what was assumed, and what was lost.
    """

    path: Path
    format: str
    holds: Literal["scores", "detections"]
    count: int
    recordings: int
    classes: int
    space: FileSpace
    files: tuple[str, ...]
    notes: tuple[str, ...] = ()


def convert_file(
    source: Path | str,
    out: Path | str,
    *,
    to: str | None = None,
    names: ColumnNames | None = None,
    space: FileSpace = "unknown",
    carried: Carried | None = None,
) -> Converted:
    """Write what a source holds in another format: scores of chunks as scores, detections as detections or scores.

    source: whatever `read_scores` takes. out: a new file, or a new folder for formats of one file per recording. to: a
    format that `blendkit formats list` names; default: by the suffix of `out`. space: of the scores, where the source
    does not say it. carried: what detections get beside what their file says. Scores are read back and compared.
    Raises BlendkitError if `out` is there, for a format that nothing writes, and for detections of scores: these need
    thresholds, which `detect` takes.
    """
    path, names = Path(out), names or ColumnNames()
    if path.exists():
        raise BlendkitError(f"{path} exists already", ["choose another name, or delete it"])
    if not is_source(source):
        raise BlendkitError(f"{source}: no scores or detections here", ["`blendkit formats list` lists what is read"])
    stated, names = known_space(source, space), in_chunks_of(run_facts(source), names)
    read = read_any(source, stated, names)
    name, writer = choose_writer(path, to, "scores" if isinstance(read, ScoreFile) else "detections", source)
    if isinstance(writer, ScoreWriter):
        audio = AudioFolder.of(None if carried is None else carried.audio)
        file = read if isinstance(read, ScoreFile) else scores_of(read, source, stated, names, audio)
        return _scores(source, path, file, name, writer)
    assert isinstance(read, ReadFile)  # scores have been refused
    return _detections(source, path, read, stated, carried or Carried(), name, writer)


def _scores(source: Path | str, path: Path, file: ScoreFile, name: str, writer: ScoreWriter) -> Converted:
    scores = file.scores
    notes = [*file.notes, *([] if file.whole else [_TO_THE_LAST])]
    if scores.space != "unknown":
        notes += check_space(scores.values, scores.space, str(source), unlikely=True)
    if writer.space == "prob" and scores.space == "unknown" and beyond_unit(scores.values):
        lie = f"its values lie from {scores.values.min():g} to {scores.values.max():g}"
        raise BlendkitError(
            f"{source}: {name} holds probabilities, and {lie}",
            ["`--space logit` turns them into probabilities, if they are logits"],
        )
    if writer.space == "prob" and scores.space == "logit":
        values = sigmoid(np.asarray(scores.values, np.float64))
        notes.append(f"logits are written as probabilities, which makes {ties_made(scores.values, values)} ties")
        scores = scores.with_values(values, "prob")
    folds = _folds(file, path, writer, notes)
    length = float((scores.rows.end_s - scores.rows.start_s).max()) if len(scores) else 0.0
    if writer.reader != "frames" and length not in (0.0, 5.0):
        notes.append(f"row ids hold the ends of chunks alone: read it with --chunk-s {length:g}")
    if writer.array is not None:
        notes.append(f"read it as {path.name}:{writer.array}")
    known = replace(read_provenance(source), space=scores.space)
    notes += (
        ["it was changed after it was written: its space and what it learned from are not known"]
        if known.edited
        else []
    )
    notes += copies_counted(scores.rows.recordings(), known.contents)
    told = replace(known, space="unknown") != Provenance() or scores.space != "unknown"

    with written_together(path.parent, path.name) as new:
        call_score_writer(writer, name, scores, new / path.name, folds)
        notes += _read_back(new / path.name, name, scores, writer, length, folds) if writer.reader else []
        if told:
            write_side_provenance(new / path.name, known)
        files = tuple(sorted(p.name for p in new.iterdir()))
        _require_new(path, files)
    heard, columns = len(scores.rows.recordings()), len(scores.classes)
    return Converted(path, name, "scores", len(scores), heard, columns, scores.space, files, _once(notes))


def _require_new(path: Path, files: Iterable[str]) -> None:
    there = [n for n in files if (path.parent / n).exists()]
    if there:
        raise BlendkitError(f"{path}: {', '.join(there)} beside it would be replaced", ["choose another name"])


def _folds(file: ScoreFile, path: Path, writer: ScoreWriter, notes: list[str]) -> list[str] | None:
    """Return the fold of every chunk (N,) where there are some and the file can hold them, and note which it is."""
    if not file.folds:
        return None
    if writer.write_folds is None or path.suffix.lower() not in writer.fold_suffixes:
        notes.append("the folds of its recordings are not written: .npz, .parquet and .arrow hold them")
        return None
    notes.append(f"the folds of its recordings are in {FOLD!r}: read it with --folds {FOLD}")
    return [file.folds[r] for r in file.scores.rows.recording.tolist()]


def _read_back(
    place: Path, name: str, scores: Scores, writer: ScoreWriter, length: float, folds: list[str] | None
) -> list[str]:
    """Return notes on values that a reader does not get back. Raises BlendkitError if rows or classes are others."""
    names = ColumnNames(array=writer.array, chunk_s=length or 5.0, folds=None if folds is None else FOLD)
    try:
        read = read_score_file(place, names=names)
        back, own = read.scores, dict(zip(scores.rows.recording.tolist(), folds or [], strict=False))
        problems = [
            f"{what} are others"
            for what, one, other in (
                ("rows", back.rows.ids(), scores.rows.ids()), ("classes", back.classes, scores.classes),
                ("folds", read.folds, own),
            )
            if one != other
        ]  # fmt: skip
    except BlendkitError as error:
        problems = [error.title, *error.problems]
    if problems:
        ways = ["another format may hold it: .npz holds any names"]
        raise BlendkitError(f"{name}: what is written would not be read back", [*problems, *ways])
    other = back.values.astype(np.float64) != scores.values.astype(np.float64)
    if not other.any():
        return []
    most = float(np.abs(back.values.astype(np.float64) - scores.values.astype(np.float64)).max())
    return [f"{int(other.sum())} of {other.size} values are not read back bit for bit, by at most {most:.3g}"]


def _detections(
    source: Path | str, path: Path, read: ReadFile, stated: FileSpace, carried: Carried, name: str, writer: Writer
) -> Converted:
    table, lost = detection_table(read, split_source(source)[0], carried)
    space = read.space if stated == "unknown" else stated
    if space in ("prob", "rank"):
        check_space(table.score[:, None], space, str(source))
    fitted, said = with_fitting_scores(table, space, str(source), name, writer)
    files = _write(table=fitted, name=name, writer=writer, path=path)
    notes = _once([*read.found.notes, *lost, *said])
    space = "prob" if space == "logit" and writer.space == "prob" else space
    return Converted(
        path, name, "detections", len(table), len(table.recordings), len(table.classes), space, files, notes
    )


def _write(*, table: DetectionTable, name: str, writer: Writer, path: Path) -> tuple[str, ...]:
    if writer.suffix:
        call_writer(writer, name, table, path)
        return (path.name,)
    with new_folder(path) as new:
        call_writer(writer, name, table, new)
        files = sorted(p.relative_to(new).as_posix() for p in new.rglob("*") if p.is_file())
        if not files:
            raise BlendkitError(f"the format {name!r} wrote no file")
    return tuple(files)


def _once(notes: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(notes))
