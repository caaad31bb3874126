"""Gates on a teacher's scores: which cells are sure enough to be labels. Arrays only, no torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from blendkit.core import Bools, Float64, Int64, Matrix
from blendkit.errors import BlendkitError
from blendkit.metrics import percentile_rank
from blendkit.training.settings import GateRules


def percentile_thresholds(
    x: Matrix, percentile: float, floor: float | None = None, cap: float | None = None
) -> Float64:
    """Return (C,) each class's percentile of its own scores (N, C); at 95 the highest twentieth lies above.

    floor, cap: a rare class must reach the floor all the same, and a common one no more than the cap: the threshold is
    the percentile moved into [floor, cap]. Raises BlendkitError for a percentile outside [0, 100), and a floor above
    the cap.
    """
    if not 0 <= percentile < 100:
        raise BlendkitError(f"a percentile lies in [0, 100), got {percentile:g}")
    if floor is not None and cap is not None and floor > cap:
        raise BlendkitError(f"the floor of thresholds lies above their cap: {floor:g} and {cap:g}")
    own = np.asarray(np.percentile(x, percentile, axis=0), np.float64)
    return np.clip(own, floor, cap) if floor is not None or cap is not None else own


def ruled_cells(x: Matrix, recording: Sequence[str], rules: GateRules) -> Bools:
    """Return (N, C) the cells of scores x (N, C) that pass every rule; recording (N,): whose the rows are."""
    cells = np.ones(x.shape, bool)
    if rules.least is not None:
        cells &= x >= rules.least
    if rules.percentile is not None:
        cells &= x >= percentile_thresholds(x, rules.percentile, rules.floor, rules.cap)
    if rules.top is not None:
        cells &= top_of_recordings(x, recording, rules.top)
    return cells


def targets_of(cells: Bools, x: Matrix, covered: Bools, rules: GateRules) -> tuple[Float64, Bools]:
    """Return the targets (N, C) of scores x (N, C) of which `cells` are labels, and which of them a student may learn.

    covered (C,): the classes that the teacher knows; see `sure_cells`.
    """
    sure = sure_cells(cells, x, covered, rules.negative_below, rules.whole_rows)
    values = sharpened(x, rules.power) if rules.soft or rules.whole_rows else np.ones(x.shape)
    return np.where(sure if rules.whole_rows else cells, values, 0.0), sure


def top_of_recordings(x: Matrix, recording: Sequence[str], most: int) -> Bools:
    """Return (N, C) the `most` highest chunks of every class in every recording; of chunks that tie, the first in it.

    A class that scores alike everywhere has no highest, and gives none.
    """
    out = np.zeros(x.shape, bool)
    code = np.unique(np.array(recording, str), return_inverse=True)[1]
    for r in range(int(code.max(initial=-1)) + 1):
        rows = np.flatnonzero(code == r)
        highest = np.argsort(-x[rows], axis=0, kind="stable")[:most]
        np.put_along_axis(out, rows[highest], True, axis=0)
    return out & (x.max(axis=0, initial=-np.inf) > x.min(axis=0, initial=np.inf)) if len(x) > most else out


def rank_gates(others: Mapping[str, Matrix], least: Mapping[str, float]) -> Bools:
    """Return (N, C) cells whose percentile rank in every other member's column is at least `least` of it."""
    gates = [percentile_rank(others[n]) >= least[n] for n in others]
    return np.asarray(np.logical_and.reduce(gates), bool)


def sharpened(p: Matrix, power: float) -> Float64:
    """Return p ** power: a power above 1 lowers low probabilities more than high ones (Babych, BirdCLEF 2025)."""
    if not power > 0:
        raise BlendkitError(f"a sharpening power is positive, got {power:g}")
    return np.asarray(p, np.float64) ** power


def gained(cells: Bools, recording: Sequence[str], classes: Sequence[str], had: Int64) -> list[dict[str, Any]]:
    """Return, per class, how many labelled chunks there were, and how many chunks and recordings a gate adds."""
    names = np.array(recording, str)
    return [
        {"class": c, "had": int(had[i]), "chunks": int(cells[:, i].sum()), "recordings": len(set(names[cells[:, i]]))}
        for i, c in enumerate(classes)
    ]


def sure_cells(cells: Bools, x: Matrix, covered: Bools, negative_below: float | None, whole_rows: bool) -> Bools:
    """Return (N, C) which cells of scores x (N, C) a student may learn from, of which `cells` are positive.

    negative_below: absent is what lies below it, and all between is unknown; None: whatever is not positive is absent.
    whole_rows: every cell of a row with a positive one is known. covered (C,): the classes that the teacher knows; the
    others are unknown.
    """
    if whole_rows:
        return np.asarray(cells.any(axis=1, keepdims=True) & covered)
    if negative_below is None:
        return np.broadcast_to(covered, cells.shape).copy()
    return np.asarray(cells | ((x < negative_below) & covered))
