from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st

import blendkit.audio.scratch
from blendkit.audio.cutting import cut
from blendkit.audio.decoded import Decoded, Samples, fit_duration, silence
from blendkit.audio.decoding import decode
from blendkit.audio.headers import probe_duration
from blendkit.audio.recordings import find_recordings
from blendkit.audio.resampling import resample
from blendkit.audio.scratch import release
from blendkit.core.chunk_counts import count_chunks

Writer = Callable[[Path, Any, int], Path]

RATE = 16000
CHUNK_S = 5
TONES = tuple(range(300, 2700, 200))  # twelve chunks: 300, 500, ... 2500 Hz
HOLE = 16384


@pytest.fixture(scope="module")
def minute(tmp_path_factory: pytest.TempPathFactory, write_ogg: Writer, tone_chunks: Callable[..., Samples]) -> Path:
    """A minute of OGG with another tone in each of its twelve chunks."""
    return write_ogg(tmp_path_factory.mktemp("audio") / "minute.ogg", tone_chunks(TONES, RATE), RATE)


def damaged(whole: Path, folder: Path, at: int, size: int, zeroed: bool = False) -> Path:
    """Copy a file without `size` bytes at `at`, or with zeros in their place."""
    data = whole.read_bytes()
    path = folder / "damaged.ogg"
    path.write_bytes(data[:at] + (bytes(size) if zeroed else b"") + data[at + size :])
    return path


