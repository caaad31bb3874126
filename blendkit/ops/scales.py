"""Steps that only change the scale of scores: factors and sums, ranks counted from 0, scales by site."""

from __future__ import annotations

import numpy as np

from blendkit.core import Matrix, read_only
from blendkit.ops.declare import NonNegative, RowsOf, Score, SpaceOf, op
from blendkit.ops.kernels.per_value import standardise_kernel


@op(
    "linear",
    also_called=(
        (
            "boost by a factor, or by a bonus; with where: {top: 3, of: chunk} for a chunk's top classes",
            "{factor: 1.1}",
        ),
    ),
    scope="chunk",
    classwise=True,
    monotone="weak",
    effect="rescale",
)
def linear(x: Matrix, *, space: SpaceOf, factor: NonNegative = 1.0, added: Score = 0.0) -> Matrix:
    """Multiply and add: x <- factor x + added.

    x: (N, C) in any space; beyond logits the result is limited to 0 and 1, which makes ties where that is reached. With
    `where: {top: 3, of: chunk}` it is a bonus for a chunk's highest classes. Returns (N, C). Source: an
    affine map, as the temperature and bias of Platt's scaling are one.
    """
    out = x * x.dtype.type(factor) + x.dtype.type(added)
    return np.asarray(out if space == "logit" else np.clip(out, 0.0, 1.0), x.dtype)


@op(
    "ranks_from_zero",
    also_called=(("ranks as (r - 1) / (N - 1)", ""),),
    scope="set",
    classwise=True,
    spaces=("rank",),
    monotone="weak",
)
def ranks_from_zero(x: Matrix) -> Matrix:
    """Count ranks from 0 to 1: (r - 1) / (N - 1) in place of the share r / N; both are in use.

    x: (N, C) ranks, or means of ranks, over N chunks. A blend by rank is the same with either; what follows it (a
    power, an absolute threshold) is not. Below the lowest rank, as after a factor, it gives 0. Returns (N, C);
    a single chunk stays. Source: `scipy.stats.rankdata` less 1 over N - 1, in place of `pandas.rank(pct=True)`.
    """
    n = len(x)
    return x if n < 2 else np.asarray(np.maximum((n * x.astype(np.float64) - 1.0) / (n - 1), 0.0), x.dtype)


@op(
    "standardise_by_site",
    also_called=(("z-scores per site", ""),),
    scope="set",
    classwise=True,
    spaces=("logit",),
    effect="rescale",
    needs=("site",),
)
def standardise_by_site(x: Matrix, *, rows: RowsOf) -> Matrix:
    """Give every class mean 0 and standard deviation 1 over the chunks of each site.

    x: (N, C) logits; a class that is constant at a site becomes 0 there, and recordings without a site in their name
    stay. What differs between sites, real or not, is lost. Returns (N, C). Source: `standardise`, site
    by site.
    """
    out = np.array(x, order="C")
    for site in dict.fromkeys(rows.site.tolist()):
        if site:
            at = np.flatnonzero(rows.site == site)
            own = read_only(x[at])
            made = np.empty_like(own, order="C")
            standardise_kernel(own, made)
            out[at] = made
    return out
