from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from blendkit.audio.prepare import Grid
from blendkit.core.names import NameRule
from blendkit.core.taxonomy import Taxonomy
from blendkit.errors import BlendkitError
from blendkit.member.protocol import TTA, MemberContext
from blendkit.offline.workspace import Workspaces
from blendkit.recipe.load import parse_recipe
from blendkit.recipe.plan import make_plan
from blendkit.recipe.recipe_files import DataFolder, RecipeFiles
from blendkit.registry import MEMBERS, Registry, registry
from blendkit.scoring.identity import member_facts
from tests.stores import edit_facts

Make = Callable[..., Path]
LABELS = "filename,start,end,primary_label\nr2.wav,0,5,x\nr2.wav,5,10,y\nr10.wav,0,5,x;y\nr10.wav,5,10,\n"


@pytest.fixture
def text(tone_blend: str) -> str:
    """The recipe, of members that may lack rows and know their folds."""
    more = tone_blend.replace("space: prob}", "space: prob, missing_rows: median, folds: fold}")
    return more.replace("name: tones", "name: both\ntemplate: null")


@pytest.fixture
def data(tones: Make, tone_table: str) -> Path:
    folder = tones({"r2": 10, "r10": 7})
    lines = zip(tone_table.split(), ("fold", 0, 0, 1, 1), strict=True)
    (folder / "a.csv").write_text("".join(f"{line},{fold}\n" for line, fold in lines), encoding="utf-8")
    (folder / "train_soundscapes_labels.csv").write_text(LABELS, encoding="utf-8")
    return folder


def workspaces(data: Path) -> Workspaces:
    return Workspaces(DataFolder(data), data.parent / "out/logits")


@pytest.fixture
def ran(data: Path, text: str, run_text: Callable[..., object]) -> Path:
    run_text(text, data, data.parent / "out")
    return data


def test_the_output_is_the_runs_to_the_last_bit(ran: Path, text: str) -> None:
    workspace, found = workspaces(ran).output(parse_recipe(text, "both"))
    written = pd.read_csv(ran.parent / "out/submission.csv", index_col="row_id")
    assert list(written.index) == found.rows.ids()
    assert np.array_equal(written.to_numpy(), found.values)
    figure = json.loads((ran.parent / "out/run.json").read_text(encoding="utf-8"))["streams"]["both"]["macro_auc"]
    assert workspace.auc(found).macro == figure
    assert workspace.folds == {"r2": "0", "r10": "1"}
    assert workspace.labels == ("train_soundscapes_labels.csv",)


def test_the_audio_may_be_elsewhere(ran: Path, text: str) -> None:
    before = workspaces(ran).output(parse_recipe(text, "both"))[1]
    shutil.rmtree(ran / "test_soundscapes")
    after = workspaces(ran).output(parse_recipe(text, "both"))[1]
    assert np.array_equal(before.values, after.values)


def test_new_recordings_are_not_saved_yet(ran: Path, text: str, tones: Make) -> None:
    tones({"r3": 10})
    with pytest.raises(BlendkitError, match="recordings are not in the saved logits") as caught:
        workspaces(ran).output(parse_recipe(text, "both"))
    assert any("member 't': 1 of 3 missing" in p and "r3" in p for p in caught.value.problems)


def test_logits_that_were_never_saved(data: Path, text: str) -> None:
    with pytest.raises(BlendkitError, match="logits are not saved below") as caught:
        workspaces(data).output(parse_recipe(text, "both"))
    assert caught.value.problems == ("member 't': no saved logits", "score them first: `blendkit run`")


def test_logits_saved_with_other_settings_say_which(ran: Path, text: str) -> None:
    with pytest.raises(BlendkitError, match="logits are not saved") as caught:
        workspaces(ran).output(parse_recipe(text, "both", ["members.t.tta.shifts_s=[-1, 0, 1]"]))
    assert caught.value.problems[0] == "member 't': no saved logits; saved with other tta"


def test_a_damaged_part_is_not_saved(ran: Path, text: str) -> None:
    (part,) = (ran.parent / "out/logits").glob("*/part-*.parquet")
    part.write_bytes(b"no parquet")
    with pytest.raises(BlendkitError, match="recordings are not in the saved logits"):
        workspaces(ran).output(parse_recipe(text, "both"))


