"""Cutting the class axis of an ONNX head, from the scores back to the weights that compute them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from blendkit.errors import BlendkitError
from blendkit.graphs.axis_selection import Index, Shape, source_axis
from blendkit.graphs.graph_nodes import constant_tensor, int_list

_SAME = (
    *("Identity", "Cast", "Clip", "Dropout", "Sigmoid", "HardSigmoid", "Tanh", "Relu", "LeakyRelu", "Elu", "Gelu"),
    *("Mish", "HardSwish", "Softplus", "Exp", "Log", "Sqrt", "Reciprocal", "Neg", "Abs", "Sign", "Erf", "Not"),
    *("Floor", "Ceil", "Round"),
)
_BROADCAST = ("Add", "Sub", "Mul", "Div", "Pow", "Max", "Min", "Mean", "Sum", "Where", "PRelu", "Mod")
_POOLS = ("GlobalMaxPool", "GlobalAveragePool", "MaxPool", "AveragePool")
_ARRANGE = ("Reshape", "Squeeze", "Unsqueeze", "Flatten")


@dataclass
class ClassHead:
    """A graph whose head is being cut. shapes: of every activation, at batches of 2 and 3."""

    graph: Any
    shapes: Mapping[str, tuple[Shape, Shape]]
    constants: dict[str, Any] = field(default_factory=dict)
    makers: dict[str, Any] = field(default_factory=dict)
    readers: dict[str, list[Any]] = field(default_factory=dict)
    cut: dict[str, tuple[int, bytes, str]] = field(default_factory=dict)
    visited: set[int] = field(default_factory=set)
    added: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Index the graph by tensor."""
        self.constants = {w.name: w for w in self.graph.initializer}
        for node in self.graph.node:
            self.makers.update(dict.fromkeys(node.output, node))
            for name in node.input:
                self.readers.setdefault(name, []).append(node)
            if node.op_type == "Constant" and (held := constant_tensor(node)) is not None:
                self.constants[node.output[0]] = held

    def shape(self, name: str) -> Shape:
        """Return a tensor's shape, an activation's at a batch of 2."""
        return tuple(self.constants[name].dims) if name in self.constants else self.shapes[name][0]


def cut_classes(head: ClassHead, output: str, keep: Index) -> None:
    """Keep only some columns of the graph's `output` (B, L), in place, down to the weights that compute them.

    Raises BlendkitError naming the operator where the classes cannot be separated any more.
    """
    _cut(head, output, len(head.shape(output)) - 1, keep)
    outputs = {o.name for o in head.graph.output} - {output}
    live = _live(head)
    for name, (_, _, new) in head.cut.items():
        others = [n for n in head.readers.get(name, []) if id(n) in live and id(n) not in head.visited]
        if new == name and (others or name in outputs):
            raise _refused(f"another part of the graph needs all of tensor {name!r}")
    head.graph.initializer.extend(head.added)
    nodes = [n for n in head.graph.node if id(n) in live]
    used = {name for node in nodes for name in node.input}
    weights = [w for w in head.graph.initializer if w.name in used]
    for section, left in ((head.graph.node, nodes), (head.graph.initializer, weights), (head.graph.value_info, [])):
        del section[:]
        section.extend(left)


def _live(head: ClassHead) -> set[int]:
    """Return the ids of the nodes that the outputs still need; those that computed a now constant shape are not."""
    found: set[int] = set()
    queue = [o.name for o in head.graph.output]
    while queue:
        node = head.makers.get(queue.pop())
        if node is not None and id(node) not in found:
            found.add(id(node))
            queue += list(node.input)
    return found


def _refused(reason: str) -> BlendkitError:
    return BlendkitError("the head of this graph cannot be cut to some classes", [reason])


