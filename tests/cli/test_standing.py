"""How often a source is above the first on simulated leaderboards, in words that fit together."""

from __future__ import annotations

import numpy as np
import pytest

from blendkit.cli._comparison import _standing
from blendkit.metrics import SimulatedSplit

FIRST = [0.5, 0.6, 0.7, 0.8]


@pytest.mark.parametrize(
    ("public", "private", "words"),
    [
        (FIRST, FIRST, ("always tied", "")),
        ([0.4, 0.5, 0.6, 0.7], FIRST, ("50%", "no public lead")),
        ([float("nan")] * 4, [float("nan")] * 4, ("no figure", "")),
        ([0.6, 0.7, 0.6, 0.7], [0.6, 0.5, 0.9, 0.9], ("75%", "50%")),
    ],
)
def test_ties_and_leads_are_told_apart(public: list[float], private: list[float], words: tuple[str, str]) -> None:
    sides = ({"a": np.array(FIRST), "b": np.array(x)} for x in (public, private))
    assert _standing(SimulatedSplit(*sides, np.full(4, 0.34)), "b", "a") == words
