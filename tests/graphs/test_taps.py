from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import helper

from blendkit.errors import BlendkitError
from blendkit.graphs.block_ends import BlockEnd, find_blocks
from blendkit.graphs.onnx_file import load_graph
from blendkit.graphs.session import open_session
from blendkit.graphs.taps import TAP, with_taps
from blendkit.member.onnx_blocks import OnnxBlocks

Graph = Callable[..., Path]


class Net:
    """Collects nodes and random weights of a small convolutional graph on (b, 4, 6, 6)."""

    def __init__(self) -> None:
        self.rng = np.random.default_rng(8)
        self.nodes: list[Any] = []
        self.weights: dict[str, np.ndarray] = {}

    def add(self, kind: str, inputs: list[str], out: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [out], name=out, **attributes))
        return out

    def weight(self, name: str, *shape: int) -> str:
        self.weights[name] = self.rng.standard_normal(shape).astype(np.float32)
        return name

    def conv(self, x: str, out: str, shape: tuple[int, ...], **attributes: Any) -> str:
        return self.add("Conv", [x, self.weight(f"{out}_w", *shape)], out, **attributes)

    def norm(self, x: str, out: str, width: int, kind: str) -> str:
        """Normalise over the batch: not at all, by a node, or by the two constants that it comes to."""
        if kind == "constants":
            scaled = self.add("Mul", [x, self.weight(f"{out}_scale", 1, width, 1, 1)], f"{out}_scaled")
            return self.add("Add", [self.weight(f"{out}_shift", 1, width, 1, 1), scaled], out)
        if not kind:
            return x
        parts = [self.weight(f"{out}_{p}", width) for p in ("scale", "bias", "mean")]
        self.weights[f"{out}_var"] = np.ones(width, np.float32)
        return self.add("BatchNormalization", [x, *parts, f"{out}_var"], out)

    def act(self, x: str, out: str) -> str:
        gate = self.add("Sigmoid", [x], f"{out}_gate")
        return self.add("Mul", [x, gate], out)

    def squeeze(self, x: str, out: str, width: int) -> str:
        """Squeeze and excite as exporters of EfficientNet write it: two 1x1 convolutions on the mean."""
        mean = self.add("GlobalAveragePool", [x], f"{out}_mean")
        few = self.act(self.conv(mean, f"{out}_reduce", (2, width, 1, 1)), f"{out}_few")
        gate = self.add("Sigmoid", [self.conv(few, f"{out}_expand", (width, 2, 1, 1))], f"{out}_scale")
        return self.add("Mul", [x, gate], out)


def block(net: Net, x: str, name: str, *, source: int = 4, width: int = 4, residual: bool, norm: str, se: bool) -> str:
    """One MBConv block; returns the tensor it ends in."""
    inner = 2 * source
    y = net.act(net.conv(x, f"{name}_expand", (inner, source, 1, 1)), f"{name}_up")
    y = net.conv(y, f"{name}_dw", (inner, 1, 3, 3), group=inner, pads=[1, 1, 1, 1])
    y = net.norm(y, f"{name}_dwbn", inner, norm)
    y = net.act(y, f"{name}_mid")
    y = net.squeeze(y, f"{name}_se", inner) if se else y
    y = net.conv(y, f"{name}_project", (width, inner, 1, 1))
    y = net.norm(y, f"{name}_bn", width, norm)
    return net.add("Add", [x, y], f"{name}_sum") if residual else y


def built(path: Path, save_graph: Graph, norm: str = "", **kind: bool) -> tuple[Path, list[str]]:
    """Three blocks: a plain one and two that may be residual; returns the model and its block ends."""
    net = Net()
    se = kind.get("se", False)
    residual = kind.get("residual", False)
    ends = [block(net, "x", "b1", width=6, residual=False, norm=norm, se=se)]
    ends.append(block(net, ends[-1], "b2", source=6, width=6, residual=residual, norm=norm, se=se))
    ends.append(block(net, ends[-1], "b3", source=6, width=6, residual=residual, norm=norm, se=se))
    net.add("GlobalAveragePool", [ends[-1]], "out")
    return save_graph(path, net.nodes, {"x": ("b", 4, 6, 6)}, {"out": ("b", 6, 1, 1)}, net.weights), ends


@pytest.mark.parametrize("residual", [False, True])
@pytest.mark.parametrize("norm", ["", "node", "constants"])
@pytest.mark.parametrize("se", [False, True], ids=["plain", "squeeze"])
def test_blocks_are_found_by_structure(tmp_path: Path, save_graph: Graph, residual: bool, norm: str, se: bool) -> None:
    path, ends = built(tmp_path / "net.onnx", save_graph, residual=residual, norm=norm, se=se)
    onnx.checker.check_model(str(path))
    assert [b.end for b in find_blocks(load_graph(path, "perch"), "perch")] == ends


def test_a_graph_without_blocks(tmp_path: Path, save_graph: Graph) -> None:
    net = Net()
    net.conv("x", "out", (4, 4, 1, 1))
    path = save_graph(tmp_path / "n.onnx", net.nodes, {"x": ("b", 4, 6, 6)}, {"out": ("b", 4, 6, 6)}, net.weights)
    assert find_blocks(load_graph(path, "perch"), "perch") == []


