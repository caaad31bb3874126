"""A recording that some fold models learned from is scored by the others, and its figures are out-of-fold."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper

from blendkit.core import AudioContent, Saw, held_out_of, unseen_folds
from blendkit.engine.local import RunResult
from blendkit.io import read_provenance, read_scores
from blendkit.offline import evaluate

Graph = Callable[..., Path]
RECIPE = """
recipe: 1
name: folds
members:
  s: {use: sed, folds: [fold0.onnx, fold1.onnx], mel: null, mix: logit}
output: s
"""
SEEN = (["old/r1", "r4"], ["R2.ogg", "r4"])  # r3 by none, r4 by both


def test_which_folds_score_what() -> None:
    folds = (Saw.of(["a"], {"a": AudioContent("1")}), Saw.of(["b"]), Saw.of(["a", "b"]))
    contents = {"copy": AudioContent("1")}
    found = unseen_folds(folds, ["x/A", "b", "copy", "c"], contents)
    assert found == {"x/A": (1,), "b": (0,), "copy": (1, 2), "c": (0, 1, 2)}
    assert unseen_folds(folds[:1], ["a"], {}) == {"a": (0,)}  # all learned from it: there is no other
    assert held_out_of(folds, ["c", "copy", "b"], contents) == ["copy", "b"]
    assert held_out_of(folds[:1], ["a"], {}) == held_out_of((), ["a"], {}) == []


@pytest.fixture
def data(tones: Callable[..., Path], save_graph: Graph) -> Path:
    """Four recordings, and two folds of raw audio whose logits are sums of samples with weights of their own."""
    folder = tones({f"r{i}": 10.0 for i in (1, 2, 3, 4)})
    for k, saw in enumerate(SEEN):
        weights = {"w": np.random.default_rng(k).standard_normal((40000, 2)).astype(np.float32)}
        nodes = [helper.make_node("MatMul", ["waves", "w"], ["clip"])]
        path = save_graph(folder / f"fold{k}.onnx", nodes, {"waves": ("b", 40000)}, {"clip": ("b", 2)}, weights)
        graph = onnx.load(path)
        said = {"classes": '["x", "y"]', "rate": "8000", "window_s": "5.0", "saw": json.dumps(saw)}
        helper.set_model_props(graph, said)
        onnx.save(graph, path)
    rows = [f"r{i}.wav,{s},{s + 5},{c}" for i in (1, 2, 3) for s, c in ((0, "x"), (5, "y"))]
    (folder / "labels.csv").write_text("\n".join(["filename,start,end,primary_label", *rows]) + "\n")
    return folder


def test_every_recording_is_scored_by_the_folds_that_never_saw_it(
    data: Path, tmp_path: Path, run_text: Callable[..., RunResult]
) -> None:
    found = {}
    for name, folds in (("both", "fold0.onnx, fold1.onnx"), ("0", "fold0.onnx"), ("1", "fold1.onnx")):
        run_text(RECIPE.replace("fold0.onnx, fold1.onnx", folds), data, tmp_path / name)
        (store,) = (tmp_path / name / "logits").iterdir()
        scores = read_scores(store)
        found[name] = {r: scores.values[scores.rows.recording == r] for r in scores.rows.recordings()}
    both, zero, one = found["both"], found["0"], found["1"]
    np.testing.assert_allclose(both["r1"], one["r1"], rtol=1e-6)
    np.testing.assert_allclose(both["r2"], zero["r2"], rtol=1e-6)
    for r in ("r3", "r4"):
        np.testing.assert_allclose(both[r], (zero[r] + one[r]) / 2, rtol=1e-5)
    assert not np.allclose(zero["r1"], one["r1"], rtol=0.1)


def test_run_and_eval_say_which_of_them_are_out_of_fold(
    data: Path, tmp_path: Path, run_text: Callable[..., RunResult]
) -> None:
    recipe = RECIPE + "labels: labels.csv\n"
    made = run_text(recipe, data, tmp_path / "out")
    assert [w for w in made.warnings if "in-sample" in w] == []  # no label of r4
    known = read_provenance(tmp_path / "out")
    assert (known.kind, known.held_out) == ("in-sample", ("r1", "r2"))
    assert known.saw.recordings == ("R2.ogg", "old/r1", "r4")  # what a student of these scores is told
    (store,) = (tmp_path / "out" / "logits").iterdir()
    for source in (store, tmp_path / "out" / "submission.csv"):
        judged = evaluate(source, data / "labels.csv")
        assert judged.kind == "oof"
        said = "2 of the 3 labelled recordings are scored out of fold: by the fold models that did not learn from them"
        assert judged.notes[0] == said
    with (data / "labels.csv").open("a") as handle:
        handle.write("r4.wav,0,5,x\n")
    again = run_text(recipe, data, tmp_path / "out")
    assert [w for w in again.warnings if "was fitted on 1 of the 4 labelled recordings" in w]
    judged = evaluate(tmp_path / "out" / "submission.csv", data / "labels.csv")
    assert judged.kind == "in-sample"
    assert judged.notes[0].endswith("learned from 1 of the 4 labelled recordings: r4")
