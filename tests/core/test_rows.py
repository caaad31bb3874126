from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blendkit.core import AudioContent, copies, copies_said
from blendkit.core.chunk_steps import longer_chunks
from blendkit.core.names import NO_HOUR, NameRule
from blendkit.core.natural_order import natural_key, natural_sorted
from blendkit.core.rows import canonical_order, chunk_rows, cluster_labels, format_seconds, make_rows, rows_from_ids
from blendkit.errors import BlendkitError

NAMES = NameRule()
NAT = np.datetime64("NaT", "D")
LOCAL = "America/Campo_Grande"  # UTC-4 all year since 2019

recording_names = st.text("ab_019 .-Sé", min_size=1, max_size=8)
chunk_counts = st.dictionaries(recording_names, st.integers(0, 15), max_size=6)


def day(text: str) -> np.datetime64:
    return np.datetime64(text, "D")


@pytest.mark.parametrize(
    ("rule", "recording", "expected"),
    [
        (NAMES, "BC2026_Train_0039_S22_20211231_201500", ("S22", day("2021-12-31"), 20)),
        (NAMES, "folder/x_S1_20240229_235959", ("S1", day("2024-02-29"), 23)),
        (NAMES, "x_S05_20250227_000000", ("S05", day("2025-02-27"), 0)),
        (NAMES, "x_S05_20250227_010002_more", ("", NAT, NO_HOUR)),  # the default is anchored at the end
        (NAMES, "bare", ("", NAT, NO_HOUR)),
        (NAMES, "", ("", NAT, NO_HOUR)),
        (NAMES, "x_S03_19700101_000130", ("S03", NAT, NO_HOUR)),
        (NAMES, "x_S03_19700102_030000", ("S03", NAT, NO_HOUR)),
        (NAMES, "x_S03_20251340_030000", ("S03", NAT, NO_HOUR)),  # no month 13
        (NameRule(r"^(?P<site>[A-Z]+)_"), "LOCA_2021", ("LOCA", NAT, NO_HOUR)),
        (NameRule(r"(?P<date>\d{4}-\d\d-\d\d)T(?P<time>\d\d:\d\d:\d\d)"), "r_2021-09-24T06:52:00", ("", day("2021-09-24"), 6)),
        (NameRule(r"(?P<date>\d{8})$"), "r_20210924", ("", day("2021-09-24"), NO_HOUR)),
    ],
)  # fmt: skip
def test_name_gives_site_date_and_hour(rule: NameRule, recording: str, expected: tuple[object, ...]) -> None:
    site, date, hour = rule.parse(recording)
    assert (site, hour) == (expected[0], expected[2])
    assert np.array_equal(date, expected[1], equal_nan=True)


@pytest.mark.parametrize(
    ("tz", "report_tz", "name", "expected"),
    [
        ("UTC", None, "x_S1_20250301_020000", ("2025-03-01", 2)),
        ("UTC", "UTC", "x_S1_20250301_020000", ("2025-03-01", 2)),
        ("UTC", LOCAL, "x_S1_20250301_020000", ("2025-02-28", 22)),  # the day changes too
        (LOCAL, "UTC", "x_S1_20250228_220000", ("2025-03-01", 2)),
        (LOCAL, None, "x_S1_20250228_220000", ("2025-02-28", 22)),
        ("UTC", "Europe/Berlin", "x_S1_20250101_120000", ("2025-01-01", 13)),
        ("UTC", "Europe/Berlin", "x_S1_20250701_120000", ("2025-07-01", 14)),  # daylight saving
    ],
)
def test_time_zones(tz: str, report_tz: str | None, name: str, expected: tuple[str, int]) -> None:
    _, date, hour = NameRule(tz=tz, report_tz=report_tz).parse(name)
    assert (str(date), hour) == expected


def test_date_alone_is_not_moved_by_time_zones() -> None:
    rule = NameRule(r"(?P<date>\d{8})$", report_tz=LOCAL)
    assert str(rule.parse("r_20250301")[1]) == "2025-03-01"


