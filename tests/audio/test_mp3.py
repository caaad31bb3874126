"""MP3s whose frames are lost, damaged or counted by another header: nothing moves, nothing is noise, all is said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import blendkit.audio.decoding
from blendkit.audio import mp3_checksum
from blendkit.audio.file_parts import FilePart, PartReader, Patch
from blendkit.audio.mp3_checksum import crc16 as checksum
from blendkit.audio.mp3_frames import behind_tags, frame_at, frames, has_count
from blendkit.audio.mp3_side import damaged_frames
from tests.sounds import encoded, noise, read, tone

RATE = 32000
FRAME = 1152  # samples
SOUND = (0.4 * tone(10, 1400, RATE) + 0.2 * noise(10, RATE, 3)).astype(np.float32)
MP3 = encoded(SOUND, "MP3", None, RATE)
PLACES = [f.at for f in frames(MP3, 0)]  # the first holds the count
BARE = MP3[PLACES[1] :]  # without a count


@pytest.fixture(autouse=True)
def one_decoder(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is shown here needs no second decoder."""
    monkeypatch.setattr(blendkit.audio.decoding, "is_installed", lambda: False)


def vbri(body: bytes, count: int) -> bytes:
    """A frame of Fraunhofer's encoder that counts the frames of `body`, and these."""
    frame = bytearray(frame_at(MP3, 0).size)  # type: ignore[union-attr]
    frame[:4] = MP3[:4]
    numbers = ((1, 2), (0, 2), (75, 2), (len(body) + len(frame), 4), (count, 4))
    frame[36:54] = b"VBRI" + b"".join(n.to_bytes(k, "big") for n, k in numbers)
    return bytes(frame) + body


def crc16(data: bytes) -> int:
    """The checksum of ISO/IEC 11172-3, bit by bit."""
    crc = 0xFFFF
    for bit in (byte >> k & 1 for byte in data for k in range(7, -1, -1)):
        crc = (crc << 1 & 0xFFFF) ^ (0x8005 if (crc >> 15) ^ bit else 0)
    return crc


def checked_frames(wrong: set[int], count: int = 20) -> tuple[bytes, list[int]]:
    """Silent frames with a checksum each, those at `wrong` with a wrong one, and where they start."""
    head = bytes([0xFF, MP3[1] & 0xFE, *MP3[2:4]])
    frame = frame_at(head, 0)
    assert frame is not None
    side = bytes(frame.side)
    crc = crc16(head[2:] + side)
    rest = side + bytes(frame.size - 6 - frame.side)
    made = [head + (crc ^ (k in wrong)).to_bytes(2, "big") + rest for k in range(count)]
    return b"".join(made), [k * frame.size for k in range(count)]


def wrong_share(found: Any, whole: np.ndarray) -> float:
    assert len(found.samples) == len(whole)
    return float(np.mean(np.abs(found.samples - whole) > 0.02))


def test_a_header_of_another_encoder_is_no_audio(tmp_path: Path) -> None:
    bare = read(tmp_path, "a.mp3", BARE)
    found = read(tmp_path, "a.mp3", vbri(BARE, len(PLACES) - 1))
    assert (found.status, found.note) == ("ok", "")
    assert np.array_equal(found.samples, bare.samples)
    twice = read(tmp_path, "a.mp3", vbri(BARE, len(PLACES) - 1) * 2)
    assert len(twice.samples) == 2 * len(bare.samples)
    assert twice.note == "2 MP3 files joined: 10.027 + 10.027 s"


def test_a_header_of_another_encoder_says_what_is_missing(tmp_path: Path) -> None:
    found = read(tmp_path, "a.mp3", vbri(BARE[: len(BARE) // 2], len(PLACES) - 1))
    assert found.status == "partial"
    assert "s of the stated 10.0" in found.note
    few = read(tmp_path, "a.mp3", vbri(BARE, 100))
    assert (few.status, few.note) == ("ok", f"its header states 100 of its {len(PLACES) - 1} frames")


@pytest.mark.parametrize("data", [MP3, BARE], ids=["counted", "bare"])
@pytest.mark.parametrize("size", [200, 600, 2000, 5000])
@pytest.mark.parametrize("at", [20_000, 43_000])
@pytest.mark.parametrize("zeros", [True, False])
def test_a_hole_moves_nothing_and_is_no_noise(tmp_path: Path, data: bytes, size: int, at: int, zeros: bool) -> None:
    whole = read(tmp_path, "a.mp3", data).samples
    hole = bytes(size) if zeros else np.random.default_rng(size).bytes(size)
    at = next(p for p in PLACES if p > at) - len(MP3) + len(data) - 20  # over the start of a frame
    found = read(tmp_path, "a.mp3", data[:at] + hole + data[at + size :])
    assert found.status == "holed"
    lost = (size / len(data) * 10) + 0.3
    assert wrong_share(found, whole) < lost / 10
    assert np.abs(found.samples).max() < 2 * np.abs(whole).max()  # half a transform without its neighbour
    said = float(found.note.split(" s unreadable, replaced by silence")[0].split()[-1])
    assert size / len(data) * 10 < said < lost
    assert ("about " in found.note) == (data is BARE)  # only a count tells how many frames are lost


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(2, len(PLACES) - 30), st.integers(1, 9)), min_size=1, max_size=3))
def test_nothing_moves_wherever_frames_are_overwritten(tmp_path: Path, holes: list[tuple[int, int]]) -> None:
    whole = read(tmp_path, "a.mp3", MP3).samples
    data = bytearray(MP3)
    for first, count in holes:
        data[PLACES[first] : PLACES[first + count]] = bytes(PLACES[first + count] - PLACES[first])
    found = read(tmp_path, "a.mp3", bytes(data))
    assert found.status == "holed"
    lost = sum(count for _, count in holes) + 12 * len(holes)  # frames, with those around each hole
    assert wrong_share(found, whole) < lost / len(PLACES)
    late = (max(first + count for first, count in holes) + 14) * FRAME
    assert np.abs(found.samples - whole)[late:].max(initial=0) < 1e-3


