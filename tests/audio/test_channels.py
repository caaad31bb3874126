"""One channel of many: which one, and the same checks whichever decoder gave the frames."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

import blendkit.audio.decoding
import blendkit.audio.scratch
from blendkit.audio.channels import Channels, MissingChannelError, Mixer, Mono, check_channels, mean_of, without_bursts
from blendkit.audio.decoding import decode
from blendkit.audio.judging import judged

Writer = Callable[[Path, Any, int], Path]
RATE = 8000
LEVELS = (0.1, 0.3, 0.2)  # of the three channels; the second is the loudest


def three(seconds: float = 2.0) -> np.ndarray:
    return np.repeat(np.array([LEVELS], np.float32), round(seconds * RATE), axis=0)


def mixed(channels: Channels, *blocks: Any) -> Mono:
    mixer = Mixer(channels, len(blocks[0][0]), RATE, None)
    for block in blocks:
        mixer.add(np.array(block, np.float32))
    return mixer.mono()


@pytest.mark.parametrize(
    ("channels", "level", "note"),
    [
        ("mean", 0.2, "3 channels averaged"),
        ("first", 0.1, "channel 1 of 3 taken"),
        ("loudest", 0.3, "channel 2 of 3 taken, the loudest"),
        (1, 0.1, "channel 1 of 3 taken"),
        (3, 0.2, "channel 3 of 3 taken"),
    ],
)
def test_the_channel_that_is_asked_for(
    tmp_path: Path, write_wav: Writer, channels: Channels, level: float, note: str
) -> None:
    found = decode(write_wav(tmp_path / "a.wav", three(), RATE), channels=channels)
    assert (found.status, found.note) == ("ok", note)
    assert found.samples.shape == (2 * RATE,)
    np.testing.assert_allclose(found.samples, level, rtol=1e-6)


@pytest.mark.parametrize("channels", ["mean", "first", "loudest", 1])
def test_one_channel_is_itself(tmp_path: Path, write_wav: Writer, channels: Channels) -> None:
    found = decode(write_wav(tmp_path / "a.wav", three()[:, 0], RATE), channels=channels)
    assert (found.status, found.note) == ("ok", "")


def test_a_channel_that_is_not_there_is_a_status(tmp_path: Path, write_wav: Writer) -> None:
    stereo = decode(write_wav(tmp_path / "a.wav", three()[:, :2], RATE), channels=3)
    assert (stereo.status, stereo.note) == ("unreadable", "it has 2 channels, and no channel 3")
    mono = decode(write_wav(tmp_path / "b.wav", three()[:, 0], RATE), channels=2)
    assert (mono.status, mono.note) == ("unreadable", "it has 1 channel, and no channel 2")


def test_the_loudest_is_so_over_the_whole_recording() -> None:
    # the first channel is louder in the first block, the second in all: 1 + 0 < 0.25 + 4
    assert mixed("loudest", [[1, 0.5]], [[0, 2]]).samples.tolist() == [0.5, 2]
    assert mixed("loudest", [[1, -1]]).channel == "channel 1 of 2 taken, the loudest"  # of equals, the first
    assert mixed("loudest", [[np.nan, 0.5]], [[0.1, 0.5]]).samples.tolist() == [0.5, 0.5]  # NaN has no energy


def test_only_the_channel_that_is_taken_is_checked() -> None:
    taken = mixed("first", [[0.5, np.nan], [0.0, 9e9]])
    assert (taken.bad, taken.loudest, taken.zeros, taken.energy) == (0, 0.5, 1, 1.0)


def test_a_channel_without_numbers_is_the_mean_of_the_others() -> None:
    found = mixed("mean", [[0.5, np.nan], [0.25, 0.75], [np.inf, np.nan], [9e9, -0.5]])
    assert found.samples.tolist() == [0.5, 0.5, 0.0, -0.5]
    assert (found.bad, found.patched, found.loudest) == (1, 2, np.float32(9e9))
    assert mixed("mean", [[0.5, 0.25, np.nan]]).samples.tolist() == [0.375]


@pytest.mark.parametrize("channels", [2, 3, 6, 7, 8, 9])
def test_the_quick_mean_has_numpys_bits(channels: int) -> None:
    frames = np.random.default_rng(channels).normal(size=(999, channels)).astype(np.float32)
    assert np.array_equal(mean_of(frames), frames.mean(axis=1, dtype=np.float32))


def test_what_a_lossy_codec_made_of_damage_is_silence() -> None:
    frames = np.ones((4000, 2), np.float32)
    frames[1500, 1] = -180
    kept, count = without_bursts(frames)  # 576 samples around it on both sides, and its own
    assert count == 3 * 576
    assert not kept[576 * 1 : 576 * 4].any()
    assert (kept[: 576 * 1] == 1).all()
    assert (kept[576 * 4 :] == 1).all()
    mixer = Mixer("mean", 2, 1000, None, lossy=True)
    mixer.add(frames)
    found = judged(mixer.mono(), 1000)
    assert (found.status, found.samples.max()) == ("holed", 1)
    assert "1.728 s decoded to far beyond full scale, replaced by silence" in found.note
    assert mixed("mean", frames).bursts == 0  # integers written as floats are another matter


def test_what_is_louder_than_any_sample_is_none() -> None:
    found = mixed("mean", [[3e38, 3e38], [3e38, -3e38], [0.5, 0.25]])
    assert found.samples.tolist() == [0, 0, 0.375]
    assert (found.bad, found.loudest) == (2, np.float32(3e38))
    assert mixed("loudest", [[0.5, 3e38], [0.5, 0.25]]).channel == "channel 1 of 2 taken, the loudest"


@pytest.mark.parametrize("value", [0, -1, 1.0, True, "left", "0", "", None, "²"])
def test_what_is_no_channel(value: Any) -> None:
    with pytest.raises(ValueError, match="expected mean, first, loudest or the number of a channel, counted from 1"):
        check_channels(value)


def test_numbers_may_be_text() -> None:
    assert [check_channels(v) for v in ("mean", "first", "loudest", "2", 2)] == ["mean", "first", "loudest", 2, 2]


def test_a_missing_channel_is_an_error_of_its_own() -> None:
    with pytest.raises(MissingChannelError, match="no channel 4"):
        Mixer(4, 2, RATE, None)


@pytest.mark.parametrize("channels", ["mean", 2, "loudest"])
def test_channels_of_a_long_recording_lie_on_disk(
    tmp_path: Path, write_wav: Writer, monkeypatch: pytest.MonkeyPatch, channels: Channels
) -> None:
    frames = np.random.default_rng(0).uniform(-1, 1, (40 * 1000, 2)).astype(np.float32)
    path = write_wav(tmp_path / "a.wav", frames, 1000)
    whole = decode(path, channels=channels)
    monkeypatch.setattr(blendkit.audio.scratch, "LONG_S", 10.0)
    monkeypatch.setattr(blendkit.audio.scratch, "BLOCK_S", 7)
    found = decode(path, tmp_path, channels)
    assert isinstance(found.samples, np.memmap)
    assert np.array_equal(found.samples, whole.samples)
    assert found.note == whole.note


def test_the_loudest_channel_of_joined_files_is_one(tmp_path: Path, write_wav: Writer) -> None:
    # the parts differ in which channel is louder; over both it is the second: 2 x 0.01 + 0.25 < 2 x 0.04 + 0.36
    first = write_wav(tmp_path / "a.wav", np.repeat([[0.1, 0.2]], 2 * RATE, axis=0).astype(np.float32), RATE)
    second = write_wav(tmp_path / "b.wav", np.repeat([[0.5, 0.6]], RATE, axis=0).astype(np.float32), RATE)
    third = write_wav(tmp_path / "c.wav", np.repeat([[0.3, 0.1]], RATE, axis=0).astype(np.float32), RATE)
    path = tmp_path / "all.wav"
    path.write_bytes(first.read_bytes() + second.read_bytes() + third.read_bytes())
    found = decode(path, channels="loudest")
    np.testing.assert_allclose(found.samples[::RATE], [0.2, 0.2, 0.6, 0.1], rtol=1e-6)
    assert "channel 2 of 2 taken" in found.note


def stereo_ogg(path: Path, right: float) -> Path:
    """Half a minute of a tone in two channels, the second the first times `right`; with a hole in the file."""
    noise = 0.01 * np.random.default_rng(0).standard_normal(30 * RATE)  # else the file is too small for a hole
    tone = noise + 0.4 * np.sin(2 * np.pi * 440 * np.arange(30 * RATE) / RATE)
    soundfile.write(path, np.stack([tone, right * tone], axis=1), RATE, format="OGG", subtype="VORBIS")
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2] + data[len(data) // 2 + 9000 :])
    return path


def test_channels_that_cancel_are_noticed_in_a_damaged_ogg_too(tmp_path: Path) -> None:
    found = decode(stereo_ogg(tmp_path / "a.ogg", -0.98))
    assert found.status == "holed"
    assert "replaced by silence" in found.note
    assert "2 channels averaged; the channels cancel each other" in found.note
    taken = decode(tmp_path / "a.ogg", channels=2)
    assert (taken.status, "channel 2 of 2 taken" in taken.note) == ("holed", True)
    assert np.abs(taken.samples).max() > 0.3
    assert decode(tmp_path / "a.ogg", channels=3).note == "it has 2 channels, and no channel 3"


@pytest.fixture
def only_libav(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let libsndfile open nothing."""
    pytest.importorskip("av", reason="PyAV is not installed: pip install 'blendkit[av]'")

    def refuse(*args: Any) -> None:
        raise RuntimeError("format not recognised")

    monkeypatch.setattr(blendkit.audio.decoding, "_decode_one", refuse)


