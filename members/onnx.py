"""`onnx`: any ONNX classifier of windows of mono audio."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from blendkit.audio import WindowPool, samples_at
from blendkit.core import Float32, logit
from blendkit.errors import BlendkitError
from blendkit.graphs import (
    GraphNeeds,
    check_grid,
    check_input,
    check_width,
    load_graph,
    open_session,
    ports,
    require_names,
    variant_note,
)
from blendkit.member import (
    BELOW_FLOAT32,
    ClassMap,
    FilePath,
    MemberContext,
    MemberInfo,
    OnnxBlocks,
    by_id,
    read_class_list,
    slim_or_whole,
)


@dataclass(frozen=True)
class OnnxMember:
    """An onnxruntime session with one audio input and one score output."""

    info: MemberInfo
    session: Any
    input: str
    output: str
    labels: ClassMap
    gives: Literal["logit", "prob"]
    inside: OnnxBlocks

    def predict(self, windows: Float32) -> Float32:
        """Return logits (B, C) of windows (B, samples)."""
        values = self.session.run([self.output], {self.input: windows})[0]
        if self.gives == "prob":
            if values.min() < 0 or values.max() > 1:
                raise BlendkitError(
                    f"`gives: prob`, but output {self.output!r} lies in [{values.min():g}, {values.max():g}]",
                    ["did you mean `gives: logit`?"],
                )
            values = logit(values, floor=BELOW_FLOAT32).astype(np.float32)
        return self.labels.place(values)

    @property
    def blocks(self) -> list[str]:
        """The blocks, found by structure, in graph order."""
        return self.inside.blocks

    @property
    def feature_shapes(self) -> Mapping[str, tuple[int, ...]]:
        """The shape of every other output, and of every block."""
        return self.inside.shapes

    def features(self, windows: Float32, names: Sequence[str]) -> list[Float32]:
        """Return other outputs (B, ...) and blocks, as `OnnxBlocks` has them, in the order asked."""
        return self.inside.features(windows, names)


def onnx_member(
    context: MemberContext,
    *,
    model: FilePath,
    classes: FilePath | None = None,
    rate: int,
    window_s: float | None = None,
    hop_s: float | None = None,
    pool: WindowPool = "mean",
    input: str | None = None,  # noqa: A002 - the recipe's key
    output: str | None = None,
    gives: Literal["logit", "prob"] = "logit",
    slim: bool = True,
    grid: list[int] | None = None,
    batch: int = 32,
) -> OnnxMember:
    """Any ONNX model [batch, samples] -> [batch, classes].

    classes: a file with its class ids, one a line (default: the columns' numbers); those that are not the run's
    are left out. rate in Hz; window_s defaults to the chunk, hop_s to the window; other windows are pooled onto
    the chunks (`mean` by shared time, or `max`). input and output default to the only one. gives: what the output
    holds; probabilities are turned into logits. slim: run the graph cut to the run's classes, where that
    leaves every logit as it is. Features: other outputs, and the mean of every block, found by structure;
    `grid: [16, 4]` gives blocks as means over that many cells.
    """
    check_grid("onnx", grid)
    path = Path(model)
    graph = load_graph(path, "onnx")
    inputs, outputs = ports(graph)
    name = _only("input", input, [i.name for i in inputs])
    out = _only("output", output, [o.name for o in outputs])
    window = context.chunk_s if window_s is None else window_s
    check_input("onnx", inputs, name, samples_at(window, rate))
    labels = read_class_list(Path(classes)) if classes else _numbers(outputs, out)
    check_width("onnx", outputs, out, labels, Path(classes).name if classes else path.name)
    mapped, notes = by_id("onnx", labels, context), variant_note(graph)
    ask = GraphNeeds(path, "onnx", name, samples_at(window, rate), rate, out, tuple(labels), mapped.used)
    if slim:
        path, mapped, note = slim_or_whole(ask, mapped, context)
        notes.append(note)
    session = open_session(path, context.threads, "onnx", context.provider)
    info = MemberInfo(
        mapped.classes, mapped.covered, rate, window, batch, (mapped.note, *notes), hop_s=hop_s, pool=pool
    )
    cells = tuple(grid) if grid else None
    inside = OnnxBlocks(Path(model), "onnx", name, ask.samples, out, cells, context.threads, context.provider)
    return OnnxMember(info, session, name, out, mapped, gives, inside)


def _numbers(outputs: list[Any], out: str) -> list[str]:
    width = next(o.shape[-1] for o in outputs if o.name == out)
    if not isinstance(width, int):
        raise BlendkitError(f"onnx: output {out!r} does not say how many columns it has: name them with `classes:`")
    return [str(i) for i in range(width)]


def _only(kind: str, given: str | None, found: list[str]) -> str:
    if given is not None:
        require_names("onnx", kind, [given], found)
        return given
    if len(found) != 1:
        raise BlendkitError(
            f"onnx: `{kind}:` must name one of the graph's {len(found)} {kind}s", [f"found {', '.join(found)}"]
        )
    return found[0]
