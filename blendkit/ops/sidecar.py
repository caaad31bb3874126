"""Anchor and sidecar: a weak model may correct a strong one in few cells, by a stated amount."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Le
from numpy.typing import NDArray

from blendkit.ops import NO_NUMBERS, ByTaxon, ClassIds, Covered, RanksOf, Share, TaxonomyOf, op
from blendkit.ops.terms import taxa_of
from blendkit.scores import Matrix
from blendkit.taxonomy import Taxonomy

Float = NDArray[np.float64]
Count = Annotated[int, Ge(0), Le(1_000_000)]


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
    x: Matrix, *, by: Float, covered: NDArray[np.bool_], classes: tuple[str, ...], taxonomy: Taxonomy | None,
    share: float, by_class_name: dict[str, float], top_anchor: int, top_sidecar: int, anchor_above: float,
    budget: float, most_cells: float, overlap_top3: float, overlap_top10: float,
) -> list[str]:  # fmt: skip
    """Say what became of the correction."""
    limits = Limits(top_anchor, top_sidecar, anchor_above, budget, most_cells, overlap_top3, overlap_top10)
    shares = _shares(classes, taxonomy, share, by_class_name) * covered
    return [corrected(x, by, shares, limits)[1]]


@op("sidecar", scope="set", spaces=("rank",), notes=sidecar_notes)
def sidecar(
    x: Matrix,
    *,
    by: RanksOf,
    covered: Covered,
    classes: ClassIds,
    taxonomy: TaxonomyOf | None = None,
    share: Share = 0.05,
    by_class_name: ByTaxon = NO_NUMBERS,
    top_anchor: Count = 32,
    top_sidecar: Count = 16,
    anchor_above: Share = 0.70,
    budget: Share = 0.009,
    most_cells: Share = 0.25,
    overlap_top3: Share = 0.75,
    overlap_top10: Share = 0.80,
) -> Matrix:
    """Correct an anchor's ranks by a sidecar's in some cells: x + share M (rank(by) - x), within a budget.

    M: cells among a chunk's `top_anchor` highest of the anchor, or among its `top_sidecar` highest of the sidecar where
    the anchor is at least anchor_above; what is level with the last counts. by_class_name: shares of some taxa, in
    place of `share`. The mean change over all cells is at most `budget`: a larger one is scaled down. If more than
    most_cells of the cells would move, or the chunks' top 3 or top 10 classes would overlap less than stated with the
    anchor's, the anchor stays as it is; either way a note says so. x: (N, C) ranks, by: a stream (N, C) as ranks.
    Returns (N, C).
    Source: the BirdNET sidecar of a public 2026 notebook (0.025, 32 / 16, 0.70, 0.009), whose author called it the
    critical mistake.
    """
    limits = Limits(top_anchor, top_sidecar, anchor_above, budget, most_cells, overlap_top3, overlap_top10)
    return corrected(x, by, _shares(classes, taxonomy, share, by_class_name) * covered, limits)[0]


def corrected(x: Matrix, by: Float, shares: Float, limits: Limits) -> tuple[Matrix, str]:
    """Return ranks x (N, C) corrected by another stream's with shares (C,), and in words what became of it."""
    anchor = np.asarray(x, np.float64)
    high, tops = _tops(anchor, limits.top_anchor), {k: _tops(anchor, k) for k in (3, 10)}
    mask = (anchor >= high) | ((by >= _tops(by, limits.top_sidecar)) & (anchor >= limits.anchor_above))
    change = np.where(mask, shares * (by - anchor), 0.0)
    size = float(np.abs(change).mean()) if change.size else 0.0
    scale = min(1.0, limits.budget / size) if size > 0 else 1.0
    active = float((change != 0).mean()) if change.size else 0.0
    if active > limits.most_cells:
        return x, f"kept the anchor: {active:.1%} of cells would move, {limits.most_cells:.1%} may"
    out = anchor + scale * change
    for k, least in ((3, limits.overlap_top3), (10, limits.overlap_top10)):
        found = _shared(anchor >= tops[k], out >= _tops(out, k))
        if found < least:
            return x, f"kept the anchor: top {k} would overlap {found:.3f}, {least:g} is the least"
    told = f"{active:.1%} of cells moved, by {scale * size:.2g} on average over all"
    return out.astype(x.dtype, copy=False), told if scale == 1 else f"{told} (scaled down to the budget)"


def _shares(
    classes: tuple[str, ...], taxonomy: Taxonomy | None, share: float, by_class_name: dict[str, float]
) -> Float:
    return np.array([by_class_name.get(t, share) for t in taxa_of(classes, taxonomy, by_class_name)])


def overlap(a: Float, b: Float, k: int) -> float:
    """Return the share of all chunks' k highest classes by a (N, C) that are among the k highest by b, too.

    What is level with the last of them counts as among them, on both sides.
    """
    return _shared(a >= _tops(a, k), b >= _tops(b, k))


def _shared(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> float:
    count = int(first.sum())
    return float((first & second).sum() / count) if count else 1.0


def _tops(x: Float, k: int) -> Float:
    """(N, 1): the k-th highest value of each row; nothing reaches that of k 0, everything that of more than C."""
    if k == 0 or not x.shape[1]:
        return np.full((len(x), 1), np.inf)
    if k >= x.shape[1]:
        return np.full((len(x), 1), -np.inf)
    return np.asarray(np.partition(x, x.shape[1] - k, axis=1)[:, [x.shape[1] - k]])
