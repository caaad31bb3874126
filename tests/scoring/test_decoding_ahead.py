"""Decoding by several threads ahead of the models: in order, within bounds, and nothing left behind."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from blendkit.audio import Grid, Recording, prepare_recording
from blendkit.core import NameRule
from blendkit.errors import DeliveryError
from blendkit.member import TTA, MemberInfo
from blendkit.scoring.audio_members import AudioMember
from blendkit.scoring.decoding_ahead import Group, decoded_groups
from blendkit.scoring.part_writing_thread import part_writer
from blendkit.scoring.recording_keys import recording_key
from blendkit.scoring.scorer import score_recordings
from blendkit.store import LogitStore, file_hash, is_store
from blendkit.temporaries import scratch_folder

AHEAD = "blendkit.scoring.decoding_ahead."
GRID = Grid(1.0, "pad", NameRule())
RATE = 4000
INFO = MemberInfo(("a", "b"), (True, True), RATE, 1.0, 8)


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> list[Recording]:
    folder, rng = tmp_path_factory.mktemp("audio"), np.random.default_rng(0)
    for i in range(20):
        soundfile.write(folder / f"r{i:02}.wav", rng.standard_normal(RATE * (1 + i % 3)) * 0.1, RATE)
    (folder / "r05.wav").write_bytes(b"no sound")
    return [Recording(f"r{i:02}", folder / f"r{i:02}.wav") for i in range(20)]


def dealt(recordings: list[Recording], each: int, audio_s: float) -> Iterator[Group]:
    for k in range(0, len(recordings), each):
        yield Group(k // each, recordings[k : k + each], [RATE], audio_s)


def test_groups_come_in_order_whatever_is_decoded_first(
    recordings: list[Recording], monkeypatch: pytest.MonkeyPatch
) -> None:
    def uneven(r: Recording, *rest: Any) -> Any:
        time.sleep(0.01 if r.id.endswith(("0", "4")) else 0)
        return prepare_recording(r, *rest)

    monkeypatch.setattr(f"{AHEAD}prepare_recording", uneven)
    waiting = dealt(recordings, 4, 8.0)
    found = list(decoded_groups(lambda: next(waiting, None), {"r03": "known"}, GRID, 3))
    assert [h.number for h in found] == [0, 1, 2, 3, 4]
    assert [p.recording for h in found for p in h.recordings] == [r.id for r in recordings]
    keys = {r: k for h in found for r, k in h.keys.items()}
    assert keys.pop("r03") == "known"
    assert keys == {r.id: recording_key(r, GRID) for r in recordings if r.id != "r03"}


@pytest.mark.parametrize(("audio_s", "taken"), [(1000.0, 2), (400.0, 4), (0.0, 5)])
def test_what_is_ahead_is_bounded_by_its_length(recordings: list[Recording], audio_s: float, taken: int) -> None:
    """While the first group is scored: one of 1000 s is ahead, or three of 400 s, or all that state no length."""
    asked, waiting = [], dealt(recordings, 4, audio_s)

    def following() -> Group | None:
        asked.append(next(waiting, None))
        return asked[-1]

    groups = decoded_groups(following, {}, GRID, 2)
    next(groups)
    assert len([g for g in asked if g is not None]) == taken
    groups.close()


def test_a_caller_that_stops_leaves_no_thread_and_no_folder(
    recordings: list[Recording], monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Any] = []

    def noted() -> Any:
        made.append(scratch_folder())
        return made[-1]

    monkeypatch.setattr(f"{AHEAD}scratch_folder", noted)
    waiting = dealt(recordings, 4, 400.0)
    groups = decoded_groups(lambda: next(waiting, None), {}, GRID, 2)
    next(groups)
    assert all(Path(s.name).is_dir() for s in made)
    groups.close()
    assert len(made) == 4
    assert not any(Path(s.name).exists() for s in made)
    assert not [t for t in threading.enumerate() if t.name.startswith("decoding")]


def test_what_ends_decoding_ends_the_run(recordings: list[Recording], monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> Any:
        raise DeliveryError("the scratch folder is full")

    monkeypatch.setattr(f"{AHEAD}prepare_recording", full)
    waiting = dealt(recordings, 4, 0.0)
    with pytest.raises(DeliveryError, match="full"):
        list(decoded_groups(lambda: next(waiting, None), {}, GRID, 2))


class Powers:
    """Two numbers of each window."""

    info = INFO

    def predict(self, windows: Any) -> Any:
        return np.stack([np.square(windows).mean(axis=1), windows[:, 0]], axis=1)


def scored(recordings: list[Recording], folder: Path) -> tuple[dict[str, Any], set[str]]:
    store = LogitStore.open(folder) if is_store(folder) else None
    member = AudioMember(
        "m", Powers, TTA(), store, lambda m: LogitStore.create(folder, "h", ("a", "b"), (True,) * 2, {})
    )
    return score_recordings([member], recordings, GRID, lambda *_: None).status, {
        p.name for p in folder.glob("part-*.parquet")
    }


def test_threads_change_neither_statuses_nor_bytes(
    recordings: list[Recording], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    for threads in (1, 5):
        monkeypatch.setattr("blendkit.scoring.scorer.cpu_count", partial(int, threads))
        found.append(scored(recordings, tmp_path / str(threads)))
    assert found[0] == found[1]  # a part's name is its content's
    assert found[0][0]["r05"].status == "unreadable"
    assert found[0][0]["r05"].key == recording_key(recordings[5], GRID)


def test_a_file_is_hashed_once_and_when_it_is_decoded(
    recordings: list[Recording], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[tuple[str, str]] = []

    def noted(path: Path) -> str:
        hashed.append((path.stem, threading.current_thread().name[:8]))
        return file_hash(path)

    monkeypatch.setattr("blendkit.scoring.recording_keys.file_hash", noted)
    scored(recordings[:16], tmp_path / "s")
    assert sorted(hashed) == [(r.id, "decoding") for r in recordings[:16]]
    hashed.clear()
    scored(recordings, tmp_path / "s")  # what is saved is hashed to see whether it changed, the rest as it is decoded
    assert sorted(r for r, where in hashed if where == "decoding") == [r.id for r in recordings[16:]]
    assert sorted(r for r, _ in hashed) == [r.id for r in recordings]


def test_what_a_write_raises_is_raised_by_the_next_and_at_the_end() -> None:
    done: list[str] = []

    def fail() -> None:
        raise OSError(28, "No space left on device")

    def slow() -> None:
        time.sleep(0.02)
        done.append("slow")

    with part_writer() as writer:
        writer.write(lambda: done.append("a"))
        writer.write(lambda: done.append("b"))
        writer.wait()
        assert done == ["a", "b"]
        writer.write(fail)
        with pytest.raises(OSError, match="No space"):
            writer.write(lambda: done.append("c"))
    with pytest.raises(OSError, match="No space"), part_writer() as writer:
        writer.write(fail)
    with suppress(KeyboardInterrupt), part_writer() as writer:
        writer.write(slow)
        raise KeyboardInterrupt
    assert done == ["a", "b", "slow"]  # what was given is written before the stop
