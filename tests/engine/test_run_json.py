"""run.json names what every fitted step learned from, by the step's own name, and what there is to say of a member."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from blendkit.core import NameRule, Saw, Scores, chunk_rows
from blendkit.engine.local import RunResult
from blendkit.errors import BlendkitError
from blendkit.io import Provenance, read_provenance, read_scores, write_scores
from blendkit.ops.fitted.reference import ClassRates
from blendkit.store import save_artefact

RECIPE = """
recipe: 1
name: two
members:
  t:
    use: tone
    classes: [x, y]
    steps:
      - prior_correction: {artefact: first.npz}
        id: first
      - prior_correction: {artefact: second.npz}
        id: second
      - prior_correction: {artefact: first.npz, source_rate: 0.1}
output: t
"""


@pytest.fixture
def data(tones: Callable[..., Path]) -> Path:
    folder = tones({"r1": 10.0, "r2": 10.0})
    for name, recordings in {"first": ["a", "b"], "second": ["c"]}.items():
        save_artefact(ClassRates(("x", "y"), np.array([0.5, 0.5]), tuple(recordings)), folder / f"{name}.npz")
    return folder


def test_two_steps_of_one_op_leave_two_lists(data: Path, tmp_path: Path, run_text: Callable[..., RunResult]) -> None:
    run_text(RECIPE, data, tmp_path / "out")
    told = json.loads((tmp_path / "out/run.json").read_text(encoding="utf-8"))
    by = {n: (s["recordings"], s["known"]) for n, s in told["saw_by"].items()}
    steps = {"t.first": (["a", "b"], True), "t.second": (["c"], True), "t.prior_correction": (["a", "b"], True)}
    assert by == {"t": ([], True), **steps}
    known = read_provenance(tmp_path / "out")
    assert Provenance.from_json(told["provenance"]) == known  # one form, read by one function
    assert (known.saw.recordings, known.saw.known, known.kind) == (("a", "b", "c"), True, "unseen")
    assert set(known.contents) == {"r1", "r2"}


FRAMES = """
recipe: 1
name: frames
members:
  m: {use: onnx, model: m.onnx, classes: classes.txt, rate: 100, window_s: 1, gives: logit, pool: frames,
      tta: {shifts_s: [0, 0.6]}}
output: m
"""


def frames_model() -> bytes:
    """A graph of windows of 1 s at 100 Hz, with scores of three classes for each half of a second."""
    constants = {"shape": np.array([-1, 2, 50]), "head": np.ones((50, 3), np.float32)}
    nodes = [helper.make_node("Reshape", ["x", "shape"], ["r"]), helper.make_node("MatMul", ["r", "head"], ["y"])]
    inside, outside = (
        helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
        for name, shape in {"x": ["b", 100], "y": ["b", 2, 3]}.items()
    )
    weights = [numpy_helper.from_array(v, n) for n, v in constants.items()]
    graph = helper.make_graph(nodes, "frames", [inside], [outside], weights)
    made: bytes = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8
    ).SerializeToString()
    return made


def test_what_is_said_of_a_member_is_kept(
    tones: Callable[..., Path], tmp_path: Path, run_text: Callable[..., RunResult]
) -> None:
    data = tones({"r1": 10.0})
    (data / "m.onnx").write_bytes(frames_model())
    (data / "classes.txt").write_text("x\ny\nz\n")
    for _ in range(2):  # also where all logits were saved before
        run_text(FRAMES, data, tmp_path / "out")
        report = json.loads((tmp_path / "out/run.json").read_text(encoding="utf-8"))
        assert "a shift of 0.6 s is 0.5 s, on frames of 0.5 s" in report["members"]["m"]["notes"]


def test_a_cross_fitted_step_leaves_a_run_out_of_fold(tmp_path: Path, run_text: Callable[..., RunResult]) -> None:
    rows = chunk_rows({"r1": 2, "r2": 2}, 5.0, NameRule())
    scores = Scores.build(np.array([[0.1, 0.9], [0.2, 0.8], [0.3, 0.7], [0.6, 0.4]]), rows, ("x", "y"), "prob")
    write_scores(scores, tmp_path / "t.csv", provenance=Provenance("prob", Saw()))  # known to be of nothing
    lines = [f"{r}.wav,0,5,x\n{r}.wav,5,10,y" for r in ("r1", "r2")]
    (tmp_path / "own.csv").write_text("\n".join(["filename,start,end,primary_label", *lines]) + "\n")
    recipe = """
        recipe: 1
        name: c
        members:
          t:
            use: table
            path: t.csv
            space: prob
            steps:
              - {to: logit}
              - platt: {fit: {labels: own.csv, folds: 2}}
        output: t
        """
    run_text(recipe, tmp_path, tmp_path / "out")
    known = read_provenance(tmp_path / "out")
    assert (known.kind, known.held_out, known.in_sample(["r1", "r2"])) == ("oof", ("r1", "r2"), [])


ALSO = """
recipe: 1
name: c
members:
  oof: {use: table, path: oof.csv, space: prob}
  all: {use: table, path: all.csv, space: prob}
