"""How confidence intervals are made: what the bootstrap redraws, how often, and at which level."""

from __future__ import annotations

from dataclasses import dataclass

from blendkit.core import ClusterBy


@dataclass(frozen=True)
class Judging:
    """Settings of the cluster bootstrap.

    clusters: what is redrawn as a whole, for chunks of one recording are not independent observations; replicates: how
    often it is redrawn; seed: of all random draws; level: of the confidence intervals.
    """

    clusters: ClusterBy = "recording"
    replicates: int = 1000
    seed: int = 0
    level: float = 0.95
