"""Anchor and sidecar: a weak model may correct a strong one in few cells, by a stated amount."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Le

from blendkit.core import Bools, Float64, Matrix, Taxonomy
from blendkit.ops.declare import NO_NUMBERS, ByTaxon, ClassIds, Covered, RanksOf, TaxonomyOf, UnitInterval, op
from blendkit.ops.fitted.shared import taxa_of
from blendkit.ops.kernels.sidecar_passes import correct_kernel, survey_kernel

Count = Annotated[int, Ge(0), Le(1_000_000)]
_TOPS = (3, 10)  # whose overlap with the anchor's is told


@dataclass(frozen=True)
class Limits:
    """Where a sidecar may correct, and how much; see `sidecar`."""

    top_anchor: int
    top_sidecar: int
    anchor_above: float
    budget: float
    most_cells: float
    overlap_top3: float
    overlap_top10: float


def sidecar_notes(
    x: Matrix, *, by: Float64, covered: Bools, classes: tuple[str, ...], taxonomy: Taxonomy | None,
    alpha: float, by_class_name: dict[str, float], top_anchor: int, top_sidecar: int, anchor_above: float,
    budget: float, most_cells: float, overlap_top3: float, overlap_top10: float,
) -> list[str]:  # fmt: skip
    """Say what became of the correction."""
    limits = Limits(top_anchor, top_sidecar, anchor_above, budget, most_cells, overlap_top3, overlap_top10)
    shares = _shares(classes, taxonomy, alpha, by_class_name) * covered
    return [corrected(x, by, shares, limits)[1]]


@op("sidecar", scope="set", spaces=("rank",), notes=sidecar_notes)
def sidecar(
    x: Matrix,
    *,
    by: RanksOf,
    covered: Covered,
    classes: ClassIds,
    taxonomy: TaxonomyOf | None = None,
    alpha: UnitInterval = 0.05,
    by_class_name: ByTaxon = NO_NUMBERS,
    top_anchor: Count = 32,
    top_sidecar: Count = 16,
    anchor_above: UnitInterval = 0.70,
    budget: UnitInterval = 0.009,
    most_cells: UnitInterval = 0.25,
    overlap_top3: UnitInterval = 0.75,
    overlap_top10: UnitInterval = 0.80,
) -> Matrix:
    """Correct an anchor's ranks by a sidecar's in some cells: x + alpha M (rank(by) - x), within a budget.

    M: cells among a chunk's `top_anchor` highest of the anchor, or among its `top_sidecar` highest of the sidecar where
    the anchor is at least anchor_above; what is level with the last counts. by_class_name: shares of some taxa, in
    place of `alpha`. The mean change over all cells is at most `budget`: a larger one is scaled down. If more than
    most_cells of the cells would move, or less than stated of the anchor's top 3 or top 10 classes of the chunks would
    stay there, the anchor stays as it is; either way a note says so. x: (N, C) ranks, by: a stream (N, C) as ranks.
    Returns (N, C).
    Source: the BirdNET sidecar of a public 2026 notebook (0.025, 32 / 16, 0.70, 0.009), whose author called it the
    critical mistake.
    """
    limits = Limits(top_anchor, top_sidecar, anchor_above, budget, most_cells, overlap_top3, overlap_top10)
    return corrected(x, by, _shares(classes, taxonomy, alpha, by_class_name) * covered, limits)[0]


def corrected(x: Matrix, by: Float64, shares: Float64, limits: Limits) -> tuple[Matrix, str]:
    """Return ranks x (N, C) corrected by another stream's with shares (C,), and in words what became of it."""
    anchor, by = np.ascontiguousarray(x, np.float64), np.ascontiguousarray(by, np.float64)
    given = shares, np.array([limits.top_anchor, *_TOPS, limits.top_sidecar]), limits.anchor_above
    bars, sums = np.empty((len(x), 4)), np.empty((len(x), 2))
    survey_kernel(anchor, by, *given, bars, sums)
    size, active = (float(v) / max(anchor.size, 1) for v in sums.sum(axis=0))
    if active > limits.most_cells:
        return x, f"kept the anchor: {active:.1%} of cells would move, {limits.most_cells:.1%} may"
    scale = min(1.0, limits.budget / size) if size > 0 else 1.0
    out, shared = np.empty(x.shape, np.float64), np.empty((len(x), 2, 2))
    correct_kernel(anchor, by, *given, bars, scale, out, shared)
    for k, least, (own, both) in zip(
        _TOPS, (limits.overlap_top3, limits.overlap_top10), shared.sum(axis=0), strict=True
    ):
        if own and both / own < least:
            return x, f"kept the anchor: top {k} would overlap {both / own:.3f}, {least:g} is the least"
    told = f"{active:.1%} of cells moved, by {scale * size:.2g} on average over all"
    return out.astype(x.dtype, copy=False), told if scale == 1 else f"{told} (scaled down to the budget)"


def _shares(
    classes: tuple[str, ...], taxonomy: Taxonomy | None, alpha: float, by_class_name: dict[str, float]
) -> Float64:
    return np.array([by_class_name.get(t, alpha) for t in taxa_of(classes, taxonomy, by_class_name)])
