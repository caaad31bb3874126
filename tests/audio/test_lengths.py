"""Headers that lie about the length: every sample of the file is there, no other, and the note says what was stated."""

from __future__ import annotations

import struct
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

import blendkit.audio.decoding
import blendkit.audio.sizes
from blendkit.audio.decoding import decode
from blendkit.audio.flac_frames import flac_held
from blendkit.audio.reading import read_mono
from tests.sounds import encoded, flac_total, noise, read

RATE = 16000
BLOCK = 4096  # samples of a FLAC frame, as libFLAC writes it
SOUND = noise(6, RATE).clip(-0.9, 0.9)
FLAC = encoded(SOUND, "FLAC", "PCM_16", RATE)
WAV = encoded(SOUND, "WAV", "PCM_16", RATE)
MP3 = encoded(SOUND, "MP3", None, RATE)
DATA = WAV.index(b"data")
XING = MP3.index(b"Xing")  # frames at + 8, bytes at + 12


def int32(value: int) -> bytes:
    return value.to_bytes(4, "little")


def wav(riff: int | None = None, data: int | None = None, tail: bytes = b"") -> bytes:
    """A WAV with other sizes, and something behind it."""
    sizes = WAV[4:8] if riff is None else int32(riff), WAV[DATA + 4 : DATA + 8] if data is None else int32(data)
    return WAV[:4] + sizes[0] + WAV[8 : DATA + 4] + sizes[1] + WAV[DATA + 8 :] + tail


def same(found: Any, samples: np.ndarray) -> bool:
    return len(found.samples) == len(samples) and bool(np.abs(found.samples - samples).max() < 1e-4)


@pytest.mark.parametrize("frames", [10, 11, 12, 13])
def test_a_flac_cut_between_two_frames_gives_what_is_there(tmp_path: Path, frames: int) -> None:
    starts = [i for i in range(len(FLAC)) if FLAC[i : i + 2] == b"\xff\xf8" and FLAC[i + 2] >> 4 == 12]
    np.random.default_rng(1).standard_normal(len(SOUND)).astype(np.float32)  # what a decoder must not pick up
    found = read(tmp_path, "a.flac", FLAC[: starts[frames]])
    assert (found.status, len(found.samples)) == ("partial", frames * BLOCK)
    assert same(found, SOUND[: frames * BLOCK])
    assert found.note == f"{frames * BLOCK / RATE:.3f} s of the stated 6.000 s could be decoded"


@pytest.mark.parametrize("stated", [6.5, 7, 20, 60, 400])
def test_a_flac_that_states_too_much_is_partial(tmp_path: Path, stated: float) -> None:
    found = read(tmp_path, "a.flac", flac_total(FLAC, round(stated * RATE)))
    assert (found.status, same(found, SOUND)) == ("partial", True)
    assert found.note == f"6.000 s of the stated {stated:.3f} s could be decoded"


def test_a_length_that_cannot_be_is_said(tmp_path: Path) -> None:
    found = read(tmp_path, "a.flac", flac_total(FLAC, 1 << 33))
    assert (found.status, same(found, SOUND)) == ("ok", True)
    assert found.note == f"its header states 536870.912 s, which {len(FLAC)} bytes cannot hold"


@pytest.mark.parametrize("stated", [1, 5.9])
def test_a_flac_that_states_too_little_is_read_to_its_end(tmp_path: Path, stated: float) -> None:
    found = read(tmp_path, "a.flac", flac_total(FLAC, round(stated * RATE)))
    assert (found.status, same(found, SOUND)) == ("ok", True)
    assert found.note == f"its header states {stated:.3f} s, and audio goes on behind it"


@pytest.mark.parametrize("rate", [8000, 22050, 44100, 96000])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("samples", [1, 4096, 4097, 16 * 4096, 200 * 4096 + 5])  # numbers of one and of two bytes
def test_the_frames_of_a_flac_tell_its_length(rate: int, channels: int, samples: int) -> None:
    data = encoded(noise(samples / rate, rate)[:, None].repeat(channels, axis=1), "FLAC", "PCM_16", rate)
    assert flac_held(data) == samples
    assert flac_held(data + b"TAG" + bytes(125)) == samples


def test_the_frames_of_a_flac_tell_nothing_without_frames() -> None:
    assert flac_held(FLAC[:42]) is None
    assert flac_held(FLAC[:86]) is None


