"""Names that do not match: one of each side, and what sets them apart."""

from __future__ import annotations

import unicodedata

import pytest

from blendkit.core.name_differences import compare_names, compare_rows
from blendkit.core.names import NameRule
from blendkit.core.rows import chunk_rows


@pytest.mark.parametrize(
    ("wanted", "given", "what"),
    [
        ("Rec_S01", "rec_s01", "letter case"),
        ("rec_S01", "rec_S01 ", "blanks"),
        ("rec S01", "rec\u00a0S01", "blanks"),
        ("rec_S01", "rec_S01.wav", "audio suffix"),
        ("rec_S01_5", "rec_S01.OGG_5", "audio suffix"),
        ("rec_S01", "audio/rec_S01", "folder"),
        ("rec_S01", r"C:\audio\rec_S01", "folder"),
        ("rec_5", "rec_05", "leading zeros"),
        ("59000012", "59000012.0", "being read as a number (a spreadsheet, or pandas without dtype=str)"),
        ("5E05", "5.00E+05", "being read as a number (a spreadsheet, or pandas without dtype=str)"),
        ("5E05_5", "500000.0_5", "being read as a number (a spreadsheet, or pandas without dtype=str)"),
        ("5E900000", "inf", "being read as a number (a spreadsheet, or pandas without dtype=str)"),
        ("1e5", "1E5", "letter case"),
        ("007", "7", "leading zeros"),
        ("a/rec_5", "b/rec_5", "folder"),
        ("é_1", unicodedata.normalize("NFD", "é_1"), "Unicode form (composed or not)"),
        ("Rec_7", "old/rec_007.flac", "folder and audio suffix and letter case and leading zeros"),
    ],
)
def test_what_sets_two_names_apart(wanted: str, given: str, what: str) -> None:
    names, others = ["other_1", wanted], ["third_1", given]
    expected = f"{wanted!r} in the template and {given!r} in s.csv differ in {what}"
    assert compare_names(names, others, "the template", "s.csv") == expected


def test_names_that_share_nothing_are_shown_side_by_side() -> None:
    said = compare_names(["b10", "b9"], ["a", "c"], "the recordings", "labels.csv")
    assert said == "such as 'b9' in the recordings and 'a' in labels.csv"
    assert compare_names(["x0.5"], ["x0.05"], "one", "two") == "such as 'x0.5' in one and 'x0.05' in two"


def test_names_that_match_are_not_shown() -> None:
    # r1 is on both sides: what stands against r2 is R2
    assert (
        compare_names(["r1", "r2"], ["r1", "R2"], "one", "two") == "'r2' in one and 'R2' in two differ in letter case"
    )


def test_an_empty_side_is_said() -> None:
    assert (
        compare_names(["a"], [], "the recordings", "labels.csv") == "no name in labels.csv, and 'a' in the recordings"
    )
    assert compare_names([], ["a"], "one", "two") == "no name in one, and 'a' in two"
    assert compare_names([], [], "one", "two") == "no name in one and none in two"


def test_nothing_is_said_where_one_side_only_has_more() -> None:
    assert compare_names(["a", "b"], ["b"], "one", "two") == compare_names(["b"], ["a", "b"], "one", "two") == ""


def test_rows_of_the_same_recordings_differ_by_their_chunks() -> None:
    ours, theirs = (chunk_rows({"r": n}, s, NameRule()) for n, s in ((2, 5.0), (3, 3.0)))
    assert compare_rows(ours, theirs, "one", "two") == "such as 'r_5' in one and 'r_3' in two"
    other = chunk_rows({"R": 2}, 5.0, NameRule())
    assert compare_rows(ours, other, "one", "two") == "'r' in one and 'R' in two differ in letter case"