def _cut(head: ClassHead, name: str, axis: int, keep: Index) -> str:
    """Cut one tensor along an axis; return the name under which nodes read it from now on."""
    wanted = (axis, keep.tobytes())
    if name in head.cut:
        if head.cut[name][:2] != wanted:
            raise _refused(f"tensor {name!r} holds the classes in two orders")
        return head.cut[name][2]
    new = f"{name}__kept" if name in head.constants else name
    head.cut[name] = (*wanted, new)
    if name in head.constants:
        head.added.append(_selected(head.constants[name], axis, keep, new))
        return new
    node = head.makers.get(name)
    if node is None:
        raise _refused(f"the classes reach the graph's input {name!r}")
    rule = _RULES.get(node.op_type)
    if rule is None or node.domain not in ("", "ai.onnx"):
        raise _refused(f"operator {node.op_type} ({name!r}) is not supported")
    head.visited.add(id(node))
    rule(head, node, axis, keep)
    return name


def _selected(weight: Any, axis: int, keep: Index, name: str) -> Any:
    from onnx import numpy_helper

    return numpy_helper.from_array(np.ascontiguousarray(numpy_helper.to_array(weight).take(keep, axis)), name)


def _cut_input(head: ClassHead, node: Any, i: int, axis: int, keep: Index) -> None:
    node.input[i] = _cut(head, node.input[i], axis, keep)


def _same(head: ClassHead, node: Any, axis: int, keep: Index) -> None:
    _cut_input(head, node, 0, axis, keep)


def _broadcast(head: ClassHead, node: Any, axis: int, keep: Index) -> None:
    rank, length = len(head.shape(node.output[0])), head.shape(node.output[0])[axis]
    for i, name in enumerate(node.input):
        own = axis - (rank - len(head.shape(name)))
        if own >= 0 and head.shape(name)[own] == length:
            _cut_input(head, node, i, own, keep)


def _reduce(head: ClassHead, node: Any, axis: int, keep: Index) -> None:
    rank = len(head.shape(node.input[0]))
    given = int_list(node, "axes") or (_values(head, node.input[1]) if len(node.input) > 1 and node.input[1] else [])
    axes = {a % rank for a in given} or set(range(rank))
    keepdims = next((a.i for a in node.attribute if a.name == "keepdims"), 1)
    source = axis if keepdims else [a for a in range(rank) if a not in axes][axis]
    if source in axes:
        raise _refused(f"{node.op_type} {node.output[0]!r} mixes the classes")
    _cut_input(head, node, 0, source, keep)


def _transpose(head: ClassHead, node: Any, axis: int, keep: Index) -> None:
    order = int_list(node, "perm") or list(reversed(range(len(head.shape(node.input[0])))))
    _cut_input(head, node, 0, order[axis], keep)


def _arrange(head: ClassHead, node: Any, axis: int, keep: Index) -> None:
    """Find the one input axis whose selection leaves the same numbers, however the axes are split or merged."""
    before, after = head.shape(node.input[0]), head.shape(node.output[0])
    found = source_axis(before, after, axis, keep)
    if found is None:
        raise _refused(f"{node.op_type} {node.output[0]!r} interleaves the classes")
    if node.op_type == "Reshape":
        node.input[1] = _new_shape(head, node, axis, len(keep))
    elif node.op_type == "Squeeze" and len(keep) == 1 and not (int_list(node, "axes") or node.input[1:]):
        raise _refused(f"Squeeze {node.output[0]!r} would drop the class axis of one class")
    _cut_input(head, node, 0, *found)


def _new_shape(head: ClassHead, node: Any, axis: int, length: int) -> str:
    """Add a Reshape's target with the class axis cut, and the axis that depends on the batch as -1; return its name."""
    from onnx import numpy_helper

    two, three = head.shapes[node.output[0]]
    shape = [-1 if a != b else a for a, b in zip(two, three, strict=True)]
    shape[axis] = length
    if shape.count(-1) > 1:
        raise _refused(f"Reshape {node.output[0]!r} depends on the batch on {shape.count(-1)} axes")
    name = f"{node.output[0]}__shape"
    head.added.append(numpy_helper.from_array(np.array(shape, np.int64), name))
    return name


