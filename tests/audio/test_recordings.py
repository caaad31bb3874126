"""Which files are recordings, under which id; what only looks like audio is left out by name."""

from __future__ import annotations

import os
import unicodedata
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from blendkit.audio.prepare import Grid, prepare_recording
from blendkit.audio.recordings import find_audio, find_recordings
from blendkit.core.names import NameRule
from blendkit.errors import BlendkitError

GRID = Grid(5.0, "pad", NameRule())


def write(path: Path, data: bytes = b"RIFF") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def wav(path: Path, seconds: float = 2.0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.full(round(seconds * 8000), 0.1, np.float32), 8000)
    return path


def test_recordings_are_found_in_natural_order(tmp_path: Path) -> None:
    for name in ("r10.ogg", "r2.OGG", "deep/er/r1.wav", "notes.txt", "r3.mp3.txt", "two.dots.flac", "phone.m4a"):
        write(tmp_path / name)
    (tmp_path / "folder.wav").mkdir()
    found = find_recordings(tmp_path)
    assert [r.id for r in found.recordings] == ["deep/er/r1", "phone", "r2", "r10", "two.dots"]
    assert found.recordings[0].path == tmp_path / "deep" / "er" / "r1.wav"
    assert found.left_out == ("folder.wav: a folder, named like a file",)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("._a.wav", "an AppleDouble file, no audio"),
        ("deep/._a.wav", "an AppleDouble file, no audio"),
        (".a.wav", "hidden"),
        (".Trash-1000/files/a.wav", "hidden"),
        ("@eaDir/a.wav", "in @eaDir, a folder of the system"),
        ("x/__MACOSX/a.wav", "in __MACOSX, a folder of the system"),
        ("$RECYCLE.BIN/a.wav", "in $RECYCLE.BIN, a folder of the system"),
        ("empty.wav", "an empty file"),
    ],
)
def test_what_only_looks_like_audio_is_left_out_by_name(tmp_path: Path, name: str, why: str) -> None:
    wav(tmp_path / "good.wav")
    write(tmp_path / name, b"" if "empty" in name else b"RIFF")
    found = find_recordings(tmp_path)
    assert [r.id for r in found.recordings] == ["good"]
    assert found.left_out == (f"{name}: {why}",)


def test_a_hidden_folder_above_hides_nothing(tmp_path: Path) -> None:
    wav(tmp_path / ".cache" / "audio" / "good.wav")
    assert [r.id for r in find_recordings(tmp_path / ".cache" / "audio").recordings] == ["good"]


def test_an_empty_file_whose_rows_are_expected_stays(tmp_path: Path) -> None:
    write(tmp_path / "asked.wav", b"")
    write(tmp_path / "other.wav", b"")
    found = find_recordings(tmp_path, {"asked"})
    assert [r.id for r in found.recordings] == ["asked"]
    assert found.left_out == ("other.wav: an empty file",)


@pytest.mark.parametrize("broken", ["x.aif", "x.mp3"])  # before and after x.wav
def test_of_two_files_with_one_id_the_one_that_can_be_read_has_it(tmp_path: Path, broken: str) -> None:
    wav(tmp_path / "x.wav")
    write(tmp_path / broken)
    found = {r.id: r for r in find_recordings(tmp_path).recordings}
    assert list(found) == ["x", broken]
    assert found["x"].path.name == "x.wav"
    prepared = prepare_recording(found[broken], [8000], GRID)
    assert (prepared.status, prepared.chunks) == ("unreadable", 0)
    assert prepared.note == "x.wav has the same recording id, 'x'"
    assert prepare_recording(found["x"], [8000], GRID).status == "padded"


@pytest.mark.parametrize("first", ["header", "silent", "half", "empty"])
def test_of_two_files_with_one_id_the_one_that_is_decoded_best_has_it(tmp_path: Path, first: str) -> None:
    good, bad = wav(tmp_path / "x.wav"), wav(tmp_path / "x.flac")  # x.flac comes first
    if first == "silent":
        soundfile.write(bad, np.zeros(16000), 8000)
    elif first == "empty":
        soundfile.write(bad, np.zeros(100), 8000)
    else:
        bad.write_bytes(bad.read_bytes()[: 90 if first == "header" else -20])
    found = {r.id: r for r in find_recordings(tmp_path).recordings}
    assert found["x"].path == good
    assert found["x.flac"].problem == "x.wav has the same recording id, 'x'"


