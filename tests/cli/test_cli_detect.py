from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Many = Callable[..., list[subprocess.CompletedProcess[str]]]
SCORES = "row_id,ara,frog\n" + "".join(
    f"202405{d:02d}_053000_{5 * k},{0.9 if k < 3 else 0.2},{0.1 * k:g}\n" for d in range(1, 5) for k in range(1, 5)
)
LABELS = "filename,start,end,primary_label\n" + "".join(
    f"202405{d:02d}_053000,{5 * k},{5 * k + 5},{'ara' if k < 2 else ''}\n" for d in range(1, 5) for k in range(4)
)
PLUGIN = """
from blendkit.io import Writer
def write(table, path):
    path.write_text(f"{len(table)} detections\\n", encoding="utf-8")
made = Writer("A count.", write, ".txt")
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "s.csv").write_text(SCORES, encoding="utf-8")
    (tmp_path / "l.csv").write_text(LABELS, encoding="utf-8")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/notes.txt").write_text("x", encoding="utf-8")
    return tmp_path


def events(done: subprocess.CompletedProcess[str]) -> list[tuple[str, dict[str, Any]]]:
    found = [json.loads(line) for line in done.stdout.splitlines()]
    return [(e["event"], e["payload"]) for e in found]


def test_detections_and_activity(place: Path, many: Many) -> None:
    audacity = ("--format", "audacity", "--format", "csv")
    plain, chosen, none, counted, told = many(
        [
            (args, place)
            for args in (
                ("detect", "s.csv", "--out", "d", "--threshold", "0.5", "--gap", "0", "--space", "prob", *audacity),
                ("detect", "s.csv", "--out", "e", "--precision", "0.9", "--labels", "l.csv", "--fewest", "5", "--json"),
                ("detect", "s.csv", "--out", "f", "--threshold", "2"),
                ("activity", "s.csv", "--out", "a", "--threshold", "0.5"),
                ("activity", "s.csv", "--out", "b", "--threshold", "0.5", "--format", "parquet", "--json"),
            )
        ]
    )
    assert [p.returncode for p in (plain, chosen, none, counted, told)] == [0] * 5, plain.stderr + chosen.stderr
    assert "4 detections in 4 of 4 recordings, 8 files in d" in plain.stdout
    assert (place / "d/audacity/20240501_053000.txt").read_text(encoding="utf-8") == "0.0\t10.0\tara\t0.9\n"
    found = events(chosen)
    assert [(n, p.get("class"), p.get("threshold")) for n, p in found] == [
        ("class", "ara", 0.9), ("class", "frog", None), ("detect", None, None),
    ]  # fmt: skip
    assert found[0][1]["detections"] == 8
    assert found[0][1]["positive_recordings"] == 4
    assert found[1][1]["why"] == "too few positives: 0, at least 5 are needed"
    assert found[2][1]["recordings_with_detections"] == 4
    assert "the tables have a header and no lines" in none.stdout
    assert "05" in counted.stdout
    assert "5 files in a: activity.csv, activity.png, cells.csv, thresholds.csv, activity.json" in counted.stdout
    assert events(told)[-1][1]["cells"] == {"hour": 1, "date": 4}


def test_mistakes_have_a_way_out(place: Path, many: Many) -> None:
    cases = {
        ("s.csv", "--out", "d"): "give one of --threshold 0.5, --thresholds FILE and --precision 0.9 --labels FILE",
        ("s.csv", "--out", "mine", "--threshold", "0.5"): "choose another --out",
        ("s.csv", "--out", "d", "--threshold", "0.5", "--format", "ravn"): "did you mean 'raven'?",
        ("gone.csv", "--out", "d", "--threshold", "0.5"): "gone.csv",
        ("l.csv", "--out", "d", "--threshold", "0.5"): "its columns are not all classes",
        ("s.csv", "--out", "d", "--precision", "0.9", "--labels", "gone.csv"): "gone.csv",
        ("s.csv", "--out", "d", "--threshold", "0.5", "--names", "common"): "give --taxonomy",
        ("s.csv", "--out", "d", "--threshold", "0.5", "--tz", "Mars"): "unknown time zone Mars",
    }
    for (args, why), done in zip(cases.items(), many([(("detect", *args), place) for args in cases]), strict=True):
        assert done.returncode == 2, args
        assert why in done.stderr, done.stderr
        assert "Traceback" not in done.stderr
    assert not (place / "d").exists()


def test_a_writer_of_others(
    place: Path,
    install: Callable[..., Path],
    tmp_path: Path,
    blendkit: Callable[..., Any],
) -> None:
    folder = install(tmp_path / "site", "counting", "count", PLUGIN, group="blendkit.writers")
    there = {"PYTHONPATH": str(folder)}
    done = blendkit("detect", "s.csv", "--out", "d", "--threshold", "0.5", "--format", "count", cwd=place, env=there)
    assert done.returncode == 0, done.stderr
    assert (place / "d/count/detections.txt").read_text(encoding="utf-8") == "8 detections\n"
    listed = blendkit("formats", "list", "--json", cwd=place, env=there)
    assert ("count", "writes") in [(p["name"], p["does"]) for _, p in events(listed)]
