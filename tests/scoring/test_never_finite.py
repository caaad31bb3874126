"""A member that gives no finite value: broken if it never did, else the recording is odd."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from blendkit.audio.prepare import Grid
from blendkit.audio.recordings import Recording
from blendkit.core.names import NameRule
from blendkit.errors import BlendkitError
from blendkit.member.protocol import TTA, MemberInfo
from blendkit.scoring.audio_members import AudioMember
from blendkit.scoring.scorer import score_recordings
from blendkit.store.logits import LogitStore

GRID = Grid(1.0, "pad", NameRule())


@dataclass
class Loud:
    """Gives the loudest sample, and NaN on a window that starts with a negative one."""

    info: MemberInfo = MemberInfo(("c",), (True,), 8000, 1.0)

    def predict(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        out = windows.max(axis=1, keepdims=True)
        out[windows[:, 0] < 0] = np.nan
        return out


def score(
    folder: Path,
    model: type[Loud] = Loud,
    told: list[tuple[str, object]] | None = None,
    /,
    **recordings: float | list[float],
) -> dict[str, tuple[str, str]]:
    """Score recordings of 2 s of one value, or of some in turn, into the folder's store; return status and note of each.

    told: gets the events.
    """
    found = []
    for name, value in recordings.items():
        soundfile.write(folder / f"{name}.wav", np.resize(value, 16000).astype(np.float32), 8000, subtype="FLOAT")
        found.append(Recording(name, folder / f"{name}.wav"))
    store = folder / "store"
    member = AudioMember(
        "m", model, TTA(), None, lambda m: LogitStore.create(store, "x", m.info.classes, m.info.covered, {})
    )
    events = [] if told is None else told
    done = score_recordings([member], found, GRID, lambda event, payload: events.append((event, payload)))
    return {r: (s.status, s.note) for r, s in done.status.items()}


def test_an_odd_recording_costs_itself(tmp_path: Path) -> None:
    got = score(tmp_path, good=0.5, odd=-0.5)
    assert got["good"] == ("ok", "")
    assert got["odd"][0] == "ok"
    assert "2 windows gave NaN or infinite values; no window of the recording has finite ones: -15" in got["odd"][1]
    values = LogitStore.open(tmp_path / "store").read(NameRule()).values.ravel()
    assert values.tolist() == [0.5, 0.5, -15, -15]


def test_it_costs_itself_also_when_it_is_scored_later(tmp_path: Path) -> None:
    score(tmp_path, good=0.5)
    assert "-15 stands in" in score(tmp_path, good=0.5, odd=-0.5)["odd"][1]


def test_a_member_that_never_gave_a_finite_value_is_an_error(tmp_path: Path) -> None:
    for _ in range(2):  # nothing of the first try counts as scored
        with pytest.raises(BlendkitError, match=r"member 'm': gave NaN .* for every window .* that hold sound: a, b"):
            score(tmp_path, a=-0.5, b=-0.25)


@dataclass
class Never(Loud):
    """Gives NaN for every window."""

    def predict(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.full((len(windows), 1), np.nan, np.float32)


def test_a_first_group_without_a_finite_value_ends_nothing(tmp_path: Path) -> None:
    odd = {f"a{i}": -0.5 for i in range(17)}  # two groups of eight, and one more
    got = score(tmp_path, **odd, z=0.5)
    assert {r: s for r, (s, _) in got.items()} == dict.fromkeys([*odd, "z"], "ok")
    assert all("-15 stands in" in got[r][1] for r in odd)
    assert score(tmp_path, **odd, z=0.5) == got


def test_a_member_that_gives_none_for_noise_either_ends_the_run_at_once(tmp_path: Path) -> None:
    told: list[tuple[str, object]] = []
    with pytest.raises(BlendkitError, match="gave NaN or infinite values for every window") as error:
        score(tmp_path, Never, told, **{f"a{i}": 0.5 for i in range(20)})
    assert error.value.problems == (
        "it gives none for silence and noise, too: the recordings are not the reason",
        "12 recordings were not tried: a8, a9, a10, a11, a12 (+7 more)",
    )
    assert [p for e, p in told if e == "not_tried"] == [{"recordings": [f"a{i}" for i in range(8, 20)]}]
    assert score(tmp_path, **{f"a{i}": 0.5 for i in range(20)})["a0"] == ("ok", "")  # nothing of it counts as scored


@dataclass
class Picky(Loud):
    """Gives NaN for windows of next to one value, as models do that divide by a silent window's spread."""

    def predict(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        out = windows.max(axis=1, keepdims=True)
        out[np.ptp(windows, axis=1) < 0.001] = np.nan
        return out


def test_a_member_that_gives_numbers_for_noise_goes_on(tmp_path: Path) -> None:
    flat = {f"a{i}": 0.5 for i in range(9)}  # a first group of eight without a finite value
    got = score(tmp_path, Picky, **flat, z=[0.25, -0.25])
    assert {s for s, _ in got.values()} == {"ok"}
    assert [r for r, (_, note) in got.items() if "-15 stands in" in note] == list(flat)
