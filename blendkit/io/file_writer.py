"""Writers of detections and of scores: what a writer is, and how files of one format come to their place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from blendkit.core import DetectionTable, FileSpace, Scores, sigmoid
from blendkit.errors import BlendkitError, broken
from blendkit.registry import READERS, WRITERS, registry
from blendkit.store import atomic_path

ONE_FILE, FOLD = "detections", "fold"
T = TypeVar("T")


@dataclass(frozen=True)
class Writer:
    """One format to write. An entry point of the group `blendkit.writers` names an instance.

    about: which tools open it, in one sentence. write: writes a table to a path; it changes nothing else, and equal
    tables give equal bytes. suffix: of its one file, such as `.csv`; "": it fills a folder, which is there and empty,
    with files of its own. A table without detections gives files all the same, with a header where the format has one.
    space: what its scores must be, where the format fixes it.
    """

    about: str
    write: Callable[[DetectionTable, Path], None]
    suffix: str = ""
    space: FileSpace = "unknown"


@dataclass(frozen=True)
class ScoreWriter:
    """One format of scores of all chunks. An entry point of the group `blendkit.writers` names an instance.

    about: which tools open it, in one sentence. write: writes scores to a path with one of the `suffixes`, values as
    they are; what it writes beside that path begins with its stem, and equal scores give equal bytes. reader: the
    format that reads it back, "" where none does; array: what must be named for that. space: what its scores must be,
    where the format fixes it. write_folds: as `write`, for a file with one of `fold_suffixes` that also holds the fold
    of every chunk (N,), under the name `fold`; None where the format cannot hold it.
    """

    about: str
    write: Callable[[Scores, Path], None]
    suffixes: tuple[str, ...]
    reader: str = ""
    array: str | None = None
    space: FileSpace = "unknown"
    write_folds: Callable[[Scores, Path, Sequence[str]], None] | None = None
    fold_suffixes: tuple[str, ...] = ()


_NO_CAMTRAP = (
    "Camtrap DP asks for deployments, projects and designs that detections do not know (docs/detections.md): `parquet` "
    "holds what its observations need"
)


def find_writers(formats: Iterable[str]) -> dict[str, Writer]:
    """Return {format: writer}, each once. Raises BlendkitError for a format that nothing writes, with the nearest."""
    found = {name: _named(name) for name in dict.fromkeys(formats)}
    if not found:
        raise BlendkitError("no format to write", ["`blendkit formats list` lists them"])
    whole = [n for n, w in found.items() if isinstance(w, ScoreWriter)]
    if whole:
        raise BlendkitError(
            f"{', '.join(whole)}: holds the scores of all chunks, no detections",
            ["`blendkit convert SOURCE FILE` writes scores"],
        )
    return found


def _named(name: str) -> Any:
    """Return a writer; a reader's name that nothing writes is told apart from a word that was mistyped."""
    writers = registry(WRITERS)
    try:
        return writers.get(name)
    except BlendkitError as error:
        if name.lower().startswith("camtrap"):
            raise BlendkitError(error.title, [*error.problems, _NO_CAMTRAP]) from error
        if name not in registry(READERS).names() or name in writers.names():
            raise
        own = [f"{n}: {writers.get(n).about}" for n in writers.names() if isinstance(writers.get(n), Writer)]
        raise BlendkitError(f"the format {name!r} is read, and nothing writes it", own) from error


def with_fitting_scores(
    table: DetectionTable, space: FileSpace, source: str, name: str, writer: Writer
) -> tuple[DetectionTable, tuple[str, ...]]:
    """Return the table with scores that a format can hold, and a note of what was made of them.

    space: of the table's scores. Raises BlendkitError for scores outside [0, 1] where the format holds probabilities.
    """
    if writer.space != "prob" or space == "prob":
        return table, ()
    if space == "logit":
        note = f"{name}: logits are written as probabilities, as this format wants"
        return replace(table, score=sigmoid(table.score)), (note,)
    if len(table) and not (table.score.min() >= 0 and table.score.max() <= 1):
        reach = f"scores from {table.score.min():g} to {table.score.max():g}"
        ways = ["say --space logit if they are logits", "formats that hold any score: raven, audacity, parquet"]
        raise BlendkitError(f"{name}: this format holds probabilities, and {source} has {reach}", ways)
    what = "ranks" if space == "rank" else "scores of an unknown space"
    return table, (f"{name}: {what} stand in its column of confidences",)


def write_detections(table: DetectionTable, name: str, folder: Path) -> tuple[Path, ...]:
    """Write detections in the format of that name below `folder/name`, and return the files, in order.

    Raises BlendkitError for an unknown format, and if the writer made no file.
    """
    writer, place = find_writers([name])[name], folder / name
    place.mkdir(parents=True, exist_ok=True)
    call_writer(writer, name, table, place / f"{ONE_FILE}{writer.suffix}" if writer.suffix else place)
    files = tuple(sorted(p for p in place.rglob("*") if p.is_file()))
    if not files:
        raise BlendkitError(f"the format {name!r} wrote no file", [registry(WRITERS).source(name)])
    return files


def call_writer(writer: Writer, name: str, table: DetectionTable, place: Path) -> None:
    """Write a table to a file, whole or not at all, or into a folder that is there, as the writer does."""
    if writer.suffix:
        with atomic_path(place) as temporary:
            _call(writer.write, name, table, temporary)
    else:
        _call(writer.write, name, table, place)


def call_score_writer(
    writer: ScoreWriter, name: str, scores: Scores, path: Path, folds: Sequence[str] | None = None
) -> None:
    """Write scores to a path, which should lie in a folder that nobody sees yet; folds (N,): of a format with folds."""
    with_folds = writer.write_folds
    if folds is None or with_folds is None:
        _call(writer.write, name, scores, path)
    else:
        _call(lambda held, place: with_folds(held, place, folds), name, scores, path)


def _call(write: Callable[[T, Path], None], name: str, held: T, path: Path) -> None:
    """Write; what a writer of others raises becomes an error that names it."""
    try:
        write(held, path)
    except (BlendkitError, OSError, MemoryError):
        raise
    except Exception as error:
        raise broken(f"the writer of {name!r}", write, error) from error
