"""Small graphs made by hand, and the sample world's backbone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

Graph = Callable[..., Path]
IR, OPSET = 8, 17  # old enough for every onnxruntime in use


def save(path: Path, nodes: Sequence[Any], inputs: Any, outputs: Any, weights: Any, **meta: str) -> Path:
    """Write a graph. inputs and outputs: {name: shape}; weights: {name: array}."""

    def infos(ports: dict[str, Sequence[int | str]]) -> list[Any]:
        return [helper.make_tensor_value_info(n, TensorProto.FLOAT, list(s)) for n, s in ports.items()]

    graph = helper.make_graph(
        list(nodes),
        "small",
        infos(inputs),
        infos(outputs),
        initializer=[numpy_helper.from_array(v, n) for n, v in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR)
    helper.set_model_props(model, meta)
    onnx.save(model, str(path))
    return path


@pytest.fixture(scope="session")
def save_graph() -> Graph:
    """Write a graph from nodes, {input: shape}, {output: shape} and {weight: array}."""
    return save


@pytest.fixture(scope="session")
def linear_weights() -> NDArray[np.float32]:
    """Weights (10 samples, 3 classes) of the smallest classifier there is."""
    return np.random.default_rng(4).standard_normal((10, 3)).astype(np.float32)


@pytest.fixture(scope="session")
def linear(linear_weights: NDArray[np.float32]) -> Graph:
    """Write [batch, 10] -> [batch, 3]: a matrix product, as logits or through a sigmoid."""

    def write(path: Path, *, prob: bool = False, both: bool = False, shape: Sequence[int | str] = ("b", 10)) -> Path:
        nodes = [helper.make_node("MatMul", ["audio", "w"], ["logits"])]
        if prob or both:
            nodes.append(helper.make_node("Sigmoid", ["logits"], ["probs"]))
        names = ["logits", "probs"] if both else ["probs"] if prob else ["logits"]
        return save(path, nodes, {"audio": shape}, dict.fromkeys(names, ("b", 3)), {"w": linear_weights})

    return write


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of the test's own: slim graphs are made there."""
    monkeypatch.setenv("BLENDKIT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"
