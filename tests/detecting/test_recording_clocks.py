"""Sites and clocks from names, patterns and a table of deployments; wanted species; effort by site."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from blendkit.core import NameRule, Scores, Taxonomy, chunk_rows
from blendkit.detecting import Clocks, Reading, ThresholdRule, activity, detect
from blendkit.engine import run
from blendkit.errors import BlendkitError
from blendkit.io import run_facts, write_scores

# two AudioMoths, one of which ran on local time
ROWS = chunk_rows({"a1/20240501_055955": 2, "a1/20240502_060000": 1, "b2/20240501_020000": 1}, 5.0, NameRule())
SCORES = Scores.build(np.array([[0.9, 0.1], [0.7, 0.2], [0.2, 0.8], [0.6, 0.6]]), ROWS, ("ara", "frog"), "prob")
HALF = ThresholdRule(value=0.5)
TABLE = "folder,site,tz\na1,creek,UTC\nb2,ridge,America/Cuiaba\n"


def deployed(folder: Path, text: str = TABLE) -> Clocks:
    (folder / "deployments.csv").write_text(text, encoding="utf-8")
    return Clocks(deployments=folder / "deployments.csv", report_tz="America/Cuiaba")


def test_deployments_give_sites_and_clocks(tmp_path: Path) -> None:
    found = detect(SCORES, tmp_path / "d", HALF, formats=["parquet"], reading=Reading(clocks=deployed(tmp_path)))
    table = pd.read_parquet(tmp_path / "d/parquet/detections.parquet")
    assert table["site"].tolist() == ["creek", "creek", "creek", "ridge", "ridge"]
    assert [str(t) for t in found.table.clock()[[0, 3]]] == ["2024-05-01T01:59:55.000", "2024-05-01T02:00:00.000"]
    sites = pd.read_csv(tmp_path / "d/sites.csv")
    assert sites.to_numpy().tolist() == [
        ["creek", 2, round(15 / 3600, 6), "2024-05-01", "2024-05-02", 3],
        ["ridge", 1, round(5 / 3600, 6), "2024-05-01", "2024-05-01", 2],
    ]


def test_activity_by_the_sites_of_deployments(tmp_path: Path) -> None:
    found = activity(SCORES, tmp_path / "a", HALF, reading=Reading(clocks=deployed(tmp_path)), replicates=40)
    hour, _, site = found.parts
    assert hour.cells == ("01", "02")  # the chunk at 02:00:00 begins an hour of its own
    assert site.cells == ("creek", "ridge")
    assert site.recordings.tolist() == [2, 1]


def test_recordings_without_a_deployment_are_said(tmp_path: Path) -> None:
    clocks = deployed(tmp_path, "folder,site\na1,creek\n")
    found = detect(SCORES, tmp_path / "d", HALF, reading=Reading(clocks=clocks))
    assert any("1 of 3 recordings have no line in deployments.csv: b2/20240501_020000" in n for n in found.notes)


@pytest.mark.parametrize("text", ["folder,site\nA1,creek\n", "prefix,site\nA1,creek\n"])
def test_deployments_in_another_letter_case_are_said(tmp_path: Path, text: str) -> None:
    clocks = deployed(tmp_path, text)
    with pytest.raises(BlendkitError, match=r"(?s)none of its lines.*differ in letter case"):
        detect(SCORES, tmp_path / "d", HALF, reading=Reading(clocks=clocks))


def test_the_clock_that_is_explained_is_that_of_the_deployments(tmp_path: Path) -> None:
    clocks = deployed(tmp_path)
    said = clocks.read(list(ROWS.recordings())).explained()[1]
    assert "clock in UTC, America/Cuiaba as deployments.csv says" in said
    some = deployed(tmp_path, "folder,site,tz\na1,creek,UTC-5\nb2,ridge,\n")
    assert "clock in UTC-5 as deployments.csv says, else UTC" in some.read(list(ROWS.recordings())).explained()[1]


def test_patterns_and_presets(tmp_path: Path) -> None:
    own = Clocks(file_names=r"^(?P<site>\w+)/(?P<date>\d{8})_(?P<time>\d{6})$")
    found = detect(SCORES, tmp_path / "d", HALF, reading=Reading(clocks=own))
    assert [h.site for h in found.table.recordings] == ["a1", "a1", "b2"]
    named = detect(SCORES, tmp_path / "e", HALF, reading=Reading(clocks=Clocks(file_names="songmeter")))
    assert any("names: songmeter fits 0 of 3 recordings" in n for n in named.notes)
    assert not (tmp_path / "e/sites.csv").exists()


@pytest.mark.parametrize(
    ("clocks", "why"),
    [
        (Clocks(file_names="audiomth"), r"(?s)neither a preset nor an expression.*did you mean 'audiomoth'"),
        (Clocks(file_names="(?P<day>x)"), "an expression has named groups among site, date, time"),
        (Clocks(file_names="("), "not a regular expression"),
        (Clocks(deployments="d.csv", site="folder"), "not from both"),
        (Clocks(deployments="d.csv"), "cannot read this table of deployments"),
        (Clocks(tz="Mars"), "unknown time zone Mars"),
    ],
)
def test_clocks_that_cannot_be(tmp_path: Path, clocks: Clocks, why: str) -> None:
    with pytest.raises(BlendkitError, match=why):
        detect(SCORES, tmp_path / "d", HALF, reading=Reading(clocks=clocks))
    assert not (tmp_path / "d").exists()


RECIPE = """
recipe: 1
name: season
names: {preset: audiomoth, deployments: deployments.csv, report_tz: America/Cuiaba}
taxonomy: []
members:
  t: {use: table, path: t.csv, space: prob}