@pytest.mark.parametrize(
    ("labels", "says"),
    [
        (LABELS.replace("r2.wav", "q2.wav").replace("r10.wav", "q10.wav"), "no label matches a row"),
        ("filename,start,end,primary_label\nr2.wav,0,10,\n", "no class has both positives and negatives"),
        (None, "there are no labels: nothing can be measured"),
    ],
)
def test_labels_by_which_nothing_can_be_measured(ran: Path, text: str, labels: str | None, says: str) -> None:
    path = ran / "train_soundscapes_labels.csv"
    path.unlink() if labels is None else path.write_text(labels, encoding="utf-8")
    with pytest.raises(BlendkitError, match=says) as caught:
        workspaces(ran).output(parse_recipe(text, "both"))
    assert caught.value.problems


def test_folds_that_disagree_are_not_used(ran: Path, text: str) -> None:
    other = re.sub(r"^(r10_.*),1$", r"\1,0", (ran / "a.csv").read_text(encoding="utf-8"), flags=re.MULTILINE)
    (ran / "b.csv").write_text(other, encoding="utf-8")
    text = text.replace("blends:", "  b: {use: table, path: b.csv, space: prob, folds: fold}\nblends:")
    workspace, _ = workspaces(ran).output(parse_recipe(text.replace("a: 0.5}", "a: 0.5, b: 1}"), "both"))
    assert workspace.folds == {}
    assert any("have different folds" in n for n in workspace.notes)


def test_a_model_that_is_elsewhere_is_the_one_it_was_scored_with(ran: Path, text: str) -> None:
    """A missing file has no hash to compare: everything else must agree, and with one store alone."""
    text = text.replace("{use: tone, classes: [x, y]}", "{use: onnx, model: gone.onnx, classes: gone.txt, rate: 8000}")
    plan = make_plan(parse_recipe(text, "both"))
    facts = member_facts(
        plan.members["t"], RecipeFiles(), MemberContext(("x", "y"), Taxonomy({})), TTA(), Grid(5.0, "pad", NameRule())
    )  # the classes are those of the table beside it
    facts["params"] |= {"model": {"sha256": "m"}, "classes": {"sha256": "c"}}
    (store,) = (ran.parent / "out/logits").iterdir()
    edit_facts(store, lambda stored: stored["about"].update(facts=facts))
    _, found = workspaces(ran).output(parse_recipe(text, "both"))
    assert found.covered.all()
    shutil.copytree(store, store.with_name("again"))
    with pytest.raises(BlendkitError, match="not saved") as caught:
        workspaces(ran).output(parse_recipe(text, "both"))
    assert "2 stores fit" in caught.value.problems[0]
    (ran / "gone.onnx").write_bytes(b"another model")
    with pytest.raises(BlendkitError, match="not saved") as caught:
        workspaces(ran).output(parse_recipe(text, "both"))
    assert caught.value.problems[0] == "member 't': no saved logits; saved with other params.model"


def test_recipes_of_the_same_inputs_share_a_workspace(ran: Path, text: str) -> None:
    shared = workspaces(ran)
    workspace, _ = shared.output(parse_recipe(text, "both"))
    hits = workspace.memo.hits
    other, _ = shared.output(parse_recipe(text, "both", ["blends.both.gaussian.sigma=2"]))
    assert other.members is workspace.members
    assert workspace.memo.hits > hits  # the blend before the changed step came from the memo
    third, _ = shared.output(parse_recipe(text, "both", ["members.a.missing_rows=error"]))
    assert third.members is not workspace.members


def test_saved_logits_outlive_a_release_and_a_move(ran: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = EntryPoint("tone", "elsewhere.tone:tone", MEMBERS)
    vars(entry)["dist"] = SimpleNamespace(name="BlendKit", version="9.9")
    moved = dict(registry(MEMBERS).entries) | {"tone": (entry,)}
    monkeypatch.setattr("blendkit.scoring.identity.registry", lambda group: Registry(group, moved))
    _, found = workspaces(ran).output(parse_recipe(text, "both"))
    assert found.covered.all()


def test_logits_of_another_version_are_not_used(ran: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = make_plan(parse_recipe(text, "both"))
    monkeypatch.setattr(plan.members["t"].factory, "blendkit_logits_version", 2, raising=False)
    with pytest.raises(BlendkitError, match="not saved") as caught:
        workspaces(ran).output(parse_recipe(text, "both"))
    assert "saved with other logits_version" in caught.value.problems[0]
