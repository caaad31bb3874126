from __future__ import annotations

import unicodedata
from pathlib import PurePath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blendkit.core import AUDIO_SUFFIXES, recording_id
from blendkit.core.recording_paths import alike_paths, is_tail, match_recordings, path_ids
from blendkit.errors import BlendkitError

KNOWN = ["site1/R1", "site2/R1", "site2/R2", "R3"]


@pytest.mark.parametrize(
    ("path", "recording"),
    [
        ("site1/R1", "site1/R1"),
        ("site1/R1.wav", "site1/R1"),
        ("./site1/R1.ogg", "site1/R1"),
        ("/mnt/audio/site2/R1.wav", "site2/R1"),
        ("C:\\data\\site2\\R1.WAV", "site2/R1"),
        ("\\\\server\\share\\site1\\R1.wav", "site1/R1"),
        ("D:/elsewhere/R2.flac", "site2/R2"),  # of two folders, but only one recording has this name
        ("R3.wav", "R3"),
        ("/x/R1.wav", None),  # two recordings have this name
        ("R4.wav", None),
        ("r3.wav", None),  # letter case counts
    ],
)
def test_a_path_means_the_recording_of_its_longest_tail(path: str, recording: str | None) -> None:
    assert match_recordings([path], KNOWN) == ({} if recording is None else {path: recording})


def test_the_longer_tail_has_the_recording() -> None:
    assert match_recordings(["/a/site1/R9.wav", "/a/site2/R9.wav"], ["site1/R9"]) == {"/a/site1/R9.wav": "site1/R9"}


def test_one_file_written_in_two_ways_is_one() -> None:
    assert match_recordings(["/a/R9.wav", "R9.wav", "R9"], ["R9"]) == {"/a/R9.wav": "R9", "R9.wav": "R9", "R9": "R9"}


def test_two_files_that_would_be_one_recording() -> None:
    with pytest.raises(BlendkitError, match="several paths mean one recording") as error:
        match_recordings(["/a/R9.wav", "/b/R9.wav"], ["R9"])
    assert "R9: /a/R9.wav or /b/R9.wav" in error.value.problems[0]


folders = st.lists(st.sampled_from(["a", "b", "R1", "R2"]), min_size=1, max_size=4).map("/".join)


@given(st.lists(folders, max_size=6), st.sets(folders, max_size=6))
def test_alike_paths_are_those_of_which_one_is_the_end_of_the_other(paths: list[str], recordings: set[str]) -> None:
    assert alike_paths(paths, recordings) == {p: sorted(r for r in recordings if is_tail(p, r)) for p in paths}


@given(folders, st.sets(folders, max_size=6))
def test_the_longest_tail_decides_as_if_all_were_compared(path: str, recordings: set[str]) -> None:
    own = path.split("/")
    shared = {r: max(n for n in range(5) if n == 0 or own[-n:] == r.split("/")[-n:]) for r in recordings}
    most = max(shared.values(), default=0)
    best = [path] if path in recordings else [r for r, n in shared.items() if n == most > 0]
    assert match_recordings([path], recordings) == ({path: best[0]} if len(best) == 1 else {})


def test_ids_without_recordings() -> None:
    assert path_ids(["/a/b/R1.wav", "/a/c/R1.wav"]) == {"/a/b/R1.wav": "b/R1", "/a/c/R1.wav": "c/R1"}
    assert path_ids(["C:\\x\\R1.wav", "s\\R2.wav"]) == {"C:\\x\\R1.wav": "R1", "s\\R2.wav": "s/R2"}
    assert path_ids([]) == {}


@given(st.text(alphabet="aB./\\: é", max_size=12), st.sampled_from(["", ".ogg", ".WAV", ".csv", ".", "/"]))
def test_an_id_is_that_of_the_taken_apart_path(path: str, end: str) -> None:
    parsed = PurePath(path + end)
    without = parsed.with_suffix("") if parsed.suffix.lower() in AUDIO_SUFFIXES else parsed
    assert recording_id(path + end) == unicodedata.normalize("NFC", without.as_posix())
