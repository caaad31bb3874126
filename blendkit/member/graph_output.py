"""Where an ONNX graph gives its scores: which output, and which of its axes are classes and frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blendkit.errors import BlendkitError
from blendkit.graphs import Port, require_names
from blendkit.member.graph_input import FLOATS

_AS_FLOATS = "scores are floats [batch, classes]: export those of every class as such (skl2onnx: `zipmap: False`)"


@dataclass(frozen=True)
class GraphOutput:
    """The output of scores. axis: the axis of its classes, that of windows being 0; frames: per window, 0 if none."""

    name: str
    axis: int
    width: int
    frames: int
    plain: bool

    def arranged(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return values (B, ...) of the graph as (B, L), or as (B, T, L) if it gives frames."""
        if values.ndim <= self.axis or values.shape[self.axis] != self.width:
            found = f"{list(values.shape)}, its class list has {self.width}"
            raise BlendkitError(f"the model gave scores of shape {found}")
        frames = np.moveaxis(values, self.axis, -1).reshape(len(values), -1, self.width)
        return frames if self.frames else frames[:, 0]


def score_output(
    member: str, outputs: Sequence[Port], given: str | None, labels: Sequence[str] | None, source: str
) -> tuple[GraphOutput, list[str]]:
    """Return the output that holds the scores of the `labels` (None: of as many classes as it has), and notes.

    outputs: with the shapes that they really have, the first axis for windows. given: its name, where the recipe names
    it; otherwise the only one, or the only one with an axis of that many classes. source: the file of the labels.
    Raises BlendkitError listing the outputs if none or several could be meant, and for an output whose axes do not
    say which are classes and which are frames.
    """
    port, notes = _chosen(member, outputs, given, labels)
    if port.type not in FLOATS:
        raise BlendkitError(
            f"{member}: output {port.name!r} holds {port.type}, not scores",
            [f"found {_listed(outputs)}", _AS_FLOATS],
        )
    axis = _class_axis(member, port, len(labels) if labels is not None else None, source)
    width = int(str(port.shape[axis]))
    others = [d for i, d in enumerate(port.shape) if i not in (0, axis) and d != 1]
    if len(others) > 1:
        raise BlendkitError(
            f"{member}: output {port} has {len(others)} axes beside windows and classes, expected at most frames",
            ["average it over the others before you export it, as [batch, classes] or [batch, frames, classes]"],
        )
    frames = int(str(others[0])) if others else 0
    plain = len(port.shape) == 2 and port.type == "tensor(float)"
    return GraphOutput(port.name, axis, width, frames, plain), notes


def with_shapes(outputs: Sequence[Port], found: Sequence[NDArray[Any]]) -> list[Port]:
    """Return the outputs with the shapes of values that a graph gave, and the first axis free."""
    return [
        replace(o, shape=["batch", *v.shape[1:]], ranked=True) if o.type.startswith("tensor(") else o
        for o, v in zip(outputs, found, strict=True)
    ]


def _chosen(
    member: str, outputs: Sequence[Port], given: str | None, labels: Sequence[str] | None
) -> tuple[Port, list[str]]:
    if given is not None:
        require_names(member, "output", [given], [o.name for o in outputs])
        return next(o for o in outputs if o.name == given), []
    if len(outputs) == 1:
        return outputs[0], []
    scores = [o for o in outputs if o.type in FLOATS and (labels is None or len(labels) in o.shape[1:])]
    if len(scores) != 1:
        wanted = "holds floats" if labels is None else f"has an axis of {len(labels)} classes"
        raise BlendkitError(
            f"{member}: `output:` must name one of the graph's {len(outputs)} outputs",
            [
                f"found {_listed(outputs)}",
                f"exactly one that {wanted} would be taken; here it is {len(scores)}",
                *([] if all(o.type in FLOATS for o in outputs) else [_AS_FLOATS]),
            ],
        )
    why = "with floats" if labels is None else f"with {len(labels)} classes"
    return scores[0], [f"scores from output {scores[0]}, the only one of {len(outputs)} {why}"]


def _listed(outputs: Sequence[Port]) -> str:
    return ", ".join(map(str, outputs))


def _class_axis(member: str, port: Port, width: int | None, source: str) -> int:
    """Return the axis of the classes: the only one of that length."""
    own = {i: d for i, d in enumerate(port.shape) if i > 0}
    long = [i for i, d in own.items() if d != 1]
    if not own:
        raise BlendkitError(
            f"{member}: output {port} has no axis of classes", ["export it as [batch, classes], [batch, 1] for one"]
        )
    if width is None:
        if len(long) > 1:
            raise BlendkitError(f"{member}: output {port} may hold frames: name its classes with `classes:`")
        return long[0] if long else max(own)
    found = [i for i, d in own.items() if d == width]
    if len(found) > 1 and width > 1:
        raise BlendkitError(
            f"{member}: output {port} can be read in two ways, as both axes have the {width} classes of {source}",
            [
                "[batch, frames, classes] and [batch, classes, frames]",
                "pool it over its frames before you export it, as [batch, classes], or name another output",
            ],
        )
    if not found and len(long) <= 1:
        has = own[long[0]] if long else 1
        ways = ["is its first row a header? then name its `class_column:` by that"] if width - 1 == has else []
        raise BlendkitError(f"{member}: output {port.name!r} has {has} classes, {source} lists {width}", ways)
    if not found:
        raise BlendkitError(f"{member}: output {port} has no axis of {width} classes, as many as {source} lists")
    return found[-1] if width == 1 else found[0]
