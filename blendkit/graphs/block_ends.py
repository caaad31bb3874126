"""Where the MBConv blocks of an ONNX graph end: at the residual Add, else at the projection's normalisation."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from blendkit.errors import BlendkitError, shorten
from blendkit.graphs.graph_nodes import CONV, ELEMENTWISE, PASSING, POOLING, Wiring, conv_groups

_SCOPE = re.compile(r"MBConv_(\d+)(?:/|$)")


@dataclass(frozen=True)
class BlockEnd:
    """The tensor that a block ends in, its channels (0 if not known), and its number where the exporter gave one."""

    end: str
    width: int
    number: int | None = None


def find_blocks(model: Any, name: str) -> list[BlockEnd]:
    """Return the MBConv blocks of a graph, in graph order; [] if there are none.

    A block is recognised by its depthwise convolution; its projection is the 1x1 convolution (or matrix product) that
    follows, and it ends after the normalisation of the projection, or at the Add of its own residual. Where exporters
    scoped the blocks (`MBConv_<n>/`), only these are blocks. Raises BlendkitError naming `name`, with the candidates,
    for a block whose end cannot be told.
    """
    wiring = Wiring(model)
    deep = [n for n in model.graph.node if _is_depthwise(wiring, n)]
    scopes = {id(n): _scope(n) for n in deep}
    scoped = any(s is not None for s in scopes.values())
    found, problems = [], []
    for node in deep:
        number = scopes[id(node)]
        if scoped and number is None:
            continue  # a filter of the front end
        ends = _ends(wiring, node)
        if len(ends) == 1:
            found.append(BlockEnd(*ends[0], number))
        elif ends or scoped:
            what = node.output[0] if number is None else f"MBConv_{number}"
            problems.append(f"{what} may end in {shorten([e for e, _ in ends]) or 'no tensor that could be found'}")
    if scoped and not problems:
        problems = _miscounted([b.number or 0 for b in found])
    if problems:
        raise BlendkitError(f"{name}: the ends of this graph's blocks cannot be told", [*problems, _way_out(found)])
    return _in_order(found)


def check_widths(blocks: Sequence[BlockEnd], expected: Sequence[int], name: str) -> None:
    """Raise BlendkitError, with what was found, unless the blocks have these channels."""
    found = [b.width for b in blocks]
    if found != list(expected):
        problems = [
            f"expected {len(expected)} blocks of {_runs(expected)} channels",
            f"found {len(found)} of {_runs(found) or 'none'}",
            _way_out(blocks),
        ]
        raise BlendkitError(f"{name}: these are not the blocks of this model", problems)


def _in_order(blocks: list[BlockEnd]) -> list[BlockEnd]:
    numbered = all(b.number is not None for b in blocks)
    return sorted(blocks, key=lambda b: b.number or 0) if numbered else list({b.end: b for b in blocks}.values())


def _miscounted(numbers: list[int]) -> list[str]:
    if sorted(numbers) == list(range(len(numbers))):
        return []
    return [f"their scopes are numbered {', '.join(map(str, sorted(numbers)))}, expected 0 to {len(numbers) - 1}"]


def _way_out(blocks: Sequence[BlockEnd]) -> str:
    known = f" (found: {shorten([b.end for b in blocks])})" if blocks else ""
    return f"name the tensors that you want yourself{known}"


def _runs(widths: Sequence[int]) -> str:
    """Write widths as `24 x2, 32 x3`."""
    parts: list[list[int]] = []
    for width in widths:
        if parts and parts[-1][0] == width:
            parts[-1][1] += 1
        else:
            parts.append([width, 1])
    return ", ".join(f"{w} x{n}" for w, n in parts)


def _scope(node: Any) -> int | None:
    for text in (node.name, *node.output, *node.input[1:]):
        match = _SCOPE.search(text)
        if match:
            return int(match[1])
    return None


def _is_depthwise(wiring: Wiring, node: Any) -> bool:
    if node.op_type not in CONV or conv_groups(node) == 1:
        return False
    weight = wiring.dims(node.input[1])
    return weight is None or weight[1] == 1


def _ends(wiring: Wiring, depthwise: Any) -> list[tuple[str, int]]:
    """Follow a depthwise convolution forward to its projections; return where each ends, and its channels.

    A squeeze-and-excite branch starts with pooling; what lies on it is no projection.
    """
    start = depthwise.output[0]
    later = wiring.after(start)
    found: dict[str, int] = {}
    seen, queue = set(), [start]
    while queue:
        tensor = queue.pop(0)
        for reader in wiring.readers.get(tensor, []):
            width = _projected(wiring, reader, tensor)
            if width is not None:
                for end in _after_projection(wiring, reader, later):
                    found[end] = width
            elif id(reader) not in seen and reader.op_type not in (*CONV, "MatMul", "Gemm", *POOLING):
                seen.add(id(reader))
                queue += list(reader.output)
    return list(found.items())


def _projected(wiring: Wiring, node: Any, source: str) -> int | None:
    """Return the channels of a 1x1 convolution to as many or fewer channels; None for any other node."""
    if len(node.input) < 2 or node.input[0] != source:
        return None
    weight = wiring.dims(node.input[1]) if wiring.is_constant(node.input[1]) else None
    if node.op_type in CONV:
        if conv_groups(node) != 1:
            return None
        if weight is None:
            return 0 if wiring.is_constant(node.input[1]) else None
        return weight[0] if set(weight[2:]) == {1} and weight[0] <= weight[1] else None
    if node.op_type == "MatMul" and weight is not None and len(weight) == 2:
        return weight[1] if weight[1] <= weight[0] else None
    return None


def _after_projection(wiring: Wiring, projection: Any, later: set[str]) -> list[str]:
    """Return the outputs of the block's residual Adds, else the projection after its normalisation.

    An Add is the block's own if its other input does not come from the block's depthwise convolution (`later`);
    otherwise this tensor is the skip connection of the next block. Layout changes between projection and normalisation
    belong to the block, those after it to the next one.
    """
    end = tensor = str(projection.output[0])
    while True:
        readers = wiring.readers.get(tensor, [])
        own = [n for n in readers if n.op_type in ("Add", "Sum") and _is_residual(wiring, n, tensor, later)]
        if own:
            return [str(n.output[0]) for n in own]
        following = readers[0] if len(readers) == 1 else None
        if following is None:
            return [end]
        if _normalises(wiring, following):
            end = tensor = str(following.output[0])
        elif following.op_type in ("Transpose", "Reshape", "Squeeze", "Unsqueeze", *PASSING):
            tensor = str(following.output[0])
        else:
            return [end]


def _is_residual(wiring: Wiring, node: Any, tensor: str, later: set[str]) -> bool:
    others = [t for t in wiring.data(node) if t != tensor]
    return bool(others) and not later.intersection(others)


def _normalises(wiring: Wiring, node: Any) -> bool:
    """Return whether a node scales or shifts by constants, as a batch normalisation does, folded or not."""
    if node.op_type in ("BatchNormalization", "InstanceNormalization", "GroupNormalization"):
        return True
    return node.op_type in ELEMENTWISE and len(wiring.data(node)) == 1
