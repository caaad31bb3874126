from __future__ import annotations

import math

import numpy as np
import pytest

from blendkit.errors import BlendkitError
from blendkit.member.protocol import MemberContext
from blendkit.testing.member_checks import check_member
from blendkit_members.tone import tone


def wave(hz: float, amplitude: float, rate: int = 8000, seconds: float = 5.0) -> np.ndarray:
    at = np.arange(round(rate * seconds)) / rate
    return (amplitude * np.sin(2 * np.pi * hz * at)).astype(np.float32)[None]


def test_it_keeps_the_protocol() -> None:
    check_member("tone")
    check_member("tone", rate=16000, low_hz=100.0, high_hz=100.0)
    check_member("tone", classes=["one"], context=MemberContext(chunk_s=1.0))


def test_a_pure_tone_by_hand() -> None:
    # a sine of amplitude A in a whole number of periods: |rfft / n| = A / 2 in one bin, 0 elsewhere
    member = tone(MemberContext(("low", "mid", "high")), low_hz=1000.0, high_hz=3000.0)
    got = member.predict(wave(2000, 0.5))[0]
    assert got[1] == pytest.approx(math.log10(0.0625), abs=1e-4)
    assert got[0] < -9
    assert got[2] < -9


def test_silence_is_the_floor() -> None:
    member = tone(MemberContext(("a", "b")))
    assert member.predict(np.zeros((2, 40000), np.float32)).tolist() == [[-12.0, -12.0]] * 2


def test_the_batch_does_not_change_a_bit() -> None:
    member = tone(MemberContext(("a", "b", "c")))
    noise = np.random.default_rng(1).standard_normal((7, 40000)).astype(np.float32)
    one_by_one = np.concatenate([member.predict(noise[i : i + 1]) for i in range(7)])
    assert np.array_equal(member.predict(noise), one_by_one)


def test_whose_classes() -> None:
    assert tone(MemberContext(("a",)), classes=["x", "y"]).info.classes == ("x", "y")
    assert tone(MemberContext(("a",))).info.classes == ("a",)
    assert tone(MemberContext()).info.classes == tuple(f"tone{i}" for i in range(1, 9))


@pytest.mark.parametrize(("low", "high", "rate"), [(0.0, 3500.0, 8000), (500.0, 400.0, 8000), (300.0, 3999.5, 8000)])
def test_a_range_that_the_rate_cannot_hold(low: float, high: float, rate: int) -> None:
    with pytest.raises(BlendkitError, match="expected 0 < low_hz <= high_hz"):
        tone(MemberContext(("a", "b")), low_hz=low, high_hz=high, rate=rate)
