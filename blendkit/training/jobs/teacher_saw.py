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

    labels: a label file that states them. Without it a logit store says it of its member, and a run's folder of all
    that went into the run. Raises BlendkitError for a run.json that cannot be read.
    """
    if labels is not None:
        return TeacherSaw(tuple(read_labels(labels).recordings), True)
    folder, _ = split_source(source)
    if (folder / "run.json").is_file():
        return run_saw(folder)
    if (folder / "manifest.json").is_file():
        saw = tuple(LogitStore.open(folder).about.get("saw", ()))
        return TeacherSaw(saw, bool(saw))
    return TeacherSaw((), False)


def run_saw(folder: Path) -> TeacherSaw:
    """Return the recordings behind any member or fitted step of a run; known if every member declares its own.

    Raises BlendkitError for a damaged run.json.
    """
    path = folder / "run.json"
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        saw, members = told["saw"], list(told.get("recipe", {}).get("members", {}))
        recordings = tuple(sorted({str(r) for own in saw.values() for r in own}))
        return TeacherSaw(recordings, bool(members) and all(saw.get(m) for m in members))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        reason = f"it has no {error}" if isinstance(error, KeyError) else str(error)
        raise BlendkitError(f"{path}: not the facts of a run", [reason, "run the recipe again"]) from error
