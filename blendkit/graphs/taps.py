"""Block taps of an ONNX graph, found by the graph's structure and averaged inside the graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from blendkit.graphs.onnx_file import require_names

_POOLING = ("GlobalAveragePool", "GlobalMaxPool", "ReduceMean", "AveragePool")
TAP = "__mean"  # suffix of a tap's pooled output


def discover_blocks(model: Any) -> list[str]:
    """Return the end tensors of the graph's MBConv blocks, in graph order.

    A block is recognised by its depthwise convolution (as many groups as channels, more than one): its end
    is the next 1x1 convolution after it, or the residual Add that follows that one.
    """
    weights = {w.name: w for w in model.graph.initializer}
    readers: dict[str, list[Any]] = {}
    for node in model.graph.node:
        for tensor in node.input:
            readers.setdefault(tensor, []).append(node)
    made_at = {t: i for i, node in enumerate(model.graph.node) for t in node.output}
    ends = []
    for node in model.graph.node:
        filters = weights.get(node.input[1]) if node.op_type == "Conv" else None
        if filters is not None and 1 < _groups(node) == filters.dims[0]:
            end = _block_end(node, readers, weights, made_at)
            if end is not None:
                ends.append(end)
    return list(dict.fromkeys(ends))


def with_taps(model: Any, blocks: Sequence[str], outputs: Sequence[str], name: str, *, cut: bool = True) -> Any:
    """Return the graph with only `outputs` and the block tensors averaged over their last two axes.

    cut: leave out the nodes that none of these outputs needs; without it all nodes stay.

    Block outputs are named `<tensor>__mean`, [batch, channels]. Raises BlendkitError for a tensor the
    graph does not have, with the nearest.
    """
    from onnx import TensorProto, helper, numpy_helper, utils

    tensors = [t for node in model.graph.node for t in node.output]
    require_names(name, "tensor", blocks, tensors)
    tapped = type(model)()
    tapped.CopyFrom(model)
    opset = next((o.version for o in tapped.opset_import if o.domain in ("", "ai.onnx")), 0)
    if opset >= 18:  # axes became an input
        import numpy as np

        tapped.graph.initializer.append(numpy_helper.from_array(np.array([2, 3], np.int64), "tap_axes"))
    for block in blocks:
        pooled = block + TAP
        inputs = [block, "tap_axes"] if opset >= 18 else [block]
        axes: dict[str, Any] = {} if opset >= 18 else {"axes": [2, 3]}
        tapped.graph.node.append(helper.make_node("ReduceMean", inputs, [pooled], keepdims=0, **axes))
        tapped.graph.output.append(helper.make_tensor_value_info(pooled, TensorProto.FLOAT, ["batch", None]))
    wanted = [*outputs, *(b + TAP for b in blocks)]
    return utils.Extractor(tapped).extract_model([i.name for i in tapped.graph.input], wanted) if cut else tapped


def with_whole(model: Any, blocks: Sequence[str], outputs: Sequence[str], name: str) -> Any:
    """Return the graph with only `outputs` and the unchanged block tensors [batch, channels, ...].

    Raises BlendkitError as `with_taps`.
    """
    from onnx import TensorProto, helper, utils

    require_names(name, "tensor", blocks, [t for node in model.graph.node for t in node.output])
    tapped = type(model)()
    tapped.CopyFrom(model)
    present = {o.name for o in model.graph.output}
    more = [helper.make_tensor_value_info(b, TensorProto.FLOAT, None) for b in blocks if b not in present]
    tapped.graph.output.extend(more)
    return utils.Extractor(tapped).extract_model([i.name for i in tapped.graph.input], [*outputs, *blocks])


def _groups(node: Any) -> int:
    return next((int(a.i) for a in node.attribute if a.name == "group"), 1)


def _block_end(
    depthwise: Any, readers: dict[str, list[Any]], weights: dict[str, Any], made_at: dict[str, int]
) -> str | None:
    """Follow a depthwise convolution forward to its projection, and over the block's own residual Add.

    A squeeze-and-excite branch starts with pooling; its convolutions are not projections.
    """
    seen, queue = set(), [depthwise.output[0]]
    while queue:
        tensor = queue.pop(0)
        for reader in readers.get(tensor, []):
            if reader.op_type == "Conv" and _is_projection(reader, weights):
                return _after_residual(reader, readers, made_at, made_at[depthwise.output[0]])
            if id(reader) not in seen and reader.op_type not in ("Conv", *_POOLING):
                seen.add(id(reader))
                queue += list(reader.output)
    return None


def _is_projection(node: Any, weights: dict[str, Any]) -> bool:
    dims = list(weights[node.input[1]].dims) if node.input[1] in weights else []
    return _groups(node) == 1 and len(dims) == 4 and dims[2:] == [1, 1] and dims[1] >= dims[0]


def _after_residual(projection: Any, readers: dict[str, list[Any]], made_at: dict[str, int], start: int) -> str:
    """Return the output of the block's residual Add, else of its projection.

    An Add is the block's own if its other input was computed before the block's depthwise convolution;
    otherwise this tensor is the skip connection of the next block.
    """
    tensor = str(projection.output[0])
    following = readers.get(tensor, [])
    if len(following) == 1 and following[0].op_type == "BatchNormalization":
        tensor = str(following[0].output[0])
        following = readers.get(tensor, [])
    for node in following:
        others = [t for t in node.input if t != tensor]
        if node.op_type == "Add" and others and made_at.get(others[0], -1) < start:
            return str(node.output[0])
    return tensor
