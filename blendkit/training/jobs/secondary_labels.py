"""Secondary labels of clips: the other classes that a clip's table says are heard in it."""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from pathlib import Path

import numpy as np

from blendkit.core import match_recordings
from blendkit.errors import BlendkitError, shorten
from blendkit.io import read_metadata_column
from blendkit.training.examples import Examples
from blendkit.training.jobs.requests import TrainingRows

COLUMN = "secondary_labels"


def secondary_problems(rows: TrainingRows) -> list[str]:
    """Return what contradicts itself in how secondary labels are asked for."""
    if rows.secondary == "ignore":
        return []
    needed = {"--metadata, the table with the column secondary_labels": rows.metadata, "clips": rows.features}
    return [f"--secondary {rows.secondary} needs {what}" for what, given in needed.items() if not given]


def with_secondary(examples: Examples, rows: TrainingRows) -> tuple[Examples, list[str]]:
    """Return examples whose clips know their secondary labels, and what the user should know.

    `positive`: a secondary class is a positive of all chunks of its clip; `mask`: whether a chunk holds it is unknown,
    so the cell is in no loss and no figure; `ignore`: it is absent. Raises BlendkitError for a table without clips, and
    for lists that cannot be read.
    """
    if rows.secondary == "ignore" or rows.metadata is None:
        return examples, []
    clips = sorted(set(examples.recording[examples.kind == "clip"].tolist()))
    listed = _of_clips(rows.metadata, clips)
    at = {c: i for i, c in enumerate(examples.classes)}
    cells = np.zeros(examples.targets.shape, bool)
    for i in np.flatnonzero(examples.kind == "clip").tolist():
        cells[i, [at[c] for c in listed[str(examples.recording[i])] if c in at]] = True
    cells &= examples.targets == 0
    unknown = sorted({c for own in listed.values() for c in own if c not in at})
    how = "positives" if rows.secondary == "positive" else "masked"
    with_some = len(set(examples.recording[cells.any(axis=1)].tolist()))
    notes = [f"secondary labels of {with_some} of {len(clips)} clips are {how}: {int(cells.sum())} cells"]
    notes += [f"{len(unknown)} secondary labels are none of the classes: {shorten(unknown)}"] if unknown else []
    if rows.secondary == "positive":
        return replace(examples, targets=np.where(cells, np.float32(1), examples.targets)), notes
    known = np.ones(cells.shape, bool) if examples.counts is None else examples.counts
    return replace(examples, counts=known & ~cells), notes


def _of_clips(table: Path, clips: list[str]) -> dict[str, tuple[str, ...]]:
    """The secondary classes of every clip."""
    texts = read_metadata_column(table, COLUMN)
    bad: list[str] = []
    read = {r: _listed(path, texts[path], bad) for path, r in match_recordings(texts, clips).items()}
    if bad:
        wanted = "expected a list of class ids such as ['grekis', 'compau'], or nothing"
        raise BlendkitError(f"{table}: {len(bad)} {COLUMN} that cannot be read", [*bad[:10], wanted])
    lacking = [r for r in clips if r not in read]
    if lacking:
        what = (
            f"{table}: {len(lacking)} of {len(clips)} clips are not in it, so that their secondary labels are not known"
        )
        raise BlendkitError(what, [shorten(lacking), f"its files are such as {shorten(texts, 3) or 'none'}"])
    return read


def _listed(path: str, text: str, bad: list[str]) -> tuple[str, ...]:
    """The ids of a list that Python wrote, or of one with spaces, commas, semicolons or bars between the ids."""
    if not text.startswith("["):
        return tuple(re.split(r"[\s,;|]+", text.strip(" ,;|\t")) if text.strip(" ,;|\t") else ())
    try:
        found = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        found = None
    if not isinstance(found, list) or not all(isinstance(c, (str, int)) for c in found):
        bad.append(f"{path}: {text}")
        return ()
    return tuple(str(c) for c in found if str(c))
