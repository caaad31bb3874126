"""The recordings that a teacher learned from, as its scores say it."""

from __future__ import annotations

import json
from pathlib import Path

from blendkit.errors import BlendkitError
from blendkit.io import read_labels, split_source
from blendkit.store import LogitStore


def teacher_saw(source: str, labels: Path | None) -> tuple[str, ...]:
    """Return the recordings that the teacher behind a score file learned from; none where nobody says it.

    labels: a label file that states them. Without it a logit store says it of its member, and a run's folder of all
    that went into the run. Raises BlendkitError for a run.json that cannot be read.
    """
    if labels is not None:
        return tuple(read_labels(labels).recordings)
    folder, _ = split_source(source)
    if (folder / "run.json").is_file():
        return run_saw(folder)
    if (folder / "manifest.json").is_file():
        return tuple(LogitStore.open(folder).about.get("saw", ()))
    return ()


def run_saw(folder: Path) -> tuple[str, ...]:
    """Return the recordings behind any member or fitted step of a run. Raises BlendkitError for a damaged run.json."""
    path = folder / "run.json"
    try:
        saw = json.loads(path.read_text(encoding="utf-8"))["saw"]
        return tuple(sorted({str(r) for recordings in saw.values() for r in recordings}))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        reason = f"it has no {error}" if isinstance(error, KeyError) else str(error)
        raise BlendkitError(f"{path}: not the facts of a run", [reason, "run the recipe again"]) from error
