"""Cliffs of a share: classes whose AUC changes at once when the first little of another member comes in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blendkit.core import Bools
from blendkit.errors import BlendkitError, brief
from blendkit.metrics import weight_path

LITTLE = 0.02  # the share that comes in
FALL = 0.05  # of a class's AUC, over which it counts as a cliff
_SHOWN = 3


@dataclass(frozen=True)
class Cliff:
    """A class whose AUC changes by more than .05 between share 0 and .02 of `enters` in a blend with `other`.

    before and after: its AUC at the two shares. values: how many different values `other` has in the class; tied: the
    share of its pairs of a positive and a negative that are tied there.
    """

    class_id: str
    other: str
    enters: str
    before: float
    after: float
    values: int
    tied: float

    @property
    def by_ties(self) -> bool:
        """Whether ties alone can explain it: a tied pair counts half, and any other score decides it."""
        return abs(self.after - self.before) <= self.tied / 2


def find_cliffs(
    truth: Bools, a: NDArray[Any], b: NDArray[Any], classes: Sequence[str], names: tuple[str, str]
) -> list[Cliff]:
    """Return the cliffs of blends of a and b (both (N, C), of labelled rows) at their two ends, the deepest first.

    names: of a and b. Values are compared as they are: give ranks where ranks are blended. Returns none where the
    values cannot be blended exactly.
    """
    found = []
    for x, y, other, enters in ((a, b, names[0], names[1]), (b, a, names[1], names[0])):
        try:
            path = weight_path(truth, x, y, [0.0, LITTLE])
        except BlendkitError:
            return []
        change = path.per_class[1] - path.per_class[0]
        for i in (int(i) for i in path.scored if abs(change[i]) > FALL):
            values, tied = _ties(truth[:, i], x[:, i])
            before, after = (float(v) for v in path.per_class[:, i])
            found.append(Cliff(classes[i], other, enters, before, after, values, tied))
    return sorted(found, key=lambda c: -abs(c.after - c.before))


def _ties(truth: Bools, x: NDArray[Any]) -> tuple[int, float]:
    """How many values a column (N,) has, and which share of its pairs of a positive and a negative is tied."""
    values, at = np.unique(x, return_inverse=True)
    positives = np.bincount(at[truth], minlength=len(values)).astype(np.int64)
    negatives = np.bincount(at[~truth], minlength=len(values)).astype(np.int64)
    return len(values), float((positives * negatives).sum() / (positives.sum() * negatives.sum()))


def cliff_notes(cliffs: Sequence[Cliff]) -> list[str]:
    """Return a note per member and reason, that names the classes with their AUC before and after."""
    groups: dict[tuple[str, str, bool], list[Cliff]] = {}
    for cliff in cliffs:
        groups.setdefault((cliff.other, cliff.enters, cliff.by_ties), []).append(cliff)
    return [_note(other, enters, ties, own) for (other, enters, ties), own in groups.items()]


def _note(other: str, enters: str, ties: bool, own: Sequence[Cliff]) -> str:
    listed = "; ".join(_class(c, ties) for c in own[:_SHOWN])
    more = "; also " + ", ".join(brief(c.class_id) for c in own[_SHOWN:]) if len(own) > _SHOWN else ""
    why = (
        f"{other} ties many chunks there, and any share of {enters}, however small, decides these ties"
        if ties
        else f"{enters}'s scores differ far more than {other}'s there, so a small share of {enters} decides the order"
    )
    classes = "1 class changes" if len(own) == 1 else f"{len(own)} classes change"
    return f"cliff: between share 0 and {LITTLE} of {enters}, {classes} by more than {FALL}: {listed}{more}: {why}"


def _class(cliff: Cliff, ties: bool) -> str:
    values = "constant" if cliff.values == 1 else f"{cliff.values} values"
    return f"{brief(cliff.class_id)} {cliff.before:.3f} to {cliff.after:.3f}" + (f" ({values})" if ties else "")