def peaks(samples: Samples, rate: int = RATE) -> list[int | None]:
    """The loudest frequency of each whole chunk, None for chunks that are silent throughout."""
    size = CHUNK_S * rate
    chunks = samples[: len(samples) // size * size].reshape(-1, size)
    return [round(np.abs(np.fft.rfft(c)).argmax() / CHUNK_S) if c.any() else None for c in chunks]


def misplaced_s(whole: Samples, mended: Samples) -> float:
    """Seconds of audio that is neither silence nor what the undamaged file holds there."""
    wrong = (np.abs(mended - whole) > 0.02) & (mended != 0)
    return float(wrong.sum()) / RATE


def decoded(samples: Any, rate: int = RATE, **more: Any) -> Decoded:
    samples = np.asarray(samples, np.float32)
    return Decoded(samples, rate, len(samples) / rate, **{"status": "ok", **more})


@pytest.mark.parametrize(
    ("seconds", "chunk_s", "remainder", "expected"),
    [
        (60.0, 5.0, "pad", (12, False)),
        (60.001, 5.0, "pad", (12, False)),
        (60.999, 5.0, "pad", (12, False)),
        (61.0, 5.0, "pad", (13, True)),
        (37.0, 5.0, "pad", (8, True)),
        (37.0, 5.0, "drop", (7, False)),
        (35.0, 5.0, "drop", (7, False)),
        (4.9999999999, 5.0, "pad", (1, False)),  # a duration that is a division's result
        (5.0, 5.0, "pad", (1, False)),
        (1.0, 5.0, "pad", (1, True)),
        (0.999, 5.0, "pad", (0, False)),
        (4.0, 5.0, "drop", (0, False)),
        (0.0, 5.0, "pad", (0, False)),
        (10.0, 3.0, "pad", (4, True)),
        (9.5, 3.0, "pad", (3, False)),
        (1.2, 0.4, "pad", (3, False)),
    ],
)
def test_count_chunks(seconds: float, chunk_s: float, remainder: Any, expected: tuple[int, bool]) -> None:
    assert count_chunks(seconds, chunk_s, remainder) == expected


@given(st.integers(0, 200_000), st.sampled_from([3.0, 5.0, 10.0]))
def test_chunks_leave_less_than_a_second(milliseconds: int, chunk_s: float) -> None:
    seconds = milliseconds / 1000
    chunks, padded = count_chunks(seconds, chunk_s)
    left = seconds - chunks * chunk_s
    assert (-(chunk_s - 1) - 1e-6 <= left < 0) if padded else (-1e-6 <= left < 1)
    assert count_chunks(seconds, chunk_s, "drop")[0] == chunks - padded


@pytest.mark.parametrize("rate", [8000, 22050, 48000])
def test_wav_is_read_as_it_is(tmp_path: Path, write_wav: Writer, rate: int) -> None:
    samples = np.random.default_rng(1).uniform(-1, 1, rate * 2 + 17).astype(np.float32)
    found = decode(write_wav(tmp_path / "a.wav", samples, rate))
    assert (found.status, found.rate, found.note) == ("ok", rate, "")
    assert found.duration_s == len(samples) / rate
    assert found.samples.dtype == np.float32
    assert np.array_equal(found.samples, samples)
    assert probe_duration(tmp_path / "a.wav") == found.duration_s


@pytest.mark.parametrize("channels", [2, 3])
def test_channels_are_averaged(tmp_path: Path, write_wav: Writer, channels: int) -> None:
    samples = np.random.default_rng(2).uniform(-1, 1, (RATE, channels)).astype(np.float32)
    found = decode(write_wav(tmp_path / "a.wav", samples, RATE))
    assert found.samples.shape == (RATE,)
    np.testing.assert_allclose(found.samples, samples.astype(np.float64).mean(axis=1), atol=1e-6)


def test_channels_that_cancel_are_noticed(tmp_path: Path, write_wav: Writer) -> None:
    tone = np.sin(np.arange(2 * RATE, dtype=np.float32))
    found = decode(write_wav(tmp_path / "a.wav", np.stack([tone, -0.9 * tone], axis=1), RATE))
    assert found.note.startswith("2 channels averaged; the channels cancel each other: their mean has 0.28%")
    opposite = decode(write_wav(tmp_path / "b.wav", np.stack([tone, -tone], axis=1), RATE))
    assert opposite.status == "silent"
    assert not opposite.samples.any()
    alike = decode(write_wav(tmp_path / "c.wav", np.stack([tone, tone], axis=1), RATE))
    assert (alike.status, alike.note) == ("ok", "2 channels averaged")


@pytest.mark.parametrize(
    ("n", "status"), [(0, "empty"), (1, "empty"), (RATE - 1, "empty"), (RATE, "ok"), (RATE + 1, "ok")]
)
def test_less_than_a_second_is_empty(tmp_path: Path, write_wav: Writer, n: int, status: str) -> None:
    found = decode(write_wav(tmp_path / "a.wav", np.full(n, 0.1, np.float32), RATE))
    assert (found.status, len(found.samples), found.duration_s) == (status, n, n / RATE)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_sample_that_is_not_finite_becomes_zero(tmp_path: Path, write_wav: Writer, bad: float) -> None:
    samples = np.full(2 * RATE, 0.25, np.float32)
    samples[77] = bad
    found = decode(write_wav(tmp_path / "a.wav", samples, RATE))
    assert (found.status, found.note) == ("ok", "1 sample not finite replaced by 0")
    assert np.array_equal(found.samples, np.where(np.isfinite(samples), samples, 0))


@pytest.mark.parametrize("bad", [np.nan, -np.inf, 1e9])
def test_a_stretch_without_numbers_is_a_hole(tmp_path: Path, write_wav: Writer, bad: float) -> None:
    samples = np.full(10 * RATE, 0.25, np.float32)
    samples[RATE : 2 * RATE] = bad
    found = decode(write_wav(tmp_path / "a.wav", samples, RATE))
    what = "not finite or of up to 1e+09" if bad == 1e9 else "not finite"
    assert (found.status, found.note) == ("holed", f"1.000 s of samples {what} replaced by silence")
    assert np.array_equal(found.samples, np.where(samples == np.float32(0.25), samples, 0))


def test_samples_that_are_mostly_not_finite_are_unreadable(tmp_path: Path, write_wav: Writer) -> None:
    samples = np.full(10 * RATE, 0.25, np.float32)
    samples[: 6 * RATE] = np.nan
    found = decode(write_wav(tmp_path / "a.wav", samples, RATE))
    assert (found.status, found.note) == ("unreadable", "6.000 s of 10.000 s are no finite numbers")
    assert len(found.samples) == 0


@pytest.mark.parametrize(("spike", "note"), [(10.0, ""), (8e6, "1 sample not finite or of up to 8e+06 replaced by 0")])
def test_one_spike_is_no_sign_of_integers(tmp_path: Path, write_wav: Writer, spike: float, note: str) -> None:
    samples = np.full(2 * RATE, 0.25, np.float32)
    samples[77] = spike
    found = decode(write_wav(tmp_path / "a.wav", samples, RATE))
    assert found.status == "ok"
    assert found.note == (note or "samples of up to 10, where audio lies in [-1, 1]")


def test_integers_of_24_bits_are_called_so(tmp_path: Path, write_wav: Writer) -> None:
    samples = (8e6 * np.sin(np.arange(4 * RATE))).astype(np.float32)
    found = decode(write_wav(tmp_path / "a.wav", samples, RATE))
    assert found.status == "unreadable"
    assert found.note.endswith("where audio lies in [-1, 1]: integers written as floats?")


@pytest.mark.parametrize("channels", [1, 2])
def test_samples_beyond_all_measure_are_unreadable(tmp_path: Path, write_wav: Writer, channels: int) -> None:
    samples = np.full((2 * RATE, channels), 3e38, np.float32)
    found = decode(write_wav(tmp_path / "a.wav", samples, RATE))
    assert (found.status, found.note) == ("unreadable", "samples of up to 3e+38, where audio lies in [-1, 1]")


def test_integers_written_as_floats_are_noticed(tmp_path: Path, write_wav: Writer) -> None:
    found = decode(write_wav(tmp_path / "a.wav", np.full(2 * RATE, 9830, np.float32), RATE))
    assert found.status == "ok"
    assert found.note == "samples of up to 9830, where audio lies in [-1, 1]: integers written as floats?"


@pytest.mark.parametrize(
    ("zeros", "status", "note"), [(1.0, "silent", "100%"), (0.95, "silent", "95%"), (0.8, "ok", "")]
)
def test_digital_silence_is_a_status(tmp_path: Path, write_wav: Writer, zeros: float, status: str, note: str) -> None:
    samples = np.full(10 * RATE, 0.1, np.float32)
    samples[: round(zeros * len(samples))] = 0
    found = decode(write_wav(tmp_path / "a.wav", samples, RATE))
    assert found.status == status
    assert found.note == (f"{note} of the samples are 0" if note else "")
    assert np.array_equal(found.samples, samples)


@pytest.mark.parametrize("data", [b"", b"RIFF", b"not audio at all", bytes(5000), b"OggS" + bytes(100)])
@pytest.mark.parametrize("suffix", [".ogg", ".wav", ".mp3", ".flac"])
def test_garbage_is_a_status_not_an_exception(tmp_path: Path, data: bytes, suffix: str) -> None:
    path = tmp_path / f"garbage{suffix}"
    path.write_bytes(data)
    found = decode(path)
    assert found.status in ("unreadable", "empty")
    assert len(found.samples) == 0
    assert found.note
    assert str(tmp_path) not in found.note  # a note goes to reports, which hold no machine's paths
    assert not probe_duration(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert decode(tmp_path / "nowhere.ogg").status == "unreadable"
    assert decode(tmp_path).status == "unreadable"
    assert probe_duration(tmp_path / "nowhere.ogg") is None


def test_truncated_wav_keeps_what_is_there(tmp_path: Path, write_wav: Writer) -> None:
    samples = np.random.default_rng(3).uniform(-1, 1, 10 * RATE).astype(np.float32)
    path = write_wav(tmp_path / "a.wav", samples, RATE)
    path.write_bytes(path.read_bytes()[: -4 * 4 * RATE])
    found = fit_duration(decode(path), 10.0)
    assert found.status in ("short", "holed")
    assert np.array_equal(found.samples[: 6 * RATE], samples[: 6 * RATE])
    assert not found.samples[6 * RATE :].any()


def test_ogg_is_read_whole(minute: Path) -> None:
    found = decode(minute)
    assert (found.status, found.rate, found.duration_s, len(found.samples)) == ("ok", RATE, 60.0, 60 * RATE)
    assert peaks(found.samples) == list(TONES)


@pytest.mark.parametrize("zeroed", [False, True])
@pytest.mark.parametrize("share", [0.25, 0.5, 0.75])
def test_audio_after_a_hole_keeps_its_place(tmp_path: Path, minute: Path, share: float, zeroed: bool) -> None:
    at = int(minute.stat().st_size * share)
    found = decode(damaged(minute, tmp_path, at, HOLE, zeroed))
    assert (found.status, found.rate, found.duration_s, len(found.samples)) == ("holed", RATE, 60.0, 60 * RATE)
    lost = HOLE / minute.stat().st_size * 60
    assert "replaced by silence" in found.note
    assert lost - 1 <= float(found.note.split()[0]) <= lost + 3
    tones = peaks(found.samples)
    intact = [k for k in range(12) if tones[k] is not None]
    assert [tones[k] for k in intact] == [TONES[k] for k in intact]
    assert {0, 11} <= set(intact)
    assert misplaced_s(decode(minute).samples, found.samples) < 0.05


@pytest.mark.parametrize("zeroed", [False, True])
@pytest.mark.parametrize("skip", [0, 100])
@pytest.mark.parametrize("size", [1, 200, HOLE])
def test_hole_at_the_start_shifts_nothing(tmp_path: Path, minute: Path, skip: int, size: int, zeroed: bool) -> None:
    # libsndfile counts time from the first page that is sound, which may be seconds into the recording
    first_audio_page = minute.read_bytes().index(b"OggS", 200)
    found = decode(damaged(minute, tmp_path, first_audio_page + skip, size, zeroed))
    assert found.status == "holed"
    assert found.duration_s == pytest.approx(60, abs=0.01)
    assert peaks(found.samples)[1:] == list(TONES)[1:]
    assert misplaced_s(decode(minute).samples, found.samples[: 60 * RATE]) < 0.1


def test_a_stream_cut_from_a_longer_one_is_whole(tmp_path: Path, minute: Path) -> None:
    """A recorder may number positions from when it was switched on: only lost pages make a hole."""
    data = bytearray(minute.read_bytes())
    later = 1000 * RATE
    for at in _pages_of(data):
        granule = int.from_bytes(data[at + 6 : at + 14], "little", signed=True)
        if granule > 0:
            data[at + 6 : at + 14] = (granule + later).to_bytes(8, "little", signed=True)
            _seal(data, at)
    path = tmp_path / "later.ogg"
    path.write_bytes(data)
    found = decode(path)
    assert (found.status, found.duration_s) == ("ok", 60.0)
    assert peaks(found.samples) == list(TONES)


def _pages_of(data: bytearray) -> list[int]:
    """Where the pages of an undamaged Ogg file start."""
    found, at = [], 0
    while at < len(data):
        found.append(at)
        segments = data[at + 26]
        at += 27 + segments + sum(data[at + 27 : at + 27 + segments])
    return found


def _seal(data: bytearray, at: int) -> None:
    """Compute a page's checksum anew (RFC 3533: polynomial 0x04c11db7, nothing inverted)."""
    segments = data[at + 26]
    end = at + 27 + segments + sum(data[at + 27 : at + 27 + segments])
    data[at + 22 : at + 26] = bytes(4)
    crc = 0
    for byte in data[at:end]:
        crc = (crc << 8) & 0xFFFFFFFF ^ CRC[crc >> 24 ^ byte]
    data[at + 22 : at + 26] = crc.to_bytes(4, "little")


def _crc_table() -> list[int]:
    table = []
    for byte in range(256):
        crc = byte << 24
        for _ in range(8):
            crc = (crc << 1) ^ (0x04C11DB7 if crc & 0x80000000 else 0)
        table.append(crc & 0xFFFFFFFF)
    return table


CRC = _crc_table()


@pytest.fixture(scope="module", params=[16000, 48000])
def opus(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, tone_chunks: Callable[..., Samples]
) -> tuple[Path, int]:
    """A minute of tones as Opus, and its rate."""
    whole, rate = tmp_path_factory.mktemp("opus") / "whole.opus", int(request.param)
    samples = tone_chunks(TONES, rate)
    with soundfile.SoundFile(whole, "w", rate, 1, format="OGG", subtype="OPUS") as handle:
        for first in range(0, len(samples), rate):
            handle.write(samples[first : first + rate])
    return whole, rate


@pytest.mark.parametrize("where", ["start", "middle"])
def test_opus_with_a_hole(tmp_path: Path, opus: tuple[Path, int], where: str) -> None:
    """Opus counts positions at 48 kHz whatever the rate, and seeks less strictly than Vorbis."""
    whole, rate = opus
    at = whole.read_bytes().index(b"OggS", 200) if where == "start" else whole.stat().st_size // 2
    found = decode(damaged(whole, tmp_path, at, HOLE))
    assert found.status == "holed"
    assert found.duration_s == pytest.approx(60, abs=0.01)
    tones = peaks(found.samples, rate)
    # a chunk that is partly silent has a blurred peak; the next tone is 200 Hz away
    assert all(h is None or abs(h - t) <= 10 for h, t in zip(tones, TONES, strict=True))
    assert sum(h is not None for h in tones) >= 10


def test_two_holes(tmp_path: Path, minute: Path) -> None:
    size = minute.stat().st_size
    once = damaged(minute, tmp_path, size // 4, 6000, zeroed=True)
    found = decode(damaged(once, tmp_path, 3 * size // 4, 6000))
    assert (found.status, len(found.samples)) == ("holed", 60 * RATE)
    tones = peaks(found.samples)
    assert [tones[k] for k in (0, 1, 5, 6, 7, 10, 11)] == [TONES[k] for k in (0, 1, 5, 6, 7, 10, 11)]
    assert misplaced_s(decode(minute).samples, found.samples) < 0.05


@settings(max_examples=20)
@given(st.floats(0.12, 0.85), st.integers(1, 30_000), st.booleans())
def test_nothing_moves_wherever_the_hole_is(
    tmp_path_factory: pytest.TempPathFactory, minute: Path, share: float, size: int, zeroed: bool
) -> None:
    at = int(minute.stat().st_size * share)
    found = decode(damaged(minute, tmp_path_factory.mktemp("hole"), at, size, zeroed))
    assert len(found.samples) == 60 * RATE
    assert misplaced_s(decode(minute).samples, found.samples) < 0.1


def test_stereo_ogg_with_a_hole(tmp_path: Path, write_ogg: Writer, tone_chunks: Callable[..., Samples]) -> None:
    mono = tone_chunks(TONES[:6], RATE)
    path = write_ogg(tmp_path / "stereo.ogg", np.stack([mono, mono], axis=1), RATE)
    found = decode(damaged(path, tmp_path, path.stat().st_size // 2, 8000))
    assert (found.status, found.samples.shape) == ("holed", (30 * RATE,))
    assert peaks(found.samples)[-1] == TONES[5]


@pytest.mark.parametrize("share", [0.5, 0.8])
def test_truncated_ogg_is_short(tmp_path: Path, minute: Path, share: float) -> None:
    path = tmp_path / "half.ogg"
    path.write_bytes(minute.read_bytes()[: int(minute.stat().st_size * share)])
    found = decode(path)
    assert found.duration_s == pytest.approx(60 * share, abs=2)
    assert len(found.samples) == round(found.duration_s * RATE)
    whole = len(peaks(found.samples))
    assert peaks(found.samples) == list(TONES[:whole])
    fitted = fit_duration(found, 60.0)
    assert fitted.status == "short"
    assert "of the expected 60 s" in fitted.note


def test_ogg_without_its_headers_is_unreadable(tmp_path: Path, minute: Path) -> None:
    path = tmp_path / "tail.ogg"
    path.write_bytes(minute.read_bytes()[10_000:])
    assert decode(path).status == "unreadable"


@pytest.mark.parametrize(
    ("seconds", "status", "expected_s", "fitted"),
    [
        (10, "ok", 10.0, "ok"),
        (10, "ok", 10.4, "ok"),  # encoders round
        (10, "ok", 10.5, "short"),
        (10, "ok", 60.0, "short"),
        (10, "padded", 60.0, "short"),
        (0.2, "empty", 60.0, "short"),
        (10, "holed", 60.0, "holed"),
        (0, "unreadable", 60.0, "unreadable"),
        (0, "silent", 60.0, "silent"),
        (60, "ok", 10.0, "ok"),  # longer is no damage
    ],
)
def test_fit_duration(seconds: float, status: Any, expected_s: float, fitted: str) -> None:
    samples = np.zeros(round(seconds * 100), np.float32)
    found = fit_duration(Decoded(samples, 100, seconds, status, "before"), expected_s)
    assert found.status == fitted
    assert found.duration_s == seconds  # the real length stays
    assert found.note.startswith("before")
    assert ("of the expected" in found.note) is (fitted == "short" or status == "holed")


def test_silence() -> None:
    found = silence(2.5, 8000, "silent", "no audio file")
    assert (len(found.samples), found.duration_s, found.status, found.note) == (20000, 2.5, "silent", "no audio file")
    assert not found.samples.any()
    assert found.samples.dtype == np.float32


@pytest.mark.parametrize(("source", "target"), [(44100, 32000), (48000, 32000), (22050, 32000), (32000, 8000)])
def test_resample_is_soxr(source: int, target: int) -> None:
    samples = np.random.default_rng(4).standard_normal(source * 3 + 11).astype(np.float32)
    found = resample(decoded(samples, source, status="holed", note="n"), target)
    assert np.array_equal(found.samples, soxr.resample(samples, source, target, quality="HQ"))
    assert abs(len(found.samples) - len(samples) * target / source) <= 1
    assert (found.rate, found.status, found.note) == (target, "holed", "n")
    assert found.duration_s == len(samples) / source  # the real length, not a rounded one
    assert found.samples.dtype == np.float32
    assert found.samples.flags.c_contiguous


@pytest.mark.parametrize("source", [44100, 48000, 22050, 96000])
def test_whole_seconds_stay_whole(source: int) -> None:
    assert len(resample(decoded(np.zeros(source * 7), source), 32000).samples) == 7 * 32000


def test_resampled_tone_keeps_its_frequency() -> None:
    tone = np.sin(2 * np.pi * 1000 * np.arange(2 * 44100) / 44100)
    spectrum = np.abs(np.fft.rfft(resample(decoded(tone, 44100), RATE).samples))
    assert spectrum.argmax() / 2 == 1000


def test_resample_does_nothing_where_there_is_nothing_to_do() -> None:
    same = decoded([1, 2, 3], 8000)
    assert resample(same, 8000).samples is same.samples
    none = resample(Decoded(np.zeros(0, np.float32), 0, 0.0, "unreadable", "why"), 32000)
    assert (len(none.samples), none.rate, none.status, none.note) == (0, 32000, "unreadable", "why")


@pytest.mark.parametrize(
    ("first", "size", "edge", "expected"),
    [
        (1, 2, "zero", [2, 3]),
        (-2, 4, "zero", [0, 0, 1, 2]),
        (2, 4, "zero", [3, 4, 0, 0]),
        (-1, 6, "zero", [0, 1, 2, 3, 4, 0]),
        (9, 2, "zero", [0, 0]),
        (-9, 2, "zero", [0, 0]),
        (-2, 4, "drop", [0, 0, 1, 2]),
        (-2, 3, "clamp", [1, 2, 3]),
        (3, 3, "clamp", [2, 3, 4]),
        (1, 3, "clamp", [2, 3, 4]),
        (-5, 6, "clamp", [1, 2, 3, 4, 0, 0]),  # longer than the recording: padded at the end
        (3, 6, "clamp", [1, 2, 3, 4, 0, 0]),
        (-2, 4, "reflect", [3, 2, 1, 2]),
        (2, 4, "reflect", [3, 4, 3, 2]),
        (0, 4, "reflect", [1, 2, 3, 4]),
        (-4, 12, "reflect", [3, 4, 3, 2, 1, 2, 3, 4, 3, 2, 1, 2]),
    ],
)
def test_cut(first: int, size: int, edge: Any, expected: list[float]) -> None:
    assert cut(np.array([1, 2, 3, 4], np.float32), first, size, edge).tolist() == expected


@given(st.integers(2, 12), st.integers(-30, 30), st.integers(1, 20), st.sampled_from(["zero", "drop", "reflect"]))
def test_cut_is_numpys_pad(n: int, first: int, size: int, edge: Any) -> None:
    samples = np.arange(1, n + 1, dtype=np.float32)
    around = 60
    mode = "reflect" if edge == "reflect" else "constant"
    padded = np.pad(samples, around, mode=mode)  # type: ignore[call-overload]
    assert cut(samples, first, size, edge).tolist() == padded[first + around : first + around + size].tolist()


@given(st.integers(0, 12), st.integers(-30, 30), st.integers(1, 20))
def test_clamp_stays_inside(n: int, first: int, size: int) -> None:
    samples = np.arange(1, n + 1, dtype=np.float32)
    start = min(max(first, 0), max(n - size, 0))
    expected = np.pad(samples, (0, 60))[start : start + size]
    assert cut(samples, first, size, "clamp").tolist() == expected.tolist()


@pytest.mark.parametrize("edge", ["zero", "drop", "clamp", "reflect"])
@pytest.mark.parametrize("n", [0, 1])
def test_cut_of_next_to_nothing(edge: Any, n: int) -> None:
    window = cut(np.full(n, 7, np.float32), 0, 3, edge)
    assert window.shape == (3,)
    assert window[:n].tolist() == [7] * n
    assert np.isfinite(window).all()


@pytest.mark.parametrize("edge", ["zero", "drop", "clamp", "reflect"])
def test_a_cut_is_a_copy(edge: Any) -> None:
    samples = np.ones(8, np.float32)
    window = cut(samples, 2, 3, edge)
    window[:] = 9
    assert samples.tolist() == [1] * 8
    assert window.dtype == np.float32


EDGE = {
    "audiomoth_gps.wav": ("ok", 1),
    "empty_2c.wav": ("empty", 0),
    "metadata.wav": ("ok", 3),
    "silence_10s.mp3": ("ok", 2),
    "stereo.wav": ("empty", 0),
    "veryshort.wav": ("empty", 0),
}
FIELD = {
    "1min.wav": ("ok", 12),
    "LOCA_2021_09_24_652_3.wav": ("ok", 1),
    "LOCA_2021_09_24_652_4.wav": ("ok", 1),
    "XC563936_soundscape.mp3": ("ok", 15),
    "birds_10s.wav": ("ok", 2),
    "great_plains_toad.wav": ("ok", 9),
    "rugr_drum.wav": ("ok", 2),
}


@pytest.mark.parametrize(("folder", "expected"), [("edge", EDGE), ("field", FIELD)])
def test_real_files(real_data: Path, folder: str, expected: dict[str, tuple[str, int]]) -> None:
    found = {}
    for recording in find_recordings(real_data / "audio" / folder).recordings:
        audio = decode(recording.path)
        stated = probe_duration(recording.path)
        assert audio.duration_s == pytest.approx(stated, abs=1e-3)
        assert audio.samples.ndim == 1
        found[recording.path.name] = (audio.status, count_chunks(audio.duration_s, 5.0)[0])
    assert found == expected


def test_real_mp3_of_silence_is_nearly_silent(real_data: Path) -> None:
    assert np.abs(decode(real_data / "audio" / "edge" / "silence_10s.mp3").samples).max() < 1e-3  # MP3 leaves a trace


def test_real_soundscape_with_a_hole(real_data: Path, tmp_path: Path, write_ogg: Writer) -> None:
    samples, rate = soundfile.read(real_data / "audio" / "field" / "1min.wav", dtype="float32")
    path = write_ogg(tmp_path / "whole.ogg", samples, rate)
    whole = decode(path).samples
    found = decode(damaged(path, tmp_path, path.stat().st_size // 2, HOLE))
    assert (found.status, len(found.samples)) == ("holed", len(whole))
    last = slice(-10 * rate, None)
    assert np.array_equal(found.samples[:rate], whole[:rate])
    np.testing.assert_allclose(found.samples[last], whole[last], atol=1e-3)


@pytest.mark.parametrize("damage", ["none", "hole"])
def test_long_recordings_lie_on_disk(
    tmp_path: Path, write_ogg: Writer, tone_chunks: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    path = write_ogg(tmp_path / "long.ogg", tone_chunks([300, 500, 700, 900, 1100, 1300], 16000), 16000)
    if damage == "hole":
        path = damaged(path, tmp_path, path.stat().st_size // 2, HOLE)
    whole = decode(path)
    at_48 = resample(whole, 48000)
    monkeypatch.setattr(blendkit.audio.scratch, "LONG_S", 10.0)
    monkeypatch.setattr(blendkit.audio.scratch, "BLOCK_S", 7)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    found = decode(path, scratch)
    assert isinstance(found.samples, np.memmap)
    assert (found.status, found.note, found.duration_s) == (whole.status, whole.note, whole.duration_s)
    assert np.array_equal(found.samples, whole.samples)
    streamed = resample(found, 48000, scratch)
    assert isinstance(streamed.samples, np.memmap)
    assert len(streamed.samples) == len(at_48.samples)
    assert np.abs(streamed.samples - at_48.samples).max() < 1e-6  # one stream: no edges at its blocks
    assert not isinstance(decode(path).samples, np.memmap)  # without a folder it stays in memory


def test_a_long_recording_with_a_sample_that_is_not_finite(
    tmp_path: Path, write_wav: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    samples = np.ones(40 * 1000, np.float32)
    samples[35_000] = np.nan
    path = write_wav(tmp_path / "nan.wav", samples, 1000)
    monkeypatch.setattr(blendkit.audio.scratch, "LONG_S", 10.0)
    found = decode(path, tmp_path)
    assert isinstance(found.samples, np.memmap)
    assert found.note == "1 sample not finite replaced by 0"
    assert found.samples.sum() == 39_999


@pytest.mark.parametrize("suffix", [".au", ".snd"])
def test_bytes_without_a_header_are_no_sound(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(np.random.default_rng(0).bytes(100_000))
    found = decode(path)
    assert (found.status, found.note) == ("unreadable", "no header of a sound file")
    assert probe_duration(path) is None


def test_what_was_read_of_a_long_recording_is_let_go(tmp_path: Path) -> None:
    (tmp_path / "a.f32").write_bytes(np.ones(1_000_000, np.float32).tobytes())
    mapped = np.memmap(tmp_path / "a.f32", np.float32, "r")
    if not Path("/proc/self/smaps").is_file():
        pytest.skip("only Linux says how much of a file is in memory")

    def resident_kb() -> int:
        own = Path("/proc/self/smaps").read_text(encoding="utf-8").partition(str(tmp_path / "a.f32"))[2]
        return int(own.partition("Rss:")[2].split()[0])

    assert mapped.sum() == 1_000_000
    assert resident_kb() > 3000
    release(mapped[100:])
    assert resident_kb() == 0
    assert mapped[-1] == 1
    release(np.ones(3, np.float32))  # in memory: nothing to let go