@pytest.mark.parametrize("report_tz", [LOCAL, "Asia/Tokyo"])
def test_clock_reset_has_neither_date_nor_hour_in_any_zone(report_tz: str) -> None:
    _, date, hour = NameRule(report_tz=report_tz).parse("x_S1_19700101_000000")
    assert hour == NO_HOUR
    assert np.isnat(date)


def test_hour_needs_no_date() -> None:
    assert NameRule(r"_(?P<time>\d{6})$").parse("r_043000")[2] == 4


def test_date_needs_no_valid_time() -> None:
    site, date, hour = NAMES.parse("x_S1_20250301_256000")
    assert (site, str(date), hour) == ("S1", "2025-03-01", NO_HOUR)


def test_six_digit_date_is_not_misread() -> None:
    # 250101 123456 must not become the year 2501
    rule = NameRule(r"_(?P<date>\d{6})_(?P<time>\d{6})$")
    assert np.isnat(rule.parse("r_250101_123456")[1])


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(5.0, "5"), (60.0, "60"), (2.5, "2.5"), (0.1 + 0.2, "0.3"), (4.9999999999, "5"), (3600.0, "3600")],
)
def test_format_seconds(seconds: float, text: str) -> None:
    assert format_seconds(seconds) == text


def test_chunk_rows_are_in_natural_order() -> None:
    rows = chunk_rows({"r10": 1, "r2": 3, "none": 0}, 5.0, NAMES)
    assert rows.ids() == ["r2_5", "r2_10", "r2_15", "r10_5"]
    assert rows.start_s.tolist() == [0.0, 5.0, 10.0, 0.0]
    assert rows.end_s.tolist() == [5.0, 10.0, 15.0, 5.0]
    assert rows.offsets().tolist() == [0, 3, 4]
    assert rows.recordings() == ["r2", "r10"]


def test_chunk_rows_know_their_names() -> None:
    rows = chunk_rows({"x_S07_20250301_020000": 2, "bare": 1}, 5.0, NAMES)
    assert rows.site.tolist() == ["", "S07", "S07"]
    assert rows.hour.tolist() == [-1, 2, 2]
    assert [str(d) for d in rows.date] == ["NaT", "2025-03-01", "2025-03-01"]


@pytest.mark.parametrize("chunks", [{}, {"a": 0}])
def test_no_rows_at_all(chunks: dict[str, int]) -> None:
    rows = chunk_rows(chunks, 5.0, NAMES)
    assert (len(rows), rows.ids(), rows.recordings(), rows.offsets().tolist()) == (0, [], [], [0])
    assert canonical_order(rows).tolist() == []


def test_fractional_chunks_have_clean_ids() -> None:
    assert chunk_rows({"a": 4}, 0.1, NAMES).ids() == ["a_0.1", "a_0.2", "a_0.3", "a_0.4"]


def test_ids_keep_their_order_and_underscores() -> None:
    rows = rows_from_ids(["x_S01_20250101_040000_10", "a_15", "x_S01_20250101_040000_5"], 5.0, NAMES)
    assert rows.recording.tolist() == ["x_S01_20250101_040000", "a", "x_S01_20250101_040000"]
    assert rows.end_s.tolist() == [10.0, 15.0, 5.0]
    assert rows.hour.tolist() == [4, -1, 4]


@pytest.mark.parametrize("bad", ["bare", "a_", "_5", "a_b", "", "a_5s", "a_nan", "a_inf"])
def test_unreadable_ids_are_listed(bad: str) -> None:
    with pytest.raises(BlendkitError) as error:
        rows_from_ids(["fine_5", bad], 5.0, NAMES)
    assert "<recording>_<end second>" in str(error.value)
    assert f"row 2: {bad!r}" in str(error.value)
    assert "fine_5" not in str(error.value)


def test_many_unreadable_ids_are_counted() -> None:
    with pytest.raises(BlendkitError, match=r"\+3 more"):
        rows_from_ids([f"bad{i}" for i in range(8)], 5.0, NAMES)