def _matmul(head: ClassHead, node: Any, axis: int, keep: Index) -> None:
    if axis != len(head.shape(node.output[0])) - 1:
        _cut_input(head, node, 0, axis - len(head.shape(node.output[0])) + len(head.shape(node.input[0])), keep)
        return
    _cut_input(head, node, 1, len(head.shape(node.input[1])) - 1, keep)


def _gemm(head: ClassHead, node: Any, axis: int, keep: Index) -> None:
    if axis != 1:
        raise _refused(f"Gemm {node.output[0]!r} has the classes as rows")
    transposed = next((a.i for a in node.attribute if a.name == "transB"), 0)
    length = head.shape(node.output[0])[1]
    _cut_input(head, node, 1, 0 if transposed else 1, keep)
    if len(node.input) > 2 and node.input[2] and head.shape(node.input[2])[-1:] == (length,):
        _cut_input(head, node, 2, len(head.shape(node.input[2])) - 1, keep)


def _conv(head: ClassHead, node: Any, axis: int, keep: Index) -> None:
    groups = next((a.i for a in node.attribute if a.name == "group"), 1)
    if axis != 1 or groups != 1:
        raise _refused(f"Conv {node.output[0]!r} in {groups} groups, classes on axis {axis}")
    for i in range(1, len(node.input)):
        if node.input[i]:
            _cut_input(head, node, i, 0, keep)


def _einsum(head: ClassHead, node: Any, axis: int, keep: Index) -> None:
    equation = next(a.s.decode() for a in node.attribute if a.name == "equation").replace(" ", "")
    operands, _, out = equation.partition("->")
    if not out or "." in equation:
        raise _refused(f"Einsum {equation!r} ({node.output[0]!r})")
    for i, operand in enumerate(operands.split(",")):
        if operand.count(out[axis]) > 1:
            raise _refused(f"Einsum {equation!r} ({node.output[0]!r})")
        if out[axis] in operand:
            _cut_input(head, node, i, operand.index(out[axis]), keep)


def _pool(head: ClassHead, node: Any, axis: int, keep: Index) -> None:
    if axis > 1:
        raise _refused(f"{node.op_type} {node.output[0]!r} mixes the classes")
    _cut_input(head, node, 0, axis, keep)


def _norm(head: ClassHead, node: Any, axis: int, keep: Index) -> None:
    for i in range(1, len(node.input)) if axis == 1 else ():
        _cut_input(head, node, i, 0, keep)
    _cut_input(head, node, 0, axis, keep)


def _softmax(head: ClassHead, node: Any, axis: int, keep: Index) -> None:
    rank = len(head.shape(node.output[0]))
    over = next((a.i for a in node.attribute if a.name == "axis"), -1) % rank
    if over == axis:
        raise _refused(f"{node.op_type} {node.output[0]!r} runs over the classes")
    _cut_input(head, node, 0, axis, keep)


def _values(head: ClassHead, name: str) -> Sequence[int]:
    from onnx import numpy_helper

    if name not in head.constants:
        raise _refused(f"axes {name!r} are computed")
    return [int(v) for v in numpy_helper.to_array(head.constants[name]).ravel()]


Rule = Callable[[ClassHead, Any, int, Index], None]
_RULES: dict[str, Rule] = {
    **dict.fromkeys(_SAME, _same),
    **dict.fromkeys(_BROADCAST, _broadcast),
    **dict.fromkeys(("ReduceMax", "ReduceMin", "ReduceSum", "ReduceMean", "ReduceLogSumExp", "ReduceL2"), _reduce),
    **dict.fromkeys(_ARRANGE, _arrange),
    **dict.fromkeys(_POOLS, _pool),
    **dict.fromkeys(("Softmax", "LogSoftmax"), _softmax),
    "Transpose": _transpose,
    "MatMul": _matmul,
    "Gemm": _gemm,
    "Conv": _conv,
    "Einsum": _einsum,
    "BatchNormalization": _norm,
}