blends:
  both: {by: prob, of: {oof: 1, all: 1}}
output: OUTPUT
also: [EVERY]
"""


@pytest.mark.parametrize("output", ["oof", "both"])
def test_a_stream_is_marked_by_what_it_is_made_of(
    tmp_path: Path, run_text: Callable[..., RunResult], output: str
) -> None:
    rows = chunk_rows({"r1": 2, "r2": 2}, 5.0, NameRule())
    scores = Scores.build(np.array([[0.1, 0.9], [0.2, 0.8], [0.3, 0.7], [0.6, 0.4]]), rows, ("x", "y"), "prob")
    write_scores(scores, tmp_path / "oof.csv", provenance=Provenance("prob", Saw()))
    write_scores(scores, tmp_path / "all.csv", provenance=Provenance("prob", Saw.of(["r1", "r2"])))
    others = ", ".join(n for n in ("oof", "all", "both") if n != output)
    run_text(ALSO.replace("OUTPUT", output).replace("EVERY", others), tmp_path, tmp_path / "out")
    seen = {}
    for name in ("oof", "all", "both"):
        known = read_provenance(tmp_path / "out" / ("submission.csv" if name == output else f"{name}.csv"))
        seen[name] = known.in_sample(["r1", "r2"])
    assert seen == {"oof": [], "all": ["r1", "r2"], "both": ["r1", "r2"]}
    assert read_provenance(tmp_path / "out").in_sample(["r1", "r2"]) == seen[output]


def test_a_runs_folder_says_how_long_its_chunks_are(tmp_path: Path, run_text: Callable[..., RunResult]) -> None:
    rows = chunk_rows({"r1": 2, "r2": 1}, 10.0, NameRule())
    write_scores(Scores.build(np.array([[0.1], [0.9], [0.5]]), rows, ("x",), "prob"), tmp_path / "t.csv")
    recipe = "recipe: 1\nname: c\nchunk_s: CHUNK\nmembers: {t: {use: table, path: PATH, space: prob}}\noutput: t\n"
    run_text(recipe.replace("CHUNK", "10").replace("PATH", "t.csv"), tmp_path, tmp_path / "out")
    for source in (tmp_path / "out", tmp_path / "out/submission.csv"):
        assert read_scores(source).rows.end_s.tolist() == [10.0, 20.0, 10.0]
        assert read_scores(source).rows.start_s.tolist() == [0.0, 10.0, 0.0]
    with pytest.raises(BlendkitError, match="its run has chunks of 10 s, this recipe of 5 s"):
        run_text(recipe.replace("CHUNK", "5").replace("PATH", "out/submission.csv"), tmp_path, tmp_path / "again")
