"""How a run reads recordings' names: what it takes, says and refuses, with and without audio."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import blendkit
from blendkit.audio import find_recordings
from blendkit.core import NameRule, fitting_names
from blendkit.engine.recording_names import zone_notes
from blendkit.errors import BlendkitError

SONGMETER = [f"SM4-0{i % 2}_2020010{i}_0{i}3000" for i in range(1, 7)]
TABLE = "{{use: table, path: p.csv, space: logit, steps: [{step}]}}"
PRIOR = "{site_hour_prior: {fit: {labels: l.csv, folds: 2}}}"


def folder_of(at: Path, names: list[str]) -> Path:
    """Scores of one chunk of each recording, and labels of all."""
    at.mkdir(exist_ok=True)
    frame = pd.DataFrame({"row_id": [f"{n}_5" for n in names], "a": np.arange(len(names)) / 10, "b": 0.5})
    frame.to_csv(at / "p.csv", index=False)
    lines = [f"{n}.wav,0,5,{'a' if i % 2 else 'b'}" for i, n in enumerate(names)]
    (at / "l.csv").write_text("\n".join(["filename,start,end,primary_label", *lines]), encoding="utf-8")
    return at


def recipe(at: Path, member: str, names: str = "") -> Path:
    path = at / "r.yaml"
    text = f"recipe: 1\nname: r\n{names}\nmembers:\n  t: {member}\noutput: t\n"
    path.write_text(text, encoding="utf-8")
    return path


def report(out: Path) -> dict[str, Any]:
    return json.loads((out / "run.json").read_text(encoding="utf-8"))


def test_a_prior_works_on_names_of_song_meters_and_the_run_says_how_it_read_them(tmp_path: Path) -> None:
    data = folder_of(tmp_path / "d", [*SONGMETER, "notes"])
    events: list[tuple[str, dict[str, Any]]] = []
    made = blendkit.run(
        recipe(data, TABLE.format(step=PRIOR)), out=tmp_path / "o", emit=lambda n, p: events.append((n, p))
    )
    said = "names: songmeter fits 6 of 7 recordings; not notes"
    assert [p["text"] for n, p in events if n == "names"] == [said]
    assert report(tmp_path / "o")["names"] == {
        "names": "songmeter", "fits": 6, "of": 7, "sites": 2, "dates": ["2020-01-01", "2020-01-06"], "hours": [1, 6],
    }  # fmt: skip
    assert "t: site_hour_prior: 1 of 7 recordings without a site in their name (hour level used)" in made.warnings
    same = recipe(data, TABLE.format(step=PRIOR), "names: songmeter")
    named = blendkit.run(same, out=tmp_path / "same")
    np.testing.assert_array_equal(named.made["t"].values, made.made["t"].values)
    other = blendkit.run(recipe(data, TABLE.format(step="gaussian")), out=tmp_path / "bare").made["t"]
    assert (made.made["t"].values != other.values).any()


@pytest.mark.parametrize(
    ("step", "names", "listed"),
    [
        (PRIOR, "", ["site_hour_prior: needs the site or hour", "read as birdclef", "fails on bare, r2, r10"]),
        ("{diel_prior: {fit: {labels: l.csv, folds: 2}}}", "", ["diel_prior: needs the hour of", "songmeter"]),
        ("{to: prob}, {station_floor: {site: S1, floors: {a: 0.9}}}", "", ["station_floor: needs the site of"]),
        ("{month_prior: {fit: {labels: l.csv, folds: 2}}}", "names: {pattern: '(?P<site>r)', site: folder}",
         ["month_prior: needs the date of", "read as (?P<site>r)", "site: folder", "deployments: table.csv"]),
    ],
)  # fmt: skip
def test_a_step_that_can_use_no_name_is_an_error(tmp_path: Path, step: str, names: str, listed: list[str]) -> None:
    data = folder_of(tmp_path / "d", ["bare", "r2", "r10"])
    with pytest.raises(BlendkitError) as caught:
        blendkit.run(recipe(data, TABLE.format(step=step), names), out=tmp_path / "o")
    assert all(part in str(caught.value) for part in listed), str(caught.value)


def test_a_step_that_can_use_some_names_counts_the_others(tmp_path: Path) -> None:
    data = folder_of(tmp_path / "d", [*SONGMETER[:4], "notes", "x"])
    member = TABLE.format(step="{month_prior: {fit: {labels: l.csv, folds: 2}}}")
    warnings = blendkit.run(recipe(data, member), out=tmp_path / "o").warnings
    assert "t: month_prior: 2 of 6 recordings without a date: notes, x" in warnings


def test_clock_resets_and_daylight_saving_are_warnings(tmp_path: Path) -> None:
    data = folder_of(tmp_path / "d", ["SM_20200308_023000", "SM_19700101_000000"])
    path = recipe(data, "{use: table, path: p.csv, space: logit}", "names: {preset: songmeter, tz: America/New_York}")
    made = blendkit.run(path, out=tmp_path / "o")
    assert [w.split(" recordings ")[0] + w[-15:] for w in made.warnings if w.startswith("names: ")] == [
        "names: 1 of 2" + "ount as unknown", "names: 1 of 2" + "ward by the gap",
    ]  # fmt: skip
    assert made.made["t"].rows.hour.tolist() == [-1, 3]


@pytest.fixture(scope="module")
def cards(tmp_path_factory: pytest.TempPathFactory, write_wav: Callable[..., Path]) -> Path:
    """Two recorders of one kind, a folder each, as AudioMoths write them."""
    data = tmp_path_factory.mktemp("cards")
    noise = np.random.default_rng(1).normal(0, 0.1, 8000 * 5).astype(np.float32)
    for card, hour in (("A", 4), ("A", 5), ("B", 6)):
        write_wav(data / f"test_soundscapes/{card}/20200101_0{hour}3000.WAV", noise, 8000)
    lines = ["A/20200101_043000,0,5,x", "B/20200101_063000,0,5,y"]
    (data / "l.csv").write_text("\n".join(["filename,start,end,primary_label", *lines]), encoding="utf-8")
    (data / "dep.csv").write_text("folder,site,tz\nA,Ridge,UTC-3\n", encoding="utf-8")
    return data


TONE = "{use: tone, classes: [x, y]" + ", steps: [{site_hour_prior: {fit: {labels: l.csv}, allow_seen: true}}]}"


@pytest.mark.parametrize(
    ("names", "sites", "hours"),
    [
        ("", ["", "", ""], [4, 5, 6]),
        ("names: {site: folder}", ["A", "A", "B"], [4, 5, 6]),
        ("names: {deployments: dep.csv, report_tz: Z}", ["Ridge", "Ridge", ""], [7, 8, 6]),
    ],
)
def test_sites_from_folders_and_tables(
    cards: Path, tmp_path: Path, names: str, sites: list[str], hours: list[int]
) -> None:
    path = recipe(cards, TONE, names)
    made = blendkit.run(path, out=tmp_path / "o", stores=cards / "logits")
    rows = made.made["t"].rows
    assert (rows.site.tolist(), rows.hour.tolist()) == (sites, hours)
    assert report(tmp_path / "o")["names"]["names"] == "audiomoth"
    assert ("dep.csv" in report(tmp_path / "o")["inputs"]) == ("deployments" in names)
    left = "names: 1 of 3 recordings have no line in dep.csv: B/20200101_063000"
    assert (left in made.warnings) == ("deployments" in names)


def test_a_dry_run_reads_names_as_the_whole_run_does(cards: Path, tmp_path: Path) -> None:
    made = blendkit.run(recipe(cards, TONE), out=tmp_path / "o", dry_run=1)
    assert report(tmp_path / "o")["names"]["of"] == 3
    assert len(made.made["t"].rows) == 1


@pytest.mark.parametrize(
    ("names", "listed"),
    [
        ("names: birdclef", ["r.yaml", "site_hour_prior: needs the site or hour", "fails on A/20200101_043000"]),
        ("names: {deployments: l.csv}", ["r.yaml:3: names: ", "l.csv: cannot tell which recordings"]),
        ("names: {deployments: deps.csv}", ["r.yaml:3: names: ", "'deps.csv' is not in", "did you mean 'dep.csv'"]),
        ("names: {deployments: ../dep.csv}", ["leaves the data folder"]),
    ],
)
def test_names_that_do_not_fit_fail_before_anything_is_scored(
    cards: Path, tmp_path: Path, names: str, listed: list[str]
) -> None:
    with pytest.raises(BlendkitError) as caught:
        blendkit.check(recipe(cards, TONE, names))
    assert all(part in str(caught.value) for part in listed), str(caught.value)


@pytest.mark.parametrize(
    ("tz", "report_tz", "noted"),
    [("UTC", "UTC", True), ("UTC-3", "UTC", False), ("America/Bahia", "UTC", False), ("UTC", None, False)],
)
def test_files_of_audiomoths_that_state_another_zone_are_noted(
    tmp_path: Path, tz: str, report_tz: str | None, noted: bool
) -> None:
    """Where no other zone is wanted, the zone of the names does not matter."""
    path = tmp_path / "20200101_053000.WAV"
    path.write_bytes(b"RIFF....WAVELIST....INFOICMT....Recorded at 05:30:00 01/01/2020 (UTC-3) by AudioMoth 24F3")
    (tmp_path / "20200101_063000.WAV").write_bytes(b"RIFF....WAVEdata")
    recordings = find_recordings(tmp_path).recordings
    named = fitting_names([r.id for r in recordings], NameRule(tz=tz, report_tz=report_tz))
    said = (
        "names: 1 of the first 2 recordings state another time zone than UTC (20200101_053000: UTC-3); if their clocks "
        "ran in it, say `names: {tz: UTC-3}`"
    )
    assert zone_notes(named, recordings) == [said] * noted


def test_a_check_knows_what_the_names_give(cards: Path) -> None:
    named = blendkit.check(recipe(cards, TONE)).named
    assert named is not None
    assert named.explained() == [
        "names: audiomoth fits 3 of 3 recordings",
        "  no sites, dates 2020-01-01 to 2020-01-01, hours 4 to 6; clock in UTC",
    ]