def test_of_two_good_files_the_first_has_the_id_and_of_two_bad_ones_too(tmp_path: Path) -> None:
    for name in ("x.flac", "x.wav"):
        wav(tmp_path / name)
        write(tmp_path / f"bad{name[1:]}")
    found = {r.id: r.path.name for r in find_recordings(tmp_path).recordings}
    assert found == {"bad": "bad.flac", "bad.wav": "bad.wav", "x": "x.flac", "x.wav": "x.wav"}


def test_what_only_a_second_decoder_reads_can_have_the_id(tmp_path: Path) -> None:
    av = pytest.importorskip("av", reason="PyAV is not installed: pip install 'blendkit[av]'")
    write(tmp_path / "y.aac", bytes(5000))
    with av.open(str(tmp_path / "y.m4a"), "w") as container:
        stream = container.add_stream("aac", rate=16000, layout="mono")
        for k in range(40):
            samples = np.random.default_rng(k).uniform(-0.1, 0.1, (1, 1024)).astype(np.float32)
            frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
            frame.sample_rate, frame.pts = 16000, 1024 * k
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    found = {r.id: r.path.name for r in find_recordings(tmp_path).recordings}
    assert found == {"y": "y.m4a", "y.aac": "y.aac"}


def test_names_that_look_the_same_are_told_apart(tmp_path: Path) -> None:
    for form in ("NFC", "NFD"):
        wav(tmp_path / unicodedata.normalize(form, "\u00e9.wav"))
    if len(list(tmp_path.iterdir())) == 1:
        pytest.skip("this file system composes names itself")
    problem = next(r.problem for r in find_recordings(tmp_path).recordings if r.problem)
    assert "other Unicode characters" in problem
    assert "e\\u0301.wav" in problem
    assert "\\xe9.wav" in problem


def test_folders_that_look_the_same_are_told_apart(tmp_path: Path) -> None:
    for form in ("NFC", "NFD"):
        folder = tmp_path / unicodedata.normalize(form, "\u00e9")
        folder.mkdir(exist_ok=True)
        wav(folder / "1.wav")
    if len(list(tmp_path.iterdir())) == 1:
        pytest.skip("this file system composes names itself")
    problem = next(r.problem for r in find_recordings(tmp_path).recordings if r.problem)
    assert problem.startswith("1.wav has the same recording id")
    assert "a folder's name in other Unicode characters" in problem
    assert "e\\u0301" in problem


def test_paths_without_audio_are_all_named(tmp_path: Path) -> None:
    write(tmp_path / "empty" / "._a.wav")
    write(tmp_path / "a.txt")
    with pytest.raises(BlendkitError) as error:
        find_audio([tmp_path / "empty", tmp_path / "a.txt", tmp_path / "none.wav"])
    text = str(error.value)
    assert all(w in text for w in ("no audio files in this folder", "not an audio file", "no such file", "AppleDouble"))


def test_ids_are_composed_unicode(tmp_path: Path) -> None:
    name = unicodedata.normalize("NFD", "Gr\u00e4vling_\u00e9.wav")
    wav(tmp_path / name)
    assert [r.id for r in find_recordings(tmp_path).recordings] == [unicodedata.normalize("NFC", name)[:-4]]


