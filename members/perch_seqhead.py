"""`perch-seqhead`: a small head, or the heads of folds, on some blocks of Perch v2, all in ONNX."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from blendkit.core import Float32, Saw
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
    FoldHeads,
    MemberContext,
    MemberInfo,
    by_id,
    open_heads,
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
    heads: FoldHeads
    labels: ClassMap
    normalise: Normalise

    @property
    def fold_saw(self) -> tuple[Saw, ...]:
        """What each head learned from; empty where there is one."""
        return self.heads.fold_saw

    def only(self, folds: Sequence[int]) -> SeqHeadMember:
        """Return the member of these heads alone."""
        return replace(self, heads=self.heads.only(folds))

    def predict(self, windows: Float32) -> Float32:
        """Return logits (B, C) of windows (B, 160000) at 32 kHz."""
        return self.labels.place(self.heads.run(self.blocks(normalised(windows, self.normalise))))


def perch_seqhead(
    context: MemberContext,
    *,
    backbone: FilePath,
    head: FilePath | list[FilePath],
    normalise: Normalise = "none",
    batch: Batch = 16,
) -> SeqHeadMember:
    """A head exported to ONNX on the blocks it names, such as `blendkit fit seqhead` writes; no torch is needed.

    head: its metadata says `classes` (its columns) and `blocks` (tensor names in the backbone, one per input, in input
    order; any tensor whose channel axis the graph tells). The backbone is cut to those blocks, so its own classifier
    costs nothing. A head whose metadata says which features it was fitted on is refused on others. A list of heads of
    one fit, its folds, gives the mean of their logits, and a recording that some of them learned from is scored by the
    others.
    """
    heads = open_heads(head, context, NAME, model=Path(backbone), settings={"normalise": normalise})
    made = heads.first
    check_input(NAME, ports(load_graph(Path(backbone), NAME))[0], INPUT, SAMPLES)
    ask = None if made.grid else GraphNeeds(Path(backbone), NAME, INPUT, SAMPLES, RATE, taps=made.blocks)
    blocks, note = _means(ask, context) if ask else _cells(Path(backbone), made.blocks, made.grid or (), context)
    mapped = by_id(NAME, made.classes, context)
    notes = (mapped.note, *heads.notes(), f"audio normalisation {normalise}", note)
    info = MemberInfo(mapped.classes, mapped.covered, RATE, WINDOW_S, batch, notes, heads.saw)
    member = SeqHeadMember(info, ask, blocks, heads, mapped, normalise)
    try_silence(member, SAMPLES, heads.source, NAME)
    return member


Blocks = tuple[Callable[[Float32], list[Float32]], str]  # windows to the features of the blocks, and a note


def _means(ask: GraphNeeds, context: MemberContext) -> Blocks:
    slimmed = slim(ask, context.examples, context.threads)
    trunk = open_session(slimmed.path, context.threads, NAME, context.provider)
    wanted = [b + TAP for b in ask.taps]
    return lambda windows: list(trunk.run(wanted, {INPUT: windows})), slimmed.note()


def _cells(backbone: Path, names: Sequence[str], grid: tuple[int, ...], context: MemberContext) -> Blocks:
    graph = with_whole(load_graph(backbone, NAME), names, [], NAME)
    trunk = open_session(graph_bytes(graph), context.threads, NAME, context.provider)
    wanted = [b + CELLS for b in names]

    def blocks(windows: Float32) -> list[Float32]:
        return [pool_cells(x, grid) for x in trunk.run(wanted, {INPUT: windows})]

    return blocks, f"blocks as {grid[0]} x {grid[1]} cells"
