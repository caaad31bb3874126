"""Taps of an ONNX graph: its inner tensors as means over time and frequency, or with channels last for cells."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import Any

from blendkit.errors import BlendkitError
from blendkit.graphs.graph_nodes import Wiring
from blendkit.graphs.onnx_file import require_names

TAP = "__mean"  # suffix of a tap's pooled output
CELLS = "__cells"  # suffix of a tap with its channels last


@dataclass(frozen=True)
class _Tap:
    """A tensor of `rank` axes: the batch first, channels on axis `channel`, the others time and frequency.

    asked: by which name, the tensor's or `TENSOR@AXIS`.
    """

    asked: str
    tensor: str
    channel: int
    rank: int

    @property
    def spatial(self) -> list[int]:
        return [a for a in range(1, self.rank) if a != self.channel]


def with_taps(model: Any, tensors: Sequence[str], outputs: Sequence[str], name: str, *, cut: bool = True) -> Any:
    """Return the graph with only `outputs` and the tensors averaged over all axes but batch and channels.

    tensors: by name; `NAME@K` also says that axis K (0 is the batch) holds the channels, where the graph does not.
    cut: leave out the nodes that none of these outputs needs; without it all nodes stay. Taps are named
    `<tensor>__mean`, [batch, channels]. Raises BlendkitError for a tensor the graph does not have, with the nearest,
    and for one whose channel axis the graph does not tell.
    """
    tapped = _copied(model)
    for tap in _taps(model, tensors, name):
        _append_mean(tapped, tap)
    return _with_outputs(tapped, [*outputs, *(t + TAP for t in tensors)], cut=cut)


def with_whole(model: Any, tensors: Sequence[str], outputs: Sequence[str], name: str) -> Any:
    """Return the graph with only `outputs` and the tensors [batch, time, frequency, channels], named `<tensor>__cells`.

    Raises BlendkitError as `with_taps`, and for a tensor without two axes of time and frequency.
    """
    from onnx import helper

    taps = _taps(model, tensors, name)
    flat = [f"{t.asked!r} has {len(t.spatial)}" for t in taps if len(t.spatial) != 2]
    if flat:
        raise BlendkitError(f"{name}: cells need an axis of time and one of frequency", flat)
    tapped = _copied(model)
    for tap in taps:
        order = [0, *tap.spatial, tap.channel]
        tapped.graph.node.append(helper.make_node("Transpose", [tap.tensor], [tap.asked + CELLS], perm=order))
    return _with_outputs(tapped, [*outputs, *(t + CELLS for t in tensors)], cut=True)


def tensor_names(model: Any) -> list[str]:
    """Return every tensor that the graph computes from its inputs, in graph order: what can be named as a tap."""
    return Wiring(model).tensors


def named_axis(asked: str, tensors: Container[str]) -> tuple[str, int | None]:
    """Return the tensor that a name means, and the axis that `TENSOR@AXIS` states; None where it states none."""
    name, _, axis = asked.rpartition("@")
    stated = asked not in tensors and name in tensors and axis.isdecimal()
    return (name, int(axis)) if stated else (asked, None)


def _taps(model: Any, tensors: Sequence[str], name: str) -> list[_Tap]:
    wiring = Wiring(model)
    meant = {t: named_axis(t, set(wiring.tensors)) for t in tensors}
    require_names(name, "tensor", [t for t, _ in meant.values()], wiring.tensors)
    found = {t: wiring.channel(own) if axis is None else _stated(wiring, own, axis, name)
             for t, (own, axis) in meant.items()}  # fmt: skip
    unknown = [f"{t!r}, made by {wiring.makers[t].op_type}" for t, axes in found.items() if axes is None]
    if unknown:
        near = [t for t in wiring.tensors if wiring.makers[t].op_type in ("Conv", "Add")][-5:]
        first = next(t for t, axes in found.items() if axes is None)
        raise BlendkitError(
            f"{name}: the graph does not tell which axis of these tensors holds the channels",
            [
                *unknown,
                f"say it, with 0 for the batch: `{first}@1` if it is axis 1",
                f"convolutions, and what follows them, can be tapped as they are: {', '.join(near) or 'it has none'}",
            ],
        )
    return [_Tap(t, meant[t][0], *axes) for t, axes in found.items() if axes is not None]


def _stated(wiring: Wiring, tensor: str, axis: int, name: str) -> tuple[int, int]:
    """Return a stated channel axis and the tensor's number of axes. Raises BlendkitError if it has no such axis."""
    known = wiring.channel(tensor)
    rank = known[1] if known else wiring.rank(tensor)
    if rank is None:
        raise BlendkitError(f"{name}: the graph does not tell how many axes {tensor!r} has, so it cannot be tapped")
    if not 1 <= axis < rank:
        raise BlendkitError(f"{name}: {tensor!r} has the axes 0 (the batch) to {rank - 1}, so no channels on {axis}")
    return axis, rank