def test_a_name_that_is_no_text_gets_an_id_that_is(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/caf\xe9.wav"
    os.link(wav(tmp_path / "a.wav"), path)
    found = find_recordings(tmp_path).recordings
    assert [r.id for r in found] == ["a", "caf%E9"]
    assert [prepare_recording(r, [8000], GRID).status for r in found] == ["padded", "padded"]


def test_a_file_that_vanishes_costs_itself(tmp_path: Path) -> None:
    path = wav(tmp_path / "a.wav")
    recording = find_recordings(tmp_path).recordings[0]
    path.unlink()
    assert prepare_recording(recording, [8000], GRID).status == "unreadable"


@pytest.mark.parametrize(
    ("name", "start", "why"),
    [
        (
            "x.wav ",
            b"RIFF....WAVE",
            "its name ends in a blank, so that it has no suffix of audio: rename it to end in '.wav'",
        ),
        ("x.OGG\t", b"", ""),  # an empty file is left alone, whatever it is called
        ("old.voc", b"Creative Voice File\x1a", "a Creative Voice file, which is not read: convert it to WAV or FLAC"),
        ("clip.AVI", b"anything", "a video, which is not read: convert it to WAV or FLAC"),
        ("no_suffix", b"fLaC\0\0\0\x22", "FLAC by its first bytes, with a suffix that is none of audio: rename it"),
        (
            "rec.wav.part",
            b"RIFF\0\0\0\0WAVEfmt ",
            "WAV by its first bytes, and an unfinished copy by its suffix: copy it again",
        ),
        ("a.dat", b"OggS\0\2", "Ogg by its first bytes, with a suffix that is none of audio: rename it"),
        ("x.wav.gz", b"\x1f\x8b", "packed audio, which is not read: unpack it"),
        ("notes.csv.gz", b"\x1f\x8b", ""),
        ("broken.zip", b"PK\3\4", ""),
        ("picture.webp", b"RIFF\0\0\0\0WEBPVP8 ", ""),
        ("notes.txt", b"RIFF and other words", ""),
        (".hidden", b"fLaC\0\0\0\x22", ""),
        ("@eaDir/x.bin", b"OggS\0\2", ""),
    ],
)
def test_audio_that_no_suffix_says_is_named(tmp_path: Path, name: str, start: bytes, why: str) -> None:
    wav(tmp_path / "good.wav")
    write(tmp_path / name, start)
    found = find_recordings(tmp_path)
    assert [r.id for r in found.recordings] == ["good"]
    assert found.left_out == ((f"{name}: {why}",) if why else ())


def test_an_archive_of_recordings_is_named(tmp_path: Path) -> None:
    wav(tmp_path / "good.wav")
    for name, files in (("audio.zip", ("a/x.WAV", "a/y.flac", "notes.txt")), ("tables.zip", ("labels.csv",))):
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            for file in files:
                archive.writestr(file, "")
    said = ("audio.zip: an archive of 2 files of audio, which is not read: unpack it",)
    assert find_recordings(tmp_path).left_out == said


def test_a_file_that_cannot_be_looked_at_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wav(tmp_path / "good.wav")
    odd, real = write(tmp_path / "odd.bin", b"OggS\0\2"), Path.open

    def refused(path: Path, *how: Any) -> Any:
        if path == odd:
            raise PermissionError(13, "Permission denied")
        return real(path, *how)

    monkeypatch.setattr(Path, "open", refused)
    assert find_recordings(tmp_path).left_out == ()


def test_links_to_folders_are_not_entered_and_said(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    soundfile.write(tmp_path / "real/r.wav", np.zeros(8000), 8000)
    (tmp_path / "seen").mkdir()
    (tmp_path / "seen/linked").symlink_to(tmp_path / "real", target_is_directory=True)
    (tmp_path / "seen/one.wav").symlink_to(tmp_path / "real/r.wav")
    found = find_recordings(tmp_path / "seen")
    assert [r.id for r in found.recordings] == ["one"]
    assert found.left_out == ("linked: a link to a folder, which is not entered: give the folder that it leads to",)


def test_folders_whose_recordings_share_ids_are_refused(tmp_path: Path) -> None:
    files = [wav(tmp_path / card / "20240501_010000.WAV") for card in ("card1", "card2")]
    with pytest.raises(BlendkitError, match="in several folders"):
        find_audio(files)
    with pytest.raises(BlendkitError, match="1 recording id is of files in several folders") as error:
        find_audio([tmp_path / "card1", tmp_path / "card2"])
    assert "card1/20240501_010000.WAV" in error.value.problems[0]
    assert "give the folder above them" in error.value.problems[1]
    assert [r.id for r in find_audio([tmp_path]).recordings] == ["card1/20240501_010000", "card2/20240501_010000"]


def test_a_file_that_is_given_twice_counts_once(tmp_path: Path) -> None:
    one = wav(tmp_path / "a" / "x.wav")
    write(tmp_path / "a" / "e.wav", b"")
    found = find_audio([one, tmp_path / "a", tmp_path / "a" / ".." / "a" / "x.wav", tmp_path / "a"])
    assert [(r.id, r.problem) for r in found.recordings] == [("x", "")]
    assert found.left_out == ("e.wav: an empty file",)


def test_links_with_names_of_their_own_are_recordings(tmp_path: Path) -> None:
    held = wav(tmp_path / "annex" / "x.wav")
    (tmp_path / "in").mkdir()
    for name in ("a.wav", "b.wav"):
        (tmp_path / "in" / name).symlink_to(held)
    (tmp_path / "in" / "c.wav").symlink_to(tmp_path / "in" / "a.wav")
    assert [r.id for r in find_audio([tmp_path / "in"]).recordings] == ["a", "b", "c"]


def test_one_folder_by_two_ways_is_one(tmp_path: Path) -> None:
    wav(tmp_path / "rec" / "a.wav")
    (tmp_path / "link").symlink_to(tmp_path / "rec")
    assert [r.id for r in find_audio([tmp_path / "link", tmp_path / "rec"]).recordings] == ["a"]
