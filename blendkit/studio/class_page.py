"""What one class is made of: its scores with and without it, its weight curve, and the chunks that cost most pairs."""

from __future__ import annotations

from typing import Any

import numpy as np

from blendkit.core import Bools, Float64
from blendkit.errors import BlendkitError
from blendkit.metrics import weight_path
from blendkit.offline import blend_sides
from blendkit.recipe import make_plan
from blendkit.reporting import plain
from blendkit.studio.clip_queue import Listening
from blendkit.studio.live_blend import LiveBlend

_BINS = 24
_SHOWN = 12
_POINTS = 41


def one_class(listening: Listening, live: LiveBlend | None, class_id: str) -> dict[str, Any]:
    """Return a class's score distributions by label, costly chunks and weight curves; curves need a recipe.

    Raises BlendkitError for an unknown class, and without labels.
    """
    column = listening.column(class_id)
    if listening.truth is None or not listening.labelled.any():
        raise BlendkitError("there are no labels, so nothing is known of a class", ["give --labels"])
    rows = np.flatnonzero(listening.labelled)
    y = listening.truth[rows, column]
    x = np.asarray(listening.main.values, np.float64)[rows, column]
    found: dict[str, Any] = plain({
        "class": class_id, "positives": int(y.sum()), "negatives": int((~y).sum()),
        "histogram": _histogram(x, y), "costly": [
            {**listening.chunk(int(rows[i]), column), "pairs": pairs} for i, pairs in _costly(x, y)
        ],
        "curves": {} if live is None or not 0 < y.sum() < len(y) else _curves(live, class_id),
    })  # fmt: skip
    return found


def _histogram(x: Float64, y: Bools) -> dict[str, Any]:
    edges = np.linspace(x.min(), x.max() if x.max() > x.min() else x.min() + 1, _BINS + 1)
    return {"edges": edges, "with": np.histogram(x[y], edges)[0], "without": np.histogram(x[~y], edges)[0]}


def _costly(x: Float64, y: Bools) -> list[tuple[int, float]]:
    """Chunks in the most pairs that stand in the wrong order, ties as halves."""
    cost = np.zeros(len(x))
    for own, other, sign in ((y, ~y, 1), (~y, y, -1)):
        rivals = np.sort(sign * x[other])
        mine = sign * x[own]
        above = len(rivals) - np.searchsorted(rivals, mine, "right")
        cost[own] = above + (np.searchsorted(rivals, mine, "right") - np.searchsorted(rivals, mine, "left")) / 2
    order = np.argsort(-cost, kind="stable")[:_SHOWN]
    return [(int(i), float(cost[i])) for i in order if cost[i] > 0]


def _curves(live: LiveBlend, class_id: str) -> dict[str, Any]:
    """The class's exact AUC along the share of each member of the last blend, others in their ratio."""
    plan = make_plan(live.recipe)
    blend = next((s for s in reversed(plan.streams) if s.blend is not None), None)
    rows, column = np.flatnonzero(live.truth.labelled), live.truth.classes.index(class_id)
    shares = np.linspace(0, 1, _POINTS).round(6).tolist()
    found: dict[str, Any] = {}
    for member in () if blend is None else blend.inputs:
        try:
            sides = blend_sides(live.workspaces, plan, str(blend and blend.name), member)
            if isinstance(sides, str):
                return {"why_not": sides}
            a, b = (s[rows][:, [column]] for s in sides)
            auc = weight_path(live.truth.truth[rows][:, [column]], a, b, shares).macro
        except BlendkitError as error:
            return {"why_not": error.title}
        found[member] = {"shares": shares, "auc": auc}
    return found
