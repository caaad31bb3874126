from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import rankdata
from test_cli_whatif import oof_world

from blendkit.core.names import NameRule
from blendkit.core.rows import rows_from_ids
from blendkit.core.scores import Scores
from blendkit.errors import BlendkitError
from blendkit.io.readers.label_files import read_labels
from blendkit.offline import evaluate
from blendkit.store import Stored
from blendkit.store.logits import LogitStore

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
# x: 0.9 is right, then 0.5 is right at precision 2 of 3; y: 0.2 is second, at precision 1 of 2
AP_X, AP_Y = 0.5 + 0.5 * 2 / 3, 0.5
AP = (AP_X + AP_Y) / 2
TOP_1 = 1.0  # of both chunks with a label, the highest class is one that is heard


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
    made.finish()
    return folder


def test_every_format_gives_the_figure_by_hand(tmp_path: Path, labels: Path, many: Many) -> None:
    frame = pd.DataFrame(VALUES, columns=["x", "y", "z"])
    frame.insert(0, "row_id", IDS)
    frame[::-1].to_csv(tmp_path / "s.csv", index=False)
    np.savez(tmp_path / "s.npz", mine=VALUES, other=VALUES, row_ids=np.array(IDS), classes=np.array(["x", "y", "z"]))
    folder = store(tmp_path / "store")
    (part,) = folder.glob("part-*.parquet")
    (tmp_path / "run").mkdir()
    frame.to_csv(tmp_path / "run/submission.csv", index=False)
    sources = (tmp_path / "s.csv", f"{tmp_path}/s.npz:mine", folder, part, tmp_path / "run")
    jobs = [(("eval", source, "--labels", labels), tmp_path) for source in sources]
    for source, done in zip(sources, many(jobs), strict=True):
        assert done.returncode == 0, done.stderr
        assert f"macro-AUC: {MACRO:.6f} over 2 classes, 1 skipped" in done.stdout, source
        assert "rows: 3 labelled of 4" in done.stdout  # the fourth chunk has no label: it counts nowhere
        assert "skipped, without positives or without negatives: z" in done.stdout
        assert f"cmAP {AP:.6f}, top-1 {TOP_1:.6f}" in done.stdout
        assert "no interval: an interval needs at least two clusters (recordings, sites), found 1" in done.stdout