def _append_mean(tapped: Any, tap: _Tap) -> None:
    from onnx import helper

    if not tap.spatial:
        tapped.graph.node.append(helper.make_node("Identity", [tap.tensor], [tap.asked + TAP]))
        return
    opset = next((o.version for o in tapped.opset_import if o.domain in ("", "ai.onnx")), 0)
    inputs = [tap.tensor]
    attributes: dict[str, Any] = {"axes": tap.spatial}
    if opset >= 18:  # axes became an input
        inputs.append(_axes(tapped, tap.spatial))
        attributes = {}
    tapped.graph.node.append(helper.make_node("ReduceMean", inputs, [tap.asked + TAP], keepdims=0, **attributes))


def _axes(tapped: Any, axes: list[int]) -> str:
    """Return the name of a constant with these axes, made once a graph."""
    import numpy as np
    from onnx import numpy_helper

    name = f"tap_axes_{'_'.join(map(str, axes))}"
    if all(w.name != name for w in tapped.graph.initializer):
        tapped.graph.initializer.append(numpy_helper.from_array(np.array(axes, np.int64), name))
    return name


def _copied(model: Any) -> Any:
    tapped = type(model)()
    tapped.CopyFrom(model)
    del tapped.graph.value_info[:]  # exporters' annotations can contradict the graph; the runtime infers its own
    return tapped


def _with_outputs(model: Any, wanted: list[str], *, cut: bool) -> Any:
    """Add the outputs that the graph lacks, typed by the runtime; with `cut`, only what `wanted` needs stays."""
    from onnx import ValueInfoProto

    present = {o.name: o for o in model.graph.output}
    outputs = [present.get(n) or ValueInfoProto(name=n) for n in wanted]
    if not cut:
        model.graph.output.extend(o for o in outputs if o.name not in present)
        return model
    wiring = Wiring(model)
    live = _needed(wiring, wanted)
    nodes = [n for n in model.graph.node if id(n) in live]
    used = {t for n in nodes for t in n.input} | set(wanted)
    weights = [w for w in model.graph.initializer if w.name in used]
    inputs = [i for i in model.graph.input if i.name not in wiring.weights or i.name in used]
    graph = model.graph
    kept = ((graph.node, nodes), (graph.initializer, weights), (graph.input, inputs), (graph.output, outputs))
    for section, left in kept:
        del section[:]
        section.extend(left)
    return model


def _needed(wiring: Wiring, wanted: Sequence[str]) -> set[int]:
    """Return the ids of the nodes that the wanted tensors need, those read inside loops and branches included."""
    found: set[int] = set()
    queue = list(wanted)
    while queue:
        node = wiring.makers.get(queue.pop())
        if node is not None and id(node) not in found:
            found.add(id(node))
            queue += [*node.input, *_inner_reads(node)]
    return found


def _inner_reads(node: Any) -> list[str]:
    return [t for a in node.attribute for g in (a.g, *a.graphs) for n in g.node for t in (*n.input, *_inner_reads(n))]
