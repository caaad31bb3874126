"""The nodes of an ONNX graph by tensor: who makes and reads it, whether it is constant, where its channels lie."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

CONV = ("Conv", "ConvTranspose", "FusedConv")
POOLING = (
    *("GlobalAveragePool", "GlobalMaxPool", "AveragePool", "MaxPool", "ReduceMean", "ReduceMax", "ReduceSum"),
    *("ReduceL2", "ReduceMin", "ReduceProd", "ReduceLogSumExp"),
)
# one input with data, the same values in the same places (8-bit graphs wrap every layer in a pair of these)
PASSING = ("Identity", "Cast", "Dropout", "QuantizeLinear", "DequantizeLinear")
ELEMENTWISE = ("Mul", "Add", "Sub", "Div")
_KEEPS_AXES = (
    *(*PASSING, *ELEMENTWISE, "Sum", "Pow", "Max", "Min", "Where", "PRelu", "Relu", "LeakyRelu", "Elu", "Gelu"),
    *("Mish", "HardSwish", "HardSigmoid", "Sigmoid", "Tanh", "Softplus", "Softmax", "Exp", "Log", "Sqrt", "Neg"),
    *("Abs", "Erf", "Reciprocal", "Clip", "BatchNormalization", "InstanceNormalization", "GroupNormalization"),
    *("LayerNormalization", "Pad", "GlobalAveragePool", "GlobalMaxPool", "AveragePool", "MaxPool", "QuickGelu"),
)


@dataclass(frozen=True, eq=False)
class Wiring:
    """A graph indexed by tensor. Nothing in the model is changed."""

    model: Any
    makers: dict[str, Any] = field(default_factory=dict)
    readers: dict[str, list[Any]] = field(default_factory=dict)
    weights: dict[str, Any] = field(default_factory=dict)  # initializers and Constant nodes
    _constant: dict[str, bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Index the graph."""
        self.weights.update((w.name, w) for w in self.model.graph.initializer)
        for node in self.model.graph.node:
            self.makers.update((t, node) for t in node.output if t)
            for tensor in dict.fromkeys(node.input):
                self.readers.setdefault(tensor, []).append(node)
            if node.op_type == "Constant" and (held := constant_tensor(node)) is not None:
                self.weights[node.output[0]] = held

    @cached_property
    def tensors(self) -> list[str]:
        """Every tensor that a node computes from the graph's inputs, in graph order."""
        return [t for node in self.model.graph.node for t in node.output if t and not self.is_constant(t)]

    def is_constant(self, tensor: str) -> bool:
        """Return whether a tensor depends on no input of the graph."""
        if tensor not in self._constant:
            node = self.makers.get(tensor)
            found = tensor in self.weights or (
                node is not None and all(self.is_constant(t) for t in node.input if t) and node.op_type != "If"
            )
            self._constant[tensor] = found
        return self._constant[tensor]

    def data(self, node: Any) -> list[str]:
        """Return the inputs of a node that are not constant."""
        return [t for t in node.input if t and not self.is_constant(t)]

    def dims(self, tensor: str) -> tuple[int, ...] | None:
        """Return the shape of a weight, also of one that nodes compute from stored weights; None if not known."""
        if tensor in self.weights:
            return tuple(self.weights[tensor].dims)
        node = self.makers.get(tensor)
        if node is None or not node.input:
            return None
        if node.op_type in ELEMENTWISE:
            return max((self.dims(t) or () for t in node.input), key=lambda d: (len(d), *d)) or None
        source = self.dims(node.input[0])
        if source is None:
            return None
        if node.op_type == "Transpose":
            order = int_list(node, "perm") or list(reversed(range(len(source))))
            return tuple(source[i] for i in order)
        if node.op_type == "Reshape":
            return self._reshaped(node, source)
        return source if node.op_type in PASSING else None

    def after(self, tensor: str) -> set[str]:
        """Return every tensor that is computed from this one, with itself."""
        found, queue = {tensor}, [tensor]
        while queue:
            for node in self.readers.get(queue.pop(), []):
                new = [t for t in node.output if t not in found]
                found.update(new)
                queue += new
        return found

    def channel(self, tensor: str) -> tuple[int, int] | None:
        """Return the channel axis of a tensor and its number of axes, None where the graph does not tell.

        A convolution gives axis 1, a matrix product or layer normalisation the last; transposes move it.
        A tensor of two axes has only channels beside the batch.
        """
        node = self.makers.get(tensor)
        path: list[list[int]] = []
        while node is not None:
            if node.op_type in CONV:
                weight = self.dims(node.input[1])
                rank = len(weight) if weight else self._ranks.get(node.output[0])
                return _moved(1, rank, path)
            if node.op_type in ("MatMul", "Gemm", "LayerNormalization"):
                rank = self._ranks.get(node.output[0])
                return _moved(rank - 1, rank, path) if rank else None
            if node.op_type == "Transpose":
                path.append(int_list(node, "perm"))
            elif node.op_type not in _KEEPS_AXES and not _keeps_dims(node):
                break
            node = self._source(node)
        return (1, 2) if self._ranks.get(tensor) == 2 else None

    def rank(self, tensor: str) -> int | None:
        """Return a tensor's number of axes, None where it cannot be inferred."""
        return self._ranks.get(tensor)

    def _source(self, node: Any) -> Any:
        """Return the node whose axes this one keeps: with several inputs, the one of the most axes."""
        made = [t for t in self.data(node) if t in self.makers]
        if len(made) > 1:
            return self.makers[max(made, key=lambda t: self._ranks.get(t, 0))]
        return self.makers[made[0]] if made else None

    @cached_property
    def _ranks(self) -> dict[str, int]:
        """The number of axes of the tensors that shape inference reaches; annotations in the file may be wrong."""
        import onnx

        bare = type(self.model)()
        bare.CopyFrom(self.model)
        del bare.graph.value_info[:]
        found = onnx.shape_inference.infer_shapes(bare).graph
        known = [*found.value_info, *found.output, *found.input]
        return {v.name: len(v.type.tensor_type.shape.dim) for v in known if v.type.tensor_type.HasField("shape")}

    def _reshaped(self, node: Any, source: tuple[int, ...]) -> tuple[int, ...] | None:
        from onnx import numpy_helper

        if node.input[1] not in self.weights:
            return None
        wanted = [int(v) for v in numpy_helper.to_array(self.weights[node.input[1]])]
        shape = [source[i] if v == 0 and i < len(source) else v for i, v in enumerate(wanted)]
        known = _product(v for v in shape if v > 0)
        return tuple(_product(source) // known if v == -1 else v for v in shape) if known else None


def constant_tensor(node: Any) -> Any:
    """Return what a Constant node holds as a tensor, whatever its attribute; None for texts and sparse ones."""
    from onnx import numpy_helper

    for a in node.attribute:
        if a.name == "value":
            return a.t
        kinds = {"value_float": ("f", np.float32), "value_floats": ("floats", np.float32),
                 "value_int": ("i", np.int64), "value_ints": ("ints", np.int64)}  # fmt: skip
        if a.name in kinds:
            own, kind = kinds[a.name]
            held = getattr(a, own)
            whole = np.array(held if own in ("f", "i") else list(held), kind)
            return numpy_helper.from_array(whole, node.output[0])
    return None


def int_list(node: Any, name: str) -> list[int]:
    """Return a node's attribute of whole numbers, [] if it has none."""
    return next((list(a.ints) for a in node.attribute if a.name == name), [])


def conv_groups(node: Any) -> int:
    """Return the number of groups of a convolution."""
    return next((int(a.i) for a in node.attribute if a.name == "group"), 1)


def _keeps_dims(node: Any) -> bool:
    """Return whether a node reduces some axes to one each, and keeps them."""
    return node.op_type in POOLING and next((int(a.i) for a in node.attribute if a.name == "keepdims"), 1) != 0


def _product(values: Iterator[int] | tuple[int, ...]) -> int:
    total = 1
    for value in values:
        total *= value
    return total


def _moved(axis: int, rank: int | None, path: list[list[int]]) -> tuple[int, int] | None:
    """Follow a channel axis through transposes, the last of which comes first in `path`."""
    if not rank:
        return None
    for order in reversed(path):
        order = order or list(reversed(range(rank)))
        if len(order) != rank:
            return None
        axis = order.index(axis)
    return axis, rank
