"""What others make of a sound on its way: packed, copied as text, with bytes in front, or cut short and filled up."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from blendkit.audio.decoding import decode
from blendkit.audio.foreign_starts import sound_start, why_no_sound
from tests.sounds import encoded, noise, read

SOUND = noise(3)
KINDS = {"wav": ("WAV", "PCM_16"), "flac": ("FLAC", "PCM_16"), "ogg": ("OGG", "VORBIS"), "mp3": ("MP3", None)}
WHOLE = {suffix: encoded(SOUND, *kind) for suffix, kind in KINDS.items()}
FRONTS = {
    "http": b"HTTP/1.1 200 OK\r\nContent-Type: audio/wav\r\n\r\n",
    "line": b"\n",
    "utf8": b"\xef\xbb\xbf",
    "macbinary": b"\0\7rec.wav" + bytes(119),
}


@pytest.mark.parametrize("suffix", KINDS)
@pytest.mark.parametrize("front", FRONTS)
def test_bytes_in_front_are_passed_over(tmp_path: Path, suffix: str, front: str) -> None:
    found = read(tmp_path, f"a.{suffix}", FRONTS[front] + WHOLE[suffix])
    whole = read(tmp_path, f"b.{suffix}", WHOLE[suffix])
    assert (found.status, found.note) == ("ok", f"{len(FRONTS[front])} bytes in front of its audio not read")
    assert np.array_equal(found.samples, whole.samples)


@pytest.mark.parametrize("suffix", KINDS)
@pytest.mark.parametrize(("start", "name"), [(b"\x1f\x8b\x08\0", "gzip"), (b"PK\x03\x04", "zip"), (b"BZh9", "bzip2")])
def test_what_is_packed_says_so(tmp_path: Path, suffix: str, start: bytes, name: str) -> None:
    found = read(tmp_path, f"a.{suffix}", start + WHOLE[suffix])  # of a FLAC, whole frames lie in the archive
    assert (found.status, found.note) == ("unreadable", f"it is packed ({name}): unpack it")


@pytest.mark.parametrize("suffix", KINDS)
def test_a_copy_as_text_is_no_sound(tmp_path: Path, suffix: str) -> None:
    found = read(tmp_path, f"a.{suffix}", WHOLE[suffix].replace(b"\n", b"\r\n"))
    assert found.status == "unreadable"
    assert "it was copied as text" in found.note


def test_lines_of_metadata_are_no_copy_as_text() -> None:
    lines = b"<line/>\r\n" * 99
    assert why_no_sound(lines + bytes(200_000)) == ""  # digital silence has no line feeds
    assert why_no_sound(b"a\r\nb\n" * 9) == ""
    assert why_no_sound(b"") == ""


@pytest.mark.parametrize(
    "data", [b"\x1a\x45\xdf\xa3" + bytes(60) + WHOLE["flac"], WHOLE["wav"], b"caff" + WHOLE["wav"]]
)
def test_a_sound_inside_another_file_is_not_its_start(data: bytes) -> None:
    assert sound_start(data) == 0


def test_a_tag_that_cannot_end_hides_no_sound(tmp_path: Path) -> None:
    found = read(tmp_path, "a.mp3", b"ID3\x04\0\0\x7f\x7f\x7f\x7f" + WHOLE["mp3"])
    assert (found.status, len(found.samples)) == ("ok", len(SOUND))
    assert found.note == "10 bytes in front of its audio not read"


@pytest.mark.parametrize("byte", [b"\0", b"\xff"])
def test_an_end_that_nobody_wrote_is_noted(tmp_path: Path, byte: bytes) -> None:
    wav = WHOLE["wav"]
    found = read(tmp_path, "a.wav", wav[: len(wav) // 2] + byte * (len(wav) - len(wav) // 2))
    assert found.status == "ok"
    assert found.note == "its last 1.500 s are one value throughout: was it copied or recorded whole?"
    short = read(tmp_path, "b.wav", wav[:-20_000] + byte * 20_000)  # a third of a second
    assert short.note == ""


def test_a_sound_without_its_header_is_no_old_games_sound(tmp_path: Path) -> None:
    pytest.importorskip("av", reason="PyAV is not installed: pip install 'blendkit[av]'")
    path = tmp_path / "a.wav"
    path.write_bytes(b"\4\1\xfa\0" + WHOLE["wav"][100:])  # how a format begins that libav would play to the end
    assert decode(path).status == "unreadable"


@pytest.mark.parametrize("kind", ["MP3", "FLAC"])
def test_a_sound_whose_first_block_is_zeros_has_lost_its_start(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"a.{kind.lower()}"
    soundfile.write(path, np.random.default_rng(0).normal(0, 0.1, 8 * 16000), 16000, format=kind)
    path.write_bytes(bytes(4096) + path.read_bytes()[4096:])
    found = decode(path)
    assert found.status in ("partial", "unreadable")  # a FLAC without its head needs libav
    assert found.status == "unreadable" or "its first bytes are zeros" in found.note


def test_an_m4a_without_its_index_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.m4a"
    path.write_bytes(b"\0\0\0\x14ftypM4A \0\0\2\0isom" + b"\0\0\4\0mdat" + bytes(range(256)) * 4)
    found = decode(path)
    assert found.status == "unreadable"
    assert "without its index (moov)" in found.note


@pytest.mark.parametrize("kind", ["WAV", "FLAC", "OGG", "AIFF"])
def test_zeros_in_front_of_a_whole_sound_are_passed_over(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"a.{kind.lower()}"
    soundfile.write(path, np.random.default_rng(0).normal(0, 0.1, 16000), 16000, format=kind)
    whole = decode(path)
    path.write_bytes(bytes(1024) + path.read_bytes())
    found = decode(path)
    assert found.status == "ok"
    assert found.note == "1024 bytes in front of its audio not read"
    assert np.array_equal(found.samples, whole.samples)
