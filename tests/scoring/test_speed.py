"""Speed by hand: 600 s of audio heard in 30 s, of which 24 s inside the model."""

from __future__ import annotations

from typing import Any

import pytest

import blendkit.scoring.opened_members
import blendkit.scoring.run_speed
from blendkit.member.windows import TTA
from blendkit.scoring.audio_members import AudioMember
from blendkit.scoring.opened_members import Opened
from blendkit.scoring.run_speed import predicted_minutes, throughput, timings
from blendkit.scoring.scorer import Scored
from blendkit.store import Stored


def no_call(*_: object) -> Any:
    raise AssertionError


def opened(**members: tuple[float, float, float, int]) -> Opened:
    """Members by (seconds, inference_s, audio_s, scored)."""
    audio = tuple(AudioMember(name, no_call, TTA(), None, no_call, *spent) for name, spent in members.items())
    return Opened({}, audio, {}, [], {})


@pytest.fixture(autouse=True)
def two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blendkit.scoring.run_speed, "cpu_count", lambda: 2)
    monkeypatch.setattr(blendkit.scoring.opened_members, "cpu_count", lambda: 2)


def test_throughput_by_hand() -> None:
    idle = {"none": (1.0, 1.0, 60.0, 0), "timeless": (0.0, 0.0, 60.0, 1), "silent": (1.0, 1.0, 0.0, 1)}
    (found,) = throughput(opened(m=(30.0, 24.0, 600.0, 10), **idle))
    assert (found.member, found.recordings_scored, found.seconds) == ("m", 10, 30.0)
    assert found.recordings_per_s == pytest.approx(1 / 3)
    assert found.x_real_time == 20
    assert (found.inference, found.post) == (pytest.approx(0.8), pytest.approx(0.2))
    assert found.minutes == pytest.approx(17.5)  # 700 minutes at 20 x real time are 35 on 2 cores, and 17.5 on 4


def test_the_longer_of_models_and_decoding_counts() -> None:
    both = opened(m=(30.0, 24.0, 600.0, 10), n=(15.0, 15.0, 600.0, 10))  # 17.5 and 8.75 minutes, one after the other
    assert predicted_minutes(both, Scored({}, 5.0, 1.0)) == pytest.approx(26.25)
    assert predicted_minutes(both, Scored({}, 230.0, 10.0)) == pytest.approx(70.0)  # 240 s for 600 s, on 4 cores
    assert predicted_minutes(opened(), Scored({}, 5.0, 1.0)) is None
    silence, sound = (Stored("k", 12, status, "", 60.0) for status in ("silent", "ok"))
    assert predicted_minutes(both, Scored({"r": silence}, 5.0, 1.0)) is None  # windows of silence are heard once
    assert predicted_minutes(both, Scored({"r": silence, "s": sound}, 5.0, 1.0)) == pytest.approx(26.25)
    assert predicted_minutes(opened(m=(0.0, 0.0, 600.0, 10)), Scored({}, 5.0, 1.0)) is None


def test_what_timings_say() -> None:
    told = timings(
        {"start": 1.0, "read": 3.5, "score": 4.0006},
        opened(m=(30.0, 24.0, 600.0, 9), n=(0, 0, 0, 0)),
        Scored({}, 1.23456, 2.0),
    )
    assert told["seconds"] == {"read": 2.5, "score": 0.501}
    assert (told["decode_s"], told["resample_s"], told["cores"]) == (1.235, 2.0, 2)
    assert told["members"]["m"] == {
        "recordings_scored": 9, "seconds": 30.0, "recordings_per_s": 0.3, "x_real_time": 20.0, "inference": 0.8,
        "post": 0.2, "minutes": 17.5,
    }  # fmt: skip
    assert told["members"]["n"] == {"recordings_scored": 0, "seconds": 0.0}
    assert told["minutes_for_700_recordings_on_4_cores"] == 17.5
    assert timings({}, opened(), Scored({}))["minutes_for_700_recordings_on_4_cores"] is None
