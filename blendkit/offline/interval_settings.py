"""How confidence intervals are made: what the bootstrap redraws, how often, and at which level."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from blendkit.core import ClusterBy, require_choice
from blendkit.errors import BlendkitError
from blendkit.metrics import require_redraws


@dataclass(frozen=True)
class Judging:
    """Settings of the cluster bootstrap.

    clusters: what is redrawn as a whole, for chunks of one recording are not independent observations; replicates: how
    often it is redrawn; seed: of all random draws; level: of the confidence intervals. Raises BlendkitError for fewer
    replicates than an interval of that level needs, and for what cannot be.
    """

    clusters: ClusterBy = "recording"
    replicates: int = 1000
    seed: int = 0
    level: float = 0.95

    @property
    def redrawn(self) -> str:
        """What is redrawn, as a plural: recordings, sites, ..."""
        words = {"recording": "recordings", "site": "sites", "date": "days", "site-date": "days at a site"}
        return words[self.clusters]

    def __post_init__(self) -> None:
        """Refuse what cannot be, and too few replicates."""
        require_choice(self.clusters, get_args(ClusterBy), "clusters of an interval")
        if not 0 < self.level < 1:
            raise BlendkitError(f"the level of an interval lies between 0 and 1, got {self.level}")
        if self.seed < 0:
            raise BlendkitError(f"a seed is a whole number from 0 on, got {self.seed}")
        require_redraws(self.replicates, self.level)
