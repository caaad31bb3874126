"""Average-tie percentile ranks of whole columns, from exact integers."""

from __future__ import annotations

import numpy as np

from blendkit.core import Float64, Matrix
from blendkit.metrics.auc import refuse_nan
from blendkit.metrics.kernels.ranking import rank_shares


def percentile_rank(x: Matrix) -> Float64:
    """Return (N, C) average-tie percentile ranks of each column over all its rows, in (0, 1].

    Equals `pandas.DataFrame.rank(pct=True)`: the average rank divided by N. Raises BlendkitError for NaN in x (N, C),
    with the first row and class: a NaN has no rank.
    """
    if x.size and np.isnan(x.max()):
        refuse_nan(x, None)
    return rank_shares(x)
