"""Coefficients of a sum of logits that were fitted by class, stored as plain numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from blendkit.core import Bools, Float64
from blendkit.errors import BlendkitError, did_you_mean
from blendkit.store import artefact


@artefact("stack", coefficients=("C", "K"))
@dataclass(frozen=True, eq=False)
class StackWeights:
    """coefficients (C, K) of K members' logits in each class. saw: the recordings that they were fitted on."""

    classes: tuple[str, ...]
    members: tuple[str, ...]
    coefficients: Float64
    saw: tuple[str, ...]

    def __post_init__(self) -> None:
        """Check that the coefficients are those of the members, and numbers."""
        if self.coefficients.shape[1] != len(self.members):
            raise ValueError(f"{self.coefficients.shape[1]} coefficients for {len(self.members)} members")
        if not np.isfinite(self.coefficients).all():
            raise ValueError("coefficients are not finite")

    def of(self, names: Sequence[str], classes: Sequence[str]) -> tuple[Float64, Bools]:
        """Return coefficients (K', C) of the named members in the given classes, and which classes (C,) it knows.

        Those of unknown classes are 0. Raises BlendkitError for a member that was not stacked, and where it knows none
        of the classes.
        """
        unknown = [f"{n!r}{did_you_mean(n, self.members)}" for n in names if n not in self.members]
        if unknown:
            raise BlendkitError(f"this stack has no {', '.join(unknown)}", [f"it has {', '.join(self.members)}"])
        at = {c: i for i, c in enumerate(self.classes)}
        known = np.array([c in at for c in classes], bool)
        if not known.any():
            raise BlendkitError("this stack was fitted on none of the run's classes")
        column = [self.members.index(n) for n in names]
        out = np.zeros((len(names), len(classes)))
        out[:, known] = self.coefficients[[at[c] for c in classes if c in at]][:, column].T
        return out, known
