"""What is known of score files before they are blended: their name, space, rows and classes, each with the reason."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

import numpy as np

from blendkit.core import MissingRows, Scores, Space, Taxonomy, compare_names, named_as, shared_rows
from blendkit.errors import BlendkitError, counted, did_you_mean, shorten
from blendkit.io import (
    ColumnNames,
    check_space,
    find_reader,
    likely_space,
    read_score_file,
    score_file,
    split_source,
)
from blendkit.store import is_store

_DETECTIONS = "it holds detections: chunks that it does not name count as nothing found (`missing_rows: nothing`)"
WORDS = {"logit": "logits", "prob": "probabilities", "rank": "ranks"}


@dataclass(frozen=True, eq=False)
class ScoreFacts:
    """A score file, its scores (N, C), and what was assumed of it.

    name: a word that recipes take; path and array: where the scores lie; why: the reason for the space; folds: whether
    the file says in which fold each recording was held out; notes: what its reader assumed or left out; names: of its
    own columns and arrays. missing_rows: what rows get that it lacks and another file has.
    """

    name: str
    path: Path
    array: str | None
    format: str
    space: Space
    why: str
    scores: Scores
    folds: bool
    notes: tuple[str, ...]
    names: ColumnNames = ColumnNames()
    missing_rows: MissingRows = "error"

    def __str__(self) -> str:
        s = self.scores
        size = (
            f"{counted(len(s), 'chunk', 'chunks')} of {counted(len(s.rows.recordings()), 'recording', 'recordings')}, "
            f"{counted(len(s.classes), 'class', 'classes')}"
        )
        return f"{self.name}: {self.format} file, {size}; {WORDS[self.space]}: {self.why}"


def look_at(
    files: Sequence[Path | str],
    names: Sequence[ColumnNames],
    spaces: Mapping[str, Space],
    taxonomy: Taxonomy | None,
    missing_rows: MissingRows = "error",
) -> list[ScoreFacts]:
    """Read score files and find out what they hold. names: of each one's columns and arrays; spaces: by name, where
    they are known; taxonomy: names classes.

    missing_rows: what rows get that a file lacks and another has; in tables of detections `error` is `nothing`, for
    what such a table does not name was not detected. Raises BlendkitError for files that cannot be read, that are one
    and the same, or that share no rows or classes.
    """
    called = _names(files)
    if unknown := [s for s in spaces if s not in called]:
        hints = [f"{n}{did_you_mean(n, called)}" for n in unknown]
        raise BlendkitError(f"no score file is called {', '.join(hints)}", [f"they are called {', '.join(called)}"])
    each = zip(files, called, names, strict=True)
    found = [_look(f, n, k, spaces.get(n), taxonomy, missing_rows) for f, n, k in each]
    for a, b in combinations(found, 2):
        _require_two(a, b)
    return found


def _look(
    file: Path | str, name: str, names: ColumnNames, stated: Space | None, taxonomy: Taxonomy | None,
    missing_rows: MissingRows,
) -> ScoreFacts:  # fmt: skip
    path, array = split_source(file)
    if not path.exists():
        beside = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
        raise BlendkitError(f"{file}: no such file{did_you_mean(path.name, beside)}")
    read = read_score_file(file, names=names)
    scores, more = read.scores.known_to(taxonomy, source=str(file)) if taxonomy is not None else (read.scores, ())
    space, why = _space(scores, stated, str(file))
    path = score_file(path)
    form = "store" if is_store(path) else find_reader(path, names)[0]
    if not read.whole and missing_rows == "error":
        missing_rows, more = "nothing", (*more, _DETECTIONS)
    return ScoreFacts(
        name, path.resolve(), array, form, space, why, replace(scores, space=space), bool(read.folds),
        (*read.notes, *more), names, missing_rows,
    )  # fmt: skip


def _space(scores: Scores, stated: Space | None, source: str) -> tuple[Space, str]:
    values = np.asarray(scores.values)
    if stated is not None:
        try:
            check_space(values, stated, source)
        except BlendkitError as error:
            way = "leave the space out, or say `space: logit, unlikely: true` in a recipe (`blendkit new` writes one)"
            raise BlendkitError(error.title, [p for p in error.problems if "unlikely" not in p] + [way]) from error
        return stated, "as stated"
    if scores.space != "unknown":
        return scores.space, "as its file says"
    return likely_space(values, source)


def _names(files: Sequence[Path | str]) -> list[str]:
    """A word for every file: its array or stem; with its folder where two are alike."""
    parts = [split_source(f) for f in files]
    plain = [_word(array or path.resolve().name.split(".")[0]) for path, array in parts]
    longer = [
        _word(f"{path.resolve().parent.name}_{n}") if plain.count(n) > 1 else n
        for (path, _), n in zip(parts, plain, strict=True)
    ]
    return [n if longer.count(n) == 1 else f"{n}_{i + 1}" for i, n in enumerate(longer)]


def _word(text: str) -> str:
    word = re.sub(r"[^A-Za-z0-9_-]+", "_", text).strip("_")[:90]
    return word if re.match("[A-Za-z]", word) else f"m_{word}".rstrip("_")


def _require_two(a: ScoreFacts, b: ScoreFacts) -> None:
    """Raise BlendkitError for two files that cannot be blended: the same one, or nothing in common."""
    both = f"{a.name} and {b.name}"
    if (a.path, a.array) == (b.path, b.array):
        raise BlendkitError(f"{a.path}: given twice", ["a blend needs two different files"])
    common = set(a.scores.classes) & set(b.scores.classes)
    if not common:
        why = compare_names(a.scores.classes, b.scores.classes, a.name, b.name)
        way = "if one has names and the other codes, --taxonomy connects them"
        raise BlendkitError(f"{both} have no class in common", [why, way])
    x, y = a.scores, b.scores
    none_shared = not set(x.rows.ids()) & set(named_as(y.rows, x.rows).ids())
    partial = [f.name for f in (a, b) if f.missing_rows == "nothing"]
    lack = [] if none_shared else [f.name for f in (a, b) if f.missing_rows != "error"]
    shared_rows({a.name: x, b.name: y}, lack, partial)
    if x.classes == y.classes and x.rows.ids() == y.rows.ids() and np.array_equal(x.values, y.values):
        raise BlendkitError(f"{both} hold the same scores", ["a blend of one and the same model changes nothing"])


def classes_lacked(found: Sequence[ScoreFacts]) -> list[str]:
    """Say which classes a file lacks that another has: there the others alone are blended."""
    every = dict.fromkeys(c for f in found for c in f.scores.classes)
    out = []
    for f in found:
        lacks = [c for c in every if c not in set(f.scores.classes)]
        if lacks:
            count = counted(len(lacks), "class", "classes")
            own = [c for c in f.scores.classes if all(c not in g.scores.classes for g in found if g is not f)]
            meant = did_you_mean(lacks[0], own) if len(lacks) <= len(own) else ""
            out.append(f"{f.name} lacks {count}, where the others count alone: {shorten(lacks)}{meant}")
    return out
