"""A public chain's steps on real out-of-fold scores: what each contributes, and what the linter and the algebra say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from blendkit.offline.ablation import Ablation, ablate_parts
from blendkit.offline.comparison import Rules
from blendkit.offline.data_lint import data_findings
from blendkit.offline.interval_settings import Judging
from blendkit.offline.workspace import Workspaces
from blendkit.recipe.linting import lint
from blendkit.recipe.load import Recipe, parse_recipe
from blendkit.recipe.plan import make_plan
from blendkit.recipe.recipe_files import DataFolder

MEMBER = "use: table\n    path: oof_432.npz\n    rows: row_ids\n    classes: classes\n    folds: fold\n    "
TEXT = f"""\
recipe: 1
name: chain
template: null
members:
  proto:
    {MEMBER}array: perch_probes
    space: logit
    steps:
      - file_top_scale: {{n: 2, power: 0.4}}
      - to: prob
      - adaptive_delta: {{alpha: 0.20}}
      - sharpen: {{threshold: 0.3}}
  sed:
    {MEMBER}array: noisy_student
    space: prob
    steps:
      - gaussian: {{sigma: 0.65}}
blends:
  xsed:
    by: rank
    of: {{proto: 0.60, sed: 0.40}}
    steps:
      - spike: {{main: proto, check: sed}}
      - mirror: {{groups: [[47158son13, 47158son21, 47158son22, 47158son23]]}}
      - rare_suppression: {{}}
        where: {{class_name: [Amphibia, Mammalia, Reptilia]}}
output: xsed
"""


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    return parse_recipe(TEXT, "chain.yaml")


@pytest.fixture(scope="module")
def workspaces(real_data: Path) -> Workspaces:
    return Workspaces(DataFolder(real_data / "birdclef2026"), real_data / "none")


@pytest.fixture(scope="module")
def found(workspaces: Workspaces, recipe: Recipe) -> Ablation:
    return ablate_parts(workspaces, recipe, Rules(Judging(replicates=50)))


def test_parts_are_measured_on_the_same_recordings(found: Ablation) -> None:
    changes = {line.name: line.change for line in found.lines}
    assert found.clusters == 36
    assert list(changes)[:3] == ["proto.file_top_scale", "proto.adaptive_delta", "proto.sharpen"]
    assert found.needed == {}
    idle = [n for n, c in changes.items() if c is not None and c.low == c.high == 0]
    assert idle == ["proto.sharpen", "xsed.rare_suppression"]  # ranks erase the one, the other comes last


def test_the_linter_names_what_the_figures_show(workspaces: Workspaces, recipe: Recipe) -> None:
    plan = make_plan(recipe)
    said = lint(plan)
    assert any(t.startswith("proto.sharpen: keeps every column's order, and the rank blend 'xsed'") for t in said)
    assert any(t.startswith("xsed.rare_suppression: keeps every column's order, and nothing follows") for t in said)
    assert all(np.char.find(np.array(said), "smooths along time again") < 0)
    assert data_findings(workspaces, plan) == []
