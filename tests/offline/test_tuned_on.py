"""`tuned_on:` of a recipe: figures on the recordings whose labels chose its weights are in-sample, and say so."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from blendkit.engine.local import run
from blendkit.errors import BlendkitError
from blendkit.io.provenance import read_provenance
from blendkit.offline.checking import check
from blendkit.offline.compare_sources import compare
from blendkit.offline.comparison import Rules
from blendkit.offline.file_blend import blend_files
from blendkit.offline.interval_settings import Judging
from blendkit.offline.offline_files import Place
from blendkit.offline.recipe_search import greedy_weights
from blendkit.recipe.explicit_defaults import filled_recipe
from blendkit.recipe.load import Recipe, parse_recipe
from blendkit.recipe.plan import make_plan
from blendkit.searching.ledger import append_entry, read_ledger
from tests.offline.test_whatif import CLASSES, recipe, workspaces_of
from tests.offline.test_whatif import data as data

SAYS = "chosen on 10 of the 10 labelled recordings (`tuned_on:`)"


def tuned(on: list[str]) -> Recipe:
    return parse_recipe(yaml.safe_dump({**recipe().raw, "tuned_on": on}), "small")


def test_a_run_and_its_files_say_that_figures_are_in_sample(data: Path, tmp_path: Path) -> None:
    done = run(tuned(["labels.csv"]), data, tmp_path / "out")
    assert any(SAYS in w for w in done.warnings)
    known = read_provenance(tmp_path / "out")
    assert known.kind_on(known.saw.recordings) == "in-sample"
    assert len(known.saw) == 10
    plain = run(recipe(), data, tmp_path / "plain")
    assert not any("tuned_on" in w for w in plain.warnings)


def test_labels_that_are_elsewhere_stop_no_run(data: Path, tmp_path: Path) -> None:
    done = run(tuned(["label.csv"]), data, tmp_path / "out")
    said = f"tuned_on[0]: 'label.csv' is not in {data} (did you mean 'labels.csv'?): which figures are in-sample is not"
    assert any(said in w for w in done.warnings)
    assert any(said in n for n in check(tuned(["label.csv"]), data).notes)
    assert json.loads((tmp_path / "out/run.json").read_text(encoding="utf-8"))["provenance"]["kind"] == "unknown"


def test_a_recipe_without_it_is_filled_as_before() -> None:
    assert "tuned_on" not in filled_recipe(make_plan(recipe()))
    assert filled_recipe(make_plan(tuned(["a.csv"])))["tuned_on"] == ["a.csv"]


def test_a_search_compares_nothing_with_a_tuned_recipe(data: Path) -> None:
    rules = Judging(replicates=50)
    found = [greedy_weights(workspaces_of(data), r, 5, judging=rules) for r in (recipe(), tuned(["labels.csv"]))]
    assert [f.tuned for f in found] == [0, 10]
    assert "cannot be compared" in found[1].beside
    assert "cannot be compared" not in found[0].beside


def test_a_comparison_marks_it(data: Path) -> None:
    place = Place(data, data / "none")
    rules = Rules(judging=Judging(replicates=50))
    found = compare({"old": recipe(), "new": tuned(["labels.csv"])}, place=place, rules=rules)
    assert found.tuned == ("new",)
    assert any(SAYS in n for n in found.notes)


def test_the_ledger_keeps_the_figure_that_is_not_in_sample(tmp_path: Path) -> None:
    file, about = tmp_path / "ledger.jsonl", {"kind": "oof", "recipe": "r", "sha256": "a1", "from": "compare"}
    append_entry(file, {**about, "oof": 0.9, "tuned": True})
    assert [(e.oof, e.source) for e in read_ledger(file)] == [(0.9, "in-sample")]
    append_entry(file, {**about, "oof": 0.8, "from": "search"})
    append_entry(file, {**about, "oof": 0.9, "tuned": True})
    assert [(e.oof, e.source) for e in read_ledger(file)] == [(0.8, "search")]


def test_other_labels_decide_whether_a_figure_is_in_sample(data: Path, tmp_path: Path) -> None:
    header, *lines = (data / "labels.csv").read_text(encoding="utf-8").splitlines()
    for name, half in (("first", lines[:30]), ("second", lines[30:])):  # five recordings each
        (tmp_path / f"{name}.csv").write_text("\n".join([header, *half]) + "\n", encoding="utf-8")
    (data / "first.csv").write_text((tmp_path / "first.csv").read_text(encoding="utf-8"), encoding="utf-8")
    sources = {"new": tuned(["first.csv"]), "old": recipe()}
    place, rules = Place(data, data / "none"), Rules(judging=Judging(replicates=50))
    found = {n: compare(sources, tmp_path / f"{n}.csv", place=place, rules=rules) for n in ("first", "second")}
    assert [f.tuned for f in found.values()] == [("new",), ()]
    assert any("on 5 of the 5 labelled recordings" in n for n in found["first"].notes)
    assert not any("tuned_on" in n for n in found["second"].notes)


def test_a_search_adds_its_labels_to_those_of_earlier_ones(data: Path) -> None:
    found = greedy_weights(workspaces_of(data), tuned(["earlier.csv"]), 5, judging=Judging(replicates=50))
    assert found.labels == ("earlier.csv", "labels.csv")


def test_scores_without_names_are_not_compared(data: Path) -> None:
    scores = workspaces_of(data).output(recipe())[1]
    with pytest.raises(BlendkitError, match="give them by name"):
        compare([scores, scores])  # type: ignore[list-item]


def test_of_labels_beyond_its_scores_a_search_names_those_that_it_had(data: Path, tmp_path: Path) -> None:
    """Weights of one half of the recordings are held out on the other, though one file labels both."""
    arrays = np.load(data / "oof.npz")
    names = sorted({str(r).rpartition("_")[0] for r in arrays["rows"]})
    for half, part in (("one", names[:5]), ("two", names[5:])):
        (tmp_path / half).mkdir()
        at = [i for i, r in enumerate(arrays["rows"]) if str(r).rpartition("_")[0] in part]
        for n in ("fa", "fb"):
            frame = pd.DataFrame(arrays[n][at], index=pd.Index(arrays["rows"][at], name="row_id"), columns=CLASSES)
            frame.to_csv(tmp_path / half / f"{n}.csv")
        (tmp_path / half / "labels.csv").write_text((data / "labels.csv").read_text(encoding="utf-8"), encoding="utf-8")
    one = tmp_path / "one"
    made = blend_files([one / "fa.csv", one / "fb.csv"], one / "labels.csv", one / "out")
    assert made.found is not None
    (said,) = made.found.labels
    assert said == {"labels": "labels.csv", "recordings": names[:5]}
    text = made.recipe.read_text(encoding="utf-8")
    assert "tuned_on: [{labels: labels.csv, recordings: [" in text
    assert any("chosen on 5 of the 5 labelled recordings" in w for w in made.run.warnings)
    other = run(made.recipe, tmp_path / "two", tmp_path / "two/out")
    assert not any("tuned_on" in w for w in other.warnings)
    assert read_provenance(tmp_path / "two/out").kind_on(names[5:]) != "in-sample"
    again = parse_recipe(yaml.safe_dump(filled_recipe(make_plan(parse_recipe(text, "r")))), "r")
    assert again.model.tuned_on == [said]


def test_entries_of_one_file_become_one(data: Path) -> None:
    some = parse_recipe(
        yaml.safe_dump({**recipe().raw, "tuned_on": [{"labels": "labels.csv", "recordings": ["x"]}]}), "r"
    )
    found = greedy_weights(workspaces_of(data), some, 5, judging=Judging(replicates=50))
    assert found.labels == ("labels.csv",)  # all of it was used


@pytest.mark.parametrize(
    "wrong", [7, [7], {"labels": "l.csv"}, [{"labels": "l.csv", "recordings": []}], [{"labels": 1}]]
)
def test_what_names_no_labels_is_refused(wrong: object) -> None:
    with pytest.raises(BlendkitError, match=r"tuned_on.*expected label files, or `\{labels: FILE, recordings"):
        parse_recipe(yaml.safe_dump({**recipe().raw, "tuned_on": wrong}), "r")


def test_recordings_that_are_named_count_and_mistyped_ones_are_said(data: Path) -> None:
    some = parse_recipe(
        yaml.safe_dump(
            {**recipe().raw, "tuned_on": [{"labels": "labels.csv", "recordings": ["X_00_S01_20250101_00000"]}]}
        ),
        "r",
    )
    (said,) = [n for n in check(some, data).notes if "tuned_on" in n]
    assert "labels.csv does not label 1 of these recordings: 'X_00_S01_20250101_00000' (did you mean 'X_00_S01" in said
    gone = parse_recipe(
        yaml.safe_dump(
            {**recipe().raw, "tuned_on": [{"labels": "gone.csv", "recordings": ["X_00_S01_20250101_000000"]}]}
        ),
        "r",
    )
    workspaces = workspaces_of(data)
    workspace = workspaces.workspace(make_plan(gone))
    assert workspace.tuned(workspace.around.files) == 1  # known without the file