def test_canonical_order_is_not_that_of_text() -> None:
    ids = ["r10_5", "r2_10", "r2_100", "r2_5", "r10_10"]
    order = canonical_order(rows_from_ids(ids, 5.0, NAMES))
    assert [ids[i] for i in order] == ["r2_5", "r2_10", "r2_100", "r10_5", "r10_10"]
    assert [ids[i] for i in order] != sorted(ids)


@pytest.mark.parametrize(
    ("low", "high"),
    [
        ("a2", "a10"),
        ("a", "a1"),
        ("a1b2", "a1b10"),
        ("2", "a"),
        ("a01", "a1"),
        ("a9_S2", "a9_S10"),
        ("9" * 4400, "1" + "0" * 4400),
        ("a\u0669", "a10"),
    ],
)
def test_natural_key(low: str, high: str) -> None:
    assert natural_key(low) < natural_key(high)


@given(recording_names, recording_names)
def test_different_names_never_compare_equal(one: str, other: str) -> None:
    # or the order of recordings would depend on where they stood before
    assert (natural_key(one) == natural_key(other)) == (one == other)


@given(
    st.lists(recording_names, unique=True), st.lists(st.from_regex(r"S[0-9]{2}[-_][0-9]", fullmatch=True), unique=True)
)
def test_texts_of_one_shape_are_ordered_as_any_others(mixed: list[str], alike: list[str]) -> None:
    for texts in (mixed, alike):
        assert natural_sorted(texts) == sorted(texts, key=natural_key)


@given(chunk_counts, st.sampled_from([5.0, 3.0, 2.5, 0.1]))
def test_ids_read_back(chunks: dict[str, int], chunk_s: float) -> None:
    rows = chunk_rows(chunks, chunk_s, NAMES)
    again = rows_from_ids(rows.ids(), chunk_s, NAMES)
    assert again.ids() == rows.ids()
    assert again.recording.tolist() == rows.recording.tolist()
    np.testing.assert_allclose(again.start_s, rows.start_s, atol=1e-6)


@given(chunk_counts, st.randoms())
def test_shuffled_rows_come_back_in_order(chunks: dict[str, int], random: object) -> None:
    rows = chunk_rows(chunks, 5.0, NAMES)
    shuffle = np.arange(len(rows))
    random.shuffle(shuffle)  # type: ignore[attr-defined]
    mixed = rows.take(shuffle)
    assert mixed.take(canonical_order(mixed)).ids() == rows.ids()


@given(chunk_counts)
def test_offsets_bound_each_recording(chunks: dict[str, int]) -> None:
    rows = chunk_rows(chunks, 5.0, NAMES)
    bounds = rows.offsets()
    assert bounds[0] == 0
    assert bounds[-1] == len(rows)
    found = {rows.recording[a]: b - a for a, b in itertools.pairwise(bounds)}
    assert found == {r: n for r, n in chunks.items() if n}


def test_take_accepts_slices_and_repeats() -> None:
    rows = chunk_rows({"a": 3}, 5.0, NAMES)
    assert rows.take(slice(1, None)).ids() == ["a_10", "a_15"]
    assert rows.take(np.array([2, 0, 0])).ids() == ["a_15", "a_5", "a_5"]


def test_rows_share_one_name_object() -> None:
    names = ["".join(["r", "1"]) for _ in range(3)]  # three equal but distinct str objects
    rows = make_rows(names, np.arange(3.0), np.arange(3.0) + 1, NAMES)
    assert rows.recording[0] is rows.recording[2]


