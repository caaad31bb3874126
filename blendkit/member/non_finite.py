"""What stands in for a window on which a model gave NaN or an infinite value.

Models with a log-mel or a peak-normalised front end do so on digital silence, which also fills a last chunk. Such a
window is left out of the mean over its shifts. If no shift is left, it gets its recording's median, class by class;
in a recording without any finite window, the lowest value of the recordings scored beside it, and if there is none,
`FLOOR`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from blendkit.core import Bools, Float64

FLOOR = -15.0  # a logit: a probability of 3e-7; also of silent windows that are not given to a model


def fill_lost(values: Float64, known: Bools, windows: Sequence[int], floor: float = FLOOR) -> Float64:
    """Return values (W, C) with a stand-in in each row that is not `known` (W,): no shift of it was finite.

    windows: how many rows each recording has, in the order of the rows; floor: stands in where nothing is known.
    """
    if known.all():
        return values
    lowest = values[known].min(axis=0) if known.any() else np.full(values.shape[1], floor)
    out, first = values.copy(), 0
    for count in windows:
        own, row = known[first : first + count], slice(first, first + count)
        if not own.all():
            out[row][~own] = np.median(values[row][own], axis=0) if own.any() else lowest
        first += count
    return out


def count_by_recording(marked: Bools, recordings: Sequence[str], windows: Sequence[int]) -> dict[str, int]:
    """Return how many of its windows (W,) are marked in each recording; recordings without any are left out."""
    bounds = np.cumsum([0, *windows])
    counts = {r: int(marked[a:b].sum()) for r, a, b in zip(recordings, bounds[:-1], bounds[1:], strict=True)}
    return {r: n for r, n in counts.items() if n}
