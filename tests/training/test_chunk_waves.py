"""Chunks as waves in a mapped file: in row order, cut once, and backgrounds without what is held out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from blendkit.audio import Grid, Recording
from blendkit.core import NameRule, Saw
from blendkit.errors import BlendkitError
from blendkit.events import silent
from blendkit.training.jobs.chunk_waves import WaveSource, chunk_waves, wave_source
from blendkit.training.settings import Distil, Picture, WaveChanges

RATE = 4000
GRID = Grid(5.0, "pad", NameRule())
HOW = Distil(Picture(RATE, 256, 1000, 4, 50.0, 2000.0), waves=WaveChanges(mix_db=(0.0, 0.0)))


@pytest.fixture
def recordings(tmp_path: Path, write_wav: Callable[..., Path]) -> list[Recording]:
    """A ramp of its own level in each of r10 (5 s), r2 (7 s) and r1 (5 s)."""
    made = []
    for name, seconds, level in (("r10", 5, 0.9), ("r2", 7, 0.2), ("r1", 5, 0.1)):
        samples = level * np.linspace(0.5, 1, seconds * RATE, dtype=np.float32)
        made.append(Recording(name, write_wav(tmp_path / f"{name}.wav", samples, RATE)))
    return made


def test_waves_lie_in_the_order_of_their_rows(recordings: list[Recording], tmp_path: Path) -> None:
    said: list[str] = []
    heard, waves = chunk_waves(recordings, RATE, GRID, tmp_path / "c", lambda name, _: said.append(name))
    assert heard.rows.ids() == ["r1_5", "r2_5", "r2_10", "r10_5"]
    found = waves.take(np.arange(4)).numpy()
    assert found.shape == (4, 5 * RATE)
    np.testing.assert_allclose(found[:, 0], [0.05, 0.1, 0.2 * (0.5 + 0.5 * 5 / 7), 0.45], atol=1e-3)
    np.testing.assert_allclose(heard.real, [1, 1, 0.4, 1], atol=1e-6)
    assert not found[2, 2 * RATE :].any()
    again, same = chunk_waves(recordings, RATE, GRID, tmp_path / "c", lambda name, _: said.append(name))
    assert said == ["scoring", "scored"]
    assert same.digest == waves.digest
    np.testing.assert_array_equal(again.values, heard.values)


def test_a_file_that_was_cut_short_is_refused(recordings: list[Recording], tmp_path: Path) -> None:
    chunk_waves(recordings, RATE, GRID, tmp_path / "c")
    (data,) = (tmp_path / "c").glob("*.f16")
    whole = data.read_bytes()
    for damaged in (whole[:-1], whole[: -2 * 5 * RATE], b""):
        data.write_bytes(damaged)
        with pytest.raises(BlendkitError, match="not a file of waves") as caught:
            chunk_waves(recordings, RATE, GRID, tmp_path / "c")
        assert "delete it" in caught.value.problems[-1]


def source(recordings: list[Recording], kept_out: Saw, folder: Path) -> WaveSource:
    _, waves = chunk_waves(recordings[:1], RATE, GRID, folder)
    return wave_source(waves, recordings[1:], kept_out, HOW, GRID, folder, silent)


def test_held_out_recordings_are_no_background(recordings: list[Recording], tmp_path: Path) -> None:
    made = source(recordings, Saw(("elsewhere/R2.ogg", "r7")), tmp_path / "c")
    assert made.left_out == ("r2",)
    assert made.saw.recordings == ("r1",)  # what a student hears, it saw
    assert made.rows.background is not None
    assert made.rows.background.take(np.array([0]))[0, 0].item() == pytest.approx(0.05, abs=1e-3)
    assert len(made.rows.background.used) == 1
    with pytest.raises(BlendkitError, match="held out to stop or to judge on"):
        source(recordings, Saw(("r1", "r2")), tmp_path / "c")
