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
from blendkit.events import silent
from blendkit.member.protocol import TTA, MemberInfo
from blendkit.scoring.scorer import AudioMember, score_recordings
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


def score(folder: Path, **recordings: float) -> dict[str, tuple[str, str]]:
    """Score recordings of 2 s of one value into the folder's store; return status and note of each."""
    found = []
    for name, value in recordings.items():
        soundfile.write(folder / f"{name}.wav", np.full(16000, value, np.float32), 8000, subtype="FLOAT")
        found.append(Recording(name, folder / f"{name}.wav"))
    store = folder / "store"
    member = AudioMember(
        "m", Loud, TTA(), None, lambda m: LogitStore.create(store, "x", m.info.classes, m.info.covered, {})
    )
    done = score_recordings([member], found, GRID, silent)
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
