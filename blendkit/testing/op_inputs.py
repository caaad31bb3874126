"""Values and context that ops are tested on."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from blendkit.core import Float64, Matrix, Rows, Space
from blendkit.metrics import doubled_ranks, percentile_rank
from blendkit.ops import Fitted, OpInfo
from blendkit.testing.small_world import CLASSES, small_rows, small_taxonomy


def op_inputs(info: OpInfo, space: Space, dtype: type[np.floating[Any]], artefact: Any) -> dict[str, Any]:
    """Values and context for an op: tied, signed, and in the right range."""
    rows, rng = small_rows(), np.random.default_rng(11)
    z = np.round(rng.standard_normal((len(rows), len(CLASSES))) * 3, 1)
    prob = info.kind == "blend" and info.inputs_as == "prob"
    x = (1 / (1 + np.exp(-z)) if prob or space != "logit" else z).astype(dtype)
    count = 3 if info.kind == "blend" else 1
    xs = [x, np.flipud(x).copy(), np.sqrt(np.abs(x))][:count]
    if info.inputs_as == "doubled_ranks":
        xs = [doubled_ranks(v) for v in xs]
    covered = np.array([True, True, False, True, True, True, True])
    weights = np.round(np.array([[0.5], [0.3], [0.2]]) + 0.01 * np.arange(len(CLASSES)), 2)
    weights[0, ~covered] = 0.0
    context = {"offsets": rows.offsets(), "rows": rows, "taxonomy": small_taxonomy(), "classes": CLASSES,
               "covered": covered, "weights": weights, "space": space,
               "fitted": _fit(info, rows, x) if artefact is None else Fitted((artefact,))}  # fmt: skip
    streams = {p: _stream(rng, x.shape, mark.space) for p, mark in info.streams().items()}
    return {"xs": xs, "context": context, "streams": streams}


def _stream(rng: np.random.Generator, shape: tuple[int, ...], space: Space | Literal["any"]) -> Float64:
    """Another stream's values, tied and in range."""
    z = np.round(rng.standard_normal(shape) * 3, 1)
    if space == "rank":
        return percentile_rank(z)
    return 1 / (1 + np.exp(-z)) if space == "prob" else z


def _fit(info: OpInfo, rows: Rows, x: Matrix) -> Fitted | None:
    if info.fit is None:
        return None
    if info.fit_on == "reference":
        return Fitted((info.fit(x, rows, CLASSES),))
    truth, labelled = np.random.default_rng(3).random((len(rows), len(CLASSES))) < 0.3, np.ones(len(rows), bool)
    given = (x,) if info.fit_on == "scores" else ()
    first, second = (info.fit(*given, t, labelled, rows, CLASSES) for t in (truth, ~truth))
    if not info.cross_fit:
        return Fitted((first,))
    return Fitted((first, second), 0, {rows.recordings()[0]: 1})
