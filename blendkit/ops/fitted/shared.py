"""Helpers of fitted ops: rates of recordings, shrinkage, the offset of a prior, and the artefact of a recording."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blendkit.core import Bools, Float64, Int64, Matrix, Rows, Taxonomy
from blendkit.errors import BlendkitError
from blendkit.ops.declare import Fitted
from blendkit.ops.parallel import in_blocks


def low_figures(fitted: Fitted) -> list[str]:
    """Return a note on figures of uncentred rates that are cross-fitted: they come out too low."""
    if len(fitted.artefacts) < 2:
        return []
    return ["cross-fitted: a recording's rate lacks the calls of its own fold, so that figures come out rather too low"]


def recording_shares(name: str, truth: Bools, labelled: Bools, rows: Rows) -> tuple[Float64, Int64]:
    """Return (R, C) shares of labelled chunks with each class, and first rows (R,), of recordings with labelled chunks.

    Raises BlendkitError if nothing is labelled.
    """
    offsets = rows.offsets()
    use = [r for r, (a, b) in enumerate(itertools.pairwise(offsets)) if labelled[a:b].any()]
    if not use:
        raise BlendkitError(f"{name}: no labelled chunk to fit on")
    spans = [np.arange(offsets[r], offsets[r + 1]) for r in use]
    share = np.array([truth[s[labelled[s]]].mean(axis=0) for s in spans], np.float64)
    return share, offsets[:-1][use]


def chunk_shares(name: str, truth: Bools, labelled: Bools) -> tuple[Float64, Int64]:
    """Return (n, C) 0 or 1 of the labelled chunks, and their rows (n,). Raises BlendkitError if nothing is labelled."""
    use = np.flatnonzero(labelled)
    if not len(use):
        raise BlendkitError(f"{name}: no labelled chunk to fit on")
    return truth[use].astype(np.float64), use


def shrunk(share: Float64, towards: Float64, k: float) -> Float64:
    """Return the mean of shares (n, C), shrunk as if k more of them were equal to `towards` (C,)."""
    n = len(share)
    return towards if n == 0 else (share.sum(axis=0) + k * towards) / (n + k)


def round_the_clock(
    share: Float64, at: NDArray[np.integer[Any]], size: int, overall: Float64, k: float, sigma: float
) -> Float64:
    """Return (size, C) rates by hour or month, pooled over near ones on the circle and shrunk to the overall rate.

    share (R, C), at (R,) in 0 .. size - 1; other values are not used. sigma: of the Gaussian; 0 pools nothing.
    """
    total = np.array([share[at == h].sum(axis=0) for h in range(size)])
    count = np.array([(at == h).sum() for h in range(size)], np.float64)
    apart = np.abs(np.subtract.outer(np.arange(size), np.arange(size)))
    apart = np.minimum(apart, size - apart)
    kernel = np.exp(-0.5 * (apart / sigma) ** 2) if sigma > 0 else (apart == 0).astype(float)
    pooled = np.array([(kernel[h][:, None] * total).sum(axis=0) for h in range(size)])
    weight = (kernel * count).sum(axis=1)
    return np.asarray((pooled + k * overall) / (weight[:, None] + k))


def round_the_clock_of_rates(
    share: Float64, at: NDArray[np.integer[Any]], size: int, overall: Float64, k: float, sigma: float
) -> Float64:
    """Return (size, C) rates by hour, smoothed as a series of rates in which an hour without labels is 0.

    An hour without labels itself gets the overall rate, and fewer than three hours with labels are not smoothed. All
    else as `round_the_clock`. Source: the prior tables of public BirdCLEF 2026 chains.
    """
    from scipy.ndimage import gaussian_filter1d

    count = np.array([(at == h).sum() for h in range(size)], np.float64)
    rate = np.array([share[at == h].mean(axis=0) if count[h] else np.zeros(share.shape[1]) for h in range(size)])
    if sigma > 0 and (count > 0).sum() >= 3:
        rate = np.clip(gaussian_filter1d(rate, sigma, axis=0, mode="wrap"), 0.0, 1.0)
    w = (count / (count + k))[:, None]
    return np.asarray(w * rate + (1 - w) * overall)


def taxa_of(classes: Sequence[str], taxonomy: Taxonomy | None, wanted: Mapping[str, float]) -> list[str]:
    """Return the class_name of every class; "" for all if `wanted` has no numbers by class_name."""
    if not wanted:
        return [""] * len(classes)
    if taxonomy is None:
        raise BlendkitError("numbers by class_name need a taxonomy, and the data folder has none")
    return [taxonomy.group_of(c, "class_name") for c in classes]


def added(
    x: Matrix, rows: Rows, fitted: Fitted, key: Callable[[int], Hashable], term: Callable[[Any, int], Float64]
) -> Matrix:
    """Return x (N, C) plus each recording's term (C,); term(artefact, row) is called once per artefact and key."""
    bounds, numbers, computed = rows.offsets(), dict[Hashable, int](), list[Float64]()
    own = np.empty(len(bounds) - 1, np.int64)
    for r, a in enumerate(bounds[:-1].tolist()):
        pick = fitted.pick(str(rows.recording[a]))
        if (pick, key(a)) not in numbers:
            numbers[pick, key(a)] = len(computed)
            computed.append(term(fitted.artefacts[pick], a))
        own[r] = numbers[pick, key(a)]
    table, number = np.asarray(computed, np.float64), np.repeat(own, np.diff(bounds))
    out = np.empty_like(x, order="C")
    in_blocks(len(x), x.shape[1], lambda part: _add(x[part], table, number[part], out[part]))
    return out


