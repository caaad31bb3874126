"""Compiled pair loops of the weight path: the weights, from a to b, at which each pair changes places."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from blendkit.core import Float64, Int64, compiled, loop_threads, read_only, side_by_side
from blendkit.metrics.kernels.exact_signs import blended_exactly, exact_sign
from blendkit.metrics.kernels.pair_counts import Cell
from blendkit.metrics.kernels.ranking import ordered_key, sort_keys

_BLOCK = 64  # negatives that share a bounding box: enough to skip many pairs at once, few enough for a tight box
_SIGN, _PASSES = 1 << 63, 6  # of the bits of a float64, for `sort_keys`
_NEAR = 1e-6  # in grid steps: float64 cannot be sure of the side of a grid point that is closer than this


# The columns of a block's bounding box: plain numbers, because older numba takes no member of an enum for an index.
_A_LOW, _A_HIGH, _B_LOW, _B_HIGH = range(4)
_BOX_SIDES = 4


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
def _places(x: Any) -> Any:
    """Return the places (M,) of finite numbers x in rising order."""
    bits, sign = x.view(np.uint64), np.uint64(_SIGN)
    keys = np.empty_like(bits)
    for i in range(len(x)):
        keys[i] = ordered_key(bits[i], sign)
    return sort_keys(keys, _PASSES)[1]


@compiled()
def _neighbours(a: Any, b: Any) -> Any:
    """Return an order of points in which neighbours are near in both a and b: slabs of a, each ordered by b."""
    n = len(a)
    blocks = (n + _BLOCK - 1) // _BLOCK
    slab = (int(np.sqrt(blocks)) + 1) * _BLOCK  # as many slabs as blocks in a slab, so that boxes are near to square
    slab_of, order = np.empty(n, np.int64), np.empty(n, np.int64)
    by_a, by_b = _places(a), _places(b)
    for i in range(n):
        slab_of[by_a[i]] = i // slab
    ends = np.arange(0, n + slab, slab)  # the next free place of every slab
    for i in by_b:
        order[ends[slab_of[i]]] = i
        ends[slab_of[i]] += 1
    return order


@compiled()
def _boxes(a: Any, b: Any) -> Any:
    """Return the bounding box (blocks, 4) of each block of points."""
    box = np.empty(((len(a) + _BLOCK - 1) // _BLOCK, _BOX_SIDES))
    for k in range(len(box)):
        first = k * _BLOCK
        box[k, _A_LOW], box[k, _A_HIGH] = a[first], a[first]
        box[k, _B_LOW], box[k, _B_HIGH] = b[first], b[first]
        for j in range(first + 1, min(first + _BLOCK, len(a))):
            box[k, _A_LOW], box[k, _A_HIGH] = min(box[k, _A_LOW], a[j]), max(box[k, _A_HIGH], a[j])
            box[k, _B_LOW], box[k, _B_HIGH] = min(box[k, _B_LOW], b[j]), max(box[k, _B_HIGH], b[j])
    return box


@compiled()
def _gathered(x: Any, states: Any, wanted: int) -> Any:
    """Return the values of x (N,) whose state is the wanted one."""
    out, n = np.empty(len(x), np.float64), 0
    for i in range(len(x)):
        if states[i] == wanted:
            out[n] = x[i]
            n += 1
    return out[:n]


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
def _pairs(ap: Any, bp: Any, an: Any, bn: Any, whole: int, exact: bool, steps: Any) -> None:
    """Add up the changes of all pairs of positives (P,) and negatives (M,); blocks without a crossing are skipped."""
    box = _boxes(an, bn)
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


@compiled()
def _class_path(a: Any, b: Any, states: Any, whole: int, out: Any) -> None:
    """Write the path of one class, a, b, states (N,), into out (whole + 1,)."""
    an, bn = _gathered(a, states, Cell.NEGATIVE.value), _gathered(b, states, Cell.NEGATIVE.value)
    order = _neighbours(an, bn)
    steps = np.zeros(whole + 2, np.int64)
    ap, bp = _gathered(a, states, Cell.POSITIVE.value), _gathered(b, states, Cell.POSITIVE.value)
    _pairs(ap, bp, an[order], bn[order], whole, blended_exactly(a, b, whole), steps)
    total = 0
    for k in range(whole + 1):
        total += steps[k]
        out[k] = total


@compiled()
def _paths(a: Any, b: Any, states: Any, classes: Any, whole: int, out: Any, first: int, step: int) -> None:
    """Write the paths of the classes first, first + step and so on."""
    for i in range(first, len(classes), step):
        c = classes[i]
        _class_path(a[c], b[c], states[c], whole, out[i])


def path_steps(a: Float64, b: Float64, state: NDArray[np.uint8], classes: Int64, whole: int) -> Int64:
    """Return (L, whole + 1) int64: how much 2U of (whole - k) a + k b exceeds that of a, for k = 0..whole.

    a, b (N, C) finite; state (N, C) holds `Cell`; classes (L,) in the order of falling work, so that threads
    share it evenly. Cost: P x M pairs per class, independent of `whole`.
    """
    out = np.zeros((len(classes), whole + 1), np.int64)
    columns, threads = [read_only(x.T) for x in (a, b, state)], loop_threads()
    side_by_side(lambda t: _paths(*columns, classes, whole, out, t, threads), threads, threads)
    return out
