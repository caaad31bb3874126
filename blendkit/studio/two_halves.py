"""The recordings in two halves: one to look at while a blend is moved, one held out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from blendkit.core import Bools, fold_of
from blendkit.offline import LabelledChunks


@dataclass(frozen=True, eq=False)
class Halves:
    """Labelled rows (N,) of each half; why_not: why nothing is held out, and then all are looked at."""

    looked: Bools
    held: Bools
    why_not: str = ""

    def each(self) -> dict[str, Bools]:
        """Return the halves that there are, by name."""
        return {"looked": self.looked} if self.why_not else {"looked": self.looked, "held": self.held}


def halves_of(truth: LabelledChunks) -> Halves:
    """Divide the labelled recordings in the order of their names' hashes: equal labels give equal halves each time.

    With one more labelled, others may change sides: halves of equal size are worth more here, of few recordings.
    """
    names = np.array([str(r) for r in truth.rows.recording], object)
    part = fold_of(sorted(set(names[truth.labelled].tolist())), 2)
    second = np.array([part.get(n, 0) == 1 for n in names], bool)
    looked, held = truth.labelled & ~second, truth.labelled & second
    if all(_measurable(truth.truth[rows]) for rows in (looked, held)):
        return Halves(looked, held)
    why = "too few labelled recordings to hold a half out: one half would have no class with positives and negatives"
    return Halves(truth.labelled, np.zeros_like(held), why)


def _measurable(y: Bools) -> bool:
    return bool(len(y) and (y.any(axis=0) & ~y.all(axis=0)).any())
