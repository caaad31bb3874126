"""Files whose header does not say how long they are: every sample is there, in order, and the note says why."""

from __future__ import annotations

import os
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest

from blendkit.audio.decoder_noise import without_mpg123_noise
from blendkit.audio.decoding import decode
from blendkit.audio.headers import probe_duration
from blendkit.audio.joined import parts_of
from tests.sounds import RATE, encoded, flac_total, loudest_hz, noise, read, tone


def without_first_frame(mp3: bytes) -> bytes:
    """Return an MP3 without the frame that holds its Xing header, found by the second sync word of the same kind."""
    return mp3[mp3.index(mp3[:2], 100) :]


@pytest.mark.parametrize("seconds", [3.0, 70.5])  # less and more than the block that is read at a time
def test_flac_of_unknown_length_is_read_to_its_end(tmp_path: Path, seconds: float) -> None:
    whole = encoded(tone(seconds, 440), "FLAC", "PCM_16")
    found = read(tmp_path, "a.flac", flac_total(whole, 0))
    assert (found.status, found.note) == ("ok", "its header states no length")
    assert np.array_equal(found.samples, read(tmp_path, "b.flac", whole).samples)


def test_a_header_that_states_too_much_is_no_audio(tmp_path: Path) -> None:
    whole = encoded(noise(3), "FLAC", "PCM_16")
    found = read(tmp_path, "a.flac", flac_total(whole, 1 << 32))
    assert found.duration_s == 3
    assert np.array_equal(found.samples, read(tmp_path, "b.flac", whole).samples)


@pytest.mark.parametrize("share", [0.3, 0.5, 0.9])
def test_half_a_flac_gives_its_good_half(tmp_path: Path, share: float) -> None:
    whole = encoded(noise(10), "FLAC", "PCM_16")
    found = read(tmp_path, "a.flac", whole[: round(len(whole) * share)])
    assert found.status == "partial"
    assert found.duration_s == pytest.approx(10 * share, abs=0.3)
    assert "of the stated 10.000 s could be decoded" in found.note
    assert np.array_equal(found.samples, read(tmp_path, "b.flac", whole).samples[: len(found.samples)])


@pytest.mark.parametrize("order", [(0, 1), (1, 0), (0, 0), (0, 1, 2)])
@pytest.mark.parametrize(("kind", "subtype"), [("FLAC", "PCM_16"), ("WAV", "PCM_16"), ("OGG", "VORBIS"), ("MP3", None)])
def test_joined_files_follow_each_other(tmp_path: Path, kind: str, subtype: str | None, order: tuple[int, ...]) -> None:
    parts = [encoded(x, kind, subtype) for x in (noise(4), tone(7, 2000), noise(2, seed=1))]
    name = f"a.{kind.lower()}"
    alone = [read(tmp_path, name, parts[i]) for i in order]
    found = read(tmp_path, name, b"".join(parts[i] for i in order))
    assert found.status == "ok"
    assert found.duration_s == sum(a.duration_s for a in alone)
    assert np.array_equal(found.samples, np.concatenate([a.samples for a in alone]))
    seconds = " + ".join(f"{a.duration_s:.3f}" for a in alone)
    assert found.note.startswith(f"{len(order)} ")
    assert f"joined: {seconds} s" in found.note


def test_the_first_of_joined_streams_fixes_the_rate(tmp_path: Path) -> None:
    first, second = encoded(tone(4, 1000), "OGG", "VORBIS"), encoded(tone(6, 3000, 16000), "OGG", "VORBIS", 16000)
    found = read(tmp_path, "a.ogg", first + second)
    assert (found.rate, found.duration_s) == (RATE, 10.0)
    assert loudest_hz(found.samples[: 4 * RATE], RATE) == pytest.approx(1000, abs=1)
    assert loudest_hz(found.samples[4 * RATE :], RATE) == pytest.approx(3000, abs=1)


def test_a_damaged_stream_among_joined_ones_stays_in_its_place(tmp_path: Path) -> None:
    first, second = (encoded(tone(20, hz), "OGG", "VORBIS") for hz in (1000, 3000))
    hole = len(first) // 2
    found = read(tmp_path, "a.ogg", first[:hole] + bytes(3000) + first[hole + 3000 :] + second)
    assert (found.status, found.duration_s) == ("holed", 40.0)
    assert loudest_hz(found.samples[20 * RATE :], RATE) == pytest.approx(3000, abs=1)


@pytest.mark.parametrize("riff", [None, 0, 0xFFFFFFFF])
def test_wav_that_states_no_size_is_read_to_its_end(tmp_path: Path, riff: int | None) -> None:
    data = bytearray(encoded(noise(5), "WAV", "PCM_16"))
    whole = read(tmp_path, "b.wav", bytes(data))
    at = data.index(b"data")
    data[at + 4 : at + 8] = bytes(4)
    if riff is not None:
        data[4:8] = riff.to_bytes(4, "little")
    found = read(tmp_path, "a.wav", bytes(data))
    assert (found.status, found.note) == ("ok", "its header states no length")
    assert np.array_equal(found.samples, whole.samples)


