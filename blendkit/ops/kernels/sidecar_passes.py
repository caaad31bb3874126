"""Compiled loops of the sidecar: two passes over the rows, without a buffer of the size of the matrix between them."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import numpy as np

from blendkit.core import compiled
from blendkit.ops.kernels.bounds import highest

_BINS = 128  # of ranks in [0, 1]: a bin of a row holds few ranks to sort, and the counts stay in the nearest cache


class Bar(IntEnum):
    """The columns of counts (4,) and bars (N, 4): the numbers of highest classes, and the ranks that these reach."""

    ANCHOR = 0
    TOP3 = 1
    TOP10 = 2
    SIDECAR = 3


_ANCHOR, _TOP3, _, _SIDECAR = map(int, Bar)  # older numba takes no member of an enum for an index


@compiled()
def _bin(value: float) -> int:
    return int(min(max(value, 0.0), 1.0) * (_BINS - 1))


@compiled()
def _bars(row: Any, ks: Any, held: Any, out: Any) -> None:
    """Write each k-th highest rank of a row: +inf for k 0, -inf for a k of at least the row's length.

    Ranks are counted by bins, and only the bin of the k-th is sorted.
    """
    counts = np.zeros(_BINS, np.int64)
    for c in range(len(row)):
        counts[_bin(row[c])] += 1
    for i in range(len(ks)):
        out[i] = -np.inf if ks[i] > 0 else np.inf
        if ks[i] == 0 or ks[i] >= len(row):
            continue
        # the bin of a rank never decreases with it, so the k-th highest is in the bin where the count reaches k
        at, above, n = _BINS - 1, 0, 0
        while above + counts[at] < ks[i]:
            above += counts[at]
            at -= 1
        for c in range(len(row)):
            held[n] = row[c]
            n += _bin(row[c]) == at
        top = np.empty(ks[i] - above, np.float64)
        highest(held[:n], top)
        out[i] = top[-1]


@compiled()
def _change(anchor: float, by: float, share: float, high: float, low: float, above: float) -> float:
    return share * (by - anchor) if anchor >= high or (by >= low and anchor >= above) else 0.0


@compiled()
def survey_kernel(anchor: Any, by: Any, shares: Any, counts: Any, above: float, bars: Any, sums: Any) -> None:
    """Write the size of each row's correction, without making it.

    counts (4,): of the anchor's highest classes that may change, of its tops whose overlap is limited (two), and of
    the sidecar's highest classes. bars (N, 4): the ranks that these have to reach. sums (N, 2): the sum of |change|,
    and the number of cells that change.
    """
    width = anchor.shape[1]
    held = np.empty(width + 1, np.float64)
    for i in range(len(anchor)):
        _bars(anchor[i], counts[:_SIDECAR], held, bars[i, :_SIDECAR])
        _bars(by[i], counts[_SIDECAR:], held, bars[i, _SIDECAR:])
        total, active = 0.0, 0  # of a row: added over rows by numpy afterwards, so that blocks do not change the sums
        for c in range(width):
            d = _change(anchor[i, c], by[i, c], shares[c], bars[i, _ANCHOR], bars[i, _SIDECAR], above)
            total += abs(d)
            active += d != 0
        sums[i, 0], sums[i, 1] = total, active


@compiled()
def correct_kernel(
    anchor: Any, by: Any, shares: Any, counts: Any, above: float, bars: Any, scale: float, out: Any, shared: Any
) -> None:
    """Write anchor + scale x change; shared (N, 2, 2): the size of the anchor's tops, and how many of them remain."""
    width = anchor.shape[1]
    held, own_bars = np.empty(width + 1, np.float64), np.empty(2, np.float64)
    for i in range(len(anchor)):
        for c in range(width):
            # computed again rather than stored by the survey, which would need a third matrix
            d = _change(anchor[i, c], by[i, c], shares[c], bars[i, _ANCHOR], bars[i, _SIDECAR], above)
            out[i, c] = anchor[i, c] + scale * d
        _bars(out[i], counts[_TOP3:_SIDECAR], held, own_bars)
        for k in range(2):
            own, both = 0, 0
            for c in range(width):
                inside = anchor[i, c] >= bars[i, _TOP3 + k]
                own += inside
                both += inside and out[i, c] >= own_bars[k]
            shared[i, k, 0], shared[i, k, 1] = own, both
