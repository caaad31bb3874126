"""Helpers of the compiled loops: bounds of recordings, and the highest values of a row."""

from __future__ import annotations

from typing import Any

import numpy as np

from blendkit.core import compiled


def bounds_of(x: Any, offsets: Any) -> Any:
    """Return the recordings' first rows (R + 1,) as given; without any, all rows of x are one recording."""
    return np.array([0, len(x)], np.int64) if offsets is None else offsets


@compiled()
def highest(row: Any, top: Any) -> None:
    """Write the len(top) highest values of a row, highest first."""
    held = 0
    for c in range(len(row)):
        value = float(row[c])
        if held < len(top):
            held += 1
        elif held == 0 or value <= top[held - 1]:
            continue
        at = held - 1
        while at > 0 and top[at - 1] < value:  # insertion: few values get this far once the list is full
            top[at] = top[at - 1]
            at -= 1
        top[at] = value