def test_what_tells_where_data_lie_must_agree(tmp_path: Path) -> None:
    whole = read(tmp_path, "a.mp3", MP3).samples
    at = PLACES[100] + 4
    found = read(tmp_path, "a.mp3", MP3[: at + 2] + b"\xff\xff\xff" + MP3[at + 5 :])  # the data would be too long
    assert found.status == "holed"
    assert "0.072 s unreadable, replaced by silence" in found.note  # it and a neighbour
    assert wrong_share(found, whole) < 0.02


@pytest.mark.parametrize(
    ("wrong", "damaged"),
    [(set(), set()), ({0}, {0}), ({7, 8}, {7, 8}), (set(range(20)), set())],  # an encoder that computes it wrongly
)
def test_a_checksum_that_fails_is_damage(wrong: set[int], damaged: set[int]) -> None:
    data, places = checked_frames(wrong)
    assert set(np.flatnonzero(damaged_frames(data, places))) == damaged


def test_a_damaged_frame_with_a_checksum_is_silence(tmp_path: Path) -> None:
    data, _ = checked_frames({7}, 100)
    found = read(tmp_path, "a.mp3", data)
    assert "0.036 s unreadable, replaced by silence" in found.note
    assert len(found.samples) == pytest.approx(100 * FRAME, abs=FRAME)


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 44100])
@pytest.mark.parametrize("channels", [1, 2])
def test_whole_files_have_no_damage(rate: int, channels: int) -> None:
    sound = noise(4, rate)[:, None].repeat(channels, axis=1) * np.linspace(0, 1, 4 * rate)[:, None]
    data = encoded(sound, "MP3", None, rate)
    places = [f.at for f in frames(data, 0) if not has_count(data, f)]
    assert len(places) > 50
    assert not damaged_frames(data, places).any()


@given(st.binary(max_size=300), st.integers(0, 40))
def test_the_checksum_of_all_frames_is_that_of_its_definition(data: bytes, start: int) -> None:
    slow = 0
    for byte in data[start:]:  # reflected, start 0
        slow ^= byte
        for _ in range(8):
            slow = slow >> 1 ^ 0xA001 if slow & 1 else slow >> 1
    assert checksum(data, start, max(start, len(data))) == slow


def test_the_checksum_of_long_files_is_put_together(monkeypatch: pytest.MonkeyPatch) -> None:
    data = np.random.default_rng(3).bytes(600_001)
    whole = checksum(data, 1, len(data))
    monkeypatch.setattr(mp3_checksum, "SPAN", 70_000)
    assert checksum(data, 1, len(data)) == whole


DAMAGED_INSIDE = "its checksum says that bytes of its audio are damaged, but not which"


@pytest.mark.parametrize("frame", [40, 250])
@pytest.mark.parametrize("size", [1, 20])
def test_damage_that_a_decoder_plays_is_never_ok(tmp_path: Path, frame: int, size: int) -> None:
    at = PLACES[frame] + 60  # behind the side information
    damaged = bytes(255 - b for b in MP3[at : at + size])
    found = read(tmp_path, "a.mp3", MP3[:at] + damaged + MP3[at + size :])
    assert found.status == "holed"
    assert found.note.startswith(DAMAGED_INSIDE)
    assert len(found.samples) == len(SOUND)
    joined = read(tmp_path, "a.mp3", MP3 + MP3[:at] + damaged + MP3[at + size :])
    assert joined.status == "holed"
    assert DAMAGED_INSIDE in joined.note


