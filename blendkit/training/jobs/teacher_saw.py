"""The recordings that a teacher learned from, as its scores say it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from blendkit.errors import BlendkitError
from blendkit.io import read_labels, split_source
from blendkit.store import LogitStore


@dataclass(frozen=True)
class TeacherSaw:
    """The recordings that a teacher learned from. known: whether these are all; if not, there may be others."""

    recordings: tuple[str, ...]
    known: bool


def teacher_saw(source: str, labels: Path | None) -> TeacherSaw:
    """Return the recordings that the teacher behind a score file learned from.

    A logit store says it of its member, and a run of all that went into it, of its folder and of the files there.
    labels: a label file of further ones; together these are all. Raises BlendkitError for a run.json that cannot be
    read.
    """
    return with_labels(_of_source(split_source(source)[0]), labels)


def with_labels(saw: TeacherSaw, labels: Path | None) -> TeacherSaw:
    """Add the recordings of a label file, by which the user says that all are known; None adds nothing."""
    if labels is None:
        return saw
    return TeacherSaw(tuple(sorted({*saw.recordings, *read_labels(labels).recordings})), True)


def _of_source(path: Path) -> TeacherSaw:
    if (path / "run.json").is_file():
        return run_saw(path)
    if (path / "manifest.json").is_file():
        saw = tuple(LogitStore.open(path).about.get("saw", ()))
        return TeacherSaw(saw, bool(saw))
    if (path.parent / "run.json").is_file():
        return run_saw(path.parent, path.name)
    return TeacherSaw((), False)


def run_saw(folder: Path, file: str | None = None) -> TeacherSaw:
    """Return the recordings behind any member or fitted step of a run; known if every member declares its own.

    file: its name in the folder; known only if the run wrote it. Raises BlendkitError for a damaged run.json.
    """
    path = folder / "run.json"
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        saw, members = told["saw"], list(told.get("recipe", {}).get("members", {}))
        recordings = tuple(sorted({str(r) for own in saw.values() for r in own}))
        own_file = file is None or file in [w["file"] for w in told.get("written", {}).values()]
        return TeacherSaw(recordings, own_file and bool(members) and all(saw.get(m) for m in members))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        reason = f"it has no {error}" if isinstance(error, KeyError) else str(error)
        raise BlendkitError(f"{path}: not the facts of a run", [reason, "run the recipe again"]) from error
