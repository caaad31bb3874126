"""Compiled pair loops of the weight path: where along the way from a to b does each pair change places."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import get_num_threads, prange
from numpy.typing import NDArray

from blendkit.core import Float64, Int64, compiled

_BLOCK = 64  # negatives that share a bounding box
_NEAR = 1e-6  # closer to a grid point than this, and exact arithmetic decides


@compiled()
def two_sum(a: Any, b: Any) -> Any:
    """The sum of numbers or arrays, and its rounding error (Knuth)."""
    s = a + b
    t = s - a
    return s, (a - (s - t)) + (b - t)


@compiled()
def two_product(a: Any, b: Any) -> Any:
    """The product of numbers, or of an array and a number, and its rounding error (Dekker, Veltkamp)."""
    p = a * b
    c, d = 134217729.0 * a, 134217729.0 * b
    a1, b1 = c - (c - a), d - (d - b)
    a2, b2 = a - a1, b - b1
    return p, ((a1 * b1 - p) + a1 * b2 + a2 * b1) + a2 * b2


@compiled()
def _exact_sign(k: int, whole: int, ap: float, an: float, bp: float, bn: float) -> int:
    """The sign of (whole - k)(ap - an) + k (bp - bn), with no rounding (Shewchuk's expansions)."""
    parts = np.zeros(9)
    used = 0
    for weight, value in ((whole - k, ap), (whole - k, -an), (k, bp), (k, -bn)):
        high, low = two_product(np.float64(weight), value)
        for term in (low, high):
            q, place = term, 0
            for i in range(used):
                q, rest = two_sum(q, parts[i])
                if rest != 0.0:
                    parts[place] = rest
                    place += 1
            parts[place] = q
            used = place + 1
    for i in range(used - 1, -1, -1):
        if parts[i] != 0.0:
            return 1 if parts[i] > 0 else -1
    return 0


@compiled()
def _crossing(whole: int, ap: float, an: float, bp: float, bn: float, steps: Any) -> None:
    """Note in steps (whole + 2,) how 2 x [p > n] + [p == n] changes along k, from its value at k = 0."""
    da, db = ap - an, bp - bn
    rise = 1 if db > da else -1
    if da == 0.0:  # tied at k = 0 only
        steps[1] += rise
    elif db == 0.0:  # tied at the end only
        steps[whole] += rise
    else:
        t = whole * (da / (da - db))
        near = np.int64(np.rint(t))
        if abs(t - near) >= _NEAR:
            steps[np.uint64(t) + np.uint64(1)] += 2 * rise
            return
        sign = _exact_sign(near, whole, ap, an, bp, bn)
        if sign == 0:
            steps[near] += rise
            steps[near + 1] += rise
        else:  # it has crossed by `near`, or crosses just after
            steps[near if sign == rise else near + 1] += 2 * rise


@compiled()
def _boxes(a: Any, b: Any) -> Any:
    """Order points so that neighbours are near in both a and b: slabs of a, each ordered by b."""
    n = len(a)
    order = np.argsort(a)
    blocks = (n + _BLOCK - 1) // _BLOCK
    slab = (int(np.sqrt(blocks)) + 1) * _BLOCK
    for first in range(0, n, slab):
        part = order[first : first + slab]
        part[:] = part[np.argsort(b[part])]
    return order


@compiled()
def _class_path(ap: Any, bp: Any, an: Any, bn: Any, whole: int, steps: Any) -> None:
    """Add up all pairs of positives (P,) and negatives (M,); blocks that no pair of which crosses are skipped."""
    order = _boxes(an, bn)
    an, bn = an[order], bn[order]
    blocks = (len(an) + _BLOCK - 1) // _BLOCK
    box = np.empty((blocks, 4))
    for k in range(blocks):
        low, high = k * _BLOCK, min(k * _BLOCK + _BLOCK, len(an))
        box[k, 0], box[k, 1] = an[low:high].min(), an[low:high].max()
        box[k, 2], box[k, 3] = bn[low:high].min(), bn[low:high].max()
    crossing = np.empty(_BLOCK + 1, np.uint32)
    for i in range(len(ap)):
        a, b = ap[i], bp[i]
        for k in range(blocks):
            if (a > box[k, 1] and b > box[k, 3]) or (a < box[k, 0] and b < box[k, 2]):
                continue
            found = np.uint64(0)  # gathered without a branch, for which pairs cross is hard to guess
            for j in range(np.uint64(k * _BLOCK), np.uint64(min(k * _BLOCK + _BLOCK, len(an)))):
                crossing[found] = np.uint32(j)
                found += np.uint64(((a > an[j]) ^ (b > bn[j])) | ((a < an[j]) ^ (b < bn[j])))
            for j in crossing[:found]:
                _crossing(whole, a, an[j], b, bn[j], steps)


@compiled(parallel=True)
def _paths(a: Any, b: Any, state: Any, classes: Any, whole: int, out: Any, threads: int) -> None:
    for t in prange(threads):
        for i in range(t, len(classes), threads):
            c = classes[i]
            pos, neg = np.flatnonzero(state[:, c] == 1), np.flatnonzero(state[:, c] == 0)
            x, z = a[:, c].copy(), b[:, c].copy()
            steps = np.zeros(whole + 2, np.int64)
            _class_path(x[pos], z[pos], x[neg], z[neg], whole, steps)
            out[i] = np.cumsum(steps)[: whole + 1]


def path_steps(a: Float64, b: Float64, state: NDArray[np.uint8], classes: Int64, whole: int) -> Int64:
    """Return (L, whole + 1) int64: how much 2U of (whole - k) a + k b exceeds that of a, for k = 0..whole.

    a, b (N, C) finite; state (N, C): 1 positive, 0 negative, else left out; classes (L,) in the order of
    falling work, so that threads share it evenly. Cost: P x M pairs per class, whatever `whole` is.
    """
    out = np.zeros((len(classes), whole + 1), np.int64)
    if len(classes):
        _paths(a, b, state, classes, whole, out, get_num_threads())
    return out