@pytest.mark.parametrize("rate", [44100, 32000, 22050, 16000])
@pytest.mark.parametrize("channels", [1, 2])
def test_mp3_without_its_header_is_read_to_its_end(tmp_path: Path, rate: int, channels: int) -> None:
    quiet_start = np.concatenate([np.zeros(5 * rate, np.float32), noise(15, rate)])  # a variable bit rate
    whole = encoded(np.stack([quiet_start] * channels, axis=1), "MP3", None, rate)
    found = read(tmp_path, "a.mp3", without_first_frame(whole))
    assert found.status == "ok"
    assert found.duration_s == pytest.approx(20, abs=0.15)  # the header's frames of silence at both ends come back
    assert "its header does not state its length" in found.note


def test_a_cut_mp3_gives_what_is_there(tmp_path: Path) -> None:
    whole = encoded(noise(20), "MP3")
    found = read(tmp_path, "a.mp3", whole[: len(whole) // 2])
    assert found.status == "partial"
    assert found.duration_s == pytest.approx(10, abs=0.3)


@pytest.mark.parametrize(("kind", "subtype"), [("FLAC", "PCM_16"), ("WAV", "PCM_16"), ("OGG", "VORBIS"), ("MP3", None)])
@pytest.mark.parametrize("tail", [b"", bytes(100), b"TAG" + bytes(125)])
def test_a_healthy_file_is_left_alone(tmp_path: Path, kind: str, subtype: str | None, tail: bytes) -> None:
    path = tmp_path / f"a.{kind.lower()}"
    path.write_bytes(encoded(noise(4), kind, subtype) + tail)
    assert parts_of(path) is None
    assert decode(path).duration_s == 4


@pytest.mark.parametrize("rate", [1, 1 << 31])
def test_a_rate_that_no_recorder_has_is_refused(tmp_path: Path, rate: int) -> None:
    data = bytearray(encoded(noise(2), "WAV", "PCM_16"))
    data[24:28] = rate.to_bytes(4, "little")
    assert read(tmp_path, "a.wav", bytes(data)).status == "unreadable"


def test_gsm_in_wav_is_read(tmp_path: Path) -> None:
    found = read(tmp_path, "a.wav", encoded(tone(5, 440, 8000), "WAV", "GSM610", 8000))
    assert found.status in ("ok", "padded")
    assert found.duration_s == pytest.approx(5, abs=0.05)


def test_the_decoder_of_mp3_keeps_the_terminal_clean(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    joined = encoded(noise(4), "MP3") + encoded(tone(7, 2000), "MP3")
    read(tmp_path, "a.mp3", joined)
    read(tmp_path, "b.mp3", joined[: len(joined) // 3])
    assert probe_duration(tmp_path / "a.mp3") == pytest.approx(4)
    assert capfd.readouterr() == ("", "")


def test_what_others_write_meanwhile_is_passed_on(capfd: pytest.CaptureFixture[str]) -> None:
    with without_mpg123_noise():
        os.write(2, b"Warning: Xing stream size off by more than 1%\nsomething else\n")
    assert capfd.readouterr().err == "something else\n"


def test_a_wav_whose_header_was_last_written_early_is_read_to_its_end(tmp_path: Path) -> None:
    whole = encoded(tone(10, 440), "WAV", "PCM_16")
    found = read(tmp_path, "a.wav", whole[:40] + (3200).to_bytes(4, "little") + whole[44:])
    assert (found.status, found.duration_s, found.note) == (
        "ok",
        10,
        "its header states 0.050 s, and audio goes on behind it",
    )
    behind = whole + b"LIST" + (4).to_bytes(4, "little") + b"INFO"  # what is no sound stays out
    assert read(tmp_path, "b.wav", behind).duration_s == 10


@pytest.mark.parametrize(("kind", "suffix"), [("AIFF", "aiff"), ("W64", "w64"), ("RF64", "rf64"), ("AU", "au")])
def test_other_files_that_are_cut_off_are_short(tmp_path: Path, kind: str, suffix: str) -> None:
    whole = encoded(tone(10, 440), kind, "PCM_16")
    assert (
        read(tmp_path, f"a.{suffix}", whole).status,
        read(tmp_path, f"b.{suffix}", whole[: len(whole) // 2]).status,
    ) == (
        "ok",
        "short",
    )


FORMS = {"FLAC": "PCM_16", "OGG": "VORBIS", "MP3": "MPEG_LAYER_III", "WAV": "PCM_16"}


@pytest.mark.parametrize(("front", "behind"), list(permutations(FORMS, 2)))
def test_a_file_of_another_kind_behind_the_audio_is_no_part_of_it_and_is_said(
    tmp_path: Path, front: str, behind: str
) -> None:
    first, second = (encoded(noise(3), kind, FORMS[kind]) for kind in (front, behind))
    alone = read(tmp_path, f"a.{front.lower()}", first)
    found = read(tmp_path, f"b.{front.lower()}", first + second)
    if (front, behind) == ("MP3", "WAV"):  # bytes of samples may look like a frame
        assert "behind the end of its audio not read" in found.note
        return
    assert np.array_equal(found.samples, alone.samples)
    assert found.status == "ok"
    count = int(found.note.split(" bytes behind the end")[0])
    assert 0 < count <= len(second)  # of a FLAC, where its last frame ends at the latest


@pytest.mark.parametrize("kind", ["FLAC", "OGG"])
def test_tags_and_zeros_behind_the_audio_are_nothing(tmp_path: Path, kind: str) -> None:
    whole = encoded(noise(2), kind, FORMS[kind])
    for more in (b"TAG" + bytes(125), bytes(5000)):
        assert read(tmp_path, f"a.{kind.lower()}", whole + more).note == ""
