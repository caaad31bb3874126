"""Counts by hour, date and site, worked out by hand."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from blendkit.core import NameRule, Scores, chunk_rows
from blendkit.detecting import Activity, Clocks, Merging, Reading, ThresholdRule, activity
from blendkit.errors import BlendkitError

# two minutes in chunks of 60 s: A starts half a minute before six, B at six, C has no clock
CHUNKS = {"A/20240501_055930": 2, "B/20240502_060000": 1, "B/quiet": 1}
ROWS = chunk_rows(CHUNKS, 60.0, NameRule())
VALUES = np.array([[0.9, 0.1, 0], [0.7, 0.2, 0], [0.2, 0.8, 0], [0.6, 0.6, 0]])
SCORES = Scores.build(VALUES, ROWS, ("ara", "frog", "owl"), "prob")
HALF = ThresholdRule(value=0.5)


def by_folder(out: Path, scores: Scores = SCORES, merging: Merging | None = None, **more: object) -> Activity:
    return activity(
        scores, out, HALF, merging=merging, reading=Reading(clocks=Clocks(site="folder")), replicates=50, **more
    )  # type: ignore[arg-type]


def test_counts_and_effort_by_hand(tmp_path: Path) -> None:
    found = by_folder(tmp_path / "a")
    assert [p.part for p in found.parts] == ["hour", "date", "site"]
    hour, date, site = found.parts
    assert hour.cells == ("05", "06")  # the second chunk of A starts at 06:00:30
    assert hour.recordings.tolist() == [1, 2]
    assert hour.hours.tolist() == pytest.approx([1 / 60, 2 / 60])
    assert hour.detections.tolist() == [[1, 1], [0, 1]]  # ara, frog; owl is never detected
    assert hour.rate.tolist() == [pytest.approx([60, 30]), pytest.approx([0, 30])]
    assert np.isnan(hour.low[:, 0]).all()  # one recording
    assert (hour.low[:, 1] <= 30).all()
    assert date.cells == ("2024-05-01", "2024-05-02")
    assert date.detections.tolist() == [[2, 0], [0, 1]]
    assert site.cells == ("A", "B")
    assert site.recordings.tolist() == [1, 2]
    assert site.detections.tolist() == [[2, 1], [0, 2]]
    assert site.found_in.tolist() == [[1, 1], [0, 2]]
    assert "1 of 3 recordings give no hour in their name" in found.notes
    assert [n.id for n in found.table.classes] == ["ara", "frog"]


def test_the_tables(tmp_path: Path) -> None:
    found = by_folder(tmp_path / "a")
    long = pd.read_csv(tmp_path / "a/activity.csv", dtype={"cell": str})
    assert list(long.columns) == ["by", "cell", "class", "name", "recordings", "hours", "detections", "found_in",
                                  "per_hour", "low", "high"]  # fmt: skip
    assert len(long) == 2 * (2 + 2 + 2)
    pd.testing.assert_frame_equal(long, found.to_frame(), check_dtype=False)
    wide = pd.read_csv(tmp_path / "a/cells.csv", dtype={"hour": str}, keep_default_na=False)
    assert wide.to_numpy().tolist() == [
        ["A", "2024-05-01", "05", 1, 0.016667, 1, 0], ["A", "2024-05-01", "06", 1, 0.016667, 1, 0],
        ["B", "", "", 1, 0.016667, 1, 1], ["B", "2024-05-02", "06", 1, 0.016667, 0, 1],
    ]  # fmt: skip
    parquet = by_folder(tmp_path / "p", table="parquet")
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "p/activity.parquet"), parquet.to_frame())
    assert (tmp_path / "a/activity.png").read_bytes().startswith(b"\x89PNG")
    assert "Activity(5 detections in 3 recordings; 2 hours, 2 dates, 2 sites)" in repr(found)


def test_merged_detections_count_once_where_they_start(tmp_path: Path) -> None:
    found = by_folder(tmp_path / "a", merging=Merging(gap_s=0))
    assert found.parts[0].detections.tolist() == [[1, 0], [0, 1]]


def test_local_hours(tmp_path: Path) -> None:
    found = activity(
        SCORES, tmp_path / "a", HALF, reading=Reading(clocks=Clocks(report_tz="America/Cuiaba")), replicates=40
    )
    assert found.parts[0].cells == ("01", "02")  # four hours behind UTC
    said = [n for n in found.notes if "are taken for UTC, and reported in America/Cuiaba: --tz says another" in n]
    assert (
        len(said) == json.loads((tmp_path / "a/activity.json").read_text(encoding="utf-8"))["notes"].count(said[0]) == 1
    )
    stated = Clocks(tz="UTC", report_tz="America/Cuiaba")
    assert not stated.assumed(["S1_20240501_050000"], NameRule())


@pytest.mark.parametrize(("name", "notes"), [("a_20240501_050000-0300", 0), ("a_20240501_050000", 1)])
def test_no_zone_is_assumed_where_names_state_one(name: str, notes: int) -> None:
    rule = NameRule(r"(?P<site>a)_(?P<date>\d{8})_(?P<time>\d{6})(?P<offset>[-+]\d{4})?", report_tz="America/Cuiaba")
    assert len(Clocks(report_tz="America/Cuiaba").assumed([name], rule)) == notes


def test_the_order_of_rows_does_not_matter(tmp_path: Path) -> None:
    one, other = by_folder(tmp_path / "a"), by_folder(tmp_path / "b", SCORES.take_rows(np.array([3, 2, 1, 0])))
    pd.testing.assert_frame_equal(one.to_frame(), other.to_frame())


def test_nothing_detected_and_nothing_known(tmp_path: Path) -> None:
    none = activity(SCORES, tmp_path / "a", ThresholdRule(value=0.95), replicates=40)
    assert none.to_frame().empty
    assert none.picture is None
    assert (tmp_path / "a/activity.csv").read_text(encoding="utf-8").startswith("by,cell,class,name")
    rows = chunk_rows({"x": 1, "y": 1}, 5.0, NameRule())
    bare = Scores.build(np.array([[0.9], [0.1]]), rows, ("ara",), "prob")
    found = activity(bare, tmp_path / "b", HALF, replicates=40)
    assert found.parts == ()
    assert "2 of 2 recordings give no site in their name" in found.notes
    odd = Scores.build(np.array([[0.9], [0.1]]), rows, ("hour",), "prob")
    with pytest.raises(BlendkitError, match="these are columns of the table of cells"):
        activity(odd, tmp_path / "c", HALF, replicates=40)