def _add(x: Matrix, table: Float64, number: Int64, out: Matrix) -> None:
    np.add(x, table.take(number, axis=0), out=out, casting="same_kind")


def prior_term(
    known: tuple[str, ...], base: Float64, rate: Float64, classes: tuple[str, ...], strength: Float64,
    cap: float | Float64, centre: bool, floor: float = 0.0,
) -> Float64:  # fmt: skip
    """Return (C,) strength (C,) x (logit rate - logit base), within +-cap; base and rate (K,) are of the known classes.

    0 for a class that is unknown, or whose base rate is 0 or 1, because such a class gives no evidence on sites and
    hours. centre False leaves the base out. floor: rates are first limited to [floor, 1 - floor]; above 0, classes
    without evidence count, too. cap: one, or (C,).
    """
    if floor > 0:
        base, rate = np.clip(base, floor, 1 - floor), np.clip(rate, floor, 1 - floor)
    informative = (base > 0) & (base < 1)
    safe, overall = np.where(informative, rate, 0.5), np.where(informative, base, 0.5)
    with np.errstate(divide="ignore"):  # a rate of 0 or 1 has endless odds, which the cap limits
        odds = np.log(safe) - np.log1p(-safe)
    if centre:
        odds -= np.log(overall) - np.log1p(-overall)
    odds = np.where(informative, odds, 0.0)
    if classes != known:
        odds = numbers_for(known, odds, classes, 0.0)
    return np.asarray(np.clip(strength * odds, -cap, cap))


def by_artefact(x: Matrix, rows: Rows, fitted: Fitted, mapped: Callable[[Any, Matrix], Matrix]) -> Matrix:
    """Return x (N, C) with every recording's rows mapped by the artefact that it gets: mapped(artefact, rows)."""
    if not len(rows):
        return x
    first = rows.offsets()
    number = np.repeat([fitted.pick(str(rows.recording[a])) for a in first[:-1]], np.diff(first))
    different = np.unique(number).tolist()
    if len(different) == 1:
        return mapped(fitted.artefacts[different[0]], x)
    out = np.empty_like(x, order="C")
    for i in different:
        part = np.flatnonzero(number == i)
        out[part] = mapped(fitted.artefacts[i], x[part])
    return out


def require_below(unsure: float, sure: float) -> None:
    """Raise BlendkitError unless `unsure` is below `sure`."""
    if not unsure < sure:
        raise BlendkitError(f"unsure {unsure:g} is not below sure {sure:g}")


def unsureness(high: Float64, unsure: float, sure: float) -> Float64:
    """Return (N,) 1 where a chunk's highest score is at most `unsure`, falling to 0 at `sure`."""
    require_below(unsure, sure)
    return np.clip((sure - high) / (sure - unsure), 0.0, 1.0)


def highest_covered(x: Matrix, covered: Bools | None) -> Float64:
    """Return (N,) the highest score of each chunk among covered classes; 0 where there are none."""
    counts = x if covered is None or covered.all() else x[:, covered]
    return counts.max(axis=1).astype(np.float64) if counts.shape[1] else np.zeros(len(x))


def used_by(rows: Rows, fitted: Fitted) -> list[Any]:
    """Return the artefacts that some recording of these rows gets."""
    return [fitted.artefacts[i] for i in sorted({fitted.pick(r) for r in rows.recordings()})]


def numbers_for(known: Sequence[str], values: Float64, classes: Sequence[str], otherwise: float) -> Float64:
    """Return (C,) an artefact's numbers in the order of these classes."""
    at = dict(zip(known, values.tolist(), strict=True))
    return np.array([at.get(c, otherwise) for c in classes])
