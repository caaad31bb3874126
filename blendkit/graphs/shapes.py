"""The shapes of a head's tensors, found by running the graph because exporters mostly leave them out."""

from __future__ import annotations

from typing import Any

import numpy as np

from blendkit.graphs.axis_selection import Shape
from blendkit.graphs.session import open_session

HEADS = ("MatMul", "Gemm", "Conv", "Einsum")  # layers whose weights can be cut to some classes


def head_shapes(model: Any, output: str, source: str, samples: int, name: str) -> dict[str, tuple[Shape, Shape]]:
    """Return the shapes, at batches of 2 and 3, of the tensors from `output` back to the layers in HEADS.

    source: the graph's input, [batch, samples] of float32. Raises BlendkitError naming `name` if the
    runtime refuses the graph.
    """
    from onnx import ValueInfoProto

    probed = type(model)()
    probed.CopyFrom(model)
    names = _between(probed.graph, output)
    declared = {o.name for o in probed.graph.output}
    probed.graph.output.extend(ValueInfoProto(name=n) for n in names if n not in declared)  # typed by the runtime
    session = open_session(bytes(probed.SerializeToString()), 1, name)
    at = [session.run(names, {source: np.zeros((b, samples), np.float32)}) for b in (2, 3)]
    return {n: (tuple(two.shape), tuple(three.shape)) for n, two, three in zip(names, *at, strict=True)}


def _between(graph: Any, output: str) -> list[str]:
    """Return the activations from the output back to the inputs of the layers whose weights can be cut."""
    constants = {w.name for w in graph.initializer}
    makers = {t: n for n in graph.node for t in n.output}
    found: dict[str, None] = {}
    queue = [output]
    while queue:
        name = queue.pop()
        node = makers.get(name)
        if name in found or name in constants or node is None or node.op_type == "Constant":
            continue
        found[name] = None
        if node.op_type not in HEADS:
            queue += [t for t in node.input if t]
        else:
            found.update(dict.fromkeys(t for t in node.input if t in makers))
    return list(found)
