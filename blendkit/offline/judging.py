"""How figures are judged: what is redrawn, how often, and which interval is printed."""

from __future__ import annotations

from dataclasses import dataclass

from blendkit.core import ClusterBy


@dataclass(frozen=True)
class Judging:
    """clusters: what is redrawn whole, for chunks of one recording are no independent observations; replicates: how

    often; seed: of all that is drawn; level: of the confidence intervals.
    """

    clusters: ClusterBy = "recording"
    replicates: int = 1000
    seed: int = 0
    level: float = 0.95
