"""Intervals of shares and rates of counts, where whole recordings are the independent observations."""

from __future__ import annotations

import math

import numpy as np

from blendkit.core import Float64, Int64


def clustered_share(hits: Float64 | Int64, shown: Float64 | Int64, level: float = 0.95) -> tuple[float, float, float]:
    """Return a share of counts, sum(hits) / sum(shown), and its interval, where counts (R,) are of recordings.

    Wilson's interval (1927) with the number of counts that the spread between recordings leaves: p (1 - p) / v, with
    the cluster-robust variance v = R / (R - 1) sum((hits - p shown)^2) / sum(shown)^2 over the R recordings with
    counts; at most sum(shown), and R itself where v is 0 or unknown, as for shares of exactly 0 or 1. An effective
    number of observations is what Korn and Graubard (1998) use for shares of surveys. nan without counts.
    """
    own = shown > 0
    h, n, r = hits[own].astype(np.float64), shown[own].astype(np.float64), int(own.sum())
    if not r:
        return math.nan, math.nan, math.nan
    total = float(n.sum())
    p = float(h.sum()) / total
    v = r / (r - 1) * float(((h - p * n) ** 2).sum()) / total**2 if r > 1 else 0.0
    size = min(p * (1 - p) / v, total) if v > 0 and 0 < p < 1 else float(r)
    return p, *wilson(p, max(size, 1.0), level)


def wilson(share: float, size: float, level: float = 0.95) -> tuple[float, float]:
    """Return Wilson's interval of a share of `size` independent observations, which need not be a whole number."""
    from scipy.special import ndtri

    z = float(ndtri((1 + level) / 2))
    middle = (share + z * z / (2 * size)) / (1 + z * z / size)
    reach = z / (1 + z * z / size) * math.sqrt(share * (1 - share) / size + z * z / (4 * size * size))
    return max(middle - reach, 0.0), min(middle + reach, 1.0)


def redrawn(recordings: int, replicates: int, seed: int = 0) -> Float64:
    """Return (B, R) how often each recording is in each of B draws of as many recordings, with replacement."""
    rng = np.random.default_rng(seed)
    return rng.multinomial(recordings, np.full(recordings, 1 / recordings), size=replicates).astype(np.float64)


def rate_intervals(counts: Float64, effort: Float64, draws: Float64, level: float = 0.95) -> tuple[Float64, Float64]:
    """Return the bounds (K,) of rates, sum(counts) / sum(effort), from redrawn recordings.

    counts, effort (R, K): of each recording in each cell, such as detections and hours listened in an hour of the day.
    draws (B, R): see `redrawn`. The bounds are percentiles over the draws in which a cell has effort; nan where fewer
    than two recordings were listened to, because then nothing can be redrawn.
    """
    top, bottom = draws @ counts, draws @ effort  # (B, K)
    out = np.full((2, counts.shape[1]), np.nan)
    tails = [(1 - level) / 2, (1 + level) / 2]
    for k in np.flatnonzero((effort > 0).sum(axis=0) >= 2).tolist():
        there = bottom[:, k] > 0
        out[:, k] = np.quantile(top[there, k] / bottom[there, k], tails)
    return out[0], out[1]
