"""`perch-seqhead`: a small head on the pooled features of some backbone blocks, all in ONNX."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blendkit.errors import BlendkitError
from blendkit.graphs.onnx_file import check_input, load_graph, metadata, metadata_names, ports
from blendkit.graphs.session import open_session
from blendkit.graphs.slim import Ask, slim
from blendkit.graphs.taps import TAP
from blendkit.member import FilePath, MemberContext, MemberInfo
from blendkit_members.class_map import ClassMap, by_id
from blendkit_members.perch import INPUT, RATE, SAMPLES, WINDOW_S, Normalise, prepare


@dataclass(frozen=True)
class SeqHeadMember:
    """Backbone blocks, averaged over time and frequency, into a head: one input per block."""

    info: MemberInfo
    backbone: Any
    head: Any
    ask: Ask
    labels: ClassMap
    normalise: Normalise

    def predict(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return logits (B, C) of windows (B, 160000) at 32 kHz."""
        features = self.backbone.run([b + TAP for b in self.ask.taps], {INPUT: prepare(windows, self.normalise)})
        names = [i.name for i in self.head.get_inputs()]
        logits = self.head.run(None, dict(zip(names, features, strict=True)))[0]
        return self.labels.place(logits)


def perch_seqhead(
    context: MemberContext,
    *,
    backbone: FilePath,
    head: FilePath,
    normalise: Normalise = "none",
    batch: int = 16,
) -> SeqHeadMember:
    """A head exported to ONNX on the blocks it names; inference needs no torch.

    The head's metadata says `classes` (its columns) and `blocks` (tensor names in the backbone, one
    per input, in input order). The backbone is cut to those blocks, so its own classifier costs nothing.
    """
    graph = load_graph(Path(head), "perch-seqhead")
    source = Path(head).name
    classes, blocks = (metadata_names(graph, key, source, "perch-seqhead") for key in ("classes", "blocks"))
    saw = metadata_names(graph, "saw", source, "perch-seqhead") if "saw" in metadata(graph) else []
    session = open_session(Path(head), context.threads, "perch-seqhead", context.provider)
    _check_head(source, session, classes, blocks)
    check_input("perch-seqhead", ports(load_graph(Path(backbone), "perch-seqhead"))[0], INPUT, SAMPLES)
    ask = Ask(Path(backbone), "perch-seqhead", INPUT, SAMPLES, RATE, taps=tuple(blocks))
    slimmed = slim(ask, context.examples, context.threads)
    trunk = open_session(slimmed.path, context.threads, "perch-seqhead", context.provider)
    outputs = [o.name for o in trunk.get_outputs()]
    assert [o for o in outputs if o.endswith(TAP)] == [b + TAP for b in blocks], "taps come in the order asked"
    mapped = by_id("perch-seqhead", classes, context)
    notes = (mapped.note, f"blocks {', '.join(blocks)}", f"audio normalisation {normalise}", slimmed.note())
    info = MemberInfo(mapped.classes, mapped.covered, RATE, WINDOW_S, batch, notes, tuple(saw))
    made = SeqHeadMember(info, trunk, session, ask, mapped, normalise)
    _check_widths(made, source)
    return made


def _check_widths(member: SeqHeadMember, source: str) -> None:
    """Hear one silent window: block widths are only known once the graphs run together."""
    try:
        member.predict(np.zeros((1, SAMPLES), np.float32))
    except BlendkitError:
        raise
    except Exception as error:  # the runtime raises its own family of exceptions
        reason = " ".join(str(error).split())
        raise BlendkitError(f"perch-seqhead: {source} does not fit the backbone's blocks", [reason]) from error


def _check_head(name: str, session: Any, classes: list[str], blocks: list[str]) -> None:
    inputs, output = session.get_inputs(), session.get_outputs()[0]
    if len(inputs) != len(blocks):
        raise BlendkitError(f"perch-seqhead: {name} has {len(inputs)} inputs but names {len(blocks)} blocks")
    if isinstance(output.shape[-1], int) and output.shape[-1] != len(classes):
        raise BlendkitError(f"perch-seqhead: {name} gives {output.shape[-1]} columns but names {len(classes)} classes")
