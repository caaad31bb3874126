"""`whatif`, `compare` and `search` with --memory: streams made in parts, figures of labelled recordings, the same bits."""

from __future__ import annotations

import gc
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml
from click.testing import CliRunner

from blendkit.cli.top import cli
from blendkit.engine import memory_limit
from blendkit.offline.interval_settings import Judging
from blendkit.offline.offline_files import Place, open_workspaces
from blendkit.offline.recipe_search import greedy_weights
from blendkit.offline.sweeps import sweep
from blendkit.offline.what_if import whatif
from blendkit.offline.whatif_axes import read_share
from blendkit.offline.workspace import Workspaces
from blendkit.recipe.load import Recipe
from tests.offline.test_whatif import RELATED, SMOOTH, recipe
from tests.offline.test_whatif import data as full_data

__all__ = ["full_data"]


@pytest.fixture(scope="module")
def some_labelled(full_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same scores with labels of 6 of the 10 recordings: ranks are made among rows that are not measured."""
    folder = tmp_path_factory.mktemp("some") / "data"
    shutil.copytree(full_data, folder)
    header, *lines = (folder / "labels.csv").read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if line[2:4] in ("00", "02", "03", "05", "06", "09")]
    (folder / "labels.csv").write_text("\n".join([header, *kept]) + "\n", encoding="utf-8")
    return folder


@pytest.fixture(params=[2**16, 2**13], ids=["16 cells", "128 cells"], autouse=True)
def cells_in_work(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """1M of memory holds so many cells of the 360."""
    monkeypatch.setattr(memory_limit, "_BYTES", request.param)


def opened(data: Path, plain: Recipe, memory: str | None) -> Workspaces:
    return open_workspaces(plain, place=Place(data, data / "none", memory=memory))[0]


@pytest.mark.parametrize(
    ("by", "of", "steps", "fork", "member"),
    [
        ("rank", "{a: 0.7, b: 0.3}", "[]", "", "b"),
        ("rank", "{a: 0.5, b: 0.3, c: 0.2}", "[]", "", "c"),
        ("rank", "{a: 0.7, b: 0.3}", f"[{SMOOTH}, {RELATED}]", "", "a"),
        ("rank", "{a: 0.7, b: 0.3}", f"[{SMOOTH}]", RELATED, "b"),
        ("logit", "{a: 1, b: 2}", f"[{SMOOTH}, {RELATED}]", "", "b"),
        ("logit", "{a: 0.7, b: 0.3}", f"[{SMOOTH}, {{to: rank}}]", "", "b"),  # point by point
    ],
)
def test_a_sweep_has_the_same_bits(some_labelled: Path, by: str, of: str, steps: str, fork: str, member: str) -> None:
    plain = recipe(by, of, steps, fork)
    axis = read_share(f"mix.{member}=0:1:0.25", plain)
    whole = sweep(opened(some_labelled, plain, None), plain, [axis])
    parts = sweep(opened(some_labelled, plain, "1M"), plain, [axis])
    assert parts.macro.tolist() == whole.macro.tolist()
    assert parts.how == whole.how


def test_a_workspace_holds_the_labelled_recordings_alone(some_labelled: Path) -> None:
    plain = recipe()
    workspace, scores = opened(some_labelled, plain, "1M").output(plain)
    assert workspace.rows.recordings() == scores.rows.recordings()
    assert [r[2:4] for r in scores.rows.recordings()] == ["00", "02", "03", "05", "06", "09"]
    all_rows = opened(some_labelled, plain, None).output(plain)[1]
    assert np.array_equal(scores.values, all_rows.values[np.isin(all_rows.rows.recording, scores.rows.recordings())])


def test_a_search_and_its_verdict_are_the_same(some_labelled: Path) -> None:
    plain = recipe(of="{a: 0.6, b: 0.2, c: 0.2}", steps=f"[{SMOOTH}]")
    rules = Judging(replicates=50)
    found = [greedy_weights(opened(some_labelled, plain, m), plain, 10, judging=rules) for m in (None, "1M")]
    assert (found[0].values, found[0].gain) == (found[1].values, found[1].gain)
    places = [Place(some_labelled, some_labelled / "none", memory=m) for m in (None, "1M")]
    changed = [whatif(plain, shares=["mix.b=0.5"], place=p, judging=rules) for p in places]
    assert changed[0].gain == changed[1].gain is not None
    assert changed[0].notes == changed[1].notes


def test_streams_outlive_what_opened_them(some_labelled: Path) -> None:
    plain = recipe()
    workspaces = opened(some_labelled, plain, "1M")
    first = workspaces.output(plain)[1]
    gc.collect()
    assert np.array_equal(workspaces.output(plain)[1].values, first.values)


def events(output: str) -> list[dict[str, object]]:
    return [{k: v for k, v in json.loads(line).items() if k != "timestamp"} for line in output.splitlines()]


def test_commands_take_it(some_labelled: Path, tmp_path: Path) -> None:
    file = some_labelled / "small.yaml"
    file.write_text(yaml.safe_dump(recipe().raw), encoding="utf-8")
    other = some_labelled / "other.yaml"
    other.write_text(yaml.safe_dump(recipe("logit", steps=f"[{SMOOTH}]").raw), encoding="utf-8")
    places = ["--data", str(some_labelled), "--json"]
    commands = (
        ["whatif", str(file), "--share", "mix.b=0:1:0.5", *places],
        ["compare", str(file), str(other), *places],
        ["search", "line", str(file), *places],
    )
    for command in commands:
        whole, parts = (CliRunner().invoke(cli, [*command, *more]) for more in ([], ["--memory", "1M"]))
        assert whole.exit_code == parts.exit_code == 0, parts.output
        assert events(parts.output) == events(whole.output)
    refused = CliRunner().invoke(cli, [*commands[0], "--memory", "much"])
    assert "write it as 4G or 500M" in str(refused.exception)
