"""Members of whole files that fail on some recordings, or on all: whose fault it is, and what it costs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from blendkit.audio.prepare import Grid
from blendkit.audio.recordings import Recording
from blendkit.core.names import NameRule
from blendkit.errors import BlendkitError
from blendkit.events import silent
from blendkit.member.protocol import TTA, MemberInfo
from blendkit.scoring.audio_members import AudioMember
from blendkit.scoring.scorer import score_recordings
from blendkit.store import Stored
from blendkit.store.logits import LogitStore

GRID = Grid(1.0, "pad", NameRule())


@dataclass
class Files:
    """Scores 7 in every window of 1 s of files of 2 s; `spoil` changes the frame of a file by its name."""

    spoil: Callable[[str, pd.DataFrame], pd.DataFrame]
    info: MemberInfo = MemberInfo(("c",), (True,), 0, 0.0)
    calls: list[int] = field(default_factory=list)
    names: list[str] = field(default_factory=list)

    def predict_files(self, files: Sequence[Path]) -> pd.DataFrame:
        self.calls.append(len(files))
        self.names += [f.stem for f in files]
        return pd.concat([self.spoil(f.stem, frame_of(f)) for f in files])


def frame_of(path: Path) -> pd.DataFrame:
    index = [(str(path), 0.0, 1.0), (str(path), 1.0, 2.0)]
    return pd.DataFrame({"c": 7.0}, pd.MultiIndex.from_tuples(index, names=["file", "start_time", "end_time"]))


def foreign(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.rename(index=lambda f: f"{f}x", level=0)


def score(folder: Path, model: Files, *names: str) -> dict[str, Stored]:
    for name in names:
        soundfile.write(folder / f"{name}.wav", np.full(16000, 0.5, np.float32), 8000, subtype="FLOAT")
    found = [Recording(name, folder / f"{name}.wav") for name in names]
    store = folder / "store"
    member = AudioMember("m", lambda: model, TTA(), None, lambda m: LogitStore.create(store, "x", ("c",), (True,), {}))
    return score_recordings([member], found, GRID, silent).status


def test_an_unfit_frame_costs_its_recording(tmp_path: Path) -> None:
    model = Files(lambda name, f: foreign(f) if name == "r2" else f[:1] if name == "r3" else f)
    got = score(tmp_path, model, "r1", "r2", "r3")
    assert {r: s.status for r, s in got.items()} == {"r1": "ok", "r2": "failed", "r3": "ok"}
    assert "the member failed twice: the frame of predict_files does not fit its request" in got["r2"].note
    assert "files not requested: " in got["r2"].note
    assert got["r3"].note == "1 of 2 chunks without a window of the member; the recording's median stands in"
    assert model.calls == [3, 1, 1, 1, 1]  # together, then r1, r2 twice, and r3
    assert LogitStore.open(tmp_path / "store").read(NameRule()).values.ravel().tolist() == [7, 7, -15, -15, 7, 7]


def test_a_member_whose_every_frame_is_unfit_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BlendkitError, match="member 'm' failed on all of 2 recordings") as error:
        score(tmp_path, Files(lambda _, f: f.rename(columns={"c": "d"})), "r1", "r2")
    assert "classes missing: c" in str(error.value)


def test_bad_recordings_that_come_first_do_not_end_a_run(tmp_path: Path) -> None:
    bad, good = [f"a{i}" for i in range(9)], ["b1", "b2"]
    model = Files(lambda name, f: foreign(f) if name.startswith("a") else f)
    got = score(tmp_path, model, *bad, *good)
    assert {r: s.status for r, s in got.items()} == {**dict.fromkeys(bad, "failed"), **dict.fromkeys(good, "ok")}


def test_a_member_that_fails_on_silence_too_is_broken(tmp_path: Path) -> None:
    model = Files(lambda _, f: f.rename(columns={"c": "d"}))
    with pytest.raises(BlendkitError, match="member 'm' is broken: it failed on 8 recordings") as error:
        score(tmp_path, model, *(f"a{i}" for i in range(40)))
    assert "classes missing: c" in error.value.problems[0]
    assert "fails on silence, too" in error.value.problems[1]
    assert error.value.problems[2] == "32 recordings were not tried: a8, a9, a10, a11, a12 (+27 more)"
    tried = [s for s in LogitStore.open(tmp_path / "store").recordings().values() if s.status == "failed"]
    assert 8 <= len(tried) < 40


def test_failures_of_several_kinds_are_not_tried_on_silence(tmp_path: Path) -> None:
    odd = {"a3": lambda f: f.assign(c="text")}
    model = Files(lambda name, f: odd.get(name, foreign)(f) if name != "z" else f)
    assert score(tmp_path, model, *(f"a{i}" for i in range(8)), "z")["z"].status == "ok"
    assert "silence" not in " ".join(model.names)
