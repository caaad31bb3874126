"""What libsndfile does not open: libav reads it where it is installed, and is named where it is not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

import blendkit.audio.decoding
from blendkit.audio.decoding import decode
from blendkit.audio.second_decoder import decode_with_libav

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


def test_of_two_tracks_the_first_is_read_and_that_is_said(tmp_path: Path) -> None:
    one = decode(encoded(tmp_path / "one.m4a", "aac", 2))
    with av.open(str(tmp_path / "one.m4a")) as source, av.open(str(tmp_path / "two.m4a"), "w") as container:
        tracks = [container.add_stream_from_template(source.streams.audio[0]) for _ in range(2)]
        for packet in source.demux(audio=0):
            if packet.dts is not None:
                packet.stream = tracks[0]
                container.mux(packet)
        source.seek(0)
        for packet in source.demux(audio=0):
            if packet.dts is not None:
                packet.stream = tracks[1]
                container.mux(packet)
    two = decode(tmp_path / "two.m4a")
    assert "tracks" not in one.note
    assert "the first of its 2 tracks of sound" in two.note
    assert np.array_equal(one.samples, two.samples)


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


@pytest.mark.parametrize(
    ("name", "codec", "kind"),
    [("a.m4a", "aac", "MP4"), ("a.wma", "wmav2", "ASF"), ("a.mka", "flac", "Matroska"), ("a.wv", "wavpack", "WavPack")],
)
def test_joined_files_of_libav_follow_each_other(tmp_path: Path, name: str, codec: str, kind: str) -> None:
    first, second = (encoded(tmp_path / name, codec, seconds).read_bytes() for seconds in (3, 2))
    alone = []
    for data in (first, second):
        (tmp_path / name).write_bytes(data)
        alone.append(decode(tmp_path / name))
    (tmp_path / name).write_bytes(first + second)
    found = decode(tmp_path / name)
    assert found.status == "ok"
    assert np.array_equal(found.samples, np.concatenate([a.samples for a in alone]))
    assert found.note.startswith(f"2 {kind} files joined: {alone[0].duration_s:.3f} + {alone[1].duration_s:.3f} s")


@pytest.mark.parametrize(("name", "codec"), [("a.m4a", "aac"), ("a.wma", "wmav2"), ("a.mka", "flac")])
def test_what_lies_behind_the_last_box_is_said(tmp_path: Path, name: str, codec: str) -> None:
    path = encoded(tmp_path / name, codec, 2)
    alone = decode(path)
    path.write_bytes(path.read_bytes() + bytes(range(1, 200)))
    found = decode(path)
    assert np.array_equal(found.samples, alone.samples)
    assert "199 bytes behind the end of its audio not read" in found.note


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


def test_an_ogg_stream_that_libav_reads_says_that_it_is_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = encoded(tmp_path / "a.oga", "flac", 6)
    found = decode(path)
    assert (found.status, found.note, len(found.samples)) == ("ok", "read by libav", 6 * RATE)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    found = decode(path)
    assert found.status == "short"
    assert f"the file is cut off after {found.duration_s:.3f} s" in found.note
    monkeypatch.setattr(blendkit.audio.decoding, "is_installed", lambda: False)
    assert "pip install 'blendkit[av]'" in decode(path).note


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


def test_an_mp3_damaged_inside_keeps_its_time(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.mp3"
    soundfile.write(path, np.random.default_rng(0).uniform(-0.5, 0.5, 6 * 16000).astype(np.float32), 16000)
    data, whole = path.read_bytes(), decode(path).samples
    path.write_bytes(data[:9000] + np.random.default_rng(2).bytes(2000) + data[11000:])
    found = decode(path)
    assert (found.status, len(found.samples)) == ("holed", len(whole))
    assert found.note.endswith(" s unreadable, replaced by silence")
    wrong = np.abs(found.samples - whole) > 1e-2
    assert 0 < wrong.mean() < 0.2
    assert not wrong[-16000:].any()
    assert capfd.readouterr() == ("", "")


def test_damage_that_libav_would_play_as_noise_is_silence(tmp_path: Path) -> None:
    path = tmp_path / "a.flac"
    samples = np.random.default_rng(0).uniform(-0.5, 0.5, 12 * 8000).astype(np.float32)
    soundfile.write(path, samples, 8000, subtype="PCM_16")
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 50] = bytes(50)  # inside one frame
    path.write_bytes(data)
    found = decode(path)
    assert (found.status, len(found.samples)) == ("holed", len(samples))
    assert found.note.startswith("read by libav; 0.512 s unreadable, replaced by silence")  # 4096 samples
    assert "s of the stated 12.000 s could be decoded" in found.note
    wrong = np.abs(found.samples - samples) > 1e-3
    assert not found.samples[wrong].any()
    assert wrong.sum() <= 4096


def test_a_start_that_is_lost_is_silence(tmp_path: Path) -> None:
    path = tmp_path / "a.flac"
    samples = np.random.default_rng(0).uniform(-0.5, 0.5, 12 * 8000).astype(np.float32)
    soundfile.write(path, samples, 8000, subtype="PCM_16")
    data = path.read_bytes()
    path.write_bytes(data[:3000] + bytes(50) + data[3050:])  # in the first frame
    found = decode(path)
    assert (found.status, len(found.samples)) == ("holed", len(samples))
    assert not found.samples[:4096].any()
    assert np.abs(found.samples[4096:] - samples[4096:]).max() < 1e-3


@pytest.mark.parametrize("count", [7, 8])  # from eight planes on PyAV has ended the process
def test_many_channels_are_read_each_in_its_place(tmp_path: Path, count: int) -> None:
    path = tmp_path / "a.flac"
    noise = np.random.default_rng(0).uniform(-0.1, 0.1, 2 * 8000).astype(np.float32)
    soundfile.write(path, noise[:, None] * np.arange(1, count + 1), 8000, subtype="PCM_16")
    for number in (1, count):
        samples = decode_with_libav(path, number, None, None).mono.samples
        assert np.abs(samples - number * noise).max() < 1e-3


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_damaged_file_among_joined_ones_keeps_its_time(tmp_path: Path, order: tuple[int, int]) -> None:
    path = tmp_path / "a.flac"
    samples = np.random.default_rng(0).uniform(-0.5, 0.5, 12 * 8000).astype(np.float32)
    soundfile.write(path, samples, 8000, subtype="PCM_16")
    data = path.read_bytes()
    half = len(data) // 2
    both = data, data[:half] + bytes(20_000) + data[half + 20_000 :]
    path.write_bytes(both[order[0]] + both[order[1]])
    found = decode(path)
    assert (found.status, len(found.samples)) == ("holed", 2 * len(samples))
    wrong = np.abs(found.samples - np.concatenate([samples, samples])) > 1e-3
    assert not found.samples[wrong].any()
    assert wrong.sum() <= 5 * 4096  # 20,000 bytes and the two frames at their ends


@pytest.mark.parametrize(("at", "code"), [(20, b"\x99\x99"), (34, b"\0\0")])  # the format, the bits per sample
def test_a_format_that_no_decoder_knows_is_a_status(tmp_path: Path, at: int, code: bytes) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, np.zeros(9000), 8000, subtype="PCM_16")
    data = path.read_bytes()
    path.write_bytes(data[:at] + code + data[at + 2 :])
    found = decode(path)
    assert (found.status, len(found.samples)) == ("unreadable", 0)
    assert found.note


@pytest.mark.parametrize("error", [AttributeError("no such thing"), KeyError("x"), MemoryError(), ZeroDivisionError()])
def test_whatever_a_decoder_raises_costs_its_recording_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fails(*_: object) -> None:
        raise error

    path = tmp_path / "a.wav"
    soundfile.write(path, np.zeros(9000), 8000)
    monkeypatch.setattr(blendkit.audio.decoding, "parts_of", fails)
    monkeypatch.setattr(blendkit.audio.decoding, "read_again", fails)
    found = decode(path)
    assert (found.status, len(found.samples)) == ("unreadable", 0)
    assert found.note
    assert "memory" in found.note or not isinstance(error, MemoryError)


def test_an_interruption_is_no_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(blendkit.audio.decoding, "parts_of", interrupted)
    with pytest.raises(KeyboardInterrupt):
        decode(tmp_path / "a.wav")


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


@pytest.mark.parametrize("size", [300, 4000])
def test_what_is_in_no_packet_keeps_its_time(tmp_path: Path, size: int) -> None:  # libav passes over it
    path = encoded(tmp_path / "a.aac", "aac", 10)
    data, whole = path.read_bytes(), decode(path)
    assert whole.note == "read by libav"
    path.write_bytes(data[:80_000] + bytes(size) + data[80_000 + size :])
    found = decode(path)
    assert found.status == "holed"
    assert len(found.samples) == pytest.approx(len(whole.samples), abs=1024)
    path.write_bytes(b"ID3\x04\0\0\0\0\x20\0" + bytes(1 << 12) + data + b"TAG" + bytes(125))  # tags are no loss
    assert decode(path).note == "read by libav"


def test_a_container_that_states_more_than_it_gives_is_partial(tmp_path: Path) -> None:
    path = encoded(tmp_path / "a.mka", "flac", 10)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    found = decode(path)
    assert found.status == "partial"
    assert "of the stated 10" in found.note


def test_a_damaged_block_of_wavpack_is_silence(tmp_path: Path) -> None:
    path = encoded(tmp_path / "a.wv", "wavpack", 6)
    data, whole = path.read_bytes(), decode(path).samples
    at = len(data) // 2
    path.write_bytes(data[:at] + bytes(100) + data[at + 100 :])  # inside one block: its checksum alone tells
    found = decode(path)
    assert (found.status, len(found.samples)) == ("holed", len(whole))
    wrong = np.abs(found.samples - whole) > 1e-3
    assert wrong.any()
    assert not found.samples[wrong].any()


def test_layer_two_is_not_taken_for_layer_three(tmp_path: Path) -> None:
    path = tmp_path / "a.mp2"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mp2", rate=RATE)
        stream.layout, stream.bit_rate = "mono", 384_000
        samples = np.random.default_rng(0).uniform(-9000, 9000, (1, 1152)).astype(np.int16)
        for _ in range(300):
            frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
            frame.sample_rate = RATE
            container.mux(stream.encode(frame))
    found = decode(path)
    assert (found.status, len(found.samples)) == ("ok", 300 * 1152)
    # frames of layer III by chance
    fake = bytes([0xFF, 0xFB, 0x54, 0xC0]) + bytes(188)
    path.write_bytes(path.read_bytes()[:-400] + fake * 2)
    assert decode(path).duration_s == pytest.approx(300 * 1152 / RATE, abs=0.1)


@pytest.mark.parametrize("rate", [8000, 22050, 48000, 384000])
@pytest.mark.parametrize("lost", [1, 42, 3000, 20000])
def test_a_flac_that_lost_its_start_gives_the_rest_without_gaps(tmp_path: Path, rate: int, lost: int) -> None:
    path = tmp_path / "a.flac"
    samples = (0.1 * np.random.default_rng(0).standard_normal(5 * rate)).astype(np.float32)
    soundfile.write(path, samples, rate, subtype="PCM_16")
    whole, _ = soundfile.read(path, dtype="float32")
    path.write_bytes(path.read_bytes()[lost:])
    found = decode(path)
    assert found.rate == rate
    assert len(found.samples) >= 5 * rate - lost - 2 * 4608  # not two frames more than what was cut
    assert np.array_equal(found.samples, whole[len(whole) - len(found.samples) :])


def test_joined_aac_of_other_rates_and_channels_is_read_whole(tmp_path: Path) -> None:
    first = encoded(tmp_path / "a.aac", "aac", 3, 44100).read_bytes()
    second = encoded(tmp_path / "b.aac", "aac", 2, 48000).read_bytes()
    (tmp_path / "c.aac").write_bytes(first + second)
    found = decode(tmp_path / "c.aac")
    assert (found.rate, found.status) == (44100, "ok")
    assert found.duration_s == pytest.approx(5, abs=0.15)
    end = found.samples[round(3.5 * 44100) :][:44100]
    assert np.abs(np.fft.rfft(end)).argmax() == pytest.approx(1000, abs=1)
