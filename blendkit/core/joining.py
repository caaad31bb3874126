"""Several scores together: the rows that they share, and scores stacked row by row."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np

from blendkit.core.name_differences import compare_rows
from blendkit.core.recording_paths import recordings_in_other_folders
from blendkit.core.rows import Rows, canonical_order, same_rows
from blendkit.core.scores import Scores
from blendkit.errors import BlendkitError, counted, shorten


def shared_rows(scores: Mapping[str, Scores], may_lack: Collection[str] = (), partial: Collection[str] = ()) -> Rows:
    """Return the rows that several scores share, in the order of the first. Raises BlendkitError where they differ.

    may_lack: those that may lack rows, for these will be filled; where all may, the rows are those of the longest.
    partial: those of them that name no row in which they found nothing; where all do, the rows are those of any.
    """
    if set(scores) <= set(partial):
        each = [s.rows for s in scores.values()]
        return all_rows([each[0], *(named_as(rows, each[0]) for rows in each[1:])])
    strict = {n: s for n, s in scores.items() if n not in may_lack}
    (first, given), *others = strict.items() or [max(scores.items(), key=lambda item: len(item[1]))]
    others = [(n, s) for n, s in others if not same_rows(s.rows, given.rows)]
    ids = set(given.rows.ids()) if others else set()
    problems, apart = [], []
    for name, other in others:
        theirs = set(other.rows.ids())
        if theirs != ids:  # folders before a name may be all that differs
            theirs = set(named_as(other.rows, given.rows).ids())
        if theirs != ids:
            count = f"{first} has {len(ids)} rows, {name} {len(theirs)}, {len(ids & theirs)} in common"
            lacks = [(name, ids - theirs), (first, theirs - ids)]
            apart += [] if ids & theirs else [name]
            problems.append("; ".join([count, *(f"{n} lacks {shorten(sorted(r))}" for n, r in lacks if r)]))
            problems += filter(None, [compare_rows(given.rows, other.rows, first, name)])
    if problems:
        way_out = (
            "`missing_rows: median` on the member that lacks rows fills them, in a recipe (`nothing` in detections); "
            "`blendkit blend` and `blendkit new` take --missing-rows median"
        )
        if apart:
            way_out = f"are these scores of the same recordings? {first} shares no row with {' or '.join(apart)}"
        raise BlendkitError("the members' rows do not agree", [*problems, way_out])
    return given.rows


def named_as(rows: Rows, wanted: Rows) -> Rows:
    """Return rows, in their order, with the wanted ids of recordings that differ from them in folders alone."""
    new = recordings_in_other_folders(rows.recordings(), wanted.recordings())
    if not new:
        return rows
    recording = np.array([new.get(r, r) for r in rows.recording.tolist()] + [None], object)[:-1]
    return replace(rows, recording=recording)


def matched_by_name(rows: Rows, wanted: Rows, source: str) -> list[str]:
    """Say which recordings of a source are matched though their folders differ; nothing where none do."""
    new = recordings_in_other_folders(rows.recordings(), wanted.recordings())
    pairs = shorten([f"{own} as {r}" for own, r in new.items()], 2)
    return [f"{source}: {counted(len(new), 'recording', 'recordings')} matched by name: {pairs}"] if new else []


def all_rows(each: Sequence[Rows]) -> Rows:
    """Return the rows that any of several have, in canonical order."""
    together = Rows(*(np.concatenate([getattr(r, f) for r in each]) for f in Rows.__slots__))
    first = {row_id: i for i, row_id in reversed(list(enumerate(together.ids())))}
    found = together.take(np.array(sorted(first.values()), np.int64))
    return found.take(canonical_order(found))


def concat(parts: Sequence[Scores]) -> Scores:
    """Stack scores of different recordings; classes, space and coverage must agree.

    Raises BlendkitError otherwise, or if a row occurs twice.
    """
    first = parts[0]
    for other in parts[1:]:
        if (other.classes, other.space) != (first.classes, first.space):
            raise BlendkitError("cannot stack scores of different classes or spaces")
        if not np.array_equal(other.covered, first.covered):
            raise BlendkitError("cannot stack scores of different coverage")
    rows = Rows(*(np.concatenate([getattr(p.rows, f) for p in parts]) for f in Rows.__slots__))
    values = np.concatenate([p.values for p in parts])
    return Scores.build(values, rows, first.classes, first.space, covered=first.covered, made_by=first.made_by)
