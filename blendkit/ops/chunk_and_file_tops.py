"""Which classes are the highest of their chunk or of their recording."""

from __future__ import annotations

import numpy as np

from blendkit.core import Bools, Int64, Matrix


def highest_classes(values: Matrix, count: int, *, offsets: Int64 | None = None, covered: Bools | None = None) -> Bools:
    """Return (N, C) true for the `count` highest covered classes of each chunk.

    offsets (R + 1,): first row of each recording; where given, classes are compared by their maximum over the recording
    and all its chunks get the same ones. Classes that tie with the last of them are chosen too, so that the order of
    classes does not matter. values: (N, C), of any space.
    """
    counts = np.ones(values.shape[1], bool) if covered is None else covered
    if not len(values) or not counts.any():
        return np.zeros(values.shape, bool)
    high = values if offsets is None else np.maximum.reduceat(values, offsets[:-1], axis=0)
    among = high[:, counts]
    last = among.shape[1] - min(count, among.shape[1])
    limit = np.partition(among, last, axis=1)[:, [last]]
    found = (high >= limit) & counts
    return found if offsets is None else np.repeat(found, np.diff(offsets), axis=0)