def test_a_weight_that_is_no_initializer(tmp_path: Path, save_graph: Graph) -> None:
    # 8-bit and some TensorFlow exports compute weights by nodes
    net = Net()
    net.add("Identity", [net.weight("stored", 3, 3, 1, 4)], "same")
    net.add("Transpose", ["same"], "moved", perm=[3, 2, 0, 1])
    net.add("Conv", ["x", "moved"], "dw", group=4, pads=[1, 1, 1, 1])
    end = net.conv("dw", "project", (4, 4, 1, 1))
    path = save_graph(tmp_path / "n.onnx", net.nodes, {"x": ("b", 4, 6, 6)}, {end: ("b", 4, 6, 6)}, net.weights)
    assert find_blocks(load_graph(path, "perch"), "perch") == [BlockEnd("project", 4)]


@pytest.mark.parametrize("opset", [13, 17, 18])
def test_taps_are_means_of_the_block(tmp_path: Path, save_graph: Graph, opset: int) -> None:
    path, ends = built(tmp_path / "net.onnx", save_graph, residual=True)
    model = load_graph(path, "perch")
    model.opset_import[0].version = opset
    session = open_session(with_taps(model, ends[1:], ["out"], "perch").SerializeToString(), 1, "perch")
    assert [o.name for o in session.get_outputs()] == ["out", *(e + TAP for e in ends[1:])]
    x = np.random.default_rng(1).standard_normal((2, 4, 6, 6)).astype(np.float32)
    whole = onnxruntime.InferenceSession(with_outputs(path, ends[1:]), providers=["CPUExecutionProvider"]).run(
        ["out", *ends[1:]], {"x": x}
    )
    for tapped, full in zip(session.run(None, {"x": x})[1:], whole[1:], strict=True):
        assert tapped.shape == (2, 6)
        np.testing.assert_allclose(tapped, full.mean(axis=(2, 3)), rtol=1e-4, atol=1e-5)


def with_outputs(path: Path, names: list[str]) -> bytes:
    model = onnx.load(str(path))
    model.graph.output.extend(helper.make_empty_tensor_value_info(n) for n in names)
    return model.SerializeToString()


def test_the_graph_is_cut_to_its_taps(tmp_path: Path, save_graph: Graph) -> None:
    path, ends = built(tmp_path / "net.onnx", save_graph, residual=True)
    cut = with_taps(load_graph(path, "m"), ends[:1], [], "m")
    assert not any(n.name.startswith(("b2", "b3", "out")) for n in cut.graph.node)
    assert [o.name for o in cut.graph.output] == [ends[0] + TAP]


def test_an_unknown_block_gets_the_nearest(tmp_path: Path, save_graph: Graph) -> None:
    path, _ = built(tmp_path / "net.onnx", save_graph, residual=True)
    with pytest.raises(BlendkitError, match="did you mean 'b2_sum'"):
        with_taps(load_graph(path, "m"), ["b2_sun"], [], "m")


def test_what_is_no_model(tmp_path: Path) -> None:
    path = tmp_path / "x.onnx"
    path.write_bytes(b"\xff\xff not protobuf")
    with pytest.raises(BlendkitError, match=r"m: x\.onnx is not an ONNX model"):
        load_graph(path, "m")
    with pytest.raises(BlendkitError, match=r"m: onnxruntime cannot load x\.onnx"):
        open_session(path, 1, "m")


def test_the_user_may_say_which_axis_holds_the_channels(tmp_path: Path, save_graph: Graph) -> None:
    nodes = [helper.make_node("Reshape", ["x", "shape"], ["r"]), helper.make_node("Relu", ["r"], ["out"])]
    shape = {"shape": np.array([0, 2, 3], np.int64)}
    path = save_graph(tmp_path / "m.onnx", nodes, {"x": ("b", 6)}, {"out": ("b", 2, 3)}, shape)
    graph = load_graph(path, "m")
    with pytest.raises(BlendkitError, match="does not tell which axis") as error:
        with_taps(graph, ["r"], [], "m")
    assert error.value.problems[:2] == (
        "'r', made by Reshape",
        "say it, with 0 for the batch: `r@1` if it is axis 1",
    )
    session = open_session(with_taps(graph, ["r@1", "r@2"], [], "m").SerializeToString(), 1, "m")
    first, last = session.run(None, {"x": np.array([[0, 1, 2, 3, 4, 5]], np.float32)})
    assert (first.tolist(), last.tolist()) == ([[1, 4]], [[1.5, 2.5, 3.5]])
    for axis in (0, 3):
        with pytest.raises(BlendkitError, match=rf"'r' has the axes 0 \(the batch\) to 2, so no channels on {axis}"):
            with_taps(graph, [f"r@{axis}"], [], "m")
    with pytest.raises(BlendkitError, match="no tensor"):
        with_taps(graph, ["q@1"], [], "m")


def test_a_stated_axis_is_a_feature_of_a_member(tmp_path: Path, save_graph: Graph) -> None:
    nodes = [helper.make_node("Reshape", ["x", "shape"], ["r"]), helper.make_node("Identity", ["x"], ["out"])]
    shape = {"shape": np.array([0, 2, 3], np.int64)}
    path = save_graph(tmp_path / "m.onnx", nodes, {"x": ("b", 6)}, {"out": ("b", 6)}, shape)
    inside = OnnxBlocks(path, "m", "x", 6, "out", None, 1, "cpu")
    assert inside.shapes["r@2"] == (3,)
    (found,) = inside.features(np.array([[0, 1, 2, 3, 4, 5]], np.float32), ["r@2"])
    assert found.tolist() == [[1.5, 2.5, 3.5]]
    assert "q@1" not in inside.shapes
