"""Every weight at which the AUC of a two-stream blend changes, for small problems."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blendkit.core import Bools, Float64
from blendkit.errors import BlendkitError
from blendkit.metrics.auc import check_shapes, counted_cells, macro_auc
from blendkit.metrics.kernels.pair_counts import PairCount, count_pairs

_MOST_CROSSINGS = 20_000_000  # at 16 bytes each they need 320 MB


@dataclass(frozen=True, eq=False)
class Breakpoints:
    """weights (B,) rising in (0, 1); at (B,) the macro-AUC there; between (B + 1,) on the open intervals."""

    weights: Float64
    at: Float64
    between: Float64

    @property
    def best(self) -> tuple[float, float, float]:
        """The highest macro-AUC over all weights between the ends, and the open interval that has it."""
        i = int(np.argmax(self.between))
        edges = np.concatenate([[0.0], self.weights, [1.0]])
        return float(self.between[i]), float(edges[i]), float(edges[i + 1])


def weight_breakpoints(y: Bools, a: NDArray[Any], b: NDArray[Any], mask: Bools | None = None) -> Breakpoints:
    """Return where (1 - w) a + w b changes its macro-AUC, for all w in (0, 1), and its values there.

    y, a, b (N, C), values finite; mask as in `macro_auc`. Weights are resolved to float64. Macro-AUCs are
    running sums, accurate to about 1e-12. Raises BlendkitError beyond 20 million crossing pairs: use
    `weight_path` for these, which has no such limit.
    """
    check_shapes(y, a, mask, "a")
    check_shapes(y, b, mask, "b")
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    keep = counted_cells(y.shape, mask)
    if not (np.isfinite(a) & np.isfinite(b) | ~keep).all():
        raise BlendkitError("breakpoints need finite values")
    counts = count_pairs(y, a, mask)
    pairs = counts[:, PairCount.POSITIVES] * counts[:, PairCount.NEGATIVES]
    live = np.flatnonzero(pairs)
    ts, jumps, first, total = [], [], 0.0, 0
    for c in live:
        t, jump, ties = _crossings(a[:, c], b[:, c], y[:, c] & keep[:, c], ~y[:, c] & keep[:, c])
        total += len(t)
        if total > _MOST_CROSSINGS:
            raise BlendkitError(f"over {_MOST_CROSSINGS} crossing pairs: use weight_path")
        ts.append(t)
        jumps.append(jump / (2 * pairs[c] * len(live)))
        first += ties / (2 * pairs[c] * len(live))
    start = macro_auc(y, a, mask).macro
    if not ts:
        return Breakpoints(np.empty(0), np.empty(0), np.array([start]))
    weights, which = np.unique(np.concatenate(ts), return_inverse=True)
    rise = np.bincount(which, np.concatenate(jumps), len(weights))
    between = start + first + np.concatenate([[0.0], np.cumsum(rise)])
    return Breakpoints(weights, (between[:-1] + between[1:]) / 2, between)


def _crossings(a: Float64, b: Float64, positive: Bools, negative: Bools) -> tuple[Float64, Float64, int]:
    """Return the weights where pairs change places, the rise of 2U there, and its rise by ties of a after w = 0."""
    da = np.subtract.outer(a[positive], a[negative]).ravel()
    db = np.subtract.outer(b[positive], b[negative]).ravel()
    crossing = ((da > 0) & (db < 0)) | ((da < 0) & (db > 0))
    da_, db_ = da[crossing], db[crossing]
    return da_ / (da_ - db_), np.where(db_ > 0, 2.0, -2.0), int(np.sign(db[da == 0]).sum())
