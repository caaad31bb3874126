"""The same exact counts and ranks in plain numpy, for so few cells that compiling loops would take far longer."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from blendkit.core import Bools, Int64


def plain_pairs(y: Bools, x: NDArray[Any], keep: Bools) -> tuple[Int64, Int64, Bools]:
    """Return 2U (C,), tied pairs (C,), and whether a cell that counts is NaN (C,); y, x, keep (N, C), N and C above 0.

    2U = sum(2*[p > n] + [p == n]) over the pairs of a positive p and a negative n.
    """
    values = np.where(keep, x, 0).T  # a cell that does not count adds to no sum below, whatever its value
    order = np.argsort(values, axis=1, kind="stable")
    starts, first_of_class = _ties(np.take_along_axis(values, order, axis=1))
    p, n = (_summed((t & keep).T, order, starts) for t in (y, ~y))
    below = np.cumsum(n) - n
    below -= np.repeat(below[first_of_class], np.diff(np.append(first_of_class, len(starts))))
    twice_u, tied = (np.add.reduceat(v, first_of_class) for v in (p * (2 * below + n), p * n))
    bad = np.asarray(np.isnan(values).any(axis=1), bool)
    return np.where(bad, 0, twice_u), np.where(bad, 0, tied), bad


def plain_doubled_ranks(x: NDArray[Any]) -> NDArray[np.int32]:
    """Return (N, C) int32: twice the average-tie rank (1-based) of each value within its column; N and C above 0."""
    values = np.ascontiguousarray(x.T)
    order = np.argsort(values, axis=1, kind="stable")
    starts, _ = _ties(np.take_along_axis(values, order, axis=1))
    ends = np.append(starts[1:], values.size)
    before = starts // len(x) * len(x)  # cells of the classes before
    # ranks first + 1 .. end of a tie have the average (first + 1 + end) / 2
    doubled = np.repeat(starts + ends + 1 - 2 * before, ends - starts).astype(np.int32)
    out = np.empty(values.shape, np.int32)
    np.put_along_axis(out, order, doubled.reshape(values.shape), axis=1)
    return np.ascontiguousarray(out.T)


def plain_resampled(
    y: Bools, x: NDArray[Any], keep: Bools, cluster: Int64, weights: NDArray[Any], live: Int64
) -> Int64:
    """Return 2U (L, R) of the live classes when cluster k counts weights[k, r] times in replicate r."""
    out = np.zeros((len(live), weights.shape[1]), np.int64)
    for i, c in enumerate(live.tolist()):
        rows = np.flatnonzero(keep[:, c])
        rows = rows[np.argsort(x[rows, c], kind="stable")]
        starts, _ = _ties(x[rows, c][None])
        drawn, positive = weights[cluster[rows]].astype(np.int64), y[rows, c][:, None]
        p, n = (np.add.reduceat(drawn * t, starts, axis=0) for t in (positive, ~positive))
        out[i] = (p * (2 * (np.cumsum(n, axis=0) - n) + n)).sum(axis=0)
    return out


def _ties(ordered: NDArray[Any]) -> tuple[Int64, Int64]:
    """Return where ties start in rows of sorted values (C, N), flat, and which of them are the first of a row."""
    new = np.ones(ordered.shape, bool)
    new[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    starts = np.flatnonzero(new)
    return starts, np.searchsorted(starts, np.arange(len(ordered)) * ordered.shape[1])


def _summed(states: Bools, order: Int64, starts: Int64) -> Int64:
    """Return how many states (C, N) are true in each tie."""
    return np.add.reduceat(np.take_along_axis(states, order, axis=1).ravel().astype(np.int64), starts)
