"""Compiled pair loops of the weight path: the weights, from a to b, at which each pair changes places."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from blendkit.core import Float64, Int64, compiled, loop_threads, read_only, side_by_side
from blendkit.metrics.kernels.pair_counts import Cell
from blendkit.metrics.kernels.ranking import ordered_key, sort_keys

_BLOCK = 64  # negatives that share a bounding box: enough to skip many pairs at once, few enough for a tight box
_SIGN, _PASSES = 1 << 63, 6  # of the bits of a float64, for `sort_keys`
_NEAR = 1e-6  # in grid steps: float64 cannot be sure of the side of a grid point that is closer than this
_HALF_BITS = 134217729.0  # 2**27 + 1, which splits a float64 of 53 bits into two halves whose products are exact
_MOST_PARTS = 8  # each of the eight summands adds at most one part to the expansion


# The columns of a block's bounding box: plain numbers, because older numba takes no member of an enum for an index.
_A_LOW, _A_HIGH, _B_LOW, _B_HIGH = range(4)
_BOX_SIDES = 4


def two_sum(a: Any, b: Any) -> Any:
    """Return the sum of numbers or arrays, and its exact rounding error (Knuth); no operation may be re-ordered."""
    s = a + b
    t = s - a
    return s, (a - (s - t)) + (b - t)


def two_product(a: Any, b: Any) -> Any:
    """Return the product of numbers, or of an array and a number, and its exact rounding error (Dekker, Veltkamp)."""
    p = a * b
    c, d = _HALF_BITS * a, _HALF_BITS * b
    a1, b1 = c - (c - a), d - (d - b)
    a2, b2 = a - a1, b - b1
    return p, ((a1 * b1 - p) + a1 * b2 + a2 * b1) + a2 * b2


_two_sum, _two_product = compiled()(two_sum), compiled()(two_product)  # of numbers, for compiled loops


@compiled()
def _exact_sign(k: int, whole: int, ap: float, an: float, bp: float, bn: float) -> int:
    """Return the sign of (whole - k)(ap - an) + k (bp - bn), without rounding (Shewchuk's expansions)."""
    parts = np.zeros(_MOST_PARTS)
    used = 0
    # the differences are not formed first, because they would round; each of the four products is exact in two parts
    for weight, value in ((whole - k, ap), (whole - k, -an), (k, bp), (k, -bn)):
        high, low = _two_product(np.float64(weight), value)
        for summand in (low, high):
            q, place = summand, 0
            for i in range(used):
                q, rest = _two_sum(q, parts[i])
                if rest != 0.0:
                    parts[place] = rest
                    place += 1
            parts[place] = q
            used = place + 1
    for i in range(used - 1, -1, -1):  # parts do not overlap and rise in size, so the largest has the sign of the sum
        if parts[i] != 0.0:
            return 1 if parts[i] > 0 else -1
    return 0


@compiled()
def _crossing(whole: int, ap: float, an: float, bp: float, bn: float, steps: Any) -> None:
    """Add to steps (whole + 2,) the changes of 2 x [p > n] + [p == n] along k, from its value at k = 0."""
    da, db = ap - an, bp - bn
    rise = 1 if db > da else -1
    if da == 0.0:  # tied at k = 0 only
        steps[1] += rise
    elif db == 0.0:  # tied at the end only
        steps[whole] += rise
    else:
        t = whole * (da / (da - db))  # the pair is tied at k = t
        near = np.int64(np.rint(t))
        if abs(t - near) >= _NEAR:  # surely between two grid points: the pair is never tied on the grid
            steps[np.uint64(t) + np.uint64(1)] += 2 * rise
            return
        sign = _exact_sign(near, whole, ap, an, bp, bn)
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
def _pairs(ap: Any, bp: Any, an: Any, bn: Any, whole: int, steps: Any) -> None:
    """Add up the changes of all pairs of positives (P,) and negatives (M,); blocks without a crossing are skipped."""
    box = _boxes(an, bn)
    crossing = np.empty(_BLOCK + 1, np.uint32)
    for i in range(len(ap)):
        a, b = ap[i], bp[i]
        for k in range(len(box)):
            # a positive above (or below) the whole box in both streams never changes places with a negative in it
            above = a > box[k, _A_HIGH] and b > box[k, _B_HIGH]
            if above or (a < box[k, _A_LOW] and b < box[k, _B_LOW]):
                continue
            found = np.uint64(0)  # gathered without a branch, because a processor cannot predict which pairs cross
            for j in range(np.uint64(k * _BLOCK), np.uint64(min(k * _BLOCK + _BLOCK, len(an)))):
                crossing[found] = np.uint32(j)
                found += np.uint64(((a > an[j]) ^ (b > bn[j])) | ((a < an[j]) ^ (b < bn[j])))
            for j in crossing[:found]:
                _crossing(whole, a, an[j], b, bn[j], steps)


@compiled()
def _class_path(a: Any, b: Any, states: Any, whole: int, out: Any) -> None:
    """Write the path of one class, a, b, states (N,), into out (whole + 1,)."""
    an, bn = _gathered(a, states, Cell.NEGATIVE.value), _gathered(b, states, Cell.NEGATIVE.value)
    order = _neighbours(an, bn)
    steps = np.zeros(whole + 2, np.int64)
    ap, bp = _gathered(a, states, Cell.POSITIVE.value), _gathered(b, states, Cell.POSITIVE.value)
    _pairs(ap, bp, an[order], bn[order], whole, steps)
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
