"""Coefficients that `search stack` wrote: a recipe applies them, and is refused on what they saw."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from oof_folder import RECIPE, oof_world

import blendkit as bk
from blendkit.cli.top import cli
from blendkit.errors import BlendkitError
from blendkit.offline import compare, open_workspaces
from blendkit.ops import StackWeights
from blendkit.recipe import load_recipe, make_plan, with_values
from blendkit.store import load_artefact, save_artefact

LISTED = "by: rank\n    of: {cnn: 0.5, sed: 0.3, perch: 0.2}"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The trio, searched: stack.npz and the values as text in found.json."""
    folder = oof_world(tmp_path_factory.mktemp("stack"))
    args = [
        "search",
        "stack",
        str(folder / "trio.yaml"),
        "-o",
        str(folder / "stack.npz"),
        "--replicates",
        "40",
        "--json",
    ]
    done = CliRunner().invoke(cli, [*args, "--ledger-file", str(folder / "ledger.jsonl")])
    assert done.exit_code == 0, done.output
    found = next(e["payload"] for e in map(json.loads, done.stdout.splitlines()) if e["event"] == "search")
    (folder / "found.json").write_text(json.dumps(found["values"]), encoding="utf-8")
    assert any("it is refused on the 12 recordings" in n for n in found["notes"])
    assert any("12 of the 12 recordings of this fit are known by name only" in n for n in found["notes"])
    return folder


def recipe(world: Path, more: str = "", name: str = "stacked", by: str = "sum") -> Path:
    of = f"by: {by}\n    of: {{cnn: 1, sed: 1, perch: 1}}\n    weights_by: {{artefact: stack.npz{more}}}"
    text = RECIPE.replace("name: trio", f"name: {name}").replace(LISTED, of)
    (world / f"{name}.yaml").write_text(text, encoding="utf-8")
    return world / f"{name}.yaml"


def test_the_file_gives_the_blend_of_the_text_bit_for_bit(world: Path) -> None:
    values = json.loads((world / "found.json").read_text(encoding="utf-8"))
    workspaces, trio = open_workspaces(world / "trio.yaml")
    listed = workspaces.output(with_values(trio, values, "search"))[1]
    plan = make_plan(load_recipe(recipe(world, ", allow_seen: true")))
    filed = workspaces.streams(plan)["mix"]
    assert np.array_equal(filed.values, listed.values)
    assert len({tuple(r) for r in load_artefact(world / "stack.npz", StackWeights).coefficients.tolist()}) > 1
    assert any(
        "fitted on 12 of the 12 scored recordings: figures are in-sample" in n for n in workspaces.workspace(plan).notes
    )


def test_it_is_refused_on_what_it_saw(world: Path) -> None:
    with pytest.raises(BlendkitError, match="coefficients of 'mix': fitted on 12 of the recordings") as told:
        compare([recipe(world), f"{world / 'oof.npz'}:cnn"])
    assert "allow_seen: true" in str(told.value)
    with pytest.raises(BlendkitError, match="fitted on 12 of the recordings"):
        bk.run(recipe(world), out=world / "out")
    made = load_artefact(world / "stack.npz", StackWeights)
    save_artefact(StackWeights(made.classes, made.members, made.coefficients, ("elsewhere",)), world / "other.npz")
    text = recipe(world, name="apart").read_text(encoding="utf-8").replace("stack.npz", "other.npz")
    (world / "apart.yaml").write_text(text, encoding="utf-8")
    unseen = compare([world / "apart.yaml", f"{world / 'oof.npz'}:cnn"])
    allowed = compare([recipe(world, ", allow_seen: true"), f"{world / 'oof.npz'}:cnn"])
    assert unseen.lines[0].macro.estimate == allowed.lines[0].macro.estimate


def test_a_run_says_what_its_coefficients_saw(world: Path) -> None:
    bk.run(recipe(world, ", allow_seen: true"), out=world / "run")
    facts = json.loads((world / "run/run.json").read_text(encoding="utf-8"))
    assert any("stack.npz" in name for name in facts["inputs"])
    assert any("coefficients of 'mix': fitted on 12" in w for w in facts["warnings"])


@pytest.mark.parametrize(
    ("by", "more", "said"),
    [
        ("rank", "", "a stack adds logits with coefficients: `by: sum`, not `by: rank`"),
        ("sum", ", genus: {Ama: {cnn: 1}}", "no group can be beside it"),
    ],
)
def test_a_recipe_that_misuses_it_is_refused(world: Path, by: str, more: str, said: str) -> None:
    with pytest.raises(BlendkitError, match=r"weights_by") as told:
        make_plan(load_recipe(recipe(world, more, "bad", by)))
    assert said in str(told.value)


def test_coefficients_by_hand() -> None:
    made = StackWeights(("frog", "bird"), ("a", "b"), np.array([[1.0, 2], [3, -4]]), ("r1",))
    coefficients, known = made.of(["b"], ["bird", "newt", "frog"])
    assert coefficients.tolist() == [[-4, 0, 2]]
    assert known.tolist() == [True, False, True]
    with pytest.raises(BlendkitError, match=r"this stack has no 'c'") as told:
        made.of(["a", "c"], ["frog"])
    assert "it has a, b" in str(told.value)
    with pytest.raises(BlendkitError, match="none of the run's classes"):
        made.of(["a"], ["newt"])
    with pytest.raises(ValueError, match="2 coefficients for 1 members"):
        StackWeights(("frog",), ("a",), np.array([[1.0, 2]]), ())
    with pytest.raises(ValueError, match="not finite"):
        StackWeights(("frog",), ("a",), np.array([[np.nan]]), ())
