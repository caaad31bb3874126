"""Steps that were fitted on the labels that a search is judged by: its figures are in-sample, and say so."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from blendkit.blending import fit_step_artefact
from blendkit.core import LabelTable, Scores
from blendkit.engine import run
from blendkit.errors import BlendkitError
from blendkit.io import NOT_KNOWN, read_labels, read_scores
from blendkit.offline.checking import check
from blendkit.offline.compare_sources import compare
from blendkit.offline.comparison import Rules
from blendkit.offline.evaluation import evaluate
from blendkit.offline.file_blend import blend_files
from blendkit.offline.interval_settings import Judging
from blendkit.offline.offline_files import Place, open_workspaces
from blendkit.offline.searches import LineSearch, search
from blendkit.offline.what_if import whatif
from blendkit.recipe.load import Recipe, parse_recipe

JUDGING = Judging(replicates=50)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Noise of two members, labels that depend on the recording alone, and a prior that learned them."""
    rng = np.random.default_rng(0)
    recordings = [f"R_S{i:02d}_2025{1 + i % 9:02d}07_{i % 24:02d}0000" for i in range(16)]
    ids, classes = [f"{r}_{5 * k}" for r in recordings for k in range(1, 4)], ["c0", "c1", "c2"]
    truth = np.repeat(rng.random((16, 3)) < 0.4, 3, axis=0) & (rng.random((48, 3)) < 0.8)
    for name, values in {"a": rng.random((48, 3)), "b": rng.random((48, 3)), "labels": truth.astype(int)}.items():
        pd.DataFrame(values, index=pd.Index(ids, name="row_id"), columns=classes).to_csv(tmp_path / f"{name}.csv")
    fit_step_artefact("site_hour_prior", tmp_path / "prior.npz", labels=tmp_path / "labels.csv")
    return tmp_path


def recipe(prior: str) -> Recipe:
    steps = f"[{{to: logit}}, {{site_hour_prior: {prior}}}]"
    text = f"""
recipe: 1
name: r
template: null
taxonomy: []
labels: [labels.csv]
members:
  a: {{use: table, path: a.csv, space: prob, steps: {steps}}}
  b: {{use: table, path: b.csv, space: prob, steps: {steps}}}
blends: {{m: {{by: logit, of: {{a: 1, b: 1}}}}}}
output: m
"""
    return parse_recipe(text, "r")


ARTEFACT = "{artefact: prior.npz, allow_seen: true}"
FITTED = "{fit: {labels: labels.csv, folds: 0}, allow_seen: true}"
CROSS_FITTED = "{fit: {labels: labels.csv, folds: 4}}"


@pytest.mark.parametrize(("prior", "seen"), [(ARTEFACT, ("a", "b")), (FITTED, ("a", "b")), (CROSS_FITTED, ())])
def test_a_search_over_such_steps_stays_undecided(folder: Path, prior: str, seen: tuple[str, ...]) -> None:
    ledger, place = folder / "ledger.jsonl", Place(folder, folder / "none")
    found = search(recipe(prior), LineSearch(), place=place, judging=JUDGING, ledger=ledger)
    assert found.seen == seen
    assert ("in-sample, for a, b had learned from these" in found.said()[0]) == bool(seen)
    assert ("cross-fitted by recording" in " ".join(found.notes)) == (prior == CROSS_FITTED)
    if seen:
        assert found.judgement == "undecided"
        assert found.meaning.startswith("a, b learned from labelled recordings that were held out here")
    assert bool(json.loads(ledger.read_text(encoding="utf-8")).get("tuned")) == bool(seen)


def test_a_comparison_marks_recipes_of_such_steps(folder: Path) -> None:
    sources = {"learned": recipe(ARTEFACT), "crossed": recipe(CROSS_FITTED)}
    found = compare(sources, place=Place(folder, folder / "none"), rules=Rules(judging=JUDGING))
    assert found.tuned == ("learned",)


