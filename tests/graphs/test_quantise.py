from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from onnx import helper

from blendkit.graphs.quantise import to_int8


def test_the_process_keeps_its_logging(tmp_path: Path, save_graph: Callable[..., Path]) -> None:
    nodes = [helper.make_node("MatMul", ["x", "w"], ["y"])]
    weights = {"w": np.random.default_rng(0).standard_normal((8, 4)).astype(np.float32)}
    model = save_graph(tmp_path / "m.onnx", nodes, {"x": ("b", 8)}, {"y": ("b", 4)}, weights)
    root = logging.getLogger()
    before = (root.level, list(root.handlers), list(root.filters), root.disabled)
    to_int8(model, tmp_path / "q.onnx", "test")
    assert (root.level, list(root.handlers), list(root.filters), root.disabled) == before
    assert (tmp_path / "q.onnx").is_file()


def test_warnings_are_logged_again_afterwards(
    tmp_path: Path, save_graph: Callable[..., Path], caplog: pytest.LogCaptureFixture
) -> None:
    test_the_process_keeps_its_logging(tmp_path, save_graph)
    logging.getLogger().warning("still here")
    assert [r.message for r in caplog.records] == ["still here"]
