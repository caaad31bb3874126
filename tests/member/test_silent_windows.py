"""`silence: floor`: windows that are 0 throughout are not given to a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from blendkit.audio.decoded import Decoded
from blendkit.member.non_finite import FLOOR, Lost
from blendkit.member.protocol import TTA, MemberInfo
from blendkit.member.window_places import RecordingAudio
from blendkit.member.windows import GroupScores, score_together

RATE = 10
INFO = MemberInfo(("sum",), (True,), RATE, 1.0, 2)  # windows of ten samples


class Sums:
    """Gives the sum of a window, NaN where that is above 100; remembers how many windows it was given."""

    def __init__(self, info: MemberInfo = INFO) -> None:
        self.info, self.given = info, 0

    def predict(self, windows: Any) -> Any:
        self.given += len(windows)
        sums = windows.sum(axis=1, keepdims=True)
        return np.where(sums > 100, np.nan, sums).astype(np.float32)


def audio(chunks: Sequence[float], recording: str = "r") -> RecordingAudio:
    """A recording with one value all through each chunk."""
    samples = np.repeat(np.array(chunks, np.float32), RATE)
    return RecordingAudio(recording, Decoded(samples, RATE, float(len(chunks)), "ok"), len(chunks))


def scored(member: Sums, *jobs: RecordingAudio, tta: TTA | None = None) -> GroupScores:
    return score_together([member], jobs, 1.0, tta or TTA(), "floor")


def test_silent_windows_get_the_floor_and_are_counted() -> None:
    member = Sums()
    got = scored(member, audio([1, 0, 2, 0]), audio([3], "loud"), audio([0, 0], "quiet"))
    assert got.values[0].ravel().tolist() == [10, FLOOR, 20, FLOOR, 30, FLOOR, FLOOR]
    assert got.silent == {"r": 2, "quiet": 2}
    assert got.lost == [{}]
    assert member.given == 3


def test_by_default_they_are_scored() -> None:
    member = Sums()
    got = score_together([member], [audio([1, 0])], 1.0, TTA())
    assert (got.values[0].ravel().tolist(), got.silent, member.given) == ([10, 0], {}, 2)


def test_of_a_shifted_window_only_the_silent_shifts_have_the_floor() -> None:
    member = Sums()
    got = scored(member, audio([1, 0, 0]), tta=TTA((-0.5, 0.0)))
    # chunk 1 has no earlier audio; chunk 2 is silent, its shifted window half; chunk 3 and its shifted window are silent
    assert got.values[0].ravel().tolist() == [10, (5 + FLOOR) / 2, FLOOR]
    assert got.silent == {"r": 2}
    assert member.given == 2


def test_windows_pooled_onto_chunks_count_with_the_floor() -> None:
    # windows of a second every half: of the second chunk 5 samples of sound, then 10 of silence, then 5
    got = scored(Sums(replace(INFO, hop_s=0.5)), audio([1, 0]))
    assert got.values[0].ravel().tolist() == pytest.approx([(10 * 10 + 5 * 5) / 15, (5 * 5 + 10 * FLOOR) / 15])
    assert got.silent == {"r": 1}


def test_frames_of_silence_have_the_floor_as_a_probability() -> None:
    class Frames(Sums):
        def predict(self, windows: Any) -> Any:
            return np.full((len(windows), 2, 1), 0.5, np.float32)

    got = scored(Frames(replace(INFO, pool="frames", frames=2)), audio([1, 0]))
    assert got.values[0].ravel().tolist() == pytest.approx([0, FLOOR])


def test_lost_windows_beside_silent_ones_are_still_lost() -> None:
    got = scored(Sums(), audio([1, 99, 0]))
    assert (got.lost, got.silent) == ([{"r": Lost(3, 1, 1)}], {"r": 1})
