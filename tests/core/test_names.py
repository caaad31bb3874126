"""Names of recorders and archives: presets, time zones, clocks, folders and deployments."""

from __future__ import annotations

import numpy as np
import pytest

from blendkit.core import (
    NAME_PRESETS,
    PATTERNS,
    Deployment,
    Deployments,
    NameRule,
    fitting_names,
    make_rows,
    read_names,
    with_fitting_names,
)
from blendkit.errors import BlendkitError

NEW_YORK = "America/New_York"
STAMP = r"(?P<date>\d{8})_(?P<time>\d{6})$"

# (preset, name, site, date, hour)
FITS = [
    ("birdclef", "BC2026_Train_0039_S22_20211231_201500", "S22", "2021-12-31", 20),
    ("birdclef", "BC2026_Test_0001_S05_20250227_010002", "S05", "2025-02-27", 1),
    ("birdclef", "some/folder/x_S1_20240229_235959", "S1", "2024-02-29", 23),
    ("audiomoth", "20200101_053000", "", "2020-01-01", 5),
    ("audiomoth", "card 1/20240501_043000T", "", "2024-05-01", 4),
    ("audiomoth", "20191231_235955", "", "2019-12-31", 23),
    ("audiomoth-hex", "5E90A4D4", "", "2020-04-10", 16),  # 1586537684 s: 2020-04-10 16:54:44 UTC
    ("audiomoth-hex", "card/5E0BE100", "", "2020-01-01", 0),  # 1577836800 s: midnight
    ("audiomoth-hex", "5abb7c80", "", "2018-03-28", 11),  # 1522236544 s: 11:29:04
    ("songmeter", "SM4-01_20200101_053000", "SM4-01", "2020-01-01", 5),
    ("songmeter", "SMM01234_20210615_220000", "SMM01234", "2021-06-15", 22),
    ("songmeter", "Data/S4A01234__0__20150422_050000", "S4A01234", "2015-04-22", 5),
    ("songmeter", "NORTH_RIDGE_0+1_20100601$183000_000", "NORTH_RIDGE", "2010-06-01", 18),
    ("songmeter", "H02_20230420_074000", "H02", "2023-04-20", 7),  # BirdCLEF 2025
    ("frontier", "20200101T053000+1000_WetA", "WetA", "2020-01-01", 5),
    ("frontier", "20180514T143200+1000_REC_[-27.3888+152.8808]", "", "2018-05-14", 14),
    ("frontier", "S20240819T063242.123-0400_E20240819T063742.023-0400_+38.123-078.123", "", "2024-08-19", 6),
    ("frontier", "20220311T163000+0930_Dry_B_[-27.3888+152.8808]", "Dry_B", "2022-03-11", 16),
    ("birdnet-pi", "2023-05-01-birdnet-05:30:00", "", "2023-05-01", 5),
    ("birdnet-pi", "2023-05-01-birdnet-RTSP_1-17:30:00", "RTSP_1", "2023-05-01", 17),
    ("birdnet-pi", "By_Date/Robin-87-2023-12-31-birdnet-23:59:59", "", "2023-12-31", 23),
    ("arbimon", "cuiaba-2020-01-01_05-30", "cuiaba", "2020-01-01", 5),
    ("arbimon", "La Selva-1-2019-07-15_18-00", "La Selva-1", "2019-07-15", 18),
    ("arbimon", "p/s_1-2021-02-28_00-10", "s_1", "2021-02-28", 0),
    ("zoned", "Swift_N_1_20190404_063000Z", "Swift_N_1", "2019-04-04", 6),
    ("zoned", "card/20190404_183000-0500", "", "2019-04-04", 18),
    ("zoned", "S3_20190404_063000_+0930", "S3", "2019-04-04", 6),
    ("iso", "2024-05-01T06-00-00", "", "2024-05-01", 6),
    ("iso", "p/Ridge_2_2024-05-01_18:30:00", "Ridge_2", "2024-05-01", 18),
    ("iso", "bird-cam-2024-05-01T06.00.00", "bird-cam", "2024-05-01", 6),
]
NOT = [
    ("birdclef", ["x_S05_20250227_010002_more", "SM4_20250227_010002", "x_S05_20251327_010002"]),
    ("audiomoth", ["A_20200101_053000", "20200101_0530", "20200101_256000"]),
    ("audiomoth-hex", ["5E90A4D", "5E90A4DG", "00000012", "FFFFFFFF"]),  # the last two are in 1970 and 2106
    ("songmeter", ["20200101_053000", "BC_S22_20211231_201500", "SM4_20200230_053000"]),
    ("frontier", ["20200101_053000", "20200101T053000_SITE", "20200101T053000+9900_SITE"]),
    ("birdnet-pi", ["2023-05-01-05:30:00", "2023-05-01-birdnet-25:30:00"]),
    ("zoned", ["A_20200101_053000", "A_20200101_053000+05", "A_20200101_053000-9900", "A20200101_053000Z"]),
    ("iso", ["2024-05-01T06-00", "2024-05-01", "2024-05-01-birdnet-06:00:00", "2024-13-01T06-00-00"]),
    ("arbimon", ["2020-01-01_05-30", "site-2020-01-01_05-30-00", "site-2020-01-01_24-30"]),
]


