"""Pseudo-labels from scores: the gates, the files that hold the labels, and how those are read."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from blendkit.core import Bools, Contents, Float64, Int64, Rows, Saw, Scores, compare_names, json_value
from blendkit.errors import BlendkitError, shorten, why_no_file
from blendkit.io import LABELLED_BY, TEACHER
from blendkit.store import atomic_path, require_sealed, write_json, written_together
from blendkit.training.examples import Examples
from blendkit.training.jobs.saved_arrays import read_arrays
from blendkit.training.pseudo_label_gates import gained, rank_gates, ruled_cells, targets_of
from blendkit.training.settings import GateRules

FACTS, TABLE, CELLS = "pseudo.json", "pseudo_labels.csv", "pseudo.npz"
_AGAIN = "--pseudo takes the --out folder of a finished `blendkit pseudolabel gate`; run that again"


@dataclass(frozen=True)
class Gates:
    """Which cells count as labels: all that are given must hold.

    rules: as the user gives them; thresholds (C,): found per class (inf: never); ranks: the percentile rank that each
    other stream must reach.
    """

    rules: GateRules
    thresholds: Float64 | None = None
    ranks: Mapping[str, float] | None = None

    @property
    def made(self) -> dict[str, Any]:
        """The gates as pseudo.json lists them."""
        given = {k: v for k, v in vars(self.rules).items() if v is not None}
        return given if self.ranks is None else {**given, "ranks": dict(self.ranks)}


def gate(scores: Scores, gates: Gates, others: Mapping[str, Scores]) -> Bools:
    """Return (N, C) the cells that pass every gate."""
    x = scores.values
    cells = ruled_cells(x, scores.rows.recording.tolist(), gates.rules) & scores.covered
    if gates.thresholds is not None:
        cells &= x >= gates.thresholds
    if gates.ranks:
        aligned = {n: s.align(scores.rows, scores.classes, unknown_classes="ignore").values for n, s in others.items()}
        cells &= rank_gates(aligned, gates.ranks)
    return cells


def write_pseudo(
    out: Path, scores: Scores, cells: Bools, gates: Gates, had: Int64, facts: Mapping[str, Any]
) -> dict[str, Any]:
    """Write the labels (a label file like any other, and cells with their targets); return what pseudo.json says.

    Rows in which no cell passed are left out: they are unknown, not silent. The mask says which cells of the others a
    student learns from; all further ones are in no loss.
    """
    rows = np.flatnonzero(cells.any(axis=1))
    part = scores.rows.take(rows)
    targets, sure = targets_of(cells, scores.values, scores.covered, gates.rules)
    targets, mask = targets[rows], sure[rows]
    held: dict[str, Any] = {
        "row_ids": np.array(part.ids(), np.str_),
        "classes": np.array(scores.classes, np.str_),
        "targets": targets.astype(np.float32),
        "mask": mask,
    }
    made = {
        **facts,
        "gates": gates.made,
        "rows": len(rows),
        "of_rows": len(scores.rows),
        "cells": int(cells.sum()),
        "sure": int(mask.sum()),
        "of_cells": int(mask.size),
        "uncovered": [c for c, k in zip(scores.classes, scores.covered, strict=True) if not k],
        "recordings": len(set(part.recording.tolist())),
        "classes": gained(cells, scores.rows.recording.tolist(), scores.classes, had),
    }
    with written_together(out, FACTS) as new:
        _write_table(new / TABLE, part, [[c for c, k in zip(scores.classes, cells[r], strict=True) if k] for r in rows])
        with atomic_path(new / CELLS) as temporary, temporary.open("wb") as handle:
            np.savez_compressed(handle, **held)
        write_json(new / FACTS, made, sort=False)
    return made


def _write_table(path: Path, rows: Rows, present: Sequence[Sequence[str]]) -> None:
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(["filename", "start", "end", "primary_label", LABELLED_BY])
        for i, classes in enumerate(present):
            writer.writerow(
                [rows.recording[i], f"{rows.start_s[i]:g}", f"{rows.end_s[i]:g}", ";".join(classes), TEACHER]
            )


def read_pseudo(folder: Path, unlabelled: Examples) -> tuple[Examples, Saw]:
    """Return pseudo-labelled examples of a store's rows, and the recordings their teacher learned from.

    Classes that the labels do not have are masked: their teacher says nothing of them. Raises BlendkitError for labels
    of rows that the store does not have, and where no class is shared.
    """
    require_sealed(folder, FACTS, "run `blendkit pseudolabel gate` again")
    saw = _saw(folder / FACTS)
    saved = read_arrays(folder / CELLS, ("row_ids", "classes", "targets", "mask"), "a file of pseudo-labels", _AGAIN)
    ids, classes, targets, mask = (
        saved["row_ids"].tolist(),
        saved["classes"].tolist(),
        saved["targets"],
        saved["mask"],
    )
    at = {r: i for i, r in enumerate(unlabelled.row_ids.tolist())}
    missing = [r for r in ids if r not in at]
    if missing:
        title = f"{folder}: {len(missing)} of {len(ids)} pseudo-labelled rows have no features"
        apart = compare_names(ids, at, "the pseudo-labels", "the features")
        raise BlendkitError(title, [shorten(missing), *filter(None, [apart])])
    column = {c: i for i, c in enumerate(classes)}
    shared = [c for c in unlabelled.classes if c in column]
    if not shared:
        raise BlendkitError(f"{folder}: none of its classes is one of the head's", [shorten(classes)])
    found = np.zeros((len(ids), len(unlabelled.classes)), np.float32)
    counts = np.zeros(found.shape, bool)
    for i, c in enumerate(unlabelled.classes):
        if c in column:
            found[:, i], counts[:, i] = targets[:, column[c]], mask[:, column[c]]
    rows = unlabelled.take(np.array([at[r] for r in ids], np.int64))
    return replace(rows, targets=found, counts=None if counts.all() else counts), saw


def _saw(path: Path) -> Saw:
    """The recordings that a teacher learned from, of a pseudo.json."""
    try:
        told = json_value(path.read_text(encoding="utf-8"))
        if "saw" not in told:
            raise KeyError("saw")
        return Saw.from_json(told, known=False)
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = f"it has no {error}" if isinstance(error, KeyError) else why_no_file(path, error)
        raise BlendkitError(f"{path}: not the facts of pseudo-labels", [reason, _AGAIN]) from error


def without_seen(scores: Scores, saw: Saw, contents: Contents, allow: bool) -> tuple[Scores, list[str]]:
    """Return the scores of recordings that the teacher did not learn from, and which were left out.

    On the others a label would repeat its training. allow: keep all. Raises BlendkitError if none is left.
    """
    seen = [] if allow else saw.among(scores.rows.recordings(), contents)
    refuse_all_seen(seen, len(scores.rows.recordings()))
    keep = np.flatnonzero(~np.isin(scores.rows.recording, seen))
    return (scores.take_rows(keep) if seen else scores), seen


def refuse_all_seen(seen: Sequence[str], asked: int) -> None:
    """Raise BlendkitError if a teacher learned from all of the recordings, `asked` of them, that it is to label."""
    if seen and len(seen) == asked:
        raise BlendkitError(
            f"the teacher learned from all {asked} recordings it is to label: labels would repeat its training",
            [shorten(seen), "label recordings that it never saw, or say --allow-seen"],
        )
