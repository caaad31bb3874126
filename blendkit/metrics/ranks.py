"""Average-tie percentile ranks of whole columns, from exact integers."""

from __future__ import annotations

from blendkit.core import Float64, Matrix
from blendkit.metrics.kernels.ranking import rank_shares


def percentile_rank(x: Matrix) -> Float64:
    """Return (N, C) average-tie percentile ranks of each column over all its rows, in (0, 1].

    Equals `pandas.DataFrame.rank(pct=True)`: the average rank divided by N. x is (N, C) without NaN.
    """
    return rank_shares(x)