def test_a_louder_file_is_not_damaged(tmp_path: Path) -> None:
    at = PLACES[40] + 60
    gained = MP3[:at] + b"\x55" + MP3[at + 1 :]
    tag = b"APETAGEX" + (2000).to_bytes(4, "little") + (64).to_bytes(4, "little") + (1).to_bytes(4, "little")
    found = read(tmp_path, "a.mp3", gained + tag + b"\0\0\0\xa0" + bytes(8) + b"MP3GAIN_UNDO".ljust(64, b"\0"))
    assert (found.status, found.note) == ("ok", "")


def test_a_checksum_of_another_file_says_nothing(tmp_path: Path) -> None:
    found = read(tmp_path, "a.mp3", MP3[: PLACES[1]] + BARE + BARE)  # the second is counted by nobody
    assert DAMAGED_INSIDE not in found.note


@pytest.mark.parametrize("flipped", [(1, 1), (3, 0xC0)], ids=["a checksum", "channels"])
def test_a_frame_that_seems_to_be_of_another_kind_is_damaged(tmp_path: Path, flipped: tuple[int, int]) -> None:
    whole = read(tmp_path, "a.mp3", BARE)
    at = PLACES[200] - PLACES[1] + flipped[0]
    found = read(tmp_path, "a.mp3", BARE[:at] + bytes([BARE[at] ^ flipped[1]]) + BARE[at + 1 :])
    assert found.status == "holed"
    assert len(found.samples) == len(whole.samples)
    assert wrong_share(found, whole.samples) < 0.02


@pytest.mark.parametrize(("rate", "channels"), [(32000, 2), (16000, 1)])
def test_files_of_another_kind_that_nobody_counts_follow_each_other(tmp_path: Path, rate: int, channels: int) -> None:
    other = encoded(noise(4, rate)[:, None].repeat(channels, axis=1), "MP3", None, rate)
    other = other[next(f.at for f in frames(other, 0) if not has_count(other, f)) :]
    found = read(tmp_path, "a.mp3", BARE + other)
    assert found.note.startswith("2 MP3 files joined: 10.0")
    assert found.duration_s == pytest.approx(14, abs=0.3)


APE = b"APETAGEX" + (2000).to_bytes(4, "little") + (40).to_bytes(4, "little") + (1).to_bytes(4, "little")
ID3 = b"ID3\x04\0\0\0\0\1\0" + bytes(128)


@pytest.mark.parametrize(
    "tag",
    [
        b"TAG" + bytes(range(125)),
        b"TAG+" + bytes(223) + b"TAG" + bytes(125),
        APE + b"\0\0\0\xa0" + bytes(8) + bytes(range(40)),
        APE + b"\0\0\0\x80" + bytes(8),  # the foot of a tag
        b"LYRICSBEGININD0000200000011LYRICS200",
        ID3,
    ],
    ids=["id3v1", "extended", "ape", "foot", "lyrics", "id3v2"],
)
def test_tags_are_no_damage(tmp_path: Path, tag: bytes) -> None:
    assert behind_tags(tag, 0) == len(tag)
    whole = read(tmp_path, "a.mp3", MP3)
    found = read(tmp_path, "a.mp3", MP3 + tag)
    assert (found.status, found.note, len(found.samples)) == ("ok", "", len(whole.samples))
    joined = read(tmp_path, "a.mp3", MP3 + tag + MP3)
    assert (joined.status, joined.note) == ("ok", "2 MP3 files joined: 10.000 + 10.000 s")


def test_what_lies_around_the_frames_is_said(tmp_path: Path) -> None:
    whole = read(tmp_path, "a.mp3", MP3)
    odd = bytes(range(1, 120))
    behind = read(tmp_path, "a.mp3", MP3 + odd)
    assert behind.note == "119 bytes behind the end of its audio not read"
    front = read(tmp_path, "a.mp3", odd + MP3)
    assert front.note == "119 bytes in front of its audio not read"
    assert np.array_equal(behind.samples, whole.samples)
    assert np.array_equal(front.samples, whole.samples)


@given(st.data())
def test_a_patched_part_is_read_like_its_bytes(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    path = tmp_path_factory.mktemp("part") / "a"
    body = bytes(range(200))
    path.write_bytes(body)
    cuts = sorted(data.draw(st.lists(st.integers(10, 190), min_size=2, max_size=6)))
    patches = tuple(
        Patch(a, b, bytes([250]) * data.draw(st.integers(0, 9))) for a, b in zip(cuts[::2], cuts[1::2], strict=False)
    )
    expected, at = b"head", 5
    for patch in patches:
        expected, at = expected + body[at : patch.start] + patch.data, patch.stop
    expected += body[at:195]
    part = FilePart(path, 5, 195, b"head", True, patches)
    assert (part.size, part.contents()) == (len(expected), expected)
    with PartReader(part) as reader:
        place = data.draw(st.integers(0, len(expected)))
        reader.seek(place)
        assert reader.read(11) == expected[place : place + 11]
