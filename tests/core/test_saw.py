"""Which recordings are the same: by content, by name, and not by a name that two recorders share."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blendkit.core import AudioContent, JoinedContents, Saw, as_saw, base_name, copies, kind_of, same_recordings
from blendkit.core.audio_content import alike_pairs

QUIET, LOUD = "20" * 16, "c0" * 16


@pytest.mark.parametrize(
    "name", ["XC1", "a/XC1", "a/b/XC1.ogg", "xc1.FLAC", "XC1.wav", r"C:\data\Xc1.mp3", "/kaggle/input/XC1"]
)
def test_a_name_is_found_again(name: str) -> None:
    assert base_name(name) == "xc1"
    assert Saw.of([name]).among(["train_audio/XC1"]) == ["train_audio/XC1"]


def test_names_equal_to_the_eye_are_equal() -> None:
    composed = "Été.1"
    assert Saw.of([unicodedata.normalize("NFD", composed)]).among([composed, "Ete.1"]) == [composed]


def test_the_same_audio_is_the_same_recording_whatever_it_is_called() -> None:
    saw = Saw.of(["a", "b"], {"a": AudioContent("1111", ("m1", "m2")), "b": AudioContent("2222")})
    contents = {
        "copy": AudioContent("1111"),
        "cut": AudioContent("3333", ("m9", "m2")),
        "other": AudioContent("4444", ("m7",)),
    }
    assert saw.among(["other", "cut", "copy", "unread"], contents) == ["cut", "copy"]
    assert same_recordings(["cut"], saw.recordings, contents, saw.contents) == [("cut", "a")]
    assert saw.among(["copy", "cut"]) == []  # without contents there are only names


def test_recorders_of_one_schedule_share_names_and_not_recordings() -> None:
    saw = Saw.of(["siteA/20210101_050000"], {"siteA/20210101_050000": AudioContent("1", (), LOUD)})
    there = "siteB/20210101_050000"
    assert saw.among([there], {there: AudioContent("2", (), QUIET)}) == []
    assert saw.among([there], {there: AudioContent("2", (), "bf" * 16)}) == [there]  # a lossy copy: 0.5 dB apart
    assert saw.among([there]) == [there]  # nobody knows: it counts
    assert Saw.of([there], {there: AudioContent("1", (), LOUD)}).among([there], {there: AudioContent("2", (), QUIET)})


@pytest.mark.parametrize(
    "name",
    ["XC123456", "iNat7123", "S04_20250131_050000", "24F31901_20210101_050000", "BC2026_Train_0001_S04", "SMU01234"],
)
def test_a_name_of_one_recording_counts_whatever_its_audio(name: str) -> None:
    first, copy = f"train/{name}", f"train/norm/{name}"
    contents = {first: AudioContent("1", (), LOUD), copy: AudioContent("2", (), "20c0" * 8)}
    assert Saw.of([first], contents).among([copy], contents) == [copy]
    assert copies(contents, contents) == dict.fromkeys(contents, first)


@pytest.mark.parametrize("name", [
    "20250131_050000", "20250131T050000Z", "20250131_050000_UTC", "20250131_050000_5min", "250131_0001_Tr1", "5D311F9B",
    "S20240815T054500.123+1000_E20240815T064500", "001", "rec_001", "clip", "r7", "ZOOM0001", "DJI_001", "morning", "day1",
    "soundscape_1", "Neue Aufnahme",
])  # fmt: skip
def test_of_a_common_name_the_audio_decides(name: str) -> None:
    first, other, louder = f"a/{name}", f"b/{name}", f"c/{name}"
    contents = {
        first: AudioContent("1", (), "6070" * 8),
        other: AudioContent("2", (), "7060" * 8),
        louder: AudioContent("3", (), "8090" * 8),
    }
    saw = Saw.of([first], contents)
    assert saw.among([other, louder], contents) == [louder]  # 16 dB more in all parts: a change of gain
    assert copies(contents, contents) == {first: first, louder: first, other: other}


def test_levels_agree_within_a_step_and_a_half() -> None:
    at = AudioContent("1", (), "80" * 16)
    assert at.sounds_like(AudioContent("2", (), "83" * 16))
    assert not at.sounds_like(AudioContent("2", (), "80" * 15 + "84"))
    assert not at.sounds_like(AudioContent("2", (), "80" * 15))


@given(st.lists(st.text("0123", max_size=3).map(lambda low: "".join(f"0{2 * int(d):x}" for d in low)), max_size=8))
def test_pairs_that_sound_alike_are_found_as_if_one_by_one(levels: list[str]) -> None:
    contents = [AudioContent(str(i), (), text) for i, text in enumerate(levels)]
    alike = [(i, j) for j in range(len(contents)) for i in range(j) if contents[i].sounds_like(contents[j])]
    assert sorted(alike_pairs(contents)) == sorted(alike)


def test_a_step_and_a_half_is_still_alike_in_pairs() -> None:
    contents = [AudioContent(str(i), (), level * 16) for i, level in enumerate(("80", "83", "87", "84"))]
    assert alike_pairs(contents) == [(0, 1), (1, 3), (2, 3)]


def test_what_several_saw_is_known_only_if_all_of_it_is() -> None:
    one, other = Saw.of(["b", "a"], {"a": AudioContent("1")}), Saw.of(["c"], known=False)
    both = one.joined(other)
    assert (both.recordings, both.known, dict(both.contents)) == (("a", "b", "c"), False, {"a": AudioContent("1")})
    assert one.joined().known
    assert as_saw(()) == Saw(known=False)
    assert as_saw(("r",)) == Saw(("r",))
    assert as_saw(one) is one


def test_it_is_written_and_read() -> None:
    saw = Saw.of(["a", "b"], {"a": AudioContent("12", ("0123456789ab", "ba9876543210"), LOUD)}, known=False)
    assert Saw.from_json(saw.to_json()) == saw
    assert Saw.from_json({"saw": ["x"]}) == Saw(("x",))
    assert Saw.from_json({"saw": []}) == Saw(known=False)  # older files: an empty list said nothing
    assert Saw.from_json({"saw": [], "saw_known": True}) == Saw()
    for wrong in ({"saw": "r"}, {"saw": [1]}, {"saw": [], "saw_known": 1}, {"saw": ["a"], "saw_contents": {"a": {}}}):
        with pytest.raises(ValueError, match="`"):
            Saw.from_json(wrong)


def test_scores_are_of_a_kind() -> None:
    assert kind_of(Saw.of(["a"]), ["a", "b"]) == "in-sample"
    assert kind_of(Saw.of(["a"]), ["b"]) == "unseen"
    assert kind_of(Saw.of(["a"], known=False), ["b"]) == "unknown"


def test_copies_are_joined_by_audio_alone() -> None:
    contents = {
        "x/r1": AudioContent("1", ("m1",), "80" + "c0" * 15),
        "y/other": AudioContent("2", ("m1", "m2"), QUIET),
        "z/cut": AudioContent("3", ("m2",), "30" * 16),
        "w/r1": AudioContent("4", (), "81" + "bf" * 15),  # the same name, and it sounds the same
        "v/r1": AudioContent("5", (), QUIET),
    }
    found = copies([*contents, "u/r1", "alone"], contents)
    first = "w/r1"
    assert {r: found[r] for r in ("w/r1", "x/r1", "y/other", "z/cut")} == dict.fromkeys(
        ("w/r1", "x/r1", "y/other", "z/cut"), first
    )
    assert all(found[r] == r for r in ("v/r1", "u/r1", "alone"))  # two names alone are two recordings of one list


@given(st.lists(st.tuples(st.text("abc/", min_size=1, max_size=4), st.sampled_from("1234")), max_size=8))
def test_the_order_of_recordings_changes_nothing(pairs: list[tuple[str, str]]) -> None:
    contents = {r: AudioContent(h, (), h * 32) for r, h in pairs}
    names = [r for r, _ in pairs]
    assert copies(names, contents) == copies(names[::-1], contents)
    saw = Saw.of(names[::2], contents)
    assert sorted(saw.among(names, contents)) == sorted(saw.among(names[::-1], contents))


def test_joined_contents_are_looked_up_when_asked_for() -> None:
    first, last = {"a": AudioContent("1"), "b": AudioContent("2")}, {"b": AudioContent("3"), "c": AudioContent("4")}
    both = JoinedContents([first, last])
    assert dict(both) == first | last  # what comes last counts, as in a dict
    assert dict(JoinedContents([both], ["b", "x"])) == {"b": AudioContent("3")}
    assert (len(both), "x" in both, both.get("x")) == (3, False, None)
