from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import expit, logit

from blendkit.audio.cutting import Edge
from blendkit.audio.decoded import Decoded
from blendkit.errors import BlendkitError
from blendkit.member.protocol import TTA, MemberInfo, ShiftSpace
from blendkit.member.shift_mean import ShiftMean
from blendkit.member.window_places import RecordingAudio, shift_notes
from blendkit.member.windows import score_jobs
from blendkit.recipe.load import parse_recipe
from blendkit.scoring.identity import tta_of


@dataclass
class Ends:
    """Gives the first and the last sample of each window of 4 s at 1 Hz, as logits."""

    info: MemberInfo = MemberInfo(("first", "last"), (True, True), 1, 4.0)

    def predict(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        return windows[:, [0, -1]]


@dataclass
class Frames:
    """Gives two frames a window of 2 s at 1 Hz: its samples, as probabilities."""

    info: MemberInfo = MemberInfo(("c",), (True,), 1, 2.0, pool="frames", frames=2)

    def predict(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        return windows[:, :, None]


def scored(samples: list[float], tta: TTA, chunks: int) -> NDArray[np.float32]:
    decoded = Decoded(np.array(samples, np.float32), 1, len(samples), "ok")
    return score_jobs(Ends(), [RecordingAudio("r", decoded, chunks)], 4.0, tta)


@pytest.mark.parametrize(
    ("edge", "first", "last"),
    [
        # 12 samples in 3 chunks, read 1 s later: 1..4, 5..8, then 9, 10, 11 and what the edge brings
        ("circular", [1, 5, 9], [4, 8, 0]),
        ("zero", [1, 5, 9], [4, 8, 0]),
        ("reflect", [1, 5, 9], [4, 8, 10]),
        ("clamp", [1, 5, 8], [4, 8, 11]),
        ("roll", [1, 5, 9], [0, 4, 8]),
    ],
)
def test_the_edges_by_hand(edge: Edge, first: list[int], last: list[int]) -> None:
    got = scored(list(range(12)), TTA((1.0,), edge), 3)
    assert got.T.tolist() == [first, last]


def test_circular_reads_the_other_end_in_both_directions() -> None:
    samples = [10.0, 11, 12, 13, 14, 15, 16, 17]
    assert scored(samples, TTA((1.0,), "circular"), 2)[1].tolist() == [15, 10]
    assert scored(samples, TTA((-1.0,), "circular"), 2)[0].tolist() == [17, 12]


def test_weights_are_relative() -> None:
    # the first chunk's first samples are 1 at rest, 2 at +1, 9 at -1: (1 + 2 * 2 + 2 * 9) / 5
    samples = [1.0, 2, 0, 0, 0, 0, 0, 9]
    for scale in (1.0, 0.1, 7.0):
        tta = TTA((0.0, 1.0, -1.0), "circular", (scale, 2 * scale, 2 * scale))
        assert scored(samples, tta, 2)[0, 0] == pytest.approx((1 + 4 + 18) / 5)
    # a shift that is dropped takes its weight with it: (1 + 2 * 2) / 3
    assert scored(samples, TTA((0.0, 1.0, -1.0), "drop", (1, 2, 2)), 2)[0, 0] == pytest.approx(5 / 3)


def test_equal_weights_give_the_bits_of_none() -> None:
    samples = np.random.default_rng(0).standard_normal(40).tolist()
    shifts = (0.0, 1.0, -2.0)
    assert np.array_equal(scored(samples, TTA(shifts), 10), scored(samples, TTA(shifts, "drop", (1.0, 1.0, 1.0)), 10))


def test_the_mean_of_probabilities() -> None:
    samples = [float(logit(0.2)), float(logit(0.4)), 0, 0]
    got = scored(samples, TTA((0.0, 1.0), "circular", mean="prob"), 1)
    assert expit(got[0, 0]) == pytest.approx(0.3)
    weighted = scored(samples, TTA((0.0, 1.0), "circular", (3, 1), "prob"), 1)
    assert expit(weighted[0, 0]) == pytest.approx(0.25)


def test_the_mean_of_probabilities_keeps_the_order_of_large_logits() -> None:
    mean = ShiftMean.empty(3, 1, "prob")
    mean.add([(0, 1.0), (0, 1.0), (1, 1.0), (1, 1.0), (2, 0.5)], np.array([[50.0], [60.0], [50.0], [61.0], [-300.0]]))
    got = mean.logits().ravel()
    assert 50 < got[0] < got[1] < 61
    assert got[0] == pytest.approx(-np.log((np.exp(-50) + np.exp(-60)) / 2))
    assert got[2] == pytest.approx(-300)  # a single shift stays what it is


def frames(tta: TTA) -> NDArray[np.float64]:
    """Score the timeline .1 .2 | .9 .3 | .4 .5 in chunks of two frames; return probabilities."""
    decoded = Decoded(np.array([0.1, 0.2, 0.9, 0.3, 0.4, 0.5], np.float32), 1, 6, "ok")
    return expit(score_jobs(Frames(), [RecordingAudio("r", decoded, 3)], 2.0, tta).ravel())


def test_frames_are_moved_on_their_timeline() -> None:
    stays = TTA((0.0, 1.0, -1.0), "clamp", (0.5, 0.25, 0.25), "prob")
    np.testing.assert_allclose(frames(stays), [0.375, 0.775, 0.475], atol=1e-7)
    dropped = TTA((0.0, 1.0, -1.0), "drop", (0.5, 0.25, 0.25), "prob")
    wanted = [(0.5 * 0.2 + 0.25 * 0.9) / 0.75, 0.775, (0.5 * 0.5 + 0.25 * 0.4) / 0.75]
    np.testing.assert_allclose(frames(dropped), wanted, atol=1e-7)
    logits = TTA((0.0, 1.0, -1.0), "clamp", (0.5, 0.25, 0.25))
    mean = 0.75 * logit(0.2) + 0.25 * logit(0.9)
    np.testing.assert_allclose(frames(logits)[0], expit(mean), atol=1e-7)
    np.testing.assert_allclose(frames(TTA()), [0.2, 0.9, 0.5], atol=1e-7)


def test_frames_cost_no_further_prediction(monkeypatch: pytest.MonkeyPatch) -> None:
    given = []
    honest = Frames.predict
    monkeypatch.setattr(Frames, "predict", lambda self, x: (given.append(len(x)), honest(self, x))[1])
    frames(TTA((0.0, 1.0, -1.0)))
    assert given == [3]


@pytest.mark.parametrize(
    ("tta", "said"),
    [
        (TTA((0.0, 0.4)), "a shift of 0.4 s is less than half a frame of 1 s"),
        (TTA((0.0, 1.0), "reflect"), r"left out \(`drop`\) or stay \(`clamp`\), got 'reflect'"),
    ],
)
def test_moves_that_frames_cannot_make(tta: TTA, said: str) -> None:
    with pytest.raises(BlendkitError, match=said):
        frames(tta)


def test_a_shift_that_is_not_whole_frames_is_said() -> None:
    half = MemberInfo(("c",), (True,), 1, 20.0, pool="frames", frames=40)
    assert shift_notes(half, TTA((0.0, 0.6, 1.0, -1.3))) == [
        "a shift of 0.6 s is 0.5 s, of -1.3 s is -1.5 s, on frames of 0.5 s"
    ]
    assert shift_notes(half, TTA((0.0, 0.5, -1.0))) == shift_notes(half, TTA()) == []
    assert shift_notes(Ends().info, TTA((0.0, 0.6))) == []  # windows move by samples
    with pytest.raises(BlendkitError, match="tta does not fit the pool `frames`"):
        shift_notes(half, TTA((0.0, 0.2)))


@pytest.mark.parametrize("weights", [(1.0,), (1.0, 0.0), (1.0, -1.0), (1.0, float("nan"))])
def test_weights_that_do_not_fit(weights: tuple[float, ...]) -> None:
    with pytest.raises(BlendkitError, match="one weight above 0 for every shift"):
        TTA((0.0, 1.0), "drop", weights)


RECIPE = "recipe: 1\nname: r\nmembers:\n  t: {use: tone, classes: [a], tta: TTA}\noutput: t\n"


def parsed(text: str) -> TTA:
    return tta_of(parse_recipe(RECIPE.replace("TTA", text), str(Path("r.yaml"))).model.members["t"])


def test_a_recipe_says_all_of_it() -> None:
    mean: ShiftSpace = "prob"
    text = "{shifts_s: [0, 1.25, -1.25], weights: [1, 2, 2], mean: prob, edge: circular}"
    assert parsed(text) == TTA((0.0, 1.25, -1.25), "circular", (1.0, 2.0, 2.0), mean)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{shifts_s: [0, 1], weights: [1]}", "1 weights for 2 shifts: give one for each, or none"),
        ("{shifts_s: [0, 1], weights: [1, 0]}", "greater than or equal to 1e-09"),
        ("{shifts_s: [0, 1], mean: rank}", "'logit' or 'prob'"),
        ("{shifts_s: [0, 1], edge: wrap}", "circular"),
    ],
)
def test_a_recipe_with_wrong_shifts(text: str, said: str) -> None:
    with pytest.raises(BlendkitError, match=said):
        parsed(text)
