"""The settings that somebody looked at, and how much too good the best of so many looks."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from blendkit.core import Float64


@dataclass(eq=False)
class TriedSettings:
    """Figures and redraws (R,) of settings by their key; the first is the recipe as it was opened.

    passed: settings that a drag passed over, of which a few are among the redraws.
    """

    figures: dict[str, float] = field(default_factory=dict)
    redraws: dict[str, Float64] = field(default_factory=dict)
    passed: set[str] = field(default_factory=set)

    def __len__(self) -> int:
        return len(self.passed | set(self.figures))

    def add(self, key: str, figure: float, redraws: Float64) -> None:
        """Add a setting, once."""
        self.figures.setdefault(key, figure)
        self.redraws.setdefault(key, redraws)

    def optimism(self) -> float:
        """Return how much the best figure of so many settings is too high, see `optimism_of_best`; nan without any."""
        if not self.figures:
            return float("nan")
        return optimism_of_best(np.array(list(self.figures.values())), np.array(list(self.redraws.values())))


def optimism_of_best(figures: Float64, redraws: Float64) -> float:
    """Return by how much the highest of several figures is too high because it is the highest, by the bootstrap.

    figures (K,) of K settings, the first the one that nobody chose; redraws (K, R): the same on redrawn recordings. In
    each redraw the best setting is chosen anew, and its lead there over its own figure is taken, less that of the first
    setting; the mean of these is the optimism (Efron 1983, for a choice among settings). Redraws without a figure (nan)
    are left out.
    """
    known = redraws[:, ~np.isnan(redraws).any(axis=0)]
    if not known.shape[1]:
        return float("nan")
    best, at = known.argmax(axis=0), np.arange(known.shape[1])
    lead = (known[best, at] - figures[best]) - (known[0] - figures[0])
    return float(lead.mean())
