"""A whole run on the sample world: what is written, and what it says of itself."""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

import blendkit
from blendkit.engine.local import RunResult
from blendkit.errors import BlendkitError
from blendkit.io import read_provenance, read_scores
from blendkit.recipe.explicit_defaults import filled_text
from blendkit.recipe.find_recipe import packaged_recipes
from blendkit.recipe.load import parse_recipe
from blendkit.recipe.plan import make_plan

Run = Callable[..., RunResult]
EOS7 = packaged_recipes()["eos7"]
ALSO = "also=[seqhead, protossm_sed]"


def submission(path: Path) -> pd.DataFrame:
    """Python's own float() reads every digit; pandas' fast parser may be a bit off."""
    return pd.read_csv(path, index_col="row_id", dtype=str).map(float)


def report(out: Path) -> dict[str, Any]:
    return json.loads((out / "run.json").read_text(encoding="utf-8"))


def truth_by_hand(labels: Path, like: pd.DataFrame) -> pd.DataFrame:
    """The label CSV, read without blendkit."""
    out = pd.DataFrame(False, index=like.index, columns=like.columns)
    with labels.open(encoding="utf-8", newline="") as handle:
        for row in csv.DictReader(handle):
            hours, minutes, seconds = map(int, row["end"].split(":"))
            row_id = f"{row['filename'].removesuffix('.ogg')}_{hours * 3600 + minutes * 60 + seconds}"
            for label in filter(None, row["primary_label"].split(";")):
                out.loc[row_id, label] = True
    return out


def macro_by_hand(truth: pd.DataFrame, scores: pd.DataFrame) -> tuple[float, int]:
    live = [c for c in truth if 0 < truth[c].sum() < len(truth)]
    return float(np.mean([roc_auc_score(truth[c], scores[c]) for c in live])), len(live)