@pytest.mark.parametrize(("preset", "name", "site", "date", "hour"), FITS)
def test_a_preset_reads_its_names_and_no_other_does(preset: str, name: str, site: str, date: str, hour: int) -> None:
    found = fitting_names([name, "x"])
    part = found.parts[name]
    assert (found.called, part.site, str(part.date), part.hour) == (preset, site, date, hour)
    assert [p for p in NAME_PRESETS if NameRule(PATTERNS[p]).read(name).fits] == [preset]


@pytest.mark.parametrize(("preset", "name"), [(p, n) for p, names in NOT for n in names])
def test_a_preset_does_not_fit_other_names(preset: str, name: str) -> None:
    assert not NameRule(PATTERNS[preset]).read(name).fits  # type: ignore[index]


def test_every_preset_is_tested() -> None:
    assert {p for p, *_ in FITS} == {p for p, _ in NOT} == set(NAME_PRESETS)


def test_auto_takes_what_fits_most_and_says_so() -> None:
    names = [f"card{i}/SM4-0{i}_20200101_0{i}3000" for i in range(6)]
    mixed = [*names, "card/20200101_053000", "notes", "a_S01_20250101_040000"]
    found = fitting_names(mixed)
    assert found.said == (
        "names: songmeter fits 6 of 9 recordings; not card/20200101_053000, notes, a_S01_20250101_040000, "
        "of which birdclef fits 1"
    )
    assert [found.parts[n].site for n in names[:2]] == ["SM4-00", "SM4-01"]
    assert found.parts["a_S01_20250101_040000"].site == ""
    assert fitting_names(mixed[::-1]).rule == found.rule


def test_of_presets_that_fit_as_many_the_first_is_taken() -> None:
    two = ["SM4_20200101_053000", "20200101_053000"]
    assert fitting_names(two).called == fitting_names(two[::-1]).called == "audiomoth"


def test_names_that_fit_nothing_are_read_as_before() -> None:
    found = fitting_names(["r1", "r2"])
    assert found.rule == NameRule()
    assert found.said == "names: no preset fits a name: r1, r2"
    assert found.explained()[1] == "  no sites, no dates or hours; clock in UTC"
    assert fitting_names([]).rule == NameRule()


def test_numbers_are_not_taken_for_hexadecimal_times() -> None:
    """59000012 is a time in 2017 as a hexadecimal number, and far more often the number of a find."""
    assert fitting_names(["59000012", "51234567"]).rule == NameRule()
    assert fitting_names(["59000012", "5E90A4D4"]).called == "audiomoth-hex"
    assert NameRule(PATTERNS["audiomoth-hex"]).read("59000012").hour == 2  # 1493172242 s: 2017-04-26 02:04:02


def test_what_is_found_is_explained() -> None:
    found = fitting_names(["SM2_20200101_053000", "SM10_20200301_213000"], NameRule(report_tz="UTC-3"))
    assert found.explained() == [
        "names: songmeter fits 2 of 2 recordings",
        "  2 sites (SM2, SM10), dates 2020-01-01 to 2020-03-01, hours 2 to 18; clock in UTC, given in UTC-3",
    ]


@pytest.mark.parametrize(
    ("tz", "date", "hour"),
    [("UTC-5", "2020-01-01", 18), ("UTC+05:30", "2020-01-01", 8), ("-03:00", "2020-01-01", 16), ("Z", "2020-01-01", 13),
     ("+0930", "2020-01-01", 4), ("UTC+14", "2019-12-31", 23), ("Etc/GMT+5", "2020-01-01", 18),
     ("America/Cuiaba", "2020-01-01", 17)],
)  # fmt: skip
def test_time_zones_by_name_and_by_offset(tz: str, date: str, hour: int) -> None:
    """13:30 there in UTC."""
    _, day, found = NameRule(STAMP, tz, "UTC").parse("20200101_133000")
    assert (str(day), found) == (date, hour)


@pytest.mark.parametrize("tz", ["GMT-3", "UTC+15", "+05:75", "America", "", "5"])
def test_other_time_zones_are_refused(tz: str) -> None:
    with pytest.raises(BlendkitError, match="unknown time zone"):
        NameRule(tz=tz)


@pytest.mark.parametrize(
    ("name", "report_tz", "date", "hour", "shift"),
    [
        ("20200308_013000", "UTC", "2020-03-08", 6, ""),  # the last hour of winter: UTC-5
        ("20200308_023000", None, "2020-03-08", 3, "moved"),  # does not exist: 03:30 of summer
        ("20200308_023000", "UTC", "2020-03-08", 7, "moved"),
        ("20200308_033000", "UTC", "2020-03-08", 7, ""),
        ("20201101_013000", None, "2020-11-01", 1, "twice"),
        ("20201101_013000", "UTC", "2020-11-01", 5, "twice"),  # the first: summer, UTC-4
        ("20201101_023000", "UTC", "2020-11-01", 7, ""),
    ],
)
def test_daylight_saving(name: str, report_tz: str | None, date: str, hour: int, shift: str) -> None:
    part = NameRule(STAMP, NEW_YORK, report_tz).read(name)
    assert (str(part.date), part.hour, part.shift) == (date, hour, shift)