output: t
"""


def test_a_runs_folder_knows_how_its_names_are_read(tmp_path: Path) -> None:
    deployed(tmp_path)
    write_scores(SCORES, tmp_path / "t.csv")
    (tmp_path / "season.yaml").write_text(RECIPE, encoding="utf-8")
    run(tmp_path / "season.yaml", out=tmp_path / "o")
    (tmp_path / "deployments.csv").unlink()  # the folder may lie elsewhere by now
    wanted = Reading(clocks=Clocks(report_tz="UTC"))
    for source in (tmp_path / "o", tmp_path / "o/submission.csv"):
        found = detect(source, tmp_path / "d", HALF)
        assert [h.site for h in found.table.recordings] == ["creek", "creek", "ridge"]
        assert [str(h.start) for h in found.table.recordings][::2] == ["2024-05-01T01:59:55", "2024-05-01T02:00:00"]
        assert not any("taken for UTC" in n for n in found.notes)
        again = detect(source, tmp_path / "d", HALF, reading=wanted)
        assert [str(h.start) for h in again.table.recordings][::2] == ["2024-05-01T05:59:55", "2024-05-01T06:00:00"]
    for clocks in (Clocks(tz="UTC"), Clocks(file_names="audiomoth")):  # what is not said anew stays
        again = detect(tmp_path / "o", tmp_path / "d", HALF, reading=Reading(clocks=clocks))
        assert [h.site for h in again.table.recordings] == ["creek", "creek", "ridge"]
        assert str(again.table.recordings[0].start) == "2024-05-01T01:59:55"
    own = detect(tmp_path / "o", tmp_path / "d", HALF, reading=Reading(clocks=Clocks(site="folder")))
    assert [h.site for h in own.table.recordings] == ["a1", "a1", "b2"]
    write_scores(SCORES, tmp_path / "o/others.csv")  # no file of the run
    assert {h.site for h in detect(tmp_path / "o/others.csv", tmp_path / "d", HALF).table.recordings} == {""}


def test_names_of_a_damaged_run(tmp_path: Path) -> None:
    write_scores(SCORES, tmp_path / "submission.csv")
    (tmp_path / "run.json").write_text('{"written": 3}', encoding="utf-8")
    with pytest.raises(BlendkitError, match="not the facts of a run"):
        run_facts(tmp_path / "submission.csv")


def test_daylight_saving_within_a_recording(tmp_path: Path) -> None:
    """Two hours over each change of New York's clocks: 2 am is skipped in March, 1 am is there twice in November."""
    rows = chunk_rows({"20240310_063000": 1440, "20241103_043000": 1440}, 5.0, NameRule())
    scores = Scores.build(np.full((2880, 1), 0.9), rows, ("x",), "prob")
    clocks = Clocks(tz="UTC", report_tz="America/New_York")
    found = detect(scores, tmp_path / "d", HALF, formats=["parquet"], reading=Reading(clocks=clocks))
    truth = []
    for moment in ("2024-03-10T06:30", "2024-11-03T04:30"):
        utc = pd.date_range(moment, periods=1440, freq="5s", tz="UTC")
        truth += utc.tz_convert("America/New_York").tz_localize(None).tolist()
    assert [pd.Timestamp(t) for t in found.table.clock()] == truth
    assert pd.read_parquet(tmp_path / "d/parquet/detections.parquet")["clock_time"].tolist() == truth
    hours = activity(scores, tmp_path / "a", HALF, reading=Reading(clocks=clocks), replicates=40).parts[0]
    assert dict(zip(hours.cells, np.round(hours.hours, 6), strict=True)) == {"00": 0.5, "01": 2.0, "03": 1.0, "04": 0.5}


def test_wanted_species(tmp_path: Path) -> None:
    path, taxonomy = tmp_path / "wanted.csv", Taxonomy({"ara": {"common_name": "Blue Macaw"}, "frog": {}})
    path.write_text("common_name\nBlue Macaw\nowl\n", encoding="utf-8")
    found = detect(SCORES, tmp_path / "d", HALF, reading=Reading(species=path, taxonomy=taxonomy))
    assert found.thresholds.classes == ("ara",)
    assert any("1 of 2 wanted classes are not in these scores: 'owl'" in n for n in found.notes)
    path.write_text("class\nmacaw\n", encoding="utf-8")
    with pytest.raises(BlendkitError, match=r"none of its 1 classes is in these scores"):
        detect(SCORES, tmp_path / "e", HALF, reading=Reading(species=path))
