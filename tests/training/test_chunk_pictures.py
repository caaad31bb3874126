"""Log-mel pictures of chunks: each under its own recording, made once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from blendkit.audio import Grid, Recording
from blendkit.core import NameRule
from blendkit.errors import BlendkitError
from blendkit.training.jobs.chunk_pictures import chunk_pictures
from blendkit.training.settings import Picture

WriteWav = Callable[..., Path]
RATE = 4000
PICTURE = Picture(rate=RATE, n_fft=256, hop=1000, mels=4, fmin=50.0, fmax=2000.0)
GRID = Grid(5.0, "pad", NameRule())


@pytest.fixture
def recordings(tmp_path: Path, write_wav: WriteWav) -> list[Recording]:
    """Noise ten times as loud with every recording, out of natural order; r2 has two chunks."""
    noise = np.random.default_rng(0).standard_normal(10 * RATE)
    made = []
    for name, seconds, level in (("r10", 5, 1e-1), ("r2", 10, 1e-2), ("r1", 5, 1e-3)):
        samples = (level * noise[: seconds * RATE]).astype(np.float32)
        made.append(Recording(name, write_wav(tmp_path / f"{name}.wav", samples, RATE)))
    return made


def test_pictures_lie_under_their_own_recording(recordings: list[Recording], tmp_path: Path) -> None:
    heard = chunk_pictures(recordings, PICTURE, GRID, tmp_path / "c")
    pictures, rows = heard.values, heard.rows
    assert rows.recording.tolist() == ["r1", "r2", "r2", "r10"]
    loud = pictures.astype(np.float64).mean(axis=(1, 2))
    steps = np.diff(loud[[0, 1, 3]])
    np.testing.assert_allclose(steps, 2 * np.log(10), atol=0.5)  # a power of 100 from one to the next
    assert abs(loud[1] - loud[2]) < 0.5


def test_they_are_made_once(recordings: list[Recording], tmp_path: Path) -> None:
    said: list[str] = []
    first = chunk_pictures(recordings, PICTURE, GRID, tmp_path / "c", lambda name, _: said.append(name))
    assert said == ["scoring", "scored"]
    again = chunk_pictures(recordings, PICTURE, GRID, tmp_path / "c", lambda name, _: said.append(name))
    assert said == ["scoring", "scored"]
    np.testing.assert_array_equal(again.values, first.values)
    np.testing.assert_array_equal(again.real, first.real)
    assert again.rows.ids() == first.rows.ids()
    assert again.contents == first.contents
    assert set(first.contents) == set(first.rows.recordings())


def test_every_chunk_says_how_much_of_it_is_audio(tmp_path: Path, write_wav: WriteWav) -> None:
    noise = np.random.default_rng(0).standard_normal(7 * RATE).astype(np.float32) / 10
    made = [
        Recording(n, write_wav(tmp_path / f"{n}.wav", noise[: int(s * RATE)], RATE)) for n, s in (("r2", 7), ("r1", 3))
    ]
    heard = chunk_pictures(made, PICTURE, GRID, tmp_path / "c")
    assert heard.rows.ids() == ["r1_5", "r2_5", "r2_10"]
    np.testing.assert_allclose(heard.real, [0.6, 1, 0.4], atol=1e-6)


def test_nothing_to_read_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "bad.wav").write_bytes(b"RIFF")
    with pytest.raises(BlendkitError, match="none of 1 recordings has a chunk that can be read"):
        chunk_pictures([Recording("bad", tmp_path / "bad.wav")], PICTURE, GRID, tmp_path / "c")