def test_of_a_store_only_labelled_recordings_are_read(
    tmp_path: Path, labels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = rows_from_ids([*IDS, "b_5", "b_10"], 5.0, NameRule())
    made = LogitStore.create(tmp_path / "store", "m", ("x", "y", "z"), (True, True, True), {})
    values = np.concatenate([VALUES, [[9.0, 9, 9], [8, 8, 8]]]).astype(np.float32)
    kept = {"a": Stored("k", 4, "ok", "", 20.0), "b": Stored("l", 2, "ok", "", 10.0)}
    made.write(Scores.build(values, rows, ("x", "y", "z"), "logit"), kept)
    made.finish()
    asked, read = [], LogitStore.read
    monkeypatch.setattr(
        LogitStore, "read", lambda self, names, only=None: asked.append(only) or read(self, names, only)
    )
    found = evaluate(tmp_path / "store", labels)
    assert (found.macro, found.labelled_rows, found.rows) == (MACRO, 3, 6)
    assert asked == [["a"]]
    none = labels.with_name("none.csv")
    none.write_text("filename,start,end,primary_label\nq.ogg,0,5,x\n", encoding="utf-8")
    with pytest.raises(BlendkitError, match="q"):
        evaluate(tmp_path / "store", none)  # the message is about all recordings
    assert asked[1:] == [None]


def test_json(tmp_path: Path, labels: Path, blendkit: Blendkit) -> None:
    done = blendkit("eval", store(tmp_path / "store"), "--labels", labels, "--json")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert all(set(e) == {"spec_version", "timestamp", "event", "payload"} for e in events)
    *classes, whole = [e["payload"] for e in events]
    assert [(c["class"], c["positives"], c["auc"]) for c in classes] == [("x", 2, X), ("y", 1, Y)]
    assert [c["ap"] for c in classes] == pytest.approx([AP_X, AP_Y])
    assert (whole["macro_auc"], whole["rows"]) == (MACRO, 3)
    assert (whole["classes_scored"], whole["classes_skipped"], whole["skipped"]) == (2, 1, ["z"])
    assert whole["no_interval"].startswith("an interval needs at least two clusters")
    assert not {"low", "high", "folds"} & set(whole)


def test_intervals_redraw_recordings_or_sites(tmp_path: Path, many: Many) -> None:
    oof_world(tmp_path)
    args = ("eval", "oof.npz:cnn", "--labels", "labels.csv", "--json")
    extra = ((), (), ("--seed", "1"), ("--clusters", "site"), ("--level", "0.5"), ("--replicates", "50"))
    done = many([((*args, *more), tmp_path) for more in extra])
    assert [d.returncode for d in done] == [0] * len(extra), done[0].stderr
    plain, again, seed, site, level, few = (json.loads(d.stdout.splitlines()[-1])["payload"] for d in done)
    assert again == plain
    bounds = [(e["low"], e["high"]) for e in (plain, seed, site, level, few)]
    assert len(set(bounds)) == len(bounds)
    assert all(low < plain["macro_auc"] < high for low, high in bounds)
    assert [e["clusters"] for e in (plain, site)] == [12, 3]
    assert plain["low"] < level["low"] < level["high"] < plain["high"]


def test_folds_show_their_own_figures(tmp_path: Path, many: Many) -> None:
    held = np.load(oof_world(tmp_path) / "oof.npz")
    args = ("eval", "oof.npz:sed", "--labels", "labels.csv", "--folds", "fold")
    told, events = many([(args, tmp_path), ((*args, "--json"), tmp_path)])
    assert told.returncode == 0, told.stderr
    payload = json.loads(events.stdout.splitlines()[-1])["payload"]
    rows = rows_from_ids([str(r) for r in held["row_ids"]], 5.0, NameRule())
    truth, _ = read_labels(tmp_path / "labels.csv").matrix(rows, [str(c) for c in held["classes"]])
    own = {f: scipy_macro(truth[held["fold"] == int(f)], held["sed"][held["fold"] == int(f)]) for f in "01"}
    assert payload["folds"] == pytest.approx(own, abs=1e-12)
    mean = (own["0"] + own["1"]) / 2
    assert f"mean of 2 folds: {mean:.6f} (0: {own['0']:.6f}, 1: {own['1']:.6f})" in told.stdout
    assert f"macro-AUC: {payload['macro_auc']:.6f} over 5 classes, 0 skipped" in told.stdout
    assert f"pooled - fold mean: {payload['macro_auc'] - mean:+.6f}. Pooled figures also compare" in told.stdout
    assert f"95% interval: {payload['low']:.6f} to {payload['high']:.6f} (12 clusters redrawn)" in told.stdout


def scipy_macro(truth: np.ndarray, scores: np.ndarray) -> float:
    aucs = []
    for y, x in zip(truth.T, scores.T, strict=True):
        p, n = y.sum(), (~y).sum()
        if p and n:
            aucs.append((rankdata(x)[y].sum() - p * (p + 1) / 2) / (p * n))
    return float(np.mean(aucs))


def test_the_sample_worlds_table_against_scipy(world: Path, blendkit: Blendkit) -> None:
    labels, taxonomy = world / "test_soundscapes_labels.csv", world / "taxonomy.csv"
    done = blendkit("eval", world / "protossm_sed.csv", "--labels", labels, "--taxonomy", taxonomy, "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])["payload"]
    frame = pd.read_csv(world / "protossm_sed.csv", index_col="row_id")
    rows = rows_from_ids(list(frame.index), 5.0, NameRule())
    truth, _ = read_labels(labels).matrix(rows, list(frame.columns))
    assert said["macro_auc"] == pytest.approx(scipy_macro(truth, frame.to_numpy()), abs=1e-12)
    assert said["classes_scored"] == (truth.any(axis=0) & ~truth.all(axis=0)).sum()


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("x;y", "x;yy", "1 unknown label\n  'yy' (did you mean 'y'?)"),
        ("a.ogg", "b.ogg", "no label matches a row"),
        ("primary_label", "remark", "no column of labels"),
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
    np.savez(tmp_path / "s.npz", mine=VALUES, other=VALUES, row_ids=np.array(IDS), classes=np.array(["x", "y", "z"]))
    (tmp_path / "s.csv").write_text("row_id,fold,x,y\na_5,0,1,2\na_10,0,2,1\n", encoding="utf-8")
    cases = (
        (("no.csv", "--labels", labels), "no.csv"),
        ((".", "--labels", labels), "no format fits"),
        (("x.txt", "--labels", labels), "x.txt"),
        (("store", "--labels", "nowhere.csv"), "nowhere.csv"),
        (("store", "--labels", labels, "--taxonomy", "t.csv"), "t.csv"),
        (("s.npz", "--labels", labels), "s.npz: its arrays cannot be identified"),
        (("s.npz:mien", "--labels", labels), "no array 'mien' for `array:` (did you mean 'mine'?)"),
        (("s.npz:mine", "--labels", labels, "--folds", "fold"), "no array 'fold'"),
        (("s.npz:mine", "--labels", labels, "--array", "mine"), "--array"),
        (("s.csv", "--labels", labels, "--folds", "fodl"), "s.csv: no column 'fodl' (did you mean 'fold'?)"),
        (("store", "--labels", labels, "--clusters", "site"), "1 recordings give no site in their name\n  a\n"),
    )
    for (args, says), done in zip(cases, many([(("eval", *args), tmp_path) for args, _ in cases]), strict=True):
        assert done.returncode == 2, (args, done.stderr)
        assert "Traceback" not in done.stderr
        assert says in done.stderr


def test_columns_by_name_and_columns_that_a_taxonomy_lacks(tmp_path: Path, labels: Path, many: Many) -> None:
    taxonomy = "primary_label,scientific_name\nx,Aus bus\ny,Cus dus\nz,Eus fus\n"
    (tmp_path / "t.csv").write_text(taxonomy, encoding="utf-8")
    for name, columns in (("ids", ["x", "y", "z"]), ("names", ["aus bus", "Cus dus", "Eus fus"])):
        frame = pd.DataFrame(VALUES, columns=columns)
        frame.insert(0, "row_id", IDS)
        frame.assign(best=0.5).to_csv(tmp_path / f"{name}.csv", index=False)
    jobs = [(("eval", f"{n}.csv", "--labels", labels, "--taxonomy", "t.csv"), tmp_path) for n in ("ids", "names")]
    for done in many(jobs):
        assert f"macro-AUC: {MACRO:.6f} over 2 classes, 1 skipped" in done.stdout, done.stdout + done.stderr
        assert "note: 1 columns that the taxonomy lacks are left out: best" in done.stdout
    assert "3 columns are names of classes, not ids, and are read as these" in done.stdout
