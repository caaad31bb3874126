"""How confidence intervals are made: what the bootstrap redraws, how often, and at which level."""

from __future__ import annotations

from dataclasses import dataclass

from blendkit.core import ClusterBy
from blendkit.metrics import require_redraws


@dataclass(frozen=True)
class Judging:
    """Settings of the cluster bootstrap.

    clusters: what is redrawn as a whole, for chunks of one recording are not independent observations; replicates: how
    often it is redrawn; seed: of all random draws; level: of the confidence intervals. Raises BlendkitError for fewer
    replicates than an interval of that level needs.
    """

    clusters: ClusterBy = "recording"
    replicates: int = 1000
    seed: int = 0
    level: float = 0.95

    def __post_init__(self) -> None:
        """Refuse too few replicates."""
        require_redraws(self.replicates, self.level)
