"""A third party's weighted mean has the powers of a built-in one: shares are swept along the exact weight path."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from blendkit.offline.sweeps import sweep
from blendkit.offline.whatif_axes import read_share
from blendkit.offline.workspace import Workspaces
from blendkit.ops.declare import Weights, op
from blendkit.recipe.load import parse_recipe
from blendkit.recipe.recipe_files import DataFolder
from blendkit.registry import OPS, Registry, registry
from blendkit.testing.op_checks import check_op

RECIPE = """\
recipe: 1
name: plugged
template: null
taxonomy: []
labels: labels.csv
members:
  a: {use: table, path: a.csv, space: prob}
  b: {use: table, path: b.csv, space: prob}
blends:
  mix: {by: BY, of: {a: 0.5, b: 0.5}}
output: mix
"""


def own(weighted_mean: bool) -> Callable[..., Any]:
    @op("own_mean", kind="blend", scope="chunk", classwise=True, inputs_as="prob", gives="prob", per_class=("weights",),
        weighted_mean=weighted_mean)  # fmt: skip
    def own_mean(*xs: Any, weights: Weights) -> Any:
        total = weights.sum(axis=0)
        mean = sum(x.astype(np.float64) * w for x, w in zip(xs, weights, strict=True))
        return np.where(total > 0, mean / np.where(total > 0, total, 1), 0.5)

    return own_mean


@pytest.fixture
def data(tmp_path: Path) -> Path:
    rng = np.random.default_rng(2)
    ids = [f"r{i}_{5 * (k + 1)}" for i in range(6) for k in range(4)]
    for name in "ab":
        rows = [f"{r},{p:.4f},{q:.4f}" for r, (p, q) in zip(ids, rng.random((24, 2)), strict=True)]
        (tmp_path / f"{name}.csv").write_text("\n".join(["row_id,x,y", *rows]) + "\n", encoding="utf-8")
    labelled = [f"r{i}.ogg,{5 * k},{5 * k + 5},{'x' if (i + k) % 3 else 'y'}" for i in range(6) for k in range(4)]
    (tmp_path / "labels.csv").write_text(
        "\n".join(["filename,start,end,primary_label", *labelled]) + "\n", encoding="utf-8"
    )
    return tmp_path


class Entry:
    """An installed entry point whose object is at hand."""

    def __init__(self, made: Callable[..., Any]) -> None:
        self.made, self.dist, self.value = made, None, "third_party:own_mean"

    def load(self) -> Callable[..., Any]:
        return self.made


@pytest.mark.parametrize(("declared", "how"), [(True, "exact weight path"), (False, "point by point")])
def test_a_plugged_in_mean_is_swept_exactly(
    data: Path, monkeypatch: pytest.MonkeyPatch, declared: bool, how: str
) -> None:
    made = own(declared)
    check_op(made)
    real = registry
    known = Registry(OPS, {**registry(OPS).entries, "own_mean": (Entry(made),)})  # type: ignore[dict-item]
    for module in ("plan_steps", "stream_graph"):
        monkeypatch.setattr(f"blendkit.recipe.{module}.registry", lambda g: known if g == OPS else real(g))
    shop = Workspaces(DataFolder(data), data / "logits")
    found = {}
    for by in ("own_mean", "prob"):
        recipe = parse_recipe(RECIPE.replace("BY", by), "plugged.yaml")
        found[by] = sweep(shop, recipe, [read_share("mix.a=0:1:0.125", recipe)])
    assert found["own_mean"].how.startswith(how)
    assert found["prob"].how == "exact weight path"
    np.testing.assert_array_equal(found["own_mean"].macro, found["prob"].macro)
