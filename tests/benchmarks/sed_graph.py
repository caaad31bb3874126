"""A graph of the shape of the public SED models: an EfficientNet of about B0's size, scores per frame and per clip."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

MELS, CLASSES = 128, 234
# width, blocks, stride, kernel and expansion of every stage
STAGES = ((16, 1, 1, 3, 1), (24, 2, 2, 3, 6), (40, 2, 2, 5, 6), (80, 3, 2, 3, 6), (112, 3, 1, 5, 6), (192, 4, 2, 5, 6))


class _Net:
    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.nodes: list[Any] = []
        self.weights: list[Any] = []

    def weight(self, *shape: int) -> str:
        name = f"w{len(self.weights)}"
        scale = (2 / max(1, int(np.prod(shape[1:])))) ** 0.5
        made = (self.rng.standard_normal(shape) * scale).astype(np.float32)
        self.weights.append(numpy_helper.from_array(made, name))
        return name

    def node(self, kind: str, *inputs: str, **attributes: Any) -> str:
        out = f"x{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [out], **attributes))
        return out

    def conv(self, x: str, of: int, to: int, k: int = 1, stride: int = 1, groups: int = 1) -> str:
        side = k // 2
        return self.node("Conv", x, self.weight(to, of // groups, k, k), self.weight(to), group=groups,
                         strides=[stride] * 2, pads=[side] * 4)  # fmt: skip

    def swish(self, x: str) -> str:
        return self.node("Mul", x, self.node("Sigmoid", x))

    def block(self, x: str, of: int, to: int, k: int, stride: int, more: int) -> str:
        wide = of * more
        y = self.swish(self.conv(x, of, wide)) if more > 1 else x
        y = self.swish(self.conv(y, wide, wide, k, stride, wide))
        y = self.conv(y, wide, to)
        return self.node("Add", x, y) if stride == 1 and of == to else y


def sed_graph(path: Path, seed: int = 0) -> Path:
    """Write a graph [batch, 1, mels, frames] -> clip [batch, L] and frame [batch, T, L], as logits."""
    net = _Net(seed)
    x, of = net.swish(net.conv("mel", 1, 32, 3, 2)), 32
    for to, blocks, stride, k, more in STAGES:
        for i in range(blocks):
            x, of = net.block(x, of, to, k, stride if i == 0 else 1, more), to
    pooled = net.node("ReduceMean", x, axes=[2], keepdims=0)  # over frequency: [batch, width, T]
    times = net.node("Transpose", pooled, perm=[0, 2, 1])
    head = net.weight(CLASSES, of)
    flat = net.node("MatMul", times, net.node("Transpose", head, perm=[1, 0]))
    net.nodes.append(helper.make_node("Identity", [flat], ["frame"]))
    net.nodes.append(helper.make_node("ReduceMean", [flat], ["clip"], axes=[1], keepdims=0))
    ports = [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in
             (("mel", ["b", 1, MELS, "f"]), ("clip", ["b", CLASSES]), ("frame", ["b", "t", CLASSES]))]  # fmt: skip
    graph = helper.make_graph(net.nodes, "sed", ports[:1], ports[1:], net.weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))
    return path