def test_a_flac_behind_a_tag_is_a_flac(tmp_path: Path) -> None:
    tag = b"ID3\x03\0\0\0\0\1\0" + bytes(128)
    found = read(tmp_path, "a.flac", tag + flac_total(FLAC, 0))
    assert (found.status, found.note, same(found, SOUND)) == ("ok", "its header states no length", True)


@pytest.mark.parametrize("size", [0, 0x7FFFF000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFFFFFF - 36])
def test_streamed_wavs_are_whole_whatever_they_state(tmp_path: Path, size: int) -> None:
    found = read(tmp_path, "a.wav", wav(min(size + 36, 0xFFFFFFFF), size))
    assert (found.status, found.note, same(found, SOUND)) == ("ok", "its header states no length", True)


@pytest.mark.parametrize("whole_riff", [False, True])
@pytest.mark.parametrize("tail", [b"", b"LIST\x04\0\0\0INFO"])
def test_a_recorder_that_did_not_close_its_wav_loses_nothing(tmp_path: Path, whole_riff: bool, tail: bytes) -> None:
    half = len(SOUND)  # bytes: half of the samples of two bytes
    found = read(tmp_path, "a.wav", wav(None if whole_riff else half + 36, half, tail))
    assert (found.status, found.note) == ("ok", "its header states 3.000 s, and audio goes on behind it")
    assert same(type(found)(found.samples[: len(SOUND)], RATE, 6.0, "ok"), SOUND)
    assert len(found.samples) - len(SOUND) == len(tail) // 2


@pytest.mark.parametrize(
    "tail",
    [
        b"LIST\x04\0\0\0INFO",
        b"bext" + int32(20000) + bytes(range(200)) * 100,
        b"what" + int32(20000) + bytes(range(200)) * 100,  # any chunk
        bytes(100_000),  # a space that was set aside
        b"TAG" + bytes(range(125)) * 100,
    ],
)
def test_what_follows_the_audio_of_a_wav_is_no_audio(tmp_path: Path, tail: bytes) -> None:
    found = read(tmp_path, "a.wav", wav(len(WAV) - 8 + len(tail), None, tail))
    assert (found.status, found.note, same(found, SOUND)) == ("ok", "", True)


@pytest.mark.parametrize("kind", ["WAV", "AIFF", "AU", "CAF", "W64", "RF64"])
def test_a_few_bytes_behind_the_audio_are_said(tmp_path: Path, kind: str) -> None:  # less than a fifth of a second
    found = read(tmp_path, "a", encoded(SOUND, kind, "PCM_16", RATE) + bytes(range(1, 200)))
    assert (found.status, found.note, same(found, SOUND)) == (
        "ok",
        "199 bytes behind the end of its audio not read",
        True,
    )


@pytest.mark.parametrize("kind", ["AIFF", "AU", "CAF", "W64", "RF64"])
@pytest.mark.parametrize("other", ["AIFF", "AU", "CAF", "W64", "RF64", "WAV"])
def test_joined_files_of_any_container_follow_each_other(tmp_path: Path, kind: str, other: str) -> None:
    first, second = SOUND[:20_001], SOUND[20_001:40_000]  # odd numbers: what follows is aligned to its own start
    data = encoded(first, kind, "PCM_U8" if kind == "RF64" else "PCM_16", RATE) + encoded(second, other, "PCM_16", RATE)
    found = read(tmp_path, "a", data)
    assert found.status == "ok"
    assert len(found.samples) == 40_000
    assert np.abs(found.samples - SOUND[:40_000]).max() < 1e-2
    kinds = kind if kind == other else f"{kind}/{other}"
    assert found.note == f"2 {kinds} files joined: 1.250 + 1.250 s"


def test_a_wav_that_is_cut_off_says_both_lengths(tmp_path: Path) -> None:
    found = read(tmp_path, "a.wav", WAV[: DATA + 8 + 4 * RATE])
    assert (found.status, found.note) == ("short", "the file is cut off after 2.000 s of the stated 6.000 s")


BYTES = 2 * len(SOUND)
SIZES = {  # where each container keeps the size of its audio, as it is written
    "AIFF": (">I", BYTES + 8),
    "AU": (">I", BYTES),
    "CAF": (">q", BYTES + 4),
    "W64": ("<q", BYTES + 24),
    "RF64": ("<q", BYTES),
}


