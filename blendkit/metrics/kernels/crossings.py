"""Compiled pair loops of the weight path: the weights, from a to b, at which each pair changes places."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blendkit.core import Float64, Int64, compiled, loop_threads, side_by_side
from blendkit.metrics.kernels.exact_signs import blended_exactly, exact_sign
from blendkit.metrics.kernels.pair_counts import Cell

_BLOCK = 64  # negatives that share a bounding box: enough to skip many pairs at once, few enough for a tight box
_NEAR = 1e-6  # in grid steps: float64 cannot be sure of the side of a grid point that is closer than this


# The columns of a block's bounding box: plain numbers, because older numba takes no member of an enum for an index.
_A_LOW, _A_HIGH, _B_LOW, _B_HIGH = range(4)


@compiled()
def _at_grid_point(whole: int, pair: Any, t: float, exact: bool, steps: Any) -> None:
    """Add to steps (whole + 2,) the changes of 2 x [p > n] + [p == n] of a pair that is tied at k = t or close to it.

    pair: the positive's and the negative's value in a, then in b. t: near to a whole number. exact: as in `exact_sign`.
    """
    ap, an, bp, bn = pair
    rise = 1 if bp - bn > ap - an else -1
    near = np.int64(np.rint(t))
    if ap == an:  # tied at k = 0 only
        steps[1] += rise
    elif bp == bn:  # tied at the end only
        steps[whole] += rise
    else:
        sign = exact_sign(near, whole, ap, an, bp, bn, exact)
        if sign == 0:  # tied at `near`: half of the change there, half just after
            steps[near] += rise
            steps[near + 1] += rise
        else:  # it has crossed by `near`, or crosses just after
            steps[near if sign == rise else near + 1] += 2 * rise


@compiled()
def _gathered_crossing(a: float, b: float, an: Any, bn: Any, buffers: Any) -> Any:
    """Put the negatives an, bn (M,) that change places with a positive into the buffers; return their number."""
    crosses, ca, cb, _ = buffers
    n, found = np.uint64(len(an)), np.uint64(0)
    for j in range(n):  # a loop of its own, which a processor does for several negatives at once
        crosses[j] = ((a > an[j]) ^ (b > bn[j])) | ((a < an[j]) ^ (b < bn[j]))
    for j in range(n):  # without a branch, because a processor cannot predict which pairs cross
        ca[found], cb[found] = an[j], bn[j]
        found += np.uint64(crosses[j])
    return found


@compiled()
def _cross(a: float, b: float, an: Any, bn: Any, whole: int, exact: bool, buffers: Any, steps: Any) -> None:
    """Add the changes of the pairs of a positive with the negatives of a block."""
    found = _gathered_crossing(a, b, an, bn, buffers)
    _, ca, cb, at = buffers
    for q in range(found):
        da = a - ca[q]
        at[q] = whole * (da / (da - (b - cb[q])))  # the pair is tied at k = at[q]
    for q in range(found):
        t = at[q]
        if abs(t - np.rint(t)) >= _NEAR:  # surely between two grid points: the pair is never tied on the grid
            steps[np.uint64(np.int64(t)) + np.uint64(1)] += 2 if a < ca[q] else -2
        else:
            _at_grid_point(whole, (a, ca[q], b, cb[q]), t, exact, steps)


@compiled()
def _pairs(ap: Any, bp: Any, an: Any, bn: Any, box: Any, whole: int, exact: bool, steps: Any) -> None:
    """Add up the changes of all pairs of positives (P,) and negatives (M,); blocks without a crossing are skipped.

    box (blocks, 4): the bounding boxes of the negatives. steps (whole + 2,): added to.
    """
    values = np.empty((3, _BLOCK + 1))
    buffers = (np.empty(_BLOCK, np.bool_), values[0], values[1], values[2])
    for i in range(len(ap)):
        a, b = ap[i], bp[i]
        for k in range(len(box)):
            # a positive above (or below) the whole box in both streams never changes places with a negative in it
            above = a > box[k, _A_HIGH] and b > box[k, _B_HIGH]
            if above or (a < box[k, _A_LOW] and b < box[k, _B_LOW]):
                continue
            first, last = k * _BLOCK, min(k * _BLOCK + _BLOCK, len(an))
            _cross(a, b, an[first:last], bn[first:last], whole, exact, buffers, steps)


def _neighbours(a: Float64, b: Float64) -> Int64:
    """Return an order of points (M,) in which neighbours are near in both a and b: slabs of a, each ordered by b."""
    blocks = -(-len(a) // _BLOCK)
    slab = (math.isqrt(blocks) + 1) * _BLOCK  # as many slabs as blocks in a slab, so that boxes are near to square
    order = np.argsort(a)
    for low in range(0, len(a), slab):
        own = order[low : low + slab]
        order[low : low + slab] = own[np.argsort(b[own])]
    return order


def _boxes(a: Float64, b: Float64) -> Float64:
    """Return the bounding box (blocks, 4) of each block of points."""
    starts = np.arange(0, len(a), _BLOCK)
    sides = (np.minimum, a), (np.maximum, a), (np.minimum, b), (np.maximum, b)  # columns as in _A_LOW and so on
    return np.stack([extreme.reduceat(x, starts) for extreme, x in sides], axis=1)


def _class_path(a: Float64, b: Float64, states: NDArray[np.uint8], whole: int) -> Int64:
    """Return the path (whole + 1,) of one class, a, b, states (N,), with a positive and a negative.

    Only the loop over pairs is compiled: the rest is little work, and compiling it would take seconds.
    """
    (ap, bp), (an, bn) = ((a[rows], b[rows]) for rows in (states == Cell.POSITIVE, states == Cell.NEGATIVE))
    order = _neighbours(an, bn)
    an, bn = an[order], bn[order]
    steps = np.zeros(whole + 2, np.int64)
    _pairs(ap, bp, an, bn, _boxes(an, bn), whole, blended_exactly(a, b, whole), steps)
    return np.cumsum(steps[:-1])


def path_steps(a: Float64, b: Float64, state: NDArray[np.uint8], classes: Int64, whole: int) -> Int64:
    """Return (L, whole + 1) int64: how much 2U of (whole - k) a + k b exceeds that of a, for k = 0..whole.

    a, b (N, C) finite; state (N, C) holds `Cell`; classes (L,), with positives and negatives, in the order of falling
    work, so that threads share it evenly. Cost: P x M pairs per class, independent of `whole`.
    """
    out = np.zeros((len(classes), whole + 1), np.int64)

    def work(i: int) -> None:
        c = int(classes[i])
        out[i] = _class_path(a[:, c], b[:, c], state[:, c], whole)

    side_by_side(work, len(classes), loop_threads())
    return out
