"""A graph laid out as public readings describe perch_v2.onnx, with random weights, in any size.

Activations are NHWC, so every convolution lies between transposes; batch normalisation is Mul and Add of constants;
gates are Neg, Exp, Add, Div; the 26 blocks are scoped `MBConv_<n>/`, front end and stem are not; Reduce axes are inputs;
some value_info annotations are wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SAMPLES, LABELS, WIDTH, PROTOTYPES = 160_000, 14_795, 1536, 4
WINDOW = 640
SCOPE = "Perch/EfficientNet_0/"
# EfficientNet-B3: (expansion, width, repeats, stride, kernel)
STAGES = (
    (1, 24, 2, 1, 3),
    (6, 32, 3, 2, 3),
    (6, 48, 3, 2, 5),
    (6, 96, 5, 2, 3),
    (6, 136, 5, 1, 5),
    (6, 232, 6, 2, 5),
    (6, 384, 2, 1, 3),
)


@dataclass(frozen=True)
class PerchSize:
    """How large the graph is. narrow: divides the channels of stem and blocks."""

    labels: int = LABELS
    embedding: int = WIDTH
    narrow: int = 1
    hop: int = 320
    bands: int = 128

    @property
    def frames(self) -> int:
        return SAMPLES // self.hop


SMALL = PerchSize(labels=12, embedding=20, narrow=12, hop=3200, bands=64)  # quick; still 26 blocks


@dataclass
class _Net:
    """Nodes and weights so far. Activations are (batch, *size, channels)."""

    rng: np.random.Generator
    nodes: list[Any] = field(default_factory=list)
    weights: list[Any] = field(default_factory=list)

    def const(self, name: str, value: Any, dtype: Any = np.float32) -> str:
        self.weights.append(numpy_helper.from_array(np.asarray(value, dtype), name))
        return name

    def add(self, kind: str, inputs: Sequence[str], out: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(kind, list(inputs), [out], name=f"{out}/node", **attributes))
        return out

    def drawn(self, name: str, *shape: int, fan_in: int) -> str:
        return self.const(name, self.rng.standard_normal(shape, np.float32) * np.float32(fan_in**-0.5))

    def sigmoid(self, x: str, name: str) -> str:
        self.add("Neg", [x], f"{name}/neg")
        self.add("Exp", [f"{name}/neg"], f"{name}/exp")
        self.add("Add", [f"{name}/exp", "one"], f"{name}/den")
        return self.add("Div", ["one", f"{name}/den"], f"{name}/div")

    def swish(self, x: str, name: str) -> str:
        return self.add("Mul", [x, self.sigmoid(x, name)], f"{name}/swish")

    def conv(self, x: str, name: str, source: int, out: int, kernel: int, **how: Any) -> str:
        """A convolution of NHWC activations and its batch normalisation, which is two constants."""
        group = how.get("group", 1)
        self.add("Transpose", [x], f"{name}/nchw", perm=[0, 3, 1, 2])
        fan_in = source // group * kernel * kernel
        weight = self.drawn(f"{name}/kernel", out, source // group, kernel, kernel, fan_in=fan_in)
        self.add("Conv", [f"{name}/nchw", weight], f"{name}/conv", kernel_shape=[kernel] * 2, **how)
        self.add("Transpose", [f"{name}/conv"], f"{name}/nhwc", perm=[0, 2, 3, 1])
        scale = 1 + 0.3 * self.rng.standard_normal((1, 1, 1, out))
        self.add("Mul", [f"{name}/nhwc", self.const(f"{name}/scale", scale)], f"{name}/mul")
        shift = self.const(f"{name}/shift", 0.3 * self.rng.standard_normal((1, 1, 1, out)))
        return self.add("Add", [f"{name}/mul", shift], f"{name}/bn")


def perch_graph(path: Path, size: PerchSize = PerchSize()) -> list[str]:
    """Write the graph (about 409 MB in full size); return the tensors that its blocks end in."""
    net = _Net(np.random.default_rng(0))
    net.const("one", 1)
    _front_end(net, size)
    cells = (_half(size.frames), _half(size.bands))
    width = max(1, 40 // size.narrow)
    pads = _same((size.frames, size.bands), 3, 2)
    x = net.swish(net.conv("image", "stem", 1, width, 3, strides=[2, 2], pads=pads), "stem_act")
    ends: list[str] = []
    for expand, full, repeats, stride, kernel in STAGES:
        for r in range(repeats):
            step, out = stride if r == 0 else 1, max(1, full // size.narrow)
            x = _mbconv(net, x, len(ends), (width, out), expand, step, kernel, cells)
            ends.append(x)
            width, cells = out, cells if step == 1 else (_half(cells[0]), _half(cells[1]))
    head = net.swish(net.conv(x, f"{SCOPE}Head_0/Conv_0", width, size.embedding, 1), f"{SCOPE}Head_0/act")
    net.add("Identity", [head], "spatial_embedding")
    net.add("ReduceMean", ["spatial_embedding", net.const("over", [1, 2], np.int64)], "embedding", keepdims=0)
    _prototypes(net, size, cells)
    path.write_bytes(_model(net, size, cells).SerializeToString())
    return ends


def _front_end(net: _Net, size: PerchSize) -> None:
    """Frames by a convolution, one DFT, magnitudes, bands and their logarithm."""
    net.add("Unsqueeze", ["inputs", net.const("row", [1], np.int64)], "wave")
    kernel = np.diag(np.hanning(WINDOW).astype(np.float32))[:, None, :]
    pads = [(WINDOW - size.hop) // 2 if size.hop < WINDOW else 0] * 2
    net.add("Conv", ["wave", net.const("framing", kernel)], "frames", strides=[size.hop], pads=pads)
    net.add("Transpose", ["frames"], "by_time", perm=[0, 2, 1])
    net.add("Unsqueeze", ["by_time", net.const("last", [3], np.int64)], "real")
    net.add("DFT", ["real", net.const("dft_length", 1024, np.int64)], "spectrum", axis=-2, onesided=1)
    net.add("ReduceL2", ["spectrum", net.const("complex", [-1], np.int64)], "magnitude", keepdims=0)
    mel = np.abs(net.rng.standard_normal((513, size.bands))) / 513
    net.add("MatMul", ["magnitude", net.const("mel", mel)], "mels")
    net.add("Max", ["mels", net.const("floor", 1e-5)], "raised")
    net.add("Log", ["raised"], "spectrogram")
    net.add("Unsqueeze", ["spectrogram", "last"], "image")


def _mbconv(
    net: _Net,
    x: str,
    number: int,
    widths: tuple[int, int],
    expand: int,
    stride: int,
    kernel: int,
    cells: tuple[int, int],
) -> str:
    name, inner = f"{SCOPE}MBConv_{number}", widths[0] * expand
    y = x
    if expand > 1:
        y = net.swish(net.conv(y, f"{name}/ExpandConv/Conv_0", widths[0], inner, 1), f"{name}/ExpandConv/act")
    how = {"group": inner, "strides": [stride] * 2, "pads": _same(cells, kernel, stride)}
    y = net.swish(net.conv(y, f"{name}/DepthwiseConv/Conv_0", inner, inner, kernel, **how), f"{name}/DepthwiseConv/act")
    few = max(1, widths[0] // 4)
    net.add("ReduceMean", [y, net.const(f"{name}/axes", [1, 2], np.int64)], f"{name}/squeezed", keepdims=1)
    net.add("MatMul", [f"{name}/squeezed", net.drawn(f"{name}/down", inner, few, fan_in=inner)], f"{name}/few")
    small = net.swish(f"{name}/few", f"{name}/few_act")
    net.add("MatMul", [small, net.drawn(f"{name}/up", few, inner, fan_in=few)], f"{name}/gate")
    y = net.add("Mul", [y, net.sigmoid(f"{name}/gate", f"{name}/gate_act")], f"{name}/excited")
    y = net.conv(y, f"{name}/ProjectConv/Conv_0", inner, widths[1], 1)
    return net.add("Add", [y, x], f"{name}/add") if stride == 1 and widths[0] == widths[1] else y


def _prototypes(net: _Net, size: PerchSize, cells: tuple[int, int]) -> None:
    """Four prototypes per class, each by its nearest place; their sum."""
    places = cells[0] * cells[1]
    net.add("Reshape", ["spatial_embedding", net.const("to_places", [0, places, size.embedding], np.int64)], "places")
    net.drawn("prototypes", size.embedding, size.labels * PROTOTYPES, fan_in=size.embedding)
    net.add("MatMul", ["places", "prototypes"], "likeness")
    net.add("ReduceMax", ["likeness", net.const("of_places", [1], np.int64)], "nearest", keepdims=0)
    net.add("Reshape", ["nearest", net.const("to_classes", [0, size.labels, PROTOTYPES], np.int64)], "by_class")
    net.add("ReduceSum", ["by_class", net.const("of_class", [2], np.int64)], "label", keepdims=0)


def _model(net: _Net, size: PerchSize, cells: tuple[int, int]) -> onnx.ModelProto:
    def info(name: str, *shape: Any) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", *shape])

    outputs = [
        info("embedding", size.embedding),
        info("spatial_embedding", *cells, size.embedding),
        info("spectrogram", size.frames, size.bands),
        info("label", size.labels),
    ]
    graph = helper.make_graph(net.nodes, "perch", [info("inputs", SAMPLES)], outputs, initializer=net.weights)
    graph.value_info.extend([info("stem/conv", 7, 7, 7), info("likeness", 3)])  # as in the real file, not the truth
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


def _half(n: int) -> int:
    return -(-n // 2)


def _same(cells: tuple[int, int], kernel: int, stride: int) -> list[int]:
    """Return the pads that give ceil(n / stride) cells: where they are odd, the greater one comes last."""
    totals = [max(0, (-(-n // stride) - 1) * stride + kernel - n) for n in cells]
    return [*(t // 2 for t in totals), *(t - t // 2 for t in totals)]


def write_labels(path: Path, names: Sequence[str]) -> Path:
    """Write a class list with Perch's header."""
    path.write_text("\n".join(["inat2024_fsd50k", *names]) + "\n", encoding="utf-8")
    return path
