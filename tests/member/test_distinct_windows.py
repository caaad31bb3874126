"""Equal windows of several shifts are given to a member once, and every sum keeps its bits."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blendkit.audio.cutting import Edge
from blendkit.audio.decoded import Decoded
from blendkit.member.non_finite import FLOOR
from blendkit.member.protocol import TTA, MemberInfo, ShiftSpace
from blendkit.member.shift_mean import ShiftMean
from blendkit.member.window_places import RecordingAudio, passes_of, windows_in
from blendkit.member.windows import score_together

RATE = 10
SPACES: tuple[ShiftSpace, ...] = ("logit", "prob")


@dataclass
class Curved:
    """Gives two numbers of a window that no sum of others equals, always in the same array; counts its windows."""

    info: MemberInfo
    given: list[bytes] = field(default_factory=list)
    out: Any = None

    def predict(self, windows: Any) -> Any:
        self.given += [w.tobytes() for w in windows]
        if self.out is None:
            self.out = np.empty((self.info.batch, 2), np.float32)
        own = self.out[: len(windows)]
        for i, w in enumerate(windows.astype(np.float64)):
            own[i] = [np.sin(w).sum() / 3, np.copysign(1, w).sum() + np.abs(w).max()]
        windows[:] = 7
        return own


def member(batch: int = 3, hop_s: float | None = None) -> Curved:
    return Curved(MemberInfo(("a", "b"), (True, True), RATE, 1.0, batch, hop_s=hop_s))


def audio(samples: Any, chunks: int, name: str = "r") -> RecordingAudio:
    return RecordingAudio(name, Decoded(np.asarray(samples, np.float32), RATE, len(samples) / RATE, "ok"), chunks)


def one_by_one(jobs: list[RecordingAudio], tta: TTA, silence: str) -> Any:
    """The slow oracle: every window at every shift, cut by numpy, scored alone and added in order."""
    mean, row = ShiftMean.empty(sum(j.chunks for j in jobs), 2, tta.mean), 0
    for job in jobs:
        x, n = job.audio.samples, len(job.audio.samples)
        far = 10 * max(n, RATE)
        around: dict[str, Any] = {"reflect": "reflect", "circular": "wrap"}
        for k in range(job.chunks):
            for shift, weight in zip(tta.shifts_s, tta.shares, strict=True):
                first = k * RATE + round(shift * RATE)
                if shift and (k * RATE >= n or (tta.edge == "drop" and not 0 <= first <= n - RATE)):
                    continue
                if shift and tta.edge == "clamp":
                    first = max(min(first, n - RATE), 0)
                rolled = shift and tta.edge == "roll"
                wide = np.pad(x, far, mode=around.get(tta.edge, "constant") if shift else "constant")
                start = k * RATE if rolled else first
                window = wide[far + start : far + start + RATE]
                window = np.roll(window, -round(shift * RATE)) if rolled else window
                if silence == "floor" and not window.any():
                    mean.add_row(row, weight, FLOOR)
                else:
                    mean.add([(row, weight)], member(1).predict(window[None].copy()))
            row += 1
    return mean.logits().astype(np.float32)


@given(
    st.lists(st.tuples(st.integers(2, 45), st.integers(0, 4)), min_size=1, max_size=2),
    st.lists(st.sampled_from([-2.0, -1.0, -0.5, 0.5, 1.0, 0.3]), unique=True, max_size=4),
    st.sampled_from(["drop", "clamp", "zero", "reflect", "circular", "roll"]),
    st.integers(1, 7),
    st.sampled_from(["score", "floor"]),
    st.sampled_from(SPACES),
)
def test_every_bit_is_that_of_windows_one_by_one(
    sizes: list[tuple[int, int]], shifts: list[float], edge: Edge, batch: int, silence: Any, mean: ShiftSpace
) -> None:
    rng = np.random.default_rng(1)
    jobs = [audio(rng.standard_normal(n) * (np.arange(n) // 7 % 3 > 0), k, f"r{i}") for i, (n, k) in enumerate(sizes)]
    tta = TTA((shifts[0], 0.0, *shifts[1:]) if shifts else (0.0,), edge, mean=mean)
    model = member(batch)
    got = score_together([model], jobs, 1.0, tta, silence)
    assert np.array_equal(got.values[0], one_by_one(jobs, tta, silence))
    assert len(model.given) <= windows_in(model.info, 1.0, jobs, tta)
    if edge != "roll":  # a rolled window has a place of its own, whatever it holds
        sounding = [w for w in model.given if any(w)]
        assert len(sounding) == len(set(sounding)) or edge in ("reflect", "circular", "zero")


def test_equal_windows_by_hand() -> None:
    # four seconds; a second earlier and later are the neighbours' own windows, and nothing lies beyond
    model, one = member(), audio(np.arange(1, 41), 4)
    got = score_together([model], [one], 1.0, TTA((-1.0, 0.0, 1.0)))
    assert len(model.given) == windows_in(model.info, 1.0, [one], TTA((-1.0, 0.0, 1.0))) == 4
    own = score_together([member()], [one], 1.0, TTA()).values[0].astype(np.float64)
    wanted = [own[:2].mean(0), own[:3].mean(0), own[1:].mean(0), own[2:].mean(0)]
    np.testing.assert_allclose(got.values[0], wanted, rtol=1e-6)


def test_windows_of_silence_are_one_whatever_their_place() -> None:
    model = member()
    score_together([model], [audio(np.zeros(40), 4), audio(np.zeros(10), 3, "s")], 1.0, TTA((0.0, 0.5), "zero"))
    assert model.given == [bytes(4 * RATE)]
    negative = audio(np.full(20, -0.0), 2)
    got = score_together([member()], [audio(np.zeros(20), 2), negative], 1.0, TTA()).values[0]
    assert got[:, 1].tolist() == [RATE, RATE, -RATE, -RATE]  # the sign of zero is another sound to this member


def test_a_member_is_told_a_recording_twice_where_two_hold_the_same() -> None:
    model, samples = member(), np.arange(1, 21)
    score_together([model], [audio(samples, 2), audio(samples, 2, "copy")], 1.0, TTA())
    assert len(model.given) == 4


@pytest.mark.parametrize(
    ("hop_s", "shifts", "times"),
    # of a minute's 60 windows at five places each, those a second apart are the same
    [(None, (-2.0, -1.0, 0.0, 1.0, 2.0), 1.0), (None, (0.0, 0.5), (60 + 59) / 60), (0.5, (0.0, 0.5), 1.0)],
)
def test_how_often_a_member_hears_its_audio(hop_s: float | None, shifts: tuple[float, ...], times: float) -> None:
    assert passes_of(member(hop_s=hop_s).info, 1.0, TTA(shifts)) == pytest.approx(times)
