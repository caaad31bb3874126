"""What a private board may make of one's plateau, from scores on the labelled chunks."""

from __future__ import annotations

import math
from collections.abc import Mapping

from blendkit.core import Bools, Matrix, Rows
from blendkit.errors import BlendkitError
from blendkit.metrics import Crowd, Outlook, blend_correlation, plateau_outlook, team_spread
from blendkit.offline.interval_settings import Judging


def outlook_of(
    y: Bools, own: Matrix, members: Mapping[str, Matrix], rows: Rows, groups: list[str], crowd: Crowd, public: float,
    judging: Judging,
) -> Outlook:  # fmt: skip
    """Return the outlook of one's own scores (N, C) on a plateau.

    y (N, C) and rows (N): of the labelled chunks; groups (N): what a split keeps whole; members {name: (N, C)}: where
    `crowd` has no correlation, it is that of two random blends of these. Raises BlendkitError for fewer than two.
    """
    correlation = _estimate(y, members, judging.seed) if crowd.correlation is None else crowd.correlation
    recordings = rows.recording.tolist()
    spread = team_spread(y, own, correlation, groups, recordings, public, judging.replicates, judging.seed)
    return plateau_outlook(crowd, spread, correlation, judging.seed)


def _estimate(y: Bools, members: Mapping[str, Matrix], seed: int) -> float:
    found = blend_correlation(y, members, seed=seed) if len(members) > 1 else math.nan
    if math.isnan(found):
        raise BlendkitError(
            f"how alike the teams of a plateau err cannot be estimated from {len(members)} members",
            ["give it: --correlation 0.9 (Crowd(correlation=0.9))", "or compare with the members' own scores"],
        )
    return max(0.0, found)
