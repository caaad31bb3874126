"""Small graphs made by hand, and the sample world's backbone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from onnx import helper

Graph = Callable[..., Path]


@pytest.fixture(scope="session")
def linear_weights() -> NDArray[np.float32]:
    """Weights (10 samples, 3 classes) of the smallest classifier there is."""
    return np.random.default_rng(4).standard_normal((10, 3)).astype(np.float32)


@pytest.fixture(scope="session")
def linear(linear_weights: NDArray[np.float32], save_graph: Graph) -> Graph:
    """Write [batch, 10] -> [batch, 3]: a matrix product, as logits or through a sigmoid."""

    def write(path: Path, *, prob: bool = False, both: bool = False, shape: Sequence[int | str] = ("b", 10)) -> Path:
        nodes = [helper.make_node("MatMul", ["audio", "w"], ["logits"])]
        if prob or both:
            nodes.append(helper.make_node("Sigmoid", ["logits"], ["probs"]))
        names = ["logits", "probs"] if both else ["probs"] if prob else ["logits"]
        return save_graph(path, nodes, {"audio": shape}, dict.fromkeys(names, ("b", 3)), {"w": linear_weights})

    return write


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of the test's own: slim graphs are made there."""
    monkeypatch.setenv("BLENDKIT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"