@pytest.mark.parametrize(
    ("ids", "said"),
    [
        (["r_1", "r_2", "r_3"], "do they number the chunks from 1? chunk k ends at k x 5 s"),
        (["r_0", "r_1", "s_0"], "do they number the chunks from 0? chunk k ends at (k + 1) x 5 s"),
        (["r_0", "r_5", "r_10"], "are they starts?"),
        (["r_3", "r_6", "r_9"], "their step is 3 s: are these chunks of another length?"),
        (["r_5", "r_12"], "1 of 2 do not, such as 'r_12'"),
        (["r_5", "r_-5"], "1 of 2 do not, such as 'r_-5'"),
    ],
)
def test_ends_off_the_grid_are_refused(ids: list[str], said: str) -> None:
    with pytest.raises(BlendkitError) as error:
        rows_from_ids(ids, 5.0, NameRule())
    assert "row ids must end in multiples of 5 s" in str(error.value)
    assert said in str(error.value)


def test_decimal_chunks_lie_on_their_grid() -> None:
    ids = [f"r_{format_seconds(0.96 * k)}" for k in range(1, 2000)]
    assert len(rows_from_ids(ids, 0.96, NameRule())) == 1999


@pytest.mark.parametrize(
    ("ids", "says"),
    [
        (["X_20250101_030000", "X_20250101_040000"], "end in the time of day"),
        (["x_0_5", "x_5_10", "y_0_5"], "end in the start and the end of the chunk: leave out the start"),
        (["X_5000", "X_10000"], "multiples of 5000: are these milliseconds"),
    ],
)
def test_ids_that_end_in_no_second(ids: list[str], says: str) -> None:
    with pytest.raises(BlendkitError, match="form <recording>_<end second>") as error:
        rows_from_ids(ids, 5.0, NameRule())
    assert says in str(error.value)


def test_ids_of_late_chunks_are_seconds() -> None:
    for ids in (["X_20250101_030000_5", "X_20250101_030000_10"], ["X_5000", "X_5005"], ["X_20250101_5"], ["X_15000"]):
        assert rows_from_ids(ids, 5.0, NameRule()).ids() == ids


@pytest.mark.parametrize(
    ("ids", "step"),
    [
        (["a_10", "a_20", "b_10"], 10),
        (["b_10", "a_30", "a_10", "a_20"], 10),
        (["a_15", "a_30"], 15),
        (["a_5", "a_10"], None),
        (["a_10", "b_10"], None),  # one row each says nothing
        (["a_10", "a_25"], None),
        (["a_10", "a_20", "b_20"], None),
        (["a_10", "a_20", "b_5"], None),
        ([], None),
    ],
)
def test_row_ids_that_look_like_longer_chunks(ids: list[str], step: float | None) -> None:
    assert longer_chunks(rows_from_ids(ids, 5.0, NameRule())) == step


def test_copies_of_a_recording_are_one_cluster() -> None:
    rows = chunk_rows({"a": 2, "b": 1, "c": 1}, 5.0, NameRule())
    sounds = {"a": AudioContent("1"), "b": AudioContent("2"), "c": AudioContent("1")}
    every = np.ones(4, bool)
    assert cluster_labels(rows, "recording", every) == ["a", "a", "b", "c"]
    assert cluster_labels(rows, "recording", every, sounds) == ["a", "a", "b", "a"]
    assert cluster_labels(rows, "recording", np.array([True, True, True, False]), sounds) == ["a", "a", "b", "c"]
    (said,) = copies_said(rows.recording, sounds)
    assert said == (
        "1 of the 3 labelled recordings are copies or cuts of others, and are redrawn and held out together with these: "
        "c (a)"
    )
    assert copies_said(["a", "b"], sounds) == []


def test_equal_names_of_two_sites_are_copies_by_levels_that_vary_alone() -> None:
    """Two recorders start at the same minute, so that their files have one name, and both hear steady rain."""
    rain, birds = ("80" * 15 + "86", "81" * 16), ("80" * 15 + "87", "81" * 15 + "88")
    for levels, same in ((rain, False), (birds, True)):
        sounds = {f"{site}/t": AudioContent(site, (), level) for site, level in zip("ab", levels, strict=True)}
        assert copies(sounds, sounds) == {"a/t": "a/t", "b/t": "a/t" if same else "b/t"}
    assert copies({"a/t", "b/t"}, {"a/t": AudioContent("1"), "b/t": AudioContent("2")})["b/t"] == "b/t"
