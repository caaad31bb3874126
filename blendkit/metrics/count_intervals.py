"""Intervals of shares and rates of counts, where whole recordings are the independent observations."""

from __future__ import annotations

import math
from dataclasses import dataclass

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
    # at a share of 0 or 1 rounding could put a bound on its other side
    return min(max(middle - reach, 0.0), share), max(min(middle + reach, 1.0), share)


def redrawn(recordings: int, replicates: int, seed: int = 0) -> Float64:
    """Return (B, R) how often each recording is in each of B draws of as many recordings, with replacement."""
    rng = np.random.default_rng(seed)
    return rng.multinomial(recordings, np.full(recordings, 1 / recordings), size=replicates).astype(np.float64)


@dataclass(frozen=True, eq=False)
class RedrawnEffort:
    """Effort in cells, such as hours listened in an hour of the day, over redrawn recordings.

    draws (B, R): see `redrawn`; sums (B, K): of each draw; total (K,): the effort itself; recordings (K,): how many
    recordings were listened to.
    """

    draws: Float64
    sums: Float64
    total: Float64
    recordings: Int64

    @classmethod
    def of(cls, effort: Float64, draws: Float64) -> RedrawnEffort:
        """Return it for the effort (R, K) of each recording in each cell."""
        return cls(draws, draws @ effort, effort.sum(axis=0), (effort > 0).sum(axis=0).astype(np.int64))

    def rate_bounds(self, counts: Float64, level: float = 0.95) -> tuple[Float64, Float64]:
        """Return the bounds (K,) of rates, sum(counts) / sum(effort). counts (R, K): such as detections of a class.

        They are percentiles over the draws in which a cell has effort; nan where fewer than two recordings were
        listened to, because then nothing can be redrawn. The upper bound is at least that of a Poisson count of 0
        (Garwood 1936), 3.7 / effort at 95 %, as if counts came one by one: of a cell without a count, and of one with
        so few that no draw shows how many there may be.
        """
        hit = counts.any(axis=1)  # most recordings hold nothing of most classes
        top = self.draws[:, hit] @ counts[hit]
        out = np.full((2, len(self.recordings)), np.nan)
        enough = self.recordings >= 2
        out[:, enough] = 0
        out[1, enough] = -math.log((1 - level) / 2) / self.total[enough]
        for k in np.flatnonzero(enough & counts.any(axis=0)).tolist():
            there = self.sums[:, k] > 0
            low, high = np.quantile(top[there, k] / self.sums[there, k], [(1 - level) / 2, (1 + level) / 2])
            out[:, k] = low, max(high, out[1, k])
        return out[0], out[1]