@pytest.fixture(scope="module")
def store(world: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Logits that the runs of this module share."""
    return tmp_path_factory.mktemp("eos7") / "store"


@pytest.fixture(scope="module")
def first(world: Path, store: Path, run_text: Run) -> RunResult:
    out = store.parent / "first"
    return run_text(EOS7, world, out, overrides=[ALSO], stores=store)


def test_the_submission_follows_the_template(world: Path, first: RunResult) -> None:
    template = submission(world / "sample_submission.csv")
    made = submission(first.submission)
    assert list(made.index) == list(template.index)
    assert list(made.columns) == list(template.columns)
    assert made.to_numpy().min() >= 0
    assert made.to_numpy().max() <= 1
    assert made.nunique().min() > 2
    assert (first.rows, first.classes) == made.shape == (36, 24)


def test_figures_equal_sklearns(world: Path, first: RunResult) -> None:
    streams = report(first.out)["streams"]
    for name, file in (("eos7", "submission.csv"), ("seqhead", "seqhead.csv"), ("protossm_sed", "protossm_sed.csv")):
        scores = submission(first.out / file)
        macro, live = macro_by_hand(truth_by_hand(world / "test_soundscapes_labels.csv", scores), scores)
        assert streams[name]["macro_auc"] == pytest.approx(macro, abs=1e-12), name
        assert (streams[name]["classes_scored"], streams[name]["classes_skipped"]) == (live, 24 - live)
    assert len({s["macro_auc"] for s in streams.values()}) == 3  # else the test could not tell them apart
    assert first.streams["eos7"].macro_auc == streams["eos7"]["macro_auc"]


def test_the_blend_by_hand(world: Path, first: RunResult) -> None:
    """Weighted percentile ranks, then genus and class means, computed with pandas alone."""
    parts = {n: submission(first.out / f"{n}.csv") for n in ("protossm_sed", "seqhead")}
    x = 0.93 * parts["protossm_sed"].rank(pct=True) + 0.07 * parts["seqhead"].rank(pct=True)
    taxonomy = pd.read_csv(world / "taxonomy.csv", dtype=str).set_index("primary_label").loc[x.columns]
    genus = taxonomy["scientific_name"].str.split().str[0]
    for alpha, group in ((0.15, genus), (0.05, taxonomy["class_name"])):
        x = x + alpha * (x.T.groupby(group).transform("mean").T - x)
    made = submission(first.submission)
    pd.testing.assert_frame_equal(made, x, check_exact=False, atol=1e-12, rtol=0, check_names=False)


def test_run_json_says_what_was_run(world: Path, first: RunResult) -> None:
    said = report(first.out)
    plan = make_plan(parse_recipe(EOS7, "eos7.yaml", [ALSO]))
    assert said["blendkit"] == blendkit.__version__
    assert said["recipe"]["members"]["seqhead"]["batch"] == 16  # a default, made explicit
    assert said["recipe_sha256"] == hashlib.sha256(filled_text(plan).encode()).hexdigest()
    assert said["mode"] == "audio"
    wanted = {"models/perch_v2.onnx", "models/seqhead.onnx", "protossm_sed.csv", "sample_submission.csv",
              "taxonomy.csv", "test_soundscapes_labels.csv", "train_soundscapes_labels.csv"}  # fmt: skip
    assert set(said["inputs"]) == wanted
    for name, digest in said["inputs"].items():
        assert digest == hashlib.sha256((world / name).read_bytes()).hexdigest(), name
    for w in said["written"].values():
        assert w["sha256"] == hashlib.sha256((first.out / w["file"]).read_bytes()).hexdigest()
    assert sorted(said["files"]) == ["protossm_sed.csv", "seqhead.csv", "submission.csv"]
    states = {(r["status"], r["chunks"], r["duration_s"]) for r in said["recordings"].values()}
    assert states == {("ok", 12, 60.0)}
    assert len(said["recordings"]) == 3
    assert said["labels"] == {"files": ["test_soundscapes_labels.csv"], "labelled_rows": 36}


def test_run_json_holds_nothing_of_this_machine(world: Path, first: RunResult) -> None:
    text = (first.out / "run.json").read_text(encoding="utf-8")
    assert str(world) not in text
    assert str(first.out.parent) not in text


def test_a_members_identity_knows_neither_release_nor_module(first: RunResult) -> None:
    # a patch release, or an adapter that moved to another module, must not orphan what was scored
    for member in report(first.out)["members"].values():
        assert (member["distribution"], member["logits_version"]) == ("blendkit", 1)
        assert blendkit.__version__ not in member.values()
        assert "blendkit_members" not in json.dumps(member)


def test_equal_runs_give_equal_bytes(world: Path, store: Path, first: RunResult, run_text: Run) -> None:
    out = store.parent / "again"
    run_text(EOS7, world, out, overrides=[ALSO])  # into a store of its own: everything is scored anew
    for name in ("submission.csv", "seqhead.csv", "protossm_sed.csv", "run.json"):
        assert (out / name).read_bytes() == (first.out / name).read_bytes(), name


def test_other_weights_score_nothing(
    world: Path, store: Path, first: RunResult, run_text: Run, scored: Callable[[Path], dict[str, int]]
) -> None:
    assert scored(first.out) == {"seqhead": 3}
    again = run_text(EOS7, world, store.parent / "other", overrides=["blends.eos7.of.seqhead=0.2"], stores=store)
    assert scored(again.out) == {"seqhead": 0}
    assert again.submission.read_bytes() != first.submission.read_bytes()
    assert report(again.out)["recipe"]["blends"]["eos7"]["of"]["seqhead"] == 0.2
    assert report(again.out)["recipe_sha256"] != report(first.out)["recipe_sha256"]


def test_two_recipes_share_a_store(
    world: Path, store: Path, first: RunResult, run_text: Run, scored: Callable[[Path], dict[str, int]]
) -> None:
    # the same head with the same shifts, under another name and without steps
    text = """
    recipe: 1
    name: other
    recording_s: 60
    members:
      head:
        use: perch-seqhead
        backbone: models/perch_v2.onnx
        head: models/seqhead.onnx
        tta: {shifts_s: [-2, -1, 0, 1, 2]}
    output: head
    """
    out = run_text(text, world, store.parent / "shared", stores=store).out
    assert scored(out) == {"head": 0}
    run_text(text, world, out, overrides=["members.head.tta.shifts_s=[-1, 0]"], stores=store)
    assert scored(out) == {"head": 3}  # other windows, other logits


def test_an_old_extra_output_is_removed(world: Path, store: Path, run_text: Run) -> None:
    out = store.parent / "stale"
    run_text(EOS7, world, out, overrides=[ALSO], stores=store)
    assert (out / "seqhead.csv").exists()
    mine = out / "notes.csv"
    mine.write_text("kept\n", encoding="utf-8")
    run_text(EOS7, world, out, overrides=["also=[protossm_sed]"], stores=store)
    assert {p.name for p in out.iterdir()} == {".blendkit", "submission.csv", "protossm_sed.csv", "run.json",
                                               "timings.json", "notes.csv"}  # fmt: skip


def test_tables_as_parquet_say_what_the_csv_says(world: Path, store: Path, run_text: Run) -> None:
    out = store.parent / "parquet"
    run_text(EOS7, world, out, overrides=[ALSO], stores=store)
    as_csv = {n: read_scores(out / f"{n}.csv") for n in ("submission", "seqhead")}
    run_text(EOS7, world, out, overrides=[ALSO], stores=store, table_format="parquet")
    assert {p.name for p in out.glob("s*.*")} == {"submission.parquet", "seqhead.parquet"}  # the CSVs are gone
    assert read_scores(out).values.tobytes() == as_csv["submission"].values.tobytes()
    assert read_provenance(out) == read_provenance(out / "submission.parquet")
    also = read_scores(out / "seqhead.parquet")
    assert (also.space, also.values.tobytes()) == (as_csv["seqhead"].space, as_csv["seqhead"].values.tobytes())
    run_text(EOS7, world, out, stores=store)
    assert [p.name for p in out.glob("s*.*")] == ["submission.csv"]
    with pytest.raises(BlendkitError, match="expected one of csv, parquet, got 'orc'"):
        run_text(EOS7, world, out, stores=store, table_format="orc")


def test_the_order_of_the_tables_rows_does_not_matter(
    world: Path, tmp_path: Path, store: Path, first: RunResult, run_text: Run
) -> None:
    data = tmp_path / "data"
    shutil.copytree(world, data)
    frame = pd.read_csv(data / "protossm_sed.csv", dtype=str)
    frame = frame.sample(frac=1, random_state=3)[["row_id", *sorted(frame.columns[1:])]]
    frame.to_csv(data / "protossm_sed.csv", index=False)
    again = run_text(EOS7, data, tmp_path / "out", overrides=[ALSO], stores=store)
    for name in ("submission.csv", "protossm_sed.csv"):
        assert (again.out / name).read_bytes() == (first.out / name).read_bytes(), name


def test_an_output_folder_of_somebody_else(world: Path, tmp_path: Path, run_text: Run) -> None:
    out = tmp_path / "mine"
    out.mkdir()
    (out / "thesis.txt").write_text("years of work", encoding="utf-8")
    with pytest.raises(BlendkitError, match="blendkit did not make"):
        run_text(packaged_recipes()["mean"], world, out)
    assert [p.name for p in out.iterdir()] == ["thesis.txt"]
    with pytest.raises(BlendkitError, match="is not a folder"):
        run_text(packaged_recipes()["mean"], world, out / "thesis.txt")


def test_a_dry_run_takes_a_few_recordings(world: Path, tmp_path: Path, run_text: Run) -> None:
    result = run_text(packaged_recipes()["mean"], world, tmp_path / "out", dry_run=2)
    made = submission(result.submission)
    assert made.shape == (24, 24)
    assert len(result.recordings) == 2
    assert any("dry run: 2 of 3 recordings" in w for w in result.warnings)
    assert any("12 rows beyond the expected ones left out" in w for w in result.warnings)


def test_labels_that_cannot_be_folded_are_refused_before_scoring(world: Path, tmp_path: Path, run_text: Run) -> None:
    # six labelled recordings cannot make seven folds: no hour of scoring is needed to know that
    out = tmp_path / "out"
    folds = "members.seqhead.steps[0].site_hour_prior.fit.folds=7"
    with pytest.raises(BlendkitError, match="6 labelled recordings cannot make 7 folds"):
        run_text(EOS7, world, out, overrides=[folds])
    assert not (out / "logits").exists()


def test_a_prior_that_saw_the_recordings_is_refused_before_scoring(world: Path, tmp_path: Path, run_text: Run) -> None:
    out, fit = tmp_path / "out", "members.seqhead.steps[0].site_hour_prior.fit"
    seen = [f"{fit}.labels=test_soundscapes_labels.csv", f"{fit}.folds=0"]
    with pytest.raises(BlendkitError, match="fitted on 3 of the recordings it would be applied to"):
        run_text(EOS7, world, out, overrides=seen)
    assert not (out / "logits").exists()
    other = run_text(EOS7, world, out, overrides=[f"{fit}.folds=0"])  # labels of other recordings need no folds
    assert other.submission.exists()
