"""What the word of a search says, by hand: members that learned from the recordings, and intervals that hold 0."""

from __future__ import annotations

from dataclasses import replace

from blendkit.metrics import Interval
from blendkit.offline.found_values import Found
from blendkit.searching import Guarded

SURE, UNSURE = Interval(0.02, 0.01, 0.03, 0.005, 0.01), Interval(0.02, -0.01, 0.05, 0.015, 0.2)


def found(gain: Interval, better: float, **more: object) -> Found:
    guarded = Guarded(0.9, 0.88, 0.02, "a", 0.86, gain, better, None, 4)
    return replace(Found({}, guarded, 0.85, 0.9, gain, "two divisions", ()), **more)  # type: ignore[arg-type]


def test_a_sure_gain_is_real() -> None:
    made = found(SURE, 1.0)
    assert made.judgement == "real"
    assert made.meaning == "better than the best input alone on recordings that the search did not see"
    assert made.beside == ""


def test_a_gain_whose_interval_holds_0_says_so() -> None:
    made = found(UNSURE, 0.8)
    assert made.judgement == "real"
    assert made.meaning.endswith("did not see; the interval holds 0: enough to choose by, no proof")
    assert "no proof" not in found(UNSURE, 0.6).meaning


def test_members_that_learned_from_the_recordings_leave_it_undecided() -> None:
    made = found(SURE, 1.0, seen=("b",))
    assert made.judgement == "undecided"
    assert made.meaning.startswith("b learned from labelled recordings that were held out here")
    assert "undecided" in repr(made)
    assert made.said()[-1].startswith("verdict: undecided: b learned")
    worse = replace(made, gain=Interval(-0.01, -0.02, 0.0, 0.005, 0.1))
    assert worse.said()[-1].endswith("on new ones is undecided, and no better than the recipe as it is: keep that")