def test_clocks_that_cannot_be_used_as_named_are_counted() -> None:
    names = [
        "19700101_000000",
        "19991231_235959",
        "20280101_000000",
        "20200308_023000",
        "20201101_013000",
        "20200101_1",
    ]
    found = read_names(NameRule(STAMP, NEW_YORK, last_year=2027), names)
    assert [found.parts[n].reset for n in names] == [True, True, True, False, False, False]
    assert all(np.isnat(found.parts[n].date) and found.parts[n].hour == -1 for n in names[:3])
    assert found.notes() == [
        "names: 3 of 6 recordings with a clock reset (before 2000 or after 2027): date and hour count as unknown",
        f"names: 1 of 6 recordings at a time that daylight saving skips in {NEW_YORK}: moved forward by the gap",
        f"names: 1 of 6 recordings at a time that {NEW_YORK} has twice: read as the first",
    ]
    assert not read_names(NameRule(last_year=2027), ["a_S1_20271231_235959", "a_S1_20000101_000000"]).notes()


def test_names_with_a_zone_of_their_own() -> None:
    rule = NameRule(PATTERNS["frontier"], report_tz="UTC")
    assert str(rule.read("20200101T053000+1000_A").date) == "2019-12-31"
    assert rule.read("20200101T053000+1000_A").hour == 19
    assert NameRule(PATTERNS["audiomoth-hex"], report_tz="UTC-3").read("5E90A4D4").hour == 13
    with pytest.raises(BlendkitError, match=r"'UTC-5' contradicts names of frontier.*\n.*report_tz"):
        fitting_names(["20200101T053000+1000_A"], NameRule(tz="UTC-5"))


def test_sites_from_folders() -> None:
    rule = NameRule(PATTERNS["songmeter"], site_from="folder")
    assert rule.parse("Ridge/Data/SM4_20200101_053000")[0] == "Ridge"
    assert rule.parse("SM4_20200101_053000") == ("", np.datetime64("2020-01-01"), 5)


TABLES = {
    "recording": [("a/SM1_20200101_053000", "East")],
    "folder": [("a", "West"), ("a/b", "East")],
    "prefix": [("SM1", "East"), ("SM10_x", "Far"), ("a/SM2", "West")],
}


@pytest.mark.parametrize(
    ("by", "recording", "site"),
    [
        ("recording", "a/SM1_20200101_053000", "East"),
        ("recording", "SM1_20200101_053000", ""),
        ("folder", "a/x", "West"),
        ("folder", "a/b/c/x", "East"),
        ("folder", "ab/x", ""),
        ("folder", "a", ""),  # a recording of this name lies in no folder
        ("prefix", "SM1_20200101_053000", "East"),
        ("prefix", "deep/SM1-b", "East"),
        ("prefix", "SM10_20200101_053000", ""),  # SM1 is not the start of its first word
        ("prefix", "SM10_x_1", "Far"),
        ("prefix", "a/SM2_1", "West"),
    ],
)
def test_sites_from_a_table(by: str, recording: str, site: str) -> None:
    table = Deployments("d.csv", by, tuple(Deployment(k, s) for k, s in TABLES[by]))  # type: ignore[arg-type]
    part = NameRule(PATTERNS["songmeter"], deployments=table).read(recording)
    assert (part.site, part.listed) == (site, bool(site))


def test_a_table_gives_time_zones_and_says_what_it_lacks() -> None:
    table = Deployments("d.csv", "folder", (Deployment("a", "A", "UTC-5"), Deployment("b", "B")))
    rule = NameRule(PATTERNS["audiomoth"], "UTC-3", "UTC", deployments=table)
    found = read_names(rule, ["a/20200101_053000", "b/20200101_053000", "c/20200101_053000"])
    assert [(p.site, p.hour) for p in found.parts.values()] == [("A", 10), ("B", 8), ("", 8)]
    assert found.notes() == ["names: 1 of 3 recordings have no line in d.csv: c/20200101_053000"]
    with pytest.raises(BlendkitError, match=r"d.csv: none of its lines.*\n.*column folder: a, b\n.*c/20200101"):
        read_names(rule, ["c/20200101_053000"])


def test_rows_of_score_files_take_the_preset_that_fits() -> None:
    rows = make_rows(["SM4_20200101_053000"], np.array([0.0]), np.array([5.0]), NameRule())
    again = with_fitting_names(rows)
    assert (rows.site[0], again.site[0], again.hour[0]) == ("", "SM4", 5)
    assert again.ids() == rows.ids()
