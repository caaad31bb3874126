"""What stands in for a window on which a model gave NaN or an infinite value.

Models with a log-mel or a peak-normalised front end do so on digital silence, which also fills a last chunk. Such a
window is left out of the mean over its shifts. If no shift is left, it gets its recording's median, class by class;
in a recording without any finite window, the lowest value of the recordings scored beside it, and if there is none,
`NO_FINITE_SCORE`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from blendkit.core import Bools, Float64, Int64

NO_FINITE_SCORE = -15.0  # a logit: a probability of 3e-7


def fill_lost(values: Float64, counted: Int64, windows: Sequence[int]) -> Float64:
    """Return values (W, C) with a stand-in in each row where `counted` (W,), its number of finite shifts, is 0.

    windows: how many rows each recording has, in the order of the rows.
    """
    known = counted > 0
    if known.all():
        return values
    lowest = values[known].min(axis=0) if known.any() else np.full(values.shape[1], NO_FINITE_SCORE)
    out, first = values.copy(), 0
    for count in windows:
        own, row = known[first : first + count], slice(first, first + count)
        if not own.all():
            out[row][~own] = np.median(values[row][own], axis=0) if own.any() else lowest
        first += count
    return out


def lost_by_recording(lost: Bools, recordings: Sequence[str], windows: Sequence[int]) -> dict[str, int]:
    """Return how many windows each recording lost, at one shift or more; recordings that lost none are left out."""
    bounds = np.cumsum([0, *windows])
    counts = {r: int(lost[a:b].sum()) for r, a, b in zip(recordings, bounds[:-1], bounds[1:], strict=True)}
    return {r: n for r, n in counts.items() if n}
