"""What it does to a teacher's figure that it learned from the recordings of the figure."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from blendkit.core import Scores
from blendkit.errors import BlendkitError
from blendkit.training.inflation_intervals import Judged, gain_where_it_learned, mean_macro
from blendkit.training.jobs.gate_checks import OutOfFold

_LEAST = 2  # recordings that can be redrawn


def gate_inflation(seen: Scores, splits: Sequence[OutOfFold]) -> dict[str, Any]:
    """Return {seen, unseen, gain, by_split}: the teacher's macro-AUC where it learned, and out of fold.

    seen: scores of the teacher as it is. splits: its out-of-fold scores, one per split into folds; all are measured on
    their common rows. Both figures are means of the folds' own, where the files tell of folds: heads of folds lie on
    different scales, which lowers a figure of all folds pooled, and the teacher is one head. gain: see
    `gain_where_it_learned`. Raises BlendkitError if the splits have no row in common.
    """
    common = set.intersection(*({*s.scores.rows.ids()} for s in splits))
    if len({s.scores.classes for s in splits}) > 1:
        raise BlendkitError("the files of --oof are of different classes: their figures have no common mean")
    parts = [_parts(seen, one, common) for one in splits]
    if not all(own for own, _ in parts):
        raise BlendkitError("the files of --oof have no labelled chunk of --seen-audio in common")
    if any(not np.isfinite(mean_macro(own)) for split in parts for own in split):  # no fold can be measured by itself
        parts = [_parts(seen, replace(one, folds={}), common) for one in splits]
    if any(not np.isfinite(mean_macro(own)) for split in parts for own in split):
        raise BlendkitError("no class has labelled chunks of --seen-audio with it and without it")
    if len({c for own, _ in parts for part in own for c in part.cluster.tolist()}) < _LEAST:
        raise BlendkitError("an inflation needs labelled chunks of two recordings or more below --seen-audio")
    return gain_where_it_learned(parts)


def _parts(seen: Scores, split: OutOfFold, common: Container[str]) -> tuple[list[Judged], list[Judged]]:
    """Return the rows of each fold of a split, scored by the teacher and out of fold; all rows as one without folds."""
    ids, own = split.scores.rows.ids(), np.isin(split.scores.rows.recording, seen.rows.recordings())
    rows = np.flatnonzero(own & split.truth.labelled & np.array([i in common for i in ids]))
    if not len(rows):
        return [], []
    oof, truth = split.scores.take_rows(rows), split.truth.values[rows]
    teacher = seen.align(oof.rows, oof.classes, unknown_classes="ignore", source="the teacher").values
    fold, cluster = np.array([split.folds.get(ids[i], -1) for i in rows]), oof.rows.recording.astype(np.str_)
    places = [np.flatnonzero(fold == f) for f in np.unique(fold)]
    both = [[Judged(truth[at], x[at], cluster[at]) for at in places] for x in (teacher, oof.values)]
    return both[0], both[1]
