from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import rankdata

from blendkit.labels import read_labels
from blendkit.rows import NameRule, rows_from_ids
from blendkit.scores import Scores
from blendkit.store import LogitStore, Stored

Blendkit = Callable[..., subprocess.CompletedProcess[str]]
Many = Callable[..., list[subprocess.CompletedProcess[str]]]

IDS = ["a_5", "a_10", "a_15", "a_20"]
LABELS = """filename,start,end,primary_label
a.ogg,00:00:00,00:00:05,x
a.ogg,00:00:05,00:00:10,x;y
a.ogg,00:00:10,00:00:15,
a.ogg,0,5,x
"""
# x: positives 0.9 and 0.5, negative 0.5 -> (1 + 1/2) / 2; y: positive 0.2, negatives 0.1 and 0.3 -> 1/2; z: none
VALUES = np.array([[0.9, 0.1, 0.1], [0.5, 0.2, 0.2], [0.5, 0.3, 0.3], [0.0, 0.9, 0.9]])
MACRO, X, Y = 0.625, 0.75, 0.5


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    path = tmp_path / "labels.csv"
    path.write_text(LABELS, encoding="utf-8")
    return path


def store(folder: Path) -> Path:
    rows = rows_from_ids(IDS, 5.0, NameRule())
    made = LogitStore.create(folder, "m", ("x", "y", "z"), (True, True, True), {})
    scores = Scores.build(VALUES.astype(np.float32), rows, ("x", "y", "z"), "logit")
    made.write(scores, {"a": Stored("k", 4, "ok", "", 20.0)})
    return folder


def test_every_format_gives_the_figure_by_hand(tmp_path: Path, labels: Path, many: Many) -> None:
    frame = pd.DataFrame(VALUES, columns=["x", "y", "z"])
    frame.insert(0, "row_id", IDS)
    frame[::-1].to_csv(tmp_path / "s.csv", index=False)
    np.savez(tmp_path / "s.npz", mine=VALUES, row_ids=np.array(IDS), classes=np.array(["x", "y", "z"]))
    folder = store(tmp_path / "store")
    (part,) = folder.glob("*.parquet")
    sources = (tmp_path / "s.csv", tmp_path / "s.npz", folder, part)
    extra = {sources[1]: ("--array", "mine")}
    jobs = [(("eval", source, "--labels", labels, *extra.get(source, ())), tmp_path) for source in sources]
    for source, done in zip(sources, many(jobs), strict=True):
        assert done.returncode == 0, done.stderr
        assert f"macro-AUC: {MACRO:.6f} over 2 classes, 1 skipped" in done.stdout, source
        assert "rows: 3 labelled of 4" in done.stdout  # the fourth chunk has no label: it counts nowhere
        assert "skipped, without positives or without negatives: z" in done.stdout


def test_json(tmp_path: Path, labels: Path, blendkit: Blendkit) -> None:
    done = blendkit("eval", store(tmp_path / "store"), "--labels", labels, "--json")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert all(set(e) == {"spec_version", "timestamp", "event", "payload"} for e in events)
    *classes, whole = [e["payload"] for e in events]
    assert classes == [{"class": "x", "positives": 2, "auc": X}, {"class": "y", "positives": 1, "auc": Y}]
    assert (whole["macro_auc"], whole["rows"]) == (MACRO, 3)
    assert (whole["classes_scored"], whole["classes_skipped"]) == (2, 1)


def test_the_sample_worlds_table_against_scipy(world: Path, blendkit: Blendkit) -> None:
    labels, taxonomy = world / "test_soundscapes_labels.csv", world / "taxonomy.csv"
    done = blendkit("eval", world / "protossm_sed.csv", "--labels", labels, "--taxonomy", taxonomy, "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])["payload"]
    frame = pd.read_csv(world / "protossm_sed.csv", index_col="row_id")
    rows = rows_from_ids(list(frame.index), 5.0, NameRule())
    truth, _ = read_labels(labels).matrix(rows, list(frame.columns))
    aucs = []
    for y, x in zip(truth.T, frame.to_numpy().T, strict=True):
        p, n = y.sum(), (~y).sum()
        if p and n:
            aucs.append((rankdata(x)[y].sum() - p * (p + 1) / 2) / (p * n))
    assert said["macro_auc"] == pytest.approx(np.mean(aucs), abs=1e-12)
    assert said["classes_scored"] == len(aucs)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("x;y", "x;yy", "1 unknown labels\n  'yy' (did you mean 'y'?)"),
        ("a.ogg", "b.ogg", "no label matches a row"),
        ("primary_label", "label", "missing columns ['primary_label']"),
        ("00:00:10,", "later,", "line"),
    ],
)
def test_labels_that_do_not_fit(
    tmp_path: Path, labels: Path, blendkit: Blendkit, old: str, new: str, says: str
) -> None:
    labels.write_text(LABELS.replace(old, new), encoding="utf-8")
    done = blendkit("eval", store(tmp_path / "store"), "--labels", labels)
    assert done.returncode == 2
    assert says in done.stderr
    assert "labels.csv" in done.stderr


def test_files_that_are_not_there(tmp_path: Path, labels: Path, many: Many) -> None:
    store(tmp_path / "store")
    cases = (
        (("no.csv", "--labels", labels), "no.csv"),
        ((".", "--labels", labels), "not a logit store"),
        (("x.txt", "--labels", labels), "x.txt"),
        (("store", "--labels", "nowhere.csv"), "nowhere.csv"),
        (("store", "--labels", labels, "--taxonomy", "t.csv"), "t.csv"),
    )
    for (args, says), done in zip(cases, many([(("eval", *args), tmp_path) for args, _ in cases]), strict=True):
        assert done.returncode == 2, (args, done.stderr)
        assert "Traceback" not in done.stderr
        assert says in done.stderr
