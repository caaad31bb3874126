"""`perch-seqhead`: a small head on some blocks of Perch v2, all in ONNX."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from blendkit.core import Float32
from blendkit.graphs import (
    CELLS,
    TAP,
    GraphNeeds,
    check_input,
    graph_bytes,
    load_graph,
    open_session,
    pool_cells,
    ports,
    slim,
    with_whole,
)
from blendkit.member import (
    Batch,
    ClassMap,
    FilePath,
    HeadFile,
    MemberContext,
    MemberInfo,
    by_id,
    open_head,
    try_silence,
)
from blendkit_members.perch import INPUT, RATE, SAMPLES, WINDOW_S, Normalise, normalised

NAME = "perch-seqhead"


@dataclass(frozen=True)
class SeqHeadMember:
    """Backbone blocks, averaged over time and frequency or over cells, into a head: one input per block."""

    info: MemberInfo
    ask: GraphNeeds | None  # of its backbone; None for cells, which `blendkit.graphs` does not know
    blocks: Callable[[Float32], list[Float32]]
    head: HeadFile
    labels: ClassMap
    normalise: Normalise

    def predict(self, windows: Float32) -> Float32:
        """Return logits (B, C) of windows (B, 160000) at 32 kHz."""
        return self.labels.place(self.head.run(self.blocks(normalised(windows, self.normalise))))


def perch_seqhead(
    context: MemberContext,
    *,
    backbone: FilePath,
    head: FilePath,
    normalise: Normalise = "none",
    batch: Batch = 16,
) -> SeqHeadMember:
    """A head exported to ONNX on the blocks it names, such as `blendkit fit seqhead` writes; no torch is needed.

    The head's metadata says `classes` (its columns) and `blocks` (tensor names in the backbone, one per input, in
    input order; any tensor whose channel axis the graph tells). The backbone is cut to those blocks, so its own
    classifier costs nothing. A head whose metadata says which features it was fitted on is refused on others.
    """
    made = open_head(Path(head), context, NAME)
    made.check_features(NAME, Path(backbone), {"normalise": normalise})
    check_input(NAME, ports(load_graph(Path(backbone), NAME))[0], INPUT, SAMPLES)
    ask = GraphNeeds(Path(backbone), NAME, INPUT, SAMPLES, RATE, taps=made.blocks) if made.grid is None else None
    blocks, note = _means(ask, made, context) if ask else _cells(Path(backbone), made, context)
    mapped = by_id(NAME, made.classes, context)
    notes = (mapped.note, f"blocks {', '.join(made.blocks)}", f"audio normalisation {normalise}", note)
    info = MemberInfo(mapped.classes, mapped.covered, RATE, WINDOW_S, batch, notes, made.saw)
    member = SeqHeadMember(info, ask, blocks, made, mapped, normalise)
    try_silence(member, SAMPLES, made.source, NAME)
    return member


def _means(ask: GraphNeeds, head: HeadFile, context: MemberContext) -> tuple[Callable[[Float32], list[Float32]], str]:
    slimmed = slim(ask, context.examples, context.threads)
    trunk = open_session(slimmed.path, context.threads, NAME, context.provider)
    wanted = [b + TAP for b in head.blocks]
    return lambda windows: list(trunk.run(wanted, {INPUT: windows})), slimmed.note()


def _cells(backbone: Path, head: HeadFile, context: MemberContext) -> tuple[Callable[[Float32], list[Float32]], str]:
    grid = head.grid
    assert grid is not None
    graph = with_whole(load_graph(backbone, NAME), head.blocks, [], NAME)
    trunk = open_session(graph_bytes(graph), context.threads, NAME, context.provider)
    wanted = [b + CELLS for b in head.blocks]

    def blocks(windows: Float32) -> list[Float32]:
        return [pool_cells(x, grid) for x in trunk.run(wanted, {INPUT: windows})]

    return blocks, f"blocks as {grid[0]} x {grid[1]} cells"
