"""Anchor and sidecar: a weak model corrects a strong one in few cells, within a limit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Le

from blendkit.core import Bools, Float64, Matrix, Taxonomy, read_only
from blendkit.ops.declare import NO_NUMBERS, ByTaxon, ClassIds, Covered, RanksOf, TaxonomyOf, UnitInterval, op
from blendkit.ops.fitted.shared import taxa_of
from blendkit.ops.kernels.sidecar_passes import Bar, correct_kernel, survey_kernel
from blendkit.ops.parallel import in_blocks

Count = Annotated[int, Ge(0), Le(1_000_000)]
_TOPS = (3, 10)  # highest classes of a chunk whose overlap before and after the correction is limited


@dataclass(frozen=True)
class Limits:
    """The limits of a sidecar's correction; see `sidecar`."""

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
    """Report the size of the correction, or why it was not made."""
    limits = Limits(top_anchor, top_sidecar, anchor_above, budget, most_cells, overlap_top3, overlap_top10)
    shares = _shares(classes, taxonomy, alpha, by_class_name) * covered
    return [corrected(x, by, shares, limits)[1]]


@op(
    "sidecar",
    also_called=(("sidecar with mask, budget and overlap guard", "{by: birdnet, by_class_name: {Aves: 0.035}}"),),
    scope="set",
    spaces=("rank",),
    notes=sidecar_notes,
)
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

    alpha: the mixing weight. M: cells among a chunk's `top_anchor` highest of the anchor, or among its
    `top_sidecar` highest of the sidecar where the anchor is at least anchor_above; ties with the last are included.
    by_class_name: alphas of some taxa, in place of `alpha`. The mean change over all cells is at most `budget`: a
    larger one is scaled down. The anchor stays unchanged if more than most_cells of the cells would change, or if
    less than overlap_top3 or overlap_top10 of the chunks' top 3 or top 10 classes would remain; a note reports it.
    x: (N, C) ranks, by: a stream (N, C) as ranks. Returns (N, C). Source: the BirdNET sidecar of a public 2026
    notebook (0.025, 32 / 16, 0.70, 0.009), which its author later called the critical mistake.
    """
    limits = Limits(top_anchor, top_sidecar, anchor_above, budget, most_cells, overlap_top3, overlap_top10)
    return corrected(x, by, _shares(classes, taxonomy, alpha, by_class_name) * covered, limits)[0]


def corrected(x: Matrix, by: Float64, shares: Float64, limits: Limits) -> tuple[Matrix, str]:
    """Return ranks x (N, C) corrected by another stream's with alphas (C,), and a note on the correction."""
    anchor, by = (read_only(np.asarray(s, np.float64)) for s in (x, by))
    given = shares, np.array([limits.top_anchor, *_TOPS, limits.top_sidecar]), limits.anchor_above
    bars, sums = np.empty((len(x), len(Bar))), np.empty((len(x), 2))
    in_blocks(len(x), x.shape[1], lambda part: survey_kernel(anchor[part], by[part], *given, bars[part], sums[part]))
    size, active = (float(v) / max(anchor.size, 1) for v in sums.sum(axis=0))
    if active > limits.most_cells:
        return x, f"anchor unchanged: {active:.1%} of cells would change, at most {limits.most_cells:.1%} may"
    scale = min(1.0, limits.budget / size) if size > 0 else 1.0
    out, shared = np.empty(x.shape, np.float64), np.empty((len(x), 2, 2))

    def correct(part: slice) -> None:
        correct_kernel(anchor[part], by[part], *given, bars[part], scale, out[part], shared[part])

    in_blocks(len(x), x.shape[1], correct)
    for k, least, (own, both) in zip(
        _TOPS, (limits.overlap_top3, limits.overlap_top10), shared.sum(axis=0), strict=True
    ):
        if own and both / own < least:
            return x, f"anchor unchanged: top {k} would overlap by {both / own:.3f}, at least {least:g} is required"
    note = f"{active:.1%} of cells changed, by {scale * size:.2g} on average over all cells"
    return out.astype(x.dtype, copy=False), note if scale == 1 else f"{note} (scaled down to the budget)"


def _shares(
    classes: tuple[str, ...], taxonomy: Taxonomy | None, alpha: float, by_class_name: dict[str, float]
) -> Float64:
    return np.array([by_class_name.get(t, alpha) for t in taxa_of(classes, taxonomy, by_class_name)])
