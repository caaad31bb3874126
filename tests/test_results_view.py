"""Results of the Python face: one line of text, a table, and both of them in a notebook."""

from __future__ import annotations

import inspect
import typing
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import blendkit as bk
from blendkit.metrics import probe
from blendkit.training.jobs.block_probe import ProbedBlocks

TABLES = ("ablate", "activity", "blend_files", "compare", "detect", "evaluate", "probe", "read_review", "review", "run")
TABLES += ("search", "search_recipe", "whatif")


@pytest.mark.parametrize("name", TABLES)
def test_every_result_has_the_same_small_face(name: str) -> None:
    made = typing.get_type_hints(inspect.unwrap(getattr(bk, name)))["return"]
    assert {"to_frame", "_repr_html_", "__repr__"} <= vars(made).keys()


@pytest.fixture(scope="module")
def blended(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("views")
    rng = np.random.default_rng(0)
    rows = [f"r{i}_{5 * k + 5}" for i in range(8) for k in range(6)]
    truth = (rng.random((48, 3)) < 0.3).astype(int)
    pd.DataFrame(truth, columns=list("xyz")).assign(row_id=rows).to_csv(folder / "labels.csv", index=False)
    for name in "ab":
        scores = 1 / (1 + np.exp(-2 * truth - rng.standard_normal((48, 3))))
        pd.DataFrame(scores, columns=list("xyz")).assign(row_id=rows).to_csv(folder / f"{name}.csv", index=False)
    judging = bk.Judging(replicates=40)
    return bk.blend_files([folder / "a.csv", folder / "b.csv"], folder / "labels.csv", folder / "out", judging=judging)


def one_line(result: Any) -> str:
    view = result._repr_html_()
    assert view.startswith("<p>")
    assert "<table" in view
    assert "\n" not in repr(result)
    return repr(result)


def test_a_blend_and_its_search(blended: Any) -> None:
    assert one_line(blended).startswith("Blended(")
    frame = blended.to_frame()
    assert frame["weight"].tolist() == list(blended.weights.values())
    assert frame["macro_auc"].tolist() == [blended.run.streams[n].macro_auc for n in "ab"]
    assert one_line(blended.found).startswith(f"Found(held out {blended.found.guarded.nested:.6f}, in-sample ")
    assert blended.found.to_frame()["value"].tolist() == list(blended.found.values.values())


def test_what_if_and_ablation(blended: Any, tmp_path: Path) -> None:
    place = bk.Place(blended.data)
    swept = bk.whatif(blended.recipe, shares=["blend.a=0:1:0.5"], place=place, judging=bk.Judging(replicates=40))
    assert one_line(swept).startswith("WhatIf(base ")
    assert len(swept.to_frame()) == 3
    parts = bk.ablate(blended.recipe, place=place, rules=bk.Rules(bk.Judging(replicates=40)))
    assert one_line(parts).startswith("Ablation(")


def test_an_in_sample_figure_says_so(blended: Any, tmp_path: Path) -> None:
    labels = bk.read_labels(blended.data / "labels.csv")
    scores = bk.read_scores(blended.data / "a.csv", "prob")
    from blendkit.core import Saw

    seen = bk.Provenance("unknown", Saw.of(labels.recordings), "in-sample")
    bk.write_scores(scores, tmp_path / "seen.csv", provenance=seen)
    judging = bk.Judging(replicates=40)
    assert "in-sample" in repr(bk.evaluate(tmp_path / "seen.csv", labels, judging=judging))
    assert "in-sample" not in repr(bk.evaluate(scores, labels, judging=judging))


def test_probed_blocks() -> None:
    x = np.array([[0.0], [0.1], [5.0], [5.1]])
    found = probe({"block 1": x, "block 2": x[::-1]}, ["a", "a", "b", "b"], k=1, metric="euclidean")
    features = {n: x.astype(np.float32) for n in ("block 1", "block 2")}
    blocks = ProbedBlocks((found, found), features, ["a", "a", "b", "b"], {})
    assert one_line(blocks) == "ProbedBlocks(2 features of 4 clips; best block 1, top-1 1.000)"
    assert blocks.to_frame()["draw"].tolist() == [1, 1, 2, 2]
