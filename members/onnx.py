"""`onnx`: any ONNX classifier that takes windows of mono audio."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from blendkit.errors import BlendkitError
from blendkit.grid import Pool, samples_at
from blendkit.member import FilePath, MemberContext, MemberInfo
from blendkit.ops.spaces import logit
from blendkit_members.class_map import ClassMap, by_id, read_labels
from blendkit_members.graph import check_input, check_width, open_session, require_names

BELOW_FLOAT32 = 2.0**-150  # stands for an exact 0: half of float32's smallest positive value


@dataclass(frozen=True)
class OnnxMember:
    """An onnxruntime session with one audio input and one score output."""

    info: MemberInfo
    session: Any
    input: str
    output: str
    labels: ClassMap
    gives: Literal["logit", "prob"]

    def predict(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
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


def onnx_member(
    context: MemberContext,
    *,
    model: FilePath,
    classes: FilePath,
    rate: int,
    window_s: float | None = None,
    hop_s: float | None = None,
    pool: Pool = "mean",
    input: str | None = None,  # noqa: A002 - the word a recipe uses
    output: str | None = None,
    gives: Literal["logit", "prob"] = "logit",
    batch: int = 32,
) -> OnnxMember:
    """Any ONNX model [batch, samples] -> [batch, classes].

    classes: a file with its class ids, one a line; those that are not the run's are left out. rate in
    Hz; window_s defaults to the chunk, hop_s to the window; other windows are pooled onto the chunks
    (`mean` by shared time, or `max`). input and output default to the only one. gives: what the output
    holds; probabilities are turned into logits.
    """
    session = open_session(Path(model), context.threads, "onnx")
    inputs = [i.name for i in session.get_inputs()]
    outputs = [o.name for o in session.get_outputs()]
    name = _only("input", input, inputs)
    out = _only("output", output, outputs)
    window = context.chunk_s if window_s is None else window_s
    check_input("onnx", session, name, samples_at(window, rate))
    labels = read_labels(Path(classes))
    check_width("onnx", session, out, labels, Path(classes).name)
    mapped = by_id("onnx", labels, context)
    info = MemberInfo(mapped.classes, mapped.covered, rate, window, batch, (mapped.note,), hop_s=hop_s, pool=pool)
    return OnnxMember(info, session, name, out, mapped, gives)


def _only(kind: str, given: str | None, found: list[str]) -> str:
    if given is not None:
        require_names("onnx", kind, [given], found)
        return given
    if len(found) != 1:
        raise BlendkitError(
            f"onnx: `{kind}:` must name one of the graph's {len(found)} {kind}s", [f"found {', '.join(found)}"]
        )
    return found[0]
