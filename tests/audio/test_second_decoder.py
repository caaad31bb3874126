"""What libsndfile does not open: libav reads it where it is installed, and is named where it is not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

import blendkit.audio.decoding
from blendkit.audio.decoding import decode

av = pytest.importorskip("av", reason="PyAV is not installed: pip install 'blendkit[av]'")
RATE = 48000


def encoded(path: Path, codec: str, seconds: float, rate: int = RATE) -> Path:
    """Write a tone of 1 kHz with libav."""
    samples = (0.3 * np.sin(2 * np.pi * 1000 * np.arange(round(seconds * rate)) / rate)).astype(np.float32)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate)
        resampler = av.AudioResampler(format=stream.codec_context.format, layout="mono", rate=rate)
        stream.layout, stream.bit_rate = "mono", 128_000
        frame = av.AudioFrame.from_ndarray(samples[None], format="fltp", layout="mono")
        frame.sample_rate = rate
        size = stream.codec_context.frame_size or 1024
        fifo = av.AudioFifo()
        for part in resampler.resample(frame):
            fifo.write(part)
        while fifo.samples:
            container.mux(stream.encode(fifo.read(size, partial=True)))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize(
    ("name", "codec"), [("a.m4a", "aac"), ("a.wma", "wmav2"), ("a.mka", "flac"), ("a.wv", "wavpack")]
)
def test_what_phones_and_cameras_write_is_read(tmp_path: Path, name: str, codec: str) -> None:
    found = decode(encoded(tmp_path / name, codec, 6))
    assert found.status == "ok"
    assert found.note == "read by libav"
    assert found.rate == RATE
    assert found.duration_s == pytest.approx(6, abs=0.1)  # codecs pad
    middle = found.samples[2 * RATE : 4 * RATE]
    assert np.abs(np.fft.rfft(middle)).argmax() / 2 == 1000


def test_half_a_file_gives_its_good_half(tmp_path: Path) -> None:
    path = encoded(tmp_path / "a.wv", "wavpack", 20)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    found = decode(path)
    assert found.status in ("ok", "partial")
    assert 5 < found.duration_s < 15


def test_garbage_stays_unreadable(tmp_path: Path) -> None:
    (tmp_path / "a.m4a").write_bytes(b"\0\0\0\x20ftypM4A " + bytes(4000))
    found = decode(tmp_path / "a.m4a")
    assert found.status == "unreadable"
    assert str(tmp_path) not in found.note


def test_without_it_the_note_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = encoded(tmp_path / "a.m4a", "aac", 2)
    monkeypatch.setattr(blendkit.audio.decoding, "is_installed", lambda: False)
    found = decode(path)
    assert found.status == "unreadable"
    assert "pip install 'blendkit[av]'" in found.note


def test_frames_behind_lost_ones_keep_their_place(tmp_path: Path) -> None:
    samples = np.random.default_rng(0).uniform(-0.5, 0.5, 12 * 8000).astype(np.float32)
    soundfile.write(tmp_path / "a.flac", samples, 8000, subtype="PCM_16")
    data = bytearray((tmp_path / "a.flac").read_bytes())
    starts = [i for i in range(42, len(data) - 1) if data[i : i + 2] == b"\xff\xf8"]
    at = starts[len(starts) // 2]
    (tmp_path / "a.flac").write_bytes(data[: at + 6] + bytes(9000) + data[at + 9006 :])  # over a frame's start
    found = decode(tmp_path / "a.flac")
    assert found.status == "holed"
    assert "read by libav" in found.note
    assert len(found.samples) == len(samples)
    wrong = (np.abs(found.samples - samples) > 1e-3).mean()
    assert wrong < 0.2  # a frame or two of 4096 samples of 96,000; shifted ones would all be wrong


def test_an_end_that_is_missing_is_said(tmp_path: Path) -> None:
    samples = np.random.default_rng(0).uniform(-0.5, 0.5, 12 * 8000).astype(np.float32)
    soundfile.write(tmp_path / "a.mp3", samples, 8000)
    data = (tmp_path / "a.mp3").read_bytes()
    (tmp_path / "a.mp3").write_bytes(data[: len(data) // 2])
    found = decode(tmp_path / "a.mp3")
    assert found.status == "partial"
    assert "s of the stated 12.000 s could be decoded" in found.note


@pytest.mark.parametrize(("name", "codec"), [("a.m4a", "aac"), ("a.wv", "wavpack")])
def test_damage_in_the_middle_costs_the_damaged_part(tmp_path: Path, name: str, codec: str) -> None:
    path = encoded(tmp_path / name, codec, 10)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2] + bytes(600) + data[len(data) // 2 + 600 :])
    found = decode(path)
    assert found.status == "holed"
    assert "read by libav" in found.note
    assert found.duration_s == pytest.approx(10, abs=0.1)
    late = found.samples[7 * RATE : 9 * RATE]
    assert np.abs(np.fft.rfft(late)).argmax() / 2 == 1000


def test_a_container_that_states_more_than_it_gives_is_partial(tmp_path: Path) -> None:
    path = encoded(tmp_path / "a.mka", "flac", 10)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    found = decode(path)
    assert found.status == "partial"
    assert "of the stated 10" in found.note
