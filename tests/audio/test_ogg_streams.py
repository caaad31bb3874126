"""Ogg files with an index or another stream beside the sound: the sound alone is read, with its holes in their place."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

import blendkit.audio.decoding
import blendkit.audio.scratch
from blendkit.audio.decoding import decode
from blendkit.audio.ogg import _checksum, _intact_pages, other_streams, stream_starts
from tests.sounds import encoded, noise, read

RATE = 16000
SOUND = noise(6, RATE).clip(-0.9, 0.9)
OGG = encoded(SOUND, "OGG", "VORBIS", RATE)
PAGES = [OGG[p.start : p.stop] for p in _intact_pages(OGG)]


@pytest.fixture(autouse=True)
def one_decoder(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is shown here needs no second decoder."""
    monkeypatch.setattr(blendkit.audio.decoding, "is_installed", lambda: False)


def page(number: int, flags: int, body: bytes) -> bytes:
    """A page of a stream of its own."""
    segments = bytes([255] * (len(body) // 255) + [len(body) % 255])
    head = struct.pack("<4sBBqIIIB", b"OggS", 0, flags, 0, 77, number, 0, len(segments)) + segments
    return head[:22] + struct.pack("<I", _checksum(head + body)) + head[26:] + body


def beside(pages: list[bytes], name: bytes, end: int) -> bytes:
    """Sound with another stream in front, whose last page follows `end` pages of sound."""
    first = page(0, 2, name + bytes(56))
    return b"".join(
        [first, *pages[:end], page(1, 0, bytes(300)), *pages[end : end + 1], page(2, 4, b"x"), *pages[end + 1 :]]
    )


@pytest.mark.parametrize("name", [b"fishead\0", b"\x80theora", b"\x80kate\0\0"])
@pytest.mark.parametrize("end", [1, 3, len(PAGES) - 2])  # an index ends before the sound starts
def test_another_stream_is_no_sound(tmp_path: Path, name: bytes, end: int) -> None:
    data, whole = beside(PAGES, name, end), read(tmp_path, "a.ogg", OGG).samples
    assert stream_starts(data) == [0]
    found = read(tmp_path, "a.ogg", data)
    assert (found.status, found.note) == ("ok", "other streams beside its sound left out")
    assert np.array_equal(found.samples, whole)


def test_a_hole_beside_another_stream_keeps_its_place(tmp_path: Path) -> None:
    whole = read(tmp_path, "a.ogg", OGG).samples
    lost = len(PAGES) // 2
    found = read(tmp_path, "a.ogg", beside([p for k, p in enumerate(PAGES) if k != lost], b"fishead\0", 2))
    assert (found.status, len(found.samples)) == ("holed", len(whole))
    assert np.array_equal(found.samples[-RATE:], whole[-RATE:])


def test_joined_files_with_other_streams_follow_each_other(tmp_path: Path) -> None:
    whole = read(tmp_path, "a.ogg", OGG).samples
    data = beside(PAGES, b"fishead\0", 2)
    assert stream_starts(data + OGG + data) == [0, len(data), len(data) + len(OGG)]
    found = read(tmp_path, "a.ogg", data + OGG + data)
    assert np.array_equal(found.samples, np.concatenate([whole] * 3))
    assert found.note == ("3 Ogg streams joined: 6.000 + 6.000 + 6.000 s; other streams beside its sound left out")


def test_one_stream_has_none_beside_it() -> None:
    assert other_streams(OGG, 0, len(OGG)) == []
    assert other_streams(b"OggS", 0, 4) == []


def test_a_long_file_with_a_hole_is_read_block_by_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lost = len(PAGES) // 2
    (tmp_path / "a.ogg").write_bytes(b"".join(p for k, p in enumerate(PAGES) if k != lost))
    short = decode(tmp_path / "a.ogg")
    monkeypatch.setattr(blendkit.audio.scratch, "LONG_S", 1.0)
    monkeypatch.setattr(blendkit.audio.scratch, "BLOCK_S", 1)
    found = decode(tmp_path / "a.ogg", tmp_path)
    assert isinstance(found.samples.base, np.memmap) or isinstance(found.samples, np.memmap)
    assert (found.status, found.note, len(found.samples)) == (short.status, short.note, len(short.samples))
    assert np.abs(found.samples - short.samples).max() < 1e-4
