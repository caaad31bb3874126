"""The unshifted logits of a member with shifts: those of the same member without shifts, from the same calls."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blendkit.audio.decoded import Decoded
from blendkit.member.protocol import TTA, MemberInfo
from blendkit.member.window_places import RecordingAudio, windows_in
from blendkit.member.windows import GroupScores, score_together

RATE = 10


@dataclass
class Sums:
    """Gives the sum of a window and its first sample; NaN where a window holds a sample above 100."""

    info: MemberInfo = MemberInfo(("a", "b"), (True, True), RATE, 1.0, 3)
    sizes: list[int] = field(default_factory=list)

    def predict(self, windows: Any) -> Any:
        self.sizes.append(len(windows))
        logits = np.stack([windows.sum(axis=1), windows[:, 0]], axis=1)
        logits[(windows > 100).any(axis=1)] = np.nan
        return logits


def job(seed: int, seconds: float, chunks: int) -> RecordingAudio:
    samples = np.random.default_rng(seed).standard_normal(round(seconds * RATE)).astype(np.float32)
    samples[RATE : 2 * RATE] = 0  # the second chunk is digital silence
    return RecordingAudio(f"r{seed}", Decoded(samples, RATE, seconds, "ok"), chunks)


def same(a: GroupScores, b: GroupScores) -> bool:
    return np.array_equal(a.values[0], b.values[0]) and (a.lost, a.silent) == (b.lost, b.silent)


@given(
    st.sampled_from([TTA((-0.3, 0.0, 0.4)), TTA((0.0, 0.5), "clamp", (3.0, 1.0), "prob"), TTA((0.2, 0.0), "roll")]),
    st.sampled_from(["score", "floor"]),
    st.lists(st.floats(1.0, 5.0), min_size=1, max_size=3),
)
def test_they_are_those_of_the_member_without_shifts(tta: TTA, silence: Any, seconds: list[float]) -> None:
    jobs = [job(i, s, max(1, round(s))) for i, s in enumerate(seconds)]
    both = score_together([Sums()], jobs, 1.0, tta, silence, unshifted=TTA())
    assert both.unshifted is not None
    assert same(both.unshifted, score_together([Sums()], jobs, 1.0, TTA(), silence))
    assert same(both, score_together([Sums()], jobs, 1.0, tta, silence))


def test_the_shift_nearest_to_zero_where_zero_is_none() -> None:
    jobs = [job(1, 4.0, 4)]
    both = score_together([Sums()], jobs, 1.0, TTA((-0.5, 0.3), "clamp"), unshifted=TTA((0.3,), "clamp"))
    assert both.unshifted is not None
    assert same(both.unshifted, score_together([Sums()], jobs, 1.0, TTA((0.3,), "clamp")))


def test_a_window_lost_unshifted_alone_is_lost_in_both() -> None:
    audio = job(2, 4.0, 4)
    audio.audio.samples[2 * RATE] = 1000  # the first sample of chunk 3, and the last ones of chunk 2 moved right
    both = score_together([Sums()], [audio], 1.0, TTA((0.0, 0.2)), unshifted=TTA())
    assert both.unshifted is not None
    assert same(both.unshifted, score_together([Sums()], [audio], 1.0, TTA()))
    assert both.unshifted.lost != both.lost


def test_every_call_is_announced_with_what_is_done() -> None:
    seen: list[tuple[int, int, int]] = []
    model, jobs = Sums(), [job(1, 4.0, 4)]
    score_together([model], jobs, 1.0, TTA((0.0, 0.2)), before=lambda *told: seen.append(told))
    assert windows_in(model.info, 1.0, jobs, TTA((0.0, 0.2))) == 7
    # the last chunk has one window only: `edge: drop`
    assert (model.sizes, seen) == ([3, 3, 1], [(0, 3, 7), (3, 3, 7), (6, 1, 7)])


def test_what_is_called_before_may_stop() -> None:
    model = Sums()

    def stop(done: int, following: int, every: int) -> None:
        if done:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        score_together([model], [job(1, 4.0, 4)], 1.0, TTA(), before=stop)
    assert model.sizes == [3]
