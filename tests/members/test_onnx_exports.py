"""Graphs as exporters write them, on stand-ins made here: shapes, data types, batches, and public models' contracts."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from blendkit.audio.decoded import Decoded
from blendkit.core.spaces import logit
from blendkit.core.taxonomy import Taxonomy
from blendkit.errors import BlendkitError
from blendkit.member.graph_input import GraphInput
from blendkit.member.graph_runner import GraphRunner, apart, trial_windows
from blendkit.member.protocol import TTA, MemberContext
from blendkit.member.windows import RecordingAudio, score_jobs
from blendkit.testing.member_checks import check_member
from blendkit_members.onnx import OnnxMember, onnx_member
from blendkit_members.perch import perch

Graph = Callable[..., Path]
node = helper.make_node
HALF, DOUBLE, LONG = TensorProto.FLOAT16, TensorProto.DOUBLE, TensorProto.INT64
CONTEXT = MemberContext(("a", "b", "c"), chunk_s=1.0)
RNG = np.random.default_rng(8)
W = RNG.standard_normal((10, 3)).astype(np.float32)
X = RNG.standard_normal((5, 10)).astype(np.float32)


@pytest.fixture
def labels(tmp_path: Path) -> str:
    path = tmp_path / "labels.txt"
    path.write_text("a\nb\nc\n", encoding="utf-8")
    return str(path)


@pytest.fixture
def graph(tmp_path: Path, save_graph: Graph) -> Callable[..., str]:
    """Write a graph: nodes, {input: shape}, {output: shape}, {weight: array}, and types that are not float32."""

    def write(
        nodes: Sequence[Any], inputs: Mapping[str, Any], outputs: Mapping[str, Any], weights: Any = None, **types: int
    ) -> str:
        path = save_graph(tmp_path / "m.onnx", nodes, inputs, outputs, {"w": W, **(weights or {})})
        model = onnx.load(str(path))
        for port in [*model.graph.input, *model.graph.output]:
            port.type.tensor_type.elem_type = types.get(port.name, TensorProto.FLOAT)
        onnx.save(model, str(path))
        return str(path)

    return write


def made(path: str, labels: str | None, **params: Any) -> OnnxMember:
    return onnx_member(CONTEXT, model=path, classes=labels, rate=10, **params)


def failure(path: str, labels: str | None, **params: Any) -> str:
    with pytest.raises(BlendkitError) as error:
        made(path, labels, **params)
    return str(error.value)


def ints(*values: int) -> NDArray[np.int64]:
    return np.array(values, np.int64)


MATMUL = node("MatMul", ["x", "w"], ["y"])
LAYOUTS = {
    "any batch": ([MATMUL], ("b", 10)),
    "batch of one": ([MATMUL], (1, 10)),
    "batch of four": ([MATMUL], (4, 10)),
    "batch of eight": ([MATMUL], (8, 10)),
    "channel": ([node("Squeeze", ["x", "one"], ["s"]), node("MatMul", ["s", "w"], ["y"])], ("b", 1, 10)),
    "channel, fixed": ([node("Squeeze", ["x", "one"], ["s"]), node("MatMul", ["s", "w"], ["y"])], (2, 1, 10)),
    "channel last": ([node("Squeeze", ["x", "two"], ["s"]), node("MatMul", ["s", "w"], ["y"])], ("b", 10, 1)),
    "no batch": ([MATMUL], (10,)),
    "no batch, any length": ([MATMUL], ("n",)),
    "no batch, one row": ([node("Unsqueeze", ["x", "zero"], ["s"]), node("MatMul", ["s", "w"], ["y"])], (10,)),
}  # fmt: skip
AXES = {"zero": ints(0), "one": ints(1), "two": ints(2)}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_and_batch_gives_the_same_logits(layout: str, graph: Callable[..., str], labels: str) -> None:
    nodes, shape = LAYOUTS[layout]
    rows = (1, 3) if layout == "no batch, one row" else (3,) if layout.startswith("no batch") else (shape[0], 3)
    member = made(graph(nodes, {"x": shape}, {"y": rows}, AXES), labels)
    np.testing.assert_allclose(member.predict(X), X @ W, rtol=1e-5)  # five windows: the last batch is filled up
    assert member.predict(X).dtype == np.float32
    assert member.info.batch == 32
    said = " ".join(member.info.notes)
    assert ("windows as [" in said) == (layout != "any batch")
    assert ("slim graph" in said) == (layout == "any batch")
    if layout == "batch of eight":
        assert "8 at a time, the last filled up" in said


@pytest.mark.parametrize(("batch", "taken"), [(1, 8), (8, 8), (20, 16), (32, 32)])
def test_calls_hold_whole_batches_of_the_graph(graph: Callable[..., str], labels: str, batch: int, taken: int) -> None:
    assert made(graph([MATMUL], {"x": (8, 10)}, {"y": (8, 3)}), labels, batch=batch).info.batch == taken


@pytest.mark.parametrize(("kind", "rtol"), [(HALF, 2e-2), (DOUBLE, 1e-6)])
def test_other_floats_are_cast_at_the_border(graph: Callable[..., str], labels: str, kind: int, rtol: float) -> None:
    nodes = [node("Cast", ["x"], ["f"], to=1), node("MatMul", ["f", "w"], ["z"]), node("Cast", ["z"], ["y"], to=kind)]
    path = graph(nodes, {"x": ("b", 10)}, {"y": ("b", 3)}, x=kind, y=kind)
    check_member("onnx", model=path, classes=labels, rate=10, context=CONTEXT)
    got = made(path, labels).predict(X)
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, X @ W, rtol=rtol, atol=rtol / 10)


def test_probabilities_of_float16_saturate_by_their_own_steps(graph: Callable[..., str], labels: str) -> None:
    nodes = [node("MatMul", ["x", "w"], ["z"]), node("Sigmoid", ["z"], ["p"]), node("Cast", ["p"], ["y"], to=HALF)]
    member = made(graph(nodes, {"x": ("b", 10)}, {"y": ("b", 3)}, y=HALF), labels, gives="prob")
    loud = 1000 * np.sign(W[:, 0])[None]
    assert member.predict(loud)[0, 0] == pytest.approx(12 * math.log(2), rel=1e-6)
    assert member.predict(-loud)[0, 0] == pytest.approx(-25 * math.log(2), rel=1e-6)


FRAMES = {  # five samples a frame
    "frames, classes": ([node("Reshape", ["x", "shape"], ["r"]), node("MatMul", ["r", "h"], ["y"])], ("b", 2, 3)),
    "classes, frames": (
        [
            node("Reshape", ["x", "shape"], ["r"]),
            node("MatMul", ["r", "h"], ["t"]),
            node("Transpose", ["t"], ["y"], perm=[0, 2, 1]),
        ],
        ("b", 3, "t"),
    ),
}
HEAD = RNG.standard_normal((5, 3)).astype(np.float32)
BY_HAND = X.reshape(5, 2, 5) @ HEAD


@pytest.mark.parametrize("order", FRAMES)
def test_frames_are_pooled_as_stated(graph: Callable[..., str], labels: str, order: str) -> None:
    nodes, shape = FRAMES[order]
    path = graph(nodes, {"x": ("b", 10)}, {"y": shape}, {"shape": ints(-1, 2, 5), "h": HEAD})
    np.testing.assert_allclose(made(path, labels, pool="max").predict(X), BY_HAND.max(axis=1), rtol=1e-5)
    np.testing.assert_allclose(made(path, labels, pool="mean").predict(X), BY_HAND.mean(axis=1), rtol=1e-4, atol=1e-6)
    assert "output 'y' gives 2 frames a window: say how they become one score" in failure(path, labels)
    frames = made(path, labels, pool="frames")
    assert frames.info.frames == 2
    np.testing.assert_allclose(frames.predict(X), 1 / (1 + np.exp(-BY_HAND)), rtol=1e-5)
    job = RecordingAudio("r", Decoded(X.ravel(), 10, 5.0, "ok"), 5)
    np.testing.assert_allclose(score_jobs(frames, [job], 1.0, TTA()), BY_HAND.max(axis=1), rtol=1e-4, atol=1e-5)
    check_member("onnx", model=path, classes=labels, rate=10, context=CONTEXT, pool="frames")


def test_sure_frames_stay_apart_on_the_timeline(graph: Callable[..., str], labels: str) -> None:
    nodes = [*FRAMES["frames, classes"][0][:1], node("MatMul", ["r", "h"], ["z"]), node("Add", ["z", "sure"], ["y"])]
    weights = {"shape": ints(-1, 2, 5), "h": HEAD, "sure": np.full(1, 20, np.float32)}
    member = made(graph(nodes, {"x": ("b", 10)}, {"y": ("b", 2, 3)}, weights), labels, pool="frames")
    job = RecordingAudio("r", Decoded(X.ravel(), 10, 5.0, "ok"), 5)
    wanted = 20 + BY_HAND.max(axis=1)  # sigmoids of these are 1 in float32
    np.testing.assert_allclose(score_jobs(member, [job], 1.0, TTA()), wanted, rtol=1e-5)


def test_probabilities_of_frames_are_averaged_as_such(graph: Callable[..., str], labels: str) -> None:
    nodes = [*FRAMES["frames, classes"][0][:1], node("MatMul", ["r", "h"], ["z"]), node("Sigmoid", ["z"], ["y"])]
    path = graph(nodes, {"x": ("b", 10)}, {"y": ("b", 2, 3)}, {"shape": ints(-1, 2, 5), "h": HEAD})
    p = 1 / (1 + np.exp(-BY_HAND.astype(np.float64)))
    wanted = logit(p.mean(axis=1), floor=1e-9)
    np.testing.assert_allclose(made(path, labels, pool="mean", gives="prob").predict(X), wanted, rtol=1e-4, atol=1e-6)


def test_axes_that_cannot_be_told_apart(graph: Callable[..., str], labels: str) -> None:
    nodes = [node("MatMul", ["x", "w"], ["z"]), node("Unsqueeze", ["z", "one"], ["u"]),
             node("Expand", ["u", "shape"], ["y"])]  # fmt: skip
    both = graph(nodes, {"x": ("b", 10)}, {"y": ("b", 3, 3)}, {**AXES, "shape": ints(1, 3, 1)})
    text = failure(both, labels, pool="max")
    assert "output y [b, 3, 3] can be read in two ways, as both axes have the 3 classes of labels.txt" in text
    assert "[batch, frames, classes] and [batch, classes, frames]" in text
    neither = graph(nodes, {"x": ("b", 10)}, {"y": ("b", 4, 5)}, {**AXES, "shape": ints(1, 3, 1)})
    assert "has no axis of 3 classes, as many as labels.txt lists" in failure(neither, labels, pool="max")
    images = graph(nodes, {"x": ("b", 10)}, {"y": ("b", 3, 4, 5)}, {**AXES, "shape": ints(1, 3, 1)})
    assert "has 2 axes beside windows and classes" in failure(images, labels)
    assert "may hold frames: name its classes" in failure(neither, None)


@pytest.mark.parametrize(
    ("reshaped", "shape"), [((-1, 3, 1), ("b", 3, 1)), ((-1, 1, 3), ("b", "one", 3)), ((-1, 3, 1, 1), ("b", 3, 1, 1))]
)
def test_axes_of_length_one_are_left_out(
    graph: Callable[..., str], labels: str, reshaped: tuple[int, ...], shape: tuple[Any, ...]
) -> None:
    nodes = [node("MatMul", ["x", "w"], ["z"]), node("Reshape", ["z", "shape"], ["y"])]
    path = graph(nodes, {"x": ("b", 10)}, {"y": shape}, {"shape": ints(*reshaped)})
    np.testing.assert_allclose(made(path, labels).predict(X), X @ W, rtol=1e-5)


def test_scores_without_an_axis_of_windows_or_classes(graph: Callable[..., str], labels: str) -> None:
    flat = [node("MatMul", ["x", "w"], ["z"]), node("ReduceMax", ["z"], ["y"], axes=[1], keepdims=0)]
    assert "output y [b] has no axis of classes" in failure(graph(flat, {"x": ("b", 10)}, {"y": ("b",)}), labels)
    folded = [node("MatMul", ["x", "w"], ["z"]), node("Concat", ["z", "z"], ["y"], axis=0)]
    text = failure(graph(folded, {"x": ("b", 10)}, {"y": ("rows", 3)}), labels, slim=False)
    assert "output 'y' is [8, 3] for 4 windows" in text
    assert "its first axis must be that of the windows" in text


def test_the_output_as_wide_as_the_class_list_is_taken(graph: Callable[..., str], labels: str) -> None:
    nodes = [MATMUL, node("Abs", ["x"], ["embedding"]), node("ArgMax", ["y"], ["label"], axis=1, keepdims=0)]
    outputs = {"label": ("b",), "embedding": ("b", 10), "y": ("b", 3)}
    path = graph(nodes, {"x": ("b", 10)}, outputs, label=LONG)
    member = made(path, labels)
    np.testing.assert_allclose(member.predict(X), X @ W, rtol=1e-5)
    assert "scores from output y [b, 3], the only one of 3 with 3 classes" in member.info.notes
    assert "output 'label' holds tensor(int64), not scores" in failure(path, labels, output="label")
    text = failure(path, None)
    assert "found label tensor(int64) [b], embedding [b, 10], y [b, 3]" in text
    assert "output 'embedding' has 10 classes, labels.txt lists 3" in failure(path, labels, output="embedding")
    Path(labels).write_text("name;x\na;1\nb;2\nc;3\n", encoding="utf-8")
    assert made(path, labels, class_column="name").predict(X).shape == (5, 3)
    Path(labels).write_text("nom;x\na;1\nb;2\nc;3\n", encoding="utf-8")
    assert "is its first row a header?" in failure(path, labels, class_column=1, output="y")
    assert "read a class list: name its file" in failure(path, None, class_by="ebird")


def test_widths_that_only_a_run_tells(graph: Callable[..., str], labels: str) -> None:
    nodes = [MATMUL, node("Abs", ["x"], ["embedding"])]
    path = graph(nodes, {"x": ("b", 10)}, {"embedding": ("b", "d"), "y": ("b", "c")})
    assert "scores from output y [batch, 3], the only one of 2 with 3 classes" in made(path, labels).info.notes


def test_other_inputs_are_named_unless_they_have_a_default(graph: Callable[..., str], labels: str) -> None:
    nodes = [node("MatMul", ["x", "w"], ["z"]), node("Add", ["z", "rate"], ["y"])]
    ports = {"x": ("b", 10), "rate": (1,)}
    text = failure(graph(nodes, ports, {"y": ("b", 3)}), labels, input="x")
    assert "the graph needs 2 inputs" in text
    assert "found x [b, 10], rate [1]" in text
    path = graph(nodes, ports, {"y": ("b", 3)}, {"rate": np.ones(1, np.float32)})
    np.testing.assert_allclose(made(path, labels, slim=False).predict(X), X @ W + 1, rtol=1e-5)
    path = graph([node("Cast", ["x"], ["f"], to=1), node("MatMul", ["f", "w"], ["y"])], {"x": ("b", 10)},
                 {"y": ("b", 3)}, x=TensorProto.INT16)  # fmt: skip
    assert "samples are floats between -1 and 1" in failure(path, labels)


def test_windows_that_influence_each_other_are_run_alone(graph: Callable[..., str], labels: str) -> None:
    """Half of the batch's mean is taken off: alone, a window's logits are half of its own."""
    mixed = [node("MatMul", ["x", "w"], ["z"]), node("ReduceMean", ["z"], ["m"], axes=[0], keepdims=1),
             node("Mul", ["m", "share"], ["part"]), node("Sub", ["z", "part"], ["y"])]  # fmt: skip
    path = graph(mixed, {"x": ("b", 10)}, {"y": ("b", 3)}, {"share": np.array([0.5], np.float32)})
    member = made(path, labels, slim=False)
    np.testing.assert_allclose(member.predict(X), X @ W / 2, rtol=1e-4, atol=1e-5)
    assert np.array_equal(member.predict(X)[2], member.predict(X[2:3])[0])
    assert any("a window's scores depend on its batch (4 windows were run twice)" in n for n in member.info.notes)
    fixed = made(graph(mixed, {"x": (8, 10)}, {"y": (8, 3)}, {"share": np.array([0.5], np.float32)}), labels)
    np.testing.assert_allclose(fixed.predict(X), X @ W / 2, rtol=1e-4, atol=1e-5)  # beside copies of itself
    whole = graph(mixed, {"x": ("b", 10)}, {"y": ("b", 3)}, {"share": np.ones(1, np.float32)})
    text = failure(whole, labels, slim=False)
    assert "run alone, every window scores the same" in text
    assert "model.eval()" in text


def test_features_of_a_graph_that_mixes_its_batch_are_read_alone(graph: Callable[..., str], labels: str) -> None:
    nodes = [node("ReduceMax", ["x"], ["top"], axes=[0], keepdims=1), node("Add", ["x", "top"], ["e"]),
             node("MatMul", ["e", "w"], ["y"])]  # fmt: skip
    path = graph(nodes, {"x": ("b", 10)}, {"y": ("b", 3), "e": ("b", 10)})
    np.testing.assert_allclose(made(path, labels).features(X, ["e"])[0], 2 * X, rtol=1e-6)


def test_rounding_of_a_gpu_is_no_influence() -> None:
    """TensorFloat-32 keeps ten bits: a kernel chosen by the size of the batch may move a score by a thousandth."""

    class Session:
        def run(self, names: Sequence[str], feeds: Mapping[str, NDArray[np.float32]]) -> list[NDArray[np.float32]]:
            x = feeds["x"][:, :3]
            return [x * np.float32(1 + 1e-3 * (len(x) > 2))]

    windows = trial_windows(10)
    given = GraphInput("x", "float32", "rows", None)
    for provider, alone in (("cuda", False), ("cpu", True)):
        runner, _, notes = apart(GraphRunner(Session(), "m", given, provider), ["y"], windows)  # type: ignore[arg-type]
        assert (runner.alone, bool(notes)) == (alone, alone)


def test_windows_that_are_independent_are_run_together(graph: Callable[..., str], labels: str) -> None:
    member = made(graph([MATMUL], {"x": ("b", 10)}, {"y": ("b", 3)}), labels)
    assert not member.runner.alone
    assert not any("depend on its batch" in n for n in member.info.notes)


@pytest.mark.parametrize(
    ("last", "why"),
    [
        ([node("Sigmoid", ["z"], ["y"])], "the graph ends in Sigmoid"),
        ([node("Softmax", ["z"], ["s"], axis=1), node("Identity", ["s"], ["y"])], "the graph ends in Softmax"),
        ([node("Tanh", ["z"], ["t"]), node("Abs", ["t"], ["y"])], "its values lie in [0.0"),
    ],
)
def test_what_looks_like_probabilities_must_be_stated(
    graph: Callable[..., str], labels: str, last: list[Any], why: str
) -> None:
    path = graph([node("MatMul", ["x", "w"], ["z"]), *last], {"x": ("b", 10)}, {"y": ("b", 3)})
    text = failure(path, labels)
    assert f"output 'y' looks like probabilities: {why}" in text
    assert "state `gives: prob`" in text
    as_logits, as_prob = (made(path, labels, gives=g).predict(X) for g in ("logit", "prob"))
    np.testing.assert_allclose(logit(as_logits, floor=1e-9), as_prob, rtol=1e-4)


@pytest.mark.parametrize(
    ("last", "why"),
    [
        ([node("LogSoftmax", ["z"], ["y"], axis=1)], "the graph ends in LogSoftmax"),
        ([node("Softmax", ["z"], ["p"], axis=1), node("Log", ["p"], ["y"])], "the graph ends in Log of Softmax"),
    ],
)
def test_logarithms_of_probabilities_are_no_logits(
    graph: Callable[..., str], labels: str, last: list[Any], why: str
) -> None:
    path = graph([node("MatMul", ["x", "w"], ["z"]), *last], {"x": ("b", 10)}, {"y": ("b", 3)})
    text = failure(path, labels)
    assert f"holds logarithms of probabilities, which are no logits: {why}" in text
    assert made(path, labels, gives="logit").predict(X).max() <= 0


@pytest.mark.parametrize("factor", [100.0, 0.5])
@pytest.mark.parametrize("constant", [True, False])
def test_percentages_are_no_logits(graph: Callable[..., str], labels: str, factor: float, constant: bool) -> None:
    number = np.full(1, factor, np.float32)
    made_here = [node("Constant", [], ["k"], value=numpy_helper.from_array(number))] if constant else []
    nodes = [
        *made_here,
        node("MatMul", ["x", "w"], ["z"]),
        node("Sigmoid", ["z"], ["p"]),
        node("Mul", ["k", "p"], ["y"]),
    ]
    path = graph(nodes, {"x": ("b", 10)}, {"y": ("b", 3)}, {} if constant else {"k": number})
    text = failure(path, labels)
    if factor < 1:  # such as the mask of a season
        assert "output 'y' looks like probabilities: the graph ends in Sigmoid" in text
        return
    assert "output 'y' holds a multiple of Sigmoid, as percentages are" in text
    with pytest.raises(BlendkitError, match="are they percentages"):
        made(path, labels, gives="prob").predict(X)
    assert made(path, labels, gives="logit").predict(X).max() > 1


NAMES = {"bluemac": ("Ara ararauna", "Macaw"), "treefro": ("Boana punctata", "Treefrog"), "none": ("Bufo x", "Toad")}
WILD = MemberContext(
    tuple(NAMES), Taxonomy({c: {"scientific_name": s, "common_name": n} for c, (s, n) in NAMES.items()}), chunk_s=5.0
)
PARTS = 16
WIDE = RNG.standard_normal((PARTS, 4)).astype(np.float32)


def stand_in(samples: int, x: str, scores: str, last: str = "Identity") -> tuple[list[Any], dict[str, Any]]:
    """Nodes and weights of a small model: the loudness of 16 parts is its embedding, a matrix of that its scores."""
    return [
        node("Reshape", [x, "shape"], ["parts"]),
        node("ReduceL2", ["parts"], ["embedding"], axes=[2], keepdims=0),
        node("MatMul", ["embedding", "wide"], ["z"]),
        node(last, ["z"], [scores]),
    ], {"shape": ints(-1, PARTS, samples // PARTS), "wide": WIDE}


def by_hand(windows: NDArray[np.float32]) -> NDArray[np.float64]:
    return np.linalg.norm(windows.reshape(len(windows), PARTS, -1).astype(np.float64), axis=2) @ WIDE


def noise(seconds: int, rate: int) -> NDArray[np.float32]:
    return (0.01 * np.random.default_rng(1).standard_normal(seconds * rate)).astype(np.float32)


def test_birdnet_3_by_its_configuration(graph: Callable[..., str], tmp_path: Path) -> None:
    """5 s at 32 kHz; embeddings and probabilities; the class list has several kinds of names, separated by `;`."""
    csv = tmp_path / "BirdNET_Labels.csv"
    rows = ["0;3;Foo bar;Foo;Aves;X", "1;5;Hypsiboas punctatus;Frog;Amphibia;Y", "2;8;Ara ararauna;Macaw;Aves;X",
            "3;9;Baz qux;Baz;Aves;X"]  # fmt: skip
    csv.write_text("\ufeffidx;id;sci_name;com_name;class;order\n" + "\n".join(rows) + "\n", encoding="utf-8")
    nodes, weights = stand_in(160000, "input", "predictions", "Sigmoid")
    path = graph(nodes, {"input": ("b", 160000)}, {"embedding": ("b", PARTS), "predictions": ("b", 4)}, weights)
    how: dict[str, Any] = {"model": path, "classes": str(csv), "rate": 32000, "gives": "prob"}
    member = onnx_member(WILD, **how, class_by="scientific_name")
    x = noise(10, 32000).reshape(2, -1)
    got = member.predict(x)
    np.testing.assert_allclose(got[:, :2], by_hand(x)[:, [2, 1]], rtol=1e-3, atol=1e-3)  # the second by synonym
    assert member.info.covered == (True, True, False)
    assert "4 names from BirdNET_Labels.csv (column sci_name, separator `;`)" in member.info.notes
    assert list(member.feature_shapes)[:1] == ["embedding"]
    common = onnx_member(WILD, **how, class_by="common_name")
    assert common.info.covered == (True, False, False)


def test_birdnet_24_by_its_configuration(graph: Callable[..., str], tmp_path: Path) -> None:
    """3 s at 48 kHz; logits; lines of `Genus species_Common Name`; two windows a chunk, as the member `birdnet`."""
    txt = tmp_path / "labels.txt"
    txt.write_text("Foo bar_Foo\nBoana punctata_Frog\nAra ararauna_Macaw\nDog_Dog\n", encoding="utf-8")
    nodes, weights = stand_in(144000, "input", "output")
    path = graph(nodes, {"input": ("b", 144000)}, {"output": ("b", 4)}, weights)
    member = onnx_member(
        WILD, model=path, classes=str(txt), class_by="scientific_name", rate=48000, window_s=3.0, hop_s=2.0,
        anchor="chunk", pool="max",
    )  # fmt: skip
    samples = noise(10, 48000)
    got = score_jobs(member, [RecordingAudio("r", Decoded(samples, 48000, 10.0, "ok"), 2)], 5.0, TTA())
    each = by_hand(np.stack([samples[s * 48000 : (s + 3) * 48000] for s in (0, 2, 5, 7)]))
    wanted = np.stack([each[:2].max(axis=0), each[2:].max(axis=0)])
    np.testing.assert_allclose(got[:, :2], wanted[:, [2, 1]], rtol=1e-4)
    assert member.info.covered == (True, True, False)


def test_perch_without_dft_by_its_configuration(graph: Callable[..., str], tmp_path: Path) -> None:
    """5 s at 32 kHz; the outputs of perch_v2: what the member `perch` gives."""
    listed = tmp_path / "labels.csv"
    listed.write_text("inat2024_fsd50k\nFoo bar\nHypsiboas punctatus\nAra ararauna\nDog\n", encoding="utf-8")
    nodes, weights = stand_in(160000, "inputs", "label")
    nodes += [node("Unsqueeze", ["parts", "one"], ["spatial_embedding"]), node("Abs", ["parts"], ["spectrogram"])]
    outputs = {"embedding": ("b", PARTS), "label": ("b", 4), "spatial_embedding": ("b", 1, PARTS, "d"),
               "spectrogram": ("b", PARTS, "d")}  # fmt: skip
    path = graph(nodes, {"inputs": ("b", 160000)}, outputs, {**weights, **AXES})
    member = onnx_member(WILD, model=path, classes=str(listed), class_by="scientific_name", rate=32000)
    x = noise(10, 32000).reshape(2, -1)
    assert np.array_equal(member.predict(x), perch(WILD, model=path, labels=str(listed)).predict(x))
    np.testing.assert_allclose(member.predict(x)[:, :2], by_hand(x)[:, [2, 1]], rtol=1e-4)
    assert "scores from output label [batch, 4], the only one of 4 with 4 classes" in member.info.notes


def sklearn_like(tmp_path: Path, *, zipmap: bool) -> str:
    """What skl2onnx writes: the number of the best class, and probabilities as a matrix or as one map per row."""
    last = node("ZipMap", ["p"], ["maps"], domain="ai.onnx.ml", classlabels_int64s=[0, 1, 2])
    nodes = [node("MatMul", ["x", "w"], ["z"]), node("Softmax", ["z"], ["p"]), node("ArgMax", ["z"], ["best"], axis=1)]
    value = helper.make_tensor_value_info
    maps = helper.make_value_info(
        "maps",
        helper.make_sequence_type_proto(
            helper.make_map_type_proto(LONG, helper.make_tensor_type_proto(TensorProto.FLOAT, []))
        ),
    )
    scores = maps if zipmap else value("p", TensorProto.FLOAT, ["b", 3])
    made = helper.make_graph(
        [*nodes, last] if zipmap else nodes,
        "g",
        [value("x", TensorProto.FLOAT, ["b", 10])],
        [value("best", LONG, ["b", 1]), scores],
        [onnx.numpy_helper.from_array(W, "w")],
    )
    imports = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
    path = tmp_path / "sk.onnx"
    onnx.save(helper.make_model(made, opset_imports=imports, ir_version=8), str(path))
    return str(path)


def test_scores_as_maps_are_refused_and_as_a_matrix_taken(tmp_path: Path, labels: str) -> None:
    maps = sklearn_like(tmp_path, zipmap=True)
    assert "found best tensor(int64) [batch, 1], maps sequence of unknown shape" in failure(maps, labels)
    assert "holds sequence, not scores" in failure(maps, labels, output="maps")
    assert "`zipmap: False`" in failure(maps, labels, output="maps")
    member = made(sklearn_like(tmp_path, zipmap=False), labels, gives="prob")
    z = X @ W
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(member.predict(X), np.log(p / (1 - p)), rtol=1e-4, atol=1e-5)


def test_features_of_graphs_that_take_windows_otherwise(graph: Callable[..., str], labels: str) -> None:
    outputs = {"y": (4, 3), "e": (4, 10)}
    member = made(graph([MATMUL, node("Abs", ["x"], ["e"])], {"x": (4, 10)}, outputs), labels)
    assert (member.blocks, member.feature_shapes) == ([], {})
    with pytest.raises(BlendkitError, match=r"features need an input \[batch, samples\] of float32 for any batch"):
        member.features(X, ["e"])


def test_probabilities_outside_their_range(graph: Callable[..., str], labels: str) -> None:
    member = made(graph([MATMUL], {"x": ("b", 10)}, {"y": ("b", 3)}), labels, gives="prob")
    with pytest.raises(BlendkitError, match="`gives: prob`, but output 'y' lies in"):
        member.predict(X)