@pytest.mark.parametrize(
    ("frames", "status", "note"),
    [
        ([[0.5, -0.49]], "ok", "read by libav; 2 channels averaged; the channels cancel each other: their mean has 0."),
        ([[3e38, 3e38]], "unreadable", "read by libav; samples of up to 3e+38"),
        ([[np.nan, np.inf]], "unreadable", "read by libav; 2.000 s of 2.000 s are no finite numbers"),
        ([[np.nan, 0.1]], "ok", "read by libav; 2 channels averaged; 2.000 s in which not every channel holds numbers"),
        ([[0.2, 0.4]], "ok", "read by libav; 2 channels averaged"),
    ],
)
@pytest.mark.usefixtures("only_libav")
def test_libav_meets_the_same_checks(
    tmp_path: Path, write_wav: Writer, frames: list[list[float]], status: str, note: str
) -> None:
    path = write_wav(tmp_path / "a.wav", np.repeat(np.array(frames, np.float32), 2 * RATE, axis=0), RATE)
    found = decode(path)
    assert (found.status, found.note.startswith(note)) == (status, True), found.note


@pytest.mark.usefixtures("only_libav")
def test_libav_takes_the_channel_that_is_asked_for(tmp_path: Path, write_wav: Writer) -> None:
    path = write_wav(tmp_path / "a.wav", three(), RATE)
    assert decode(path, channels=2).samples[0] == np.float32(0.3)
    assert decode(path, channels="loudest").note == "read by libav; channel 2 of 3 taken, the loudest"
    missing = decode(path, channels=4)
    assert (missing.status, missing.note) == ("unreadable", "it has 3 channels, and no channel 4")


def test_channels_that_cancel_in_a_part_are_noticed(tmp_path: Path) -> None:
    wave = (0.3 * np.sin(np.arange(10 * 8000) * 0.7)).astype(np.float32)
    stereo = np.stack([wave, wave], axis=1)
    stereo[6 * 8000 :, 1] *= -1
    soundfile.write(tmp_path / "a.wav", stereo, 8000)
    found = decode(tmp_path / "a.wav")
    assert (
        found.note
        == "2 channels averaged; the channels cancel each other in about 4 s of it: their mean is silence there"
    )
    stereo[:, 1] = stereo[:, 0]
    soundfile.write(tmp_path / "b.wav", stereo, 8000)
    assert decode(tmp_path / "b.wav").note == "2 channels averaged"


def test_one_sample_without_a_number_is_one_sample(tmp_path: Path, write_wav: Writer) -> None:
    stereo = np.full((2 * RATE, 2), 0.1, np.float32)
    stereo[5, 1] = np.nan
    found = decode(write_wav(tmp_path / "a.wav", stereo, RATE))
    assert "; 1 sample in which not every channel holds numbers: the others' mean is taken" in found.note