def test_what_is_behind_plain_tables_is_not_known_wherever_they_are_measured(folder: Path) -> None:
    place = Place(folder, folder / "none")
    workspaces, plain = open_workspaces(recipe(CROSS_FITTED), place=place)
    assert f"a, b: {NOT_KNOWN}" in workspaces.output(plain)[0].notes
    made = blend_files([folder / "a.csv", folder / "b.csv"], folder / "labels.csv", folder / "out", judging=JUDGING)
    assert f"a, b: {NOT_KNOWN}" in made.notes
    scores: Scores = read_scores(folder / "a.csv", "prob")
    labels: LabelTable = read_labels(folder / "labels.csv")
    assert NOT_KNOWN in evaluate(scores, labels, judging=JUDGING).notes
    both = compare({"x": scores, "y": read_scores(folder / "b.csv", "prob")}, labels, rules=Rules(judging=JUDGING))
    assert f"x, y: {NOT_KNOWN}" in both.notes


def test_labels_that_are_not_there_were_not_tuned_on(folder: Path) -> None:
    (folder / "labels.csv").rename(folder / "train_soundscapes_labels.csv")
    text = yaml.safe_dump({k: v for k, v in recipe("{strength: 0.4}").raw.items() if k != "labels"})
    text = text.replace("strength: 0.4", "fit: {labels: train_soundscapes_labels.csv, folds: 4}")
    place, usual = Place(folder, folder / "none"), parse_recipe(text, "r")
    assert "test_soundscapes_labels.csv" in usual.model.labels
    assert search(usual, LineSearch(), place=place, judging=JUDGING).labels == ("train_soundscapes_labels.csv",)
    table = pd.read_csv(folder / "train_soundscapes_labels.csv")
    table.iloc[24:].to_csv(folder / "test_soundscapes_labels.csv", index=False)
    table.iloc[:24].to_csv(folder / "train_soundscapes_labels.csv", index=False)
    found = search(usual, LineSearch(), place=place, judging=JUDGING)
    assert found.labels == ("train_soundscapes_labels.csv", "test_soundscapes_labels.csv")
    together = "the labels are those of 2 files together: train_soundscapes_labels.csv, test_soundscapes_labels.csv"
    assert together in found.notes
    assert together in run(usual, folder, folder / "out").warnings


TYPOS = """
recipe: 1
name: t
template: null
taxonomy: []
labels: [labels.csv]
members:
  a:
    use: table
    path: a.csv
    space: prob
    steps: [{sharpen: {by_class: {c9: 0.5}}}, {power: {power: 2}, where: {classes: [c8]}}]
    fill_uncovered: {value: 0.5, by_class: {c7: 0.1}}
output: a
"""


def test_names_of_classes_are_checked_once_the_score_files_tell_them(folder: Path) -> None:
    wrong = parse_recipe(TYPOS, "t.yaml")
    said = check(wrong, folder).notes
    assert "classes are known once the score files are read: those that steps name are checked then" in said
    with pytest.raises(BlendkitError, match=r"t\.yaml: this recipe does not fit its data") as error:
        run(wrong, folder, folder / "out")
    assert list(error.value.problems) == [
        "t.yaml:13: members.a.fill_uncovered.by_class: fill_uncovered: by_class: no class is called 'c7'",
        "t.yaml:12: members.a.steps[0]: sharpen: by_class: no class is called 'c9'",
        "t.yaml:12: members.a.steps[1]: power: where.classes: unknown classes; 'c8'",
    ]
    right = TYPOS.replace("c9", "c0").replace("c8", "c1").replace("c7", "c2")
    (folder / "t.yaml").write_text(right, encoding="utf-8")
    place = Place(folder, folder / "none")
    assert whatif(folder / "t.yaml", overrides=["a.sharpen.threshold=0.4"], place=place, judging=JUDGING).best > 0
    with pytest.raises(BlendkitError, match="no class is called 'c6'"):
        whatif(folder / "t.yaml", overrides=["a.sharpen.by_class={c6: 0.5}"], place=place, judging=JUDGING)