@pytest.mark.parametrize("kind", SIZES)
@pytest.mark.parametrize("stated", ["half", "nothing", "the greatest", "right"])
def test_every_container_is_read_to_its_end(tmp_path: Path, kind: str, stated: str) -> None:
    form, size = SIZES[kind]
    data = encoded(SOUND, kind, "PCM_16", RATE)
    at = data.index(struct.pack(form, size))
    new = {"half": size - BYTES // 2, "nothing": 0, "the greatest": -1, "right": size}[stated]
    written = struct.pack(form, new & 0xFFFFFFFF if form == ">I" else new)
    found = read(tmp_path, "a", data[:at] + written + data[at + len(written) :])
    length = "3.000 s, and audio goes on behind it" if stated == "half" else "no length"
    assert (found.status, found.note) == ("ok", "" if stated == "right" else f"its header states {length}")
    assert same(found, SOUND)


@pytest.mark.parametrize("kind", SIZES)
def test_every_container_that_is_cut_off_says_both_lengths(tmp_path: Path, kind: str) -> None:
    if kind == "CAF":
        pytest.importorskip("av", reason="PyAV is not installed: pip install 'blendkit[av]'")
    data = encoded(SOUND, kind, "PCM_16", RATE)
    found = read(tmp_path, "a", data[: -BYTES // 2])
    assert found.status in ("short", "partial")
    assert found.duration_s == pytest.approx(3, abs=0.1)
    assert "of the stated 6.000 s" in found.note


@pytest.mark.parametrize("seconds", [1, 6])  # the second file ends before or behind the stated end of the first
def test_a_wav_that_is_cut_off_before_another_says_both_lengths(tmp_path: Path, seconds: int) -> None:
    second = SOUND[: seconds * RATE]
    found = read(tmp_path, "a.wav", WAV[: DATA + 8 + 4 * RATE] + encoded(second, "WAV", "PCM_16", RATE))
    assert (found.status, same(found, np.concatenate([SOUND[: 2 * RATE], second]))) == ("short", True)
    assert found.note == (
        f"2 WAV files joined: 2.000 + {seconds}.000 s; part 1: the file is cut off after 2.000 s of the stated 6.000 s"
    )


def test_a_wav_joined_to_one_without_a_size_is_found(tmp_path: Path) -> None:
    found = read(tmp_path, "a.wav", wav(0xFFFFFFFF, 0xFFFFFFFF) + WAV)
    assert same(found, np.concatenate([SOUND, SOUND]))
    assert found.note == "2 WAV files joined: 6.000 + 6.000 s; its header states no length"


@pytest.mark.parametrize("wrong_bytes", [False, True])
@pytest.mark.parametrize("name", ["a.mp3", "a.wav"])  # the first bytes say what it is
def test_an_mp3_that_counts_too_few_frames_is_read_to_its_end(tmp_path: Path, name: str, wrong_bytes: bool) -> None:
    whole = read(tmp_path, "whole.mp3", MP3)
    frames, size = (int.from_bytes(MP3[XING + k : XING + k + 4], "big") for k in (8, 12))
    few = (frames // 3).to_bytes(4, "big") + (size // 3 if wrong_bytes else size).to_bytes(4, "big")
    found = read(tmp_path, name, MP3[: XING + 8] + few + MP3[XING + 16 :])
    assert (found.status, found.note) == ("ok", f"its header states {frames // 3} of its {frames} frames")
    assert np.array_equal(found.samples, whole.samples)


@pytest.mark.parametrize("at", [6, 12, XING - 1])  # decoders want zeros from there up to the header's name
@pytest.mark.parametrize("tail", [b"", MP3])
def test_an_mp3_whose_frame_of_counts_is_damaged_is_whole(tmp_path: Path, at: int, tail: bytes) -> None:
    whole = read(tmp_path, "whole.mp3", MP3 + tail)
    found = read(tmp_path, "a.mp3", MP3[:at] + b"\x40" + MP3[at + 1 :] + tail)
    assert (found.status, np.array_equal(found.samples, whole.samples)) == ("ok", True)
    assert "the frame that states its length is damaged" in found.note
    assert ("2 MP3 files joined: 6.000 + 6.000 s" in found.note) == bool(tail)


def test_an_mp3_of_which_the_decoder_gives_half_is_never_ok(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blendkit.audio.decoding, "parts_of", lambda _: None)
    monkeypatch.setattr(blendkit.audio.decoding, "is_installed", lambda: False)
    quiet = np.concatenate(
        [noise(3, RATE), np.zeros(9 * RATE, np.float32)]
    )  # most frames are far smaller than the first
    data = encoded(quiet, "MP3", None, RATE)
    found = read(tmp_path, "a.mp3", data[:12] + b"\x40" + data[13:])
    assert found.status == "partial"
    assert "of the stated 1" in found.note


@pytest.mark.parametrize("name", ["a.mp3", "a.wav"])
def test_the_suffix_of_an_mp3_changes_nothing(tmp_path: Path, name: str, capfd: pytest.CaptureFixture[str]) -> None:
    whole = read(tmp_path, "whole.mp3", MP3)
    found = read(tmp_path, name, MP3 + MP3)
    assert np.array_equal(found.samples, np.concatenate([whole.samples] * 2))
    assert found.note == "2 MP3 files joined: 6.000 + 6.000 s"
    read(tmp_path, name, MP3[:3000] + np.random.default_rng(0).bytes(3000) + MP3[6000:])
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(("kind", "subtype"), [("OGG", "VORBIS"), ("WAV", "PCM_16"), ("FLAC", "PCM_16"), ("MP3", None)])
def test_a_part_that_is_cut_off_is_said(tmp_path: Path, kind: str, subtype: str | None) -> None:
    data = encoded(SOUND, kind, subtype, RATE)
    found = read(tmp_path, "a", data + data[: len(data) // 2])
    assert found.status in ("short", "partial")
    assert found.duration_s == pytest.approx(9, abs=1.5)
    assert "part 2: " in found.note


@pytest.mark.parametrize("at", [5, 30])  # the flag of a first page, and what is in it
def test_a_joined_ogg_whose_first_page_is_damaged_is_missed(tmp_path: Path, at: int) -> None:
    data = encoded(SOUND, "OGG", "VORBIS", RATE)
    found = read(tmp_path, "a.ogg", data + data[:at] + b"\0" + data[at + 1 :])
    assert (found.status, len(found.samples)) == ("partial", len(SOUND))
    assert found.note.startswith("2 Ogg streams joined: 6.000 + 0.000 s; part 2: ")


def test_a_part_without_the_channel_that_is_asked_for_costs_itself(tmp_path: Path) -> None:
    three = encoded(np.stack([0.1 * SOUND, 0.2 * SOUND, 0.3 * SOUND], axis=1), "FLAC", "PCM_16", RATE)
    (tmp_path / "a.flac").write_bytes(FLAC + three)
    found = decode(tmp_path / "a.flac", channels=3)
    assert (found.status, len(found.samples)) == ("partial", len(SOUND))
    assert "it has 1 channel, and no channel 3" in found.note
    assert same(found, 0.3 * SOUND)


class Broken:
    """A sound file whose decoder writes 100 samples of 1, then fails."""

    samplerate, frames, channels, format = 1000, 5000, 1, "WAV"

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return 0

    def seek(self, place: int) -> int:
        return place

    def read(self, count: int, *, out: np.ndarray, **_: Any) -> np.ndarray:
        out[:100] = 1
        raise RuntimeError("it broke")


@pytest.mark.parametrize("opened", [None, lambda: nullcontext(Broken())])
def test_memory_that_no_decoder_wrote_is_no_audio(opened: Any) -> None:
    found = read_mono(Broken(), 10_000, "mean", None, opened)
    assert (found.samples.tolist(), found.failed) == ([1] * 100, "it broke")


def test_several_tags_before_an_mp3(tmp_path: Path) -> None:
    wave = (0.3 * np.sin(np.arange(3 * 32000) * 0.2)).astype(np.float32)
    soundfile.write(tmp_path / "a.mp3", wave, 32000)
    plain = (tmp_path / "a.mp3").read_bytes()
    tag = b"ID3\x04\x00\x00\x00\x00\x01\x00" + bytes(128)
    (tmp_path / "b.mp3").write_bytes(tag * 3 + plain)
    assert np.array_equal(decode(tmp_path / "b.mp3").samples, decode(tmp_path / "a.mp3").samples)


def flac_block(kind: int, body: bytes) -> bytes:
    """FLAC with one more block of metadata, behind STREAMINFO."""
    return FLAC[:42] + bytes([kind]) + len(body).to_bytes(3, "big") + body + FLAC[42:]


@pytest.mark.parametrize("kind", [6, 1])  # a picture, padding
def test_a_flac_inside_the_metadata_of_another_is_none(tmp_path: Path, kind: int) -> None:
    inner = encoded(SOUND[:RATE], "FLAC", "PCM_16", RATE)
    body = bytes(28) + len(inner).to_bytes(4, "big") + inner  # as a picture without names and sizes is written
    found = read(tmp_path, "a.flac", flac_block(kind, body))
    assert (found.status, found.note, same(found, SOUND)) == ("ok", "", True)
    two = read(tmp_path, "a.flac", flac_block(kind, body) + inner)
    assert (two.note, same(two, np.concatenate([SOUND, SOUND[:RATE]]))) == (
        "2 FLAC files joined: 6.000 + 1.000 s",
        True,
    )


def test_a_flac_whose_only_metadata_is_its_header(tmp_path: Path) -> None:
    at = next(i for i in range(len(FLAC)) if FLAC[i : i + 2] == b"\xff\xf8")
    bare = FLAC[:4] + b"\x80" + FLAC[5:42] + FLAC[at:]
    found = read(tmp_path, "a.flac", bare)
    assert (found.status, found.note, same(found, SOUND)) == ("ok", "", True)
    assert read(tmp_path, "a.flac", bare + bare).note == "2 FLAC files joined: 6.000 + 6.000 s"


@pytest.mark.parametrize("repeated", [True, False])  # a page, or two thirds of one
def test_what_repeats_in_an_ogg_is_no_hole(tmp_path: Path, repeated: bool) -> None:
    data = encoded(SOUND, "OGG", "VORBIS", RATE)
    pages = [i for i in range(len(data)) if data[i : i + 4] == b"OggS"]
    more = data[pages[3] : pages[4]] if repeated else data[pages[3] + 500 : pages[4]]
    found = read(tmp_path, "a.ogg", data[: pages[4]] + more + data[pages[4] :])
    assert (found.status, found.note) == ("ok", "pages that repeat and bytes between pages were left out")
    assert same(found, read(tmp_path, "b.ogg", data).samples)


def test_a_length_of_years_is_none(tmp_path: Path) -> None:
    data = bytearray(encoded(SOUND, "RF64", "PCM_16", RATE))
    at = data.index(b"ds64") + 16
    data[at : at + 8] = (1 << 50).to_bytes(8, "little")
    found = read(tmp_path, "a.wav", bytes(data))
    assert (found.status, found.note, same(found, SOUND)) == ("ok", "its header states no length", True)


@pytest.mark.parametrize("kind", ["WAV", "AIFF"])
def test_what_its_own_header_cannot_state_is_read_or_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(blendkit.audio.sizes, "largest", lambda _: 2 * RATE + 8)  # as if 4 gigabytes were one second
    data = bytearray(encoded(SOUND, kind, "PCM_16", RATE))
    at = data.index({"WAV": b"data", "AIFF": b"SSND"}[kind]) + 4
    data[at : at + 4] = bytes(4)
    found = read(tmp_path, "a", bytes(data))
    if kind == "WAV":  # it becomes RF64
        assert (found.status, found.note, same(found, SOUND)) == ("ok", "its header states no length", True)
    else:
        left = len(data) - (at + 12) - 2 * RATE
        assert (found.status, same(found, SOUND[:RATE])) == ("partial", True)
        assert f"{left} bytes behind the end of its audio not read" in found.note


@pytest.mark.parametrize("between", [b"", b"LIST\x04\0\0\0INFO"])
def test_several_chunks_of_audio_follow_each_other(tmp_path: Path, between: bytes) -> None:
    samples, half = WAV[DATA + 8 :], len(SOUND)  # bytes: two for a sample
    second = between + b"data" + int32(half) + samples[half:]
    data = WAV[: DATA + 4] + int32(half) + samples[:half] + second
    found = read(tmp_path, "a.wav", data[:4] + int32(len(data) - 8) + data[8:])
    assert (found.status, same(found, SOUND)) == ("ok", True)
    assert found.note == "2 chunks of audio in one file: 3.000 + 3.000 s"


@pytest.mark.parametrize("size", [0, -1, -24])
def test_a_chunk_that_ends_before_it_starts_is_passed_over(tmp_path: Path, size: int) -> None:
    tail = b"LIST" + bytes(12) + struct.pack("<q", size) + bytes(8)
    found = read(tmp_path, "a.w64", encoded(SOUND, "W64", "PCM_16", RATE) + tail)
    assert (found.status, same(found, SOUND)) == ("ok", True)


def recounted(data: bytes, name: bytes, skip: int, count: int, form: str) -> bytes:
    """A file whose chunk `name` counts another number of samples."""
    at = data.index(name) + 8 + skip
    return data[:at] + struct.pack(form, count) + data[at + 4 :]


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "PCM_S8", "FLOAT", "ULAW", "ALAW", "IMA_ADPCM", "GSM610"])
@pytest.mark.parametrize("share", [0, 0.5, 1, 2])
def test_an_aiff_that_counts_other_samples_than_it_holds_is_whole(tmp_path: Path, subtype: str, share: float) -> None:
    data = encoded(SOUND, "AIFF", subtype, RATE)
    whole = read(tmp_path, "a.aiff", data)
    assert (whole.note, len(whole.samples)) == ("", len(SOUND))
    packet = 64 if subtype == "IMA_ADPCM" else 1  # this one counts its packets
    found = read(tmp_path, "a.aiff", recounted(data, b"COMM", 2, round(share * len(SOUND) / packet), ">I"))
    assert (found.status, np.array_equal(found.samples, whole.samples)) == ("ok", True)
    counted = {0: "no samples", 0.5: "3.000 s of samples, and its audio has 6.000 s", 1: ""}
    expected = counted.get(share, "12.000 s of samples, and its audio has 6.000 s")
    assert found.note == (f"its header counts {expected}" if expected else "")


@pytest.mark.parametrize("share", [0, 0.5, 1, 2])
@pytest.mark.parametrize("subtype", ["FLOAT", "ULAW", "GSM610"])
def test_a_wav_that_counts_other_samples_than_it_holds_is_whole(tmp_path: Path, subtype: str, share: float) -> None:
    data = encoded(SOUND, "WAV", subtype, RATE)
    whole = read(tmp_path, "a.wav", data)
    found = read(tmp_path, "a.wav", recounted(data, b"fact", 0, round(share * len(SOUND)), "<I"))
    assert np.array_equal(found.samples, whole.samples)
    assert bool(found.note) == (share not in (0, 1))  # programs that stream write 0


@pytest.mark.parametrize("size", [0, 8, BYTES // 20 + 8, 0xFFFFFFFF])  # the size of the audio is wrong as well
def test_an_aiff_whose_count_and_size_are_both_wrong_is_whole(tmp_path: Path, size: int) -> None:
    data = encoded(SOUND, "AIFF", "GSM610", RATE)
    whole = read(tmp_path, "a.aiff", data)
    found = read(tmp_path, "a.aiff", recounted(recounted(data, b"COMM", 2, 0, ">I"), b"SSND", -4, size, ">I"))
    assert (found.status, np.array_equal(found.samples[: len(SOUND)], whole.samples)) == ("ok", True)
    assert "its header counts no samples" in found.note


def test_an_aiff_without_a_count_whose_samples_have_no_fixed_size(tmp_path: Path) -> None:
    data = encoded(SOUND, "AIFF", "DWVW_16", RATE)
    found = read(tmp_path, "a.aiff", recounted(data, b"COMM", 2, 0, ">I"))
    assert (found.status, found.note) == ("ok", "its header counts no samples")
    assert same(type(found)(found.samples[: len(SOUND)], RATE, 6.0, "ok"), SOUND)
    assert len(found.samples) - len(SOUND) < 32  # bits that fill the last byte


@pytest.mark.parametrize("names", [(), (b"note",), (b"fmt ",), (b"note", b"fmt "), (b"note", b"memo")])
@pytest.mark.parametrize("odd", [1, 3, 4])
@pytest.mark.parametrize("tail", [b"", b"LIST\x04\0\0\0INFO"])
def test_chunks_that_are_not_aligned_hide_no_audio(
    tmp_path: Path, names: tuple[bytes, ...], odd: int, tail: bytes
) -> None:
    """Chunks of an odd size without the byte behind them: before `fmt `, between it and the audio, or both."""
    samples = (noise(2, 16000).clip(-1, 1) * 30000).astype("<i2")
    fmt = struct.pack("<HHIIHH", 1, 1, 16000, 32000, 2, 16)
    chunks = b"".join(
        name + struct.pack("<I", len(body)) + body
        for name, body in [
            *((n, b"abcd"[:odd]) for n in names if n != b"fmt " and b"fmt " in names),
            (b"fmt ", fmt),
            *((n, b"abcd"[:odd]) for n in names if b"fmt " not in names),
            (b"data", samples.tobytes()),
        ]
    )
    path = tmp_path / "a.wav"
    path.write_bytes(b"RIFF" + struct.pack("<I", 4 + len(chunks + tail)) + b"WAVE" + chunks + tail)
    found = decode(path)
    assert found.status == "ok"
    assert np.array_equal(found.samples, samples / np.float32(32768))
    others = [n for n in names if n != b"fmt "]
    assert ("missing" in found.note) == (bool(others) and odd % 2 == 1)
