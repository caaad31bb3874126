"""Small pieces of ONNX graphs that can be joined."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import onnx

PieceWeights = npt.NDArray[np.float32]
PieceInput = tuple[str, Sequence[int | str]]  # the name and shape of a graph input or output

_OPSET, _IR = 17, 8  # old enough for every onnxruntime in use


@dataclass(frozen=True)
class Piece:
    """Some nodes, their weights, and the name of the tensor they end in."""

    nodes: tuple[onnx.NodeProto, ...]
    weights: tuple[onnx.TensorProto, ...]
    out: str

    def then(self, later: Piece) -> Piece:
        """Return this piece followed by a later one."""
        return Piece(self.nodes + later.nodes, self.weights + later.weights, later.out)


def node(kind: str, inputs: Sequence[str], out: str, **attributes: Any) -> Piece:
    """Return one node named after its output."""
    from onnx import helper

    return Piece((helper.make_node(kind, list(inputs), [out], name=out, **attributes),), (), out)


def constant(name: str, value: npt.ArrayLike, dtype: npt.DTypeLike = np.float32) -> Piece:
    """Return an initializer."""
    from onnx import numpy_helper

    return Piece((), (numpy_helper.from_array(np.asarray(value, dtype=dtype), name),), name)


def conv(source: str, out: str, weight: PieceWeights, bias: PieceWeights, **attributes: Any) -> Piece:
    """Return a convolution with a bias; `weight` is (out, in / group, *kernel)."""
    names = [source, f"{out}_weight", f"{out}_bias"]
    weights = constant(names[1], weight).then(constant(names[2], bias))
    attributes = {"kernel_shape": list(weight.shape[2:]), **attributes}
    return weights.then(node("Conv", names, out, **attributes))


def silu(source: str, out: str) -> Piece:
    """Return x * sigmoid(x), as exported networks spell it."""
    return node("Sigmoid", [source], f"{out}_gate").then(node("Mul", [source, f"{out}_gate"], out))


def onnx_model(
    piece: Piece,
    inputs: Sequence[PieceInput],
    outputs: Sequence[PieceInput],
    metadata: Sequence[tuple[str, str]] = (),
) -> onnx.ModelProto:
    """Close a piece into a checked float32 model; `inputs` and `outputs` are (name, shape) pairs."""
    import onnx
    from onnx import TensorProto, helper

    def infos(pairs: Sequence[PieceInput]) -> list[onnx.ValueInfoProto]:
        return [helper.make_tensor_value_info(name, TensorProto.FLOAT, list(shape)) for name, shape in pairs]

    graph = helper.make_graph(
        list(piece.nodes), "sample", infos(inputs), infos(outputs), initializer=list(piece.weights)
    )
    proto = helper.make_model(
        graph, producer_name="blendkit", opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR
    )
    helper.set_model_props(proto, dict(metadata))
    onnx.checker.check_model(proto)
    return proto


def to_bytes(proto: onnx.ModelProto) -> bytes:
    """Serialise a model, always to the same bytes."""
    return bytes(proto.SerializeToString(deterministic=True))
