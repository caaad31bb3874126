"""P-values of a bootstrap in words: no smaller than its number of redraws allows."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from blendkit.metrics import Interval

_LEVEL = 0.05


def p_cell(raw: float, adjusted: float, replicates: int) -> str:
    """Return Holm's p-value as a cell; `<0.0532` where not one redraw went the other way.

    raw: before Holm's correction; nan where nothing could be compared. The smallest that R redraws give is 2 / (1 + R),
    whatever the truth.
    """
    if math.isnan(raw):
        return "-"
    bound = "<" if raw <= 2 / (1 + replicates) * (1 + 1e-9) else ""
    return f"{bound}{adjusted:.4f}"


def too_few_redraws(comparisons: int, replicates: int) -> str | None:
    """Return a note where so many comparisons cannot reach 0.05 with so few redraws, whatever the truth; else None."""
    least = comparisons * 2 / (1 + replicates)
    if not comparisons or least <= _LEVEL:
        return None
    needed = math.ceil(2 * comparisons / _LEVEL) - 1
    return (
        f"with {replicates} redraws no p-value of {comparisons} comparisons can be below {least:.4f} (Holm): "
        f"`--replicates {needed}` or more can show 0.05"
    )


def at_the_border(changes: Mapping[str, Interval], level: float) -> str | None:
    """Return a note on intervals and their p-values, before Holm's correction, that disagree on 0 lying outside.

    Both count the same redraws; the p-value counts one more against the difference, so that they part at the border.
    """
    parted = [n for n, c in changes.items() if (c.low > 0 or c.high < 0) != (c.p <= 1 - level)]
    if not parted:
        return None
    return f"{', '.join(parted)}: interval and p-value part at their border: say undecided, or redraw more often"
