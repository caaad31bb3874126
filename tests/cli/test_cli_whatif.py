"""`blendkit whatif` on a small world of out-of-fold tables: no audio, no model."""

from __future__ import annotations

import csv
import itertools
import json
import shutil
import struct
import subprocess
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from oof_folder import one_recording, oof_world

Process = subprocess.CompletedProcess[str]
Blendkit = Callable[..., Process]
Many = Callable[..., list[Process]]

SHARE, SIGMA = "mix.perch=0:1:0.3", "mix.gaussian.sigma=0.2,0.4,0.8"
SETS = "blends.mix.of={cnn: 0.5625, sed: 0.3375, perch: 0.1}"
JOBS: dict[str, tuple[str, ...]] = {
    "run": ("run", "w/trio.yaml", "--set", SETS),
    "fixed": ("--share", "mix.perch=0.1", "--json"),
    "set alone": ("--set", SETS, "--json"),
    "fixed table": ("--share", "mix.perch=0.1"),
    "shares": ("--share", SHARE, "--csv", "one.csv", "--plot", "one.png", "--json"),
    "shares table": ("--share", SHARE, "--plot", "one.svg"),
    "shares again": ("--share", SHARE, "--plot", "again.svg"),
    "two": ("--share", SHARE, "--sweep", SIGMA, "--csv", "two.csv", "--plot", "two.svg", "--json"),
    "two at one point": ("--share", "mix.perch=0.6", "--sweep", "mix.gaussian.sigma=0.8", "--json"),
    "words": ("--sweep", "blends.mix.by=rank,prob", "--json", "--plot", "words.png"),
    "a member's step": ("--sweep", "sed.gaussian.sigma=0.5:1.5:0.5", "--json"),
    "whole numbers": ("--sweep", "mix.of.cnn=1:3:1", "--json"),
    "many points": ("--share", "mix.perch=0:1:0.02", "--csv", "many.csv"),
    "set": ("--set", SETS, "--share", "mix.perch=0.2", "--json"),
    "seed 1": ("--share", "mix.perch=0.1", "--seed", "1", "--json"),
    "one recording": ("--share", "mix.perch=0.1"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("whatif")
    one_recording(oof_world(base / "w"))
    return base


@pytest.fixture(scope="module")
def done(folder: Path, many: Many) -> dict[str, Process]:
    """Every job, each as a process in the same folder."""
    recipes = {"one recording": "w/one.yaml"}
    fill = ("--replicates", "60")
    jobs = {n: a if a[0] == "run" else ("whatif", recipes.get(n, "w/trio.yaml"), *a, *fill) for n, a in JOBS.items()}
    out = dict(zip(jobs, many([(args, folder) for args in jobs.values()]), strict=True))
    for name, process in out.items():
        assert process.returncode == 0, (name, process.stderr)
        assert "Traceback" not in process.stderr
    return out


def payload(process: Process) -> dict[str, Any]:
    (event,) = [e for e in map(json.loads, process.stdout.splitlines()) if e["event"] != "compiling"]
    assert event["event"] == "whatif"
    return dict(event["payload"])


def read_csv(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.reader(handle))


def test_a_fixed_share_is_what_a_run_with_these_weights_gives(folder: Path, done: dict[str, Process]) -> None:
    run = json.loads((folder / "out/trio/run.json").read_text(encoding="utf-8"))
    wanted = run["streams"]["mix"]["macro_auc"]
    fixed = payload(done["fixed"])
    assert fixed["changed"] == wanted
    assert fixed["base"] != wanted
    assert payload(done["set alone"])["changed"] == wanted
    assert payload(done["set"])["base"] == fixed["base"]  # gains are counted from the recipe as its file has it
    assert payload(done["set"])["changed"] == pytest.approx(fixed["base"], abs=1e-12)  # a share goes back
    assert "axes" not in fixed
    assert f"changed:          macro-AUC {wanted:.6f}" in done["fixed table"].stdout
    assert f"gain: {wanted - fixed['base']:+.6f}, 95% interval" in done["fixed table"].stdout


def test_a_swept_share_has_both_ends_and_the_figures_of_single_points(done: dict[str, Process]) -> None:
    found = payload(done["shares"])
    assert found["axes"] == [{"label": "share of perch in mix", "values": [0.0, 0.3, 0.6, 0.9, 1.0]}]
    assert found["how"] == "exact weight path"
    assert found["shape"] == [5]
    assert len({round(m, 6) for m in found["macro_auc"]}) == 5
    at = int(np.argmax(found["macro_auc"]))
    assert found["best"] == pytest.approx(found["macro_auc"][at], abs=1e-12)
    assert found["best_at"] == [found["axes"][0]["values"][at]]
    told = done["shares table"].stdout
    rows = [line.split() for line in told.splitlines() if line.strip()[:3] in ("0.0", "0.3", "0.6", "0.9", "1.0")]
    wanted = zip(found["axes"][0]["values"], found["macro_auc"], strict=True)
    assert rows == [[f"{v}", f"{m:.6f}", f"{m - found['base']:+.6f}"] for v, m in wanted]
    assert f"best of 5:        macro-AUC {found['best']:.6f} at share of perch in mix = {found['best_at'][0]}" in told
    assert "in-sample: the same labels chose this point" in told
    assert "wrote one.svg" in told


def test_two_sweeps_are_a_grid_whose_points_are_those_of_single_changes(done: dict[str, Process]) -> None:
    both, one = payload(done["two"]), payload(done["shares"])
    grid = np.array(both["macro_auc"]).reshape(both["shape"])
    assert both["shape"] == [5, 3]
    assert [a["label"] for a in both["axes"]] == ["share of perch in mix", "mix.gaussian.sigma"]
    assert both["axes"][1]["values"] == [0.2, 0.4, 0.8]
    assert grid[:, 1].tolist() == one["macro_auc"]  # 0.4 is the recipe's own sigma
    assert grid[2, 2] == pytest.approx(payload(done["two at one point"])["changed"], abs=1e-12)
    assert both["best"] == pytest.approx(grid.max(), abs=1e-12)


@pytest.mark.parametrize(("name", "file"), [("shares", "one.csv"), ("two", "two.csv")])
def test_the_csv_holds_the_very_numbers(folder: Path, done: dict[str, Process], name: str, file: str) -> None:
    found = payload(done[name])
    first, *rows = read_csv(folder / file)
    assert first == [*(a["label"] for a in found["axes"]), "macro_auc"]
    assert [row[-1] for row in rows] == [repr(m) for m in found["macro_auc"]]
    points = itertools.product(*(a["values"] for a in found["axes"]))
    assert [row[:-1] for row in rows] == [[repr(v) for v in point] for point in points]


def test_words_steps_of_members_and_whole_numbers(done: dict[str, Process]) -> None:
    words, steps, whole = (payload(done[n]) for n in ("words", "a member's step", "whole numbers"))
    assert words["axes"][0]["values"] == ["rank", "prob"]
    assert words["macro_auc"][0] == words["base"]
    assert words["how"].startswith("point by point")
    assert steps["axes"][0]["values"] == [0.5, 1.0, 1.5]
    assert steps["macro_auc"][0] == steps["base"]
    assert len(set(steps["macro_auc"])) == 3
    assert [repr(v) for v in whole["axes"][0]["values"]] == ["1", "2", "3"]


def test_of_many_points_the_table_shows_the_best(folder: Path, done: dict[str, Process]) -> None:
    told = done["many points"].stdout
    rows = sorted((row for row in read_csv(folder / "many.csv")[1:]), key=lambda r: -float(r[1]))
    assert len(rows) == 51
    assert "the best 10 of 51 points; --csv writes all" in told
    shown = [line.split()[1] for line in told.splitlines() if line.strip()[:2] in ("0.", "1.")]
    assert shown == [f"{float(r[1]):.6f}" for r in rows[:10]]


def test_pictures_are_pictures_and_the_same_every_time(folder: Path, done: dict[str, Process]) -> None:
    for name in ("one.png", "words.png"):
        data = (folder / name).read_bytes()
        assert data[:8] == b"\x89PNG\r\n\x1a\n"
        assert struct.unpack(">II", data[16:24]) == (1200, 750)
    for name in ("one.svg", "two.svg"):
        assert ElementTree.parse(folder / name).getroot().tag == "{http://www.w3.org/2000/svg}svg"
    assert (folder / "one.svg").read_bytes() == (folder / "again.svg").read_bytes()
    assert (folder / "one.svg").read_bytes() != (folder / "two.svg").read_bytes()
    assert "<!-- share of perch in mix -->" in (folder / "one.svg").read_text(encoding="utf-8")


def test_the_interval_follows_the_seed_and_needs_two_recordings(done: dict[str, Process]) -> None:
    a, b = (payload(done[n])["gain"] for n in ("fixed", "seed 1"))
    assert a["estimate"] == b["estimate"]
    assert (a["low"], a["high"]) != (b["low"], b["high"])
    assert a["low"] < a["estimate"] < a["high"]
    assert "no interval: an interval needs at least two clusters" in done["one recording"].stdout


def test_saved_logits_are_enough(tone_folder: Path, tmp_path: Path, many: Many) -> None:
    """The audio is gone after the run; nothing but what the run saved can give the figure."""
    data = shutil.copytree(tone_folder, tmp_path / "w")
    rows = ("r2,0,5,x", "r2,5,10,y", "r10,0,5,y", "r10,5,10,x")
    labels = "\n".join(("filename,start,end,primary_label", *rows)) + "\n"
    (data / "train_soundscapes_labels.csv").write_text(labels, encoding="utf-8")
    (run,) = many([(("run", "w/tones.yaml"), tmp_path)])
    assert run.returncode == 0, run.stderr
    report = json.loads((tmp_path / "out/tones/run.json").read_text(encoding="utf-8"))
    shutil.rmtree(data / "test_soundscapes")
    args = ("whatif", "w/tones.yaml", "--sweep", "gaussian.sigma=1.0,2.0", "--json")
    elsewhere = ("whatif", "w/tones.yaml", "--share", "both.t=0.1", "--store", "nowhere")
    found, lost = many([(args, tmp_path), (elsewhere, tmp_path)])
    assert found.returncode == 0, found.stderr
    assert payload(found)["base"] == payload(found)["macro_auc"][0] == report["streams"]["both"]["macro_auc"]
    assert lost.returncode == 2
    assert "logits are not saved below nowhere" in lost.stderr
