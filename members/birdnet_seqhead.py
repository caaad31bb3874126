"""`birdnet-seqhead`: a small head, or the heads of folds, on some blocks of BirdNET v2.4."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from blendkit.audio import edges, onto_chunks, place, samples_at
from blendkit.core import Float32, Float64, Saw
from blendkit.member import (
    Batch,
    ClassMap,
    FilePath,
    FoldHeads,
    MemberContext,
    MemberInfo,
    Seconds,
    by_id,
    open_heads,
    try_silence,
)
from blendkit.store import require_features
from blendkit_members.birdnet import MODEL_FILE, RATE, WINDOW_S, BirdnetMember, Labels, Model, birdnet, find_file

NAME = "birdnet-seqhead"


@dataclass(frozen=True)
class BirdnetSeqHeadMember:
    """A chunk's BirdNET windows, their blocks averaged by shared time as in the head's training, and the head."""

    info: MemberInfo
    backbone: BirdnetMember
    heads: FoldHeads
    labels: ClassMap

    @property
    def fold_saw(self) -> tuple[Saw, ...]:
        """What each head learned from; empty where there is one."""
        return self.heads.fold_saw

    def only(self, folds: Sequence[int]) -> BirdnetSeqHeadMember:
        """Return the member of these heads alone."""
        return replace(self, heads=self.heads.only(folds))

    def predict(self, windows: Float32) -> Float32:
        """Return logits (B, C) of chunks (B, chunk_s * 48000)."""
        backbone = self.backbone.info
        bounds = edges(1, self.info.window_s, RATE)
        starts, overlaps = place(bounds, WINDOW_S, backbone.hop_s or WINDOW_S, RATE, backbone.anchor)
        size = samples_at(WINDOW_S, RATE)
        padded = np.pad(windows, ((0, 0), (0, max(0, int(starts[-1]) + size - windows.shape[1]))))
        cut = np.stack([padded[:, s : s + size] for s in starts.tolist()], axis=1)
        found = self.backbone.features(cut.reshape(-1, size), self.heads.first.blocks)
        per_chunk = [self._averaged(f, len(windows), partial(onto_chunks, pairs=overlaps, pool="mean")) for f in found]
        return self.labels.place(self.heads.run(per_chunk))

    @staticmethod
    def _averaged(found: Float32, chunks: int, mean: partial[Float64]) -> Float32:
        flat = found.reshape(chunks, -1, int(np.prod(found.shape[1:]))).astype(np.float64)
        return np.concatenate([mean(x) for x in flat]).reshape(chunks, *found.shape[1:]).astype(np.float32)


def birdnet_seqhead(
    context: MemberContext,
    *,
    head: FilePath | list[FilePath],
    model: Model = None,
    labels: Labels = None,
    hop_s: Seconds = 2.0,
    batch: Batch = 8,
) -> BirdnetSeqHeadMember:
    """A head exported to ONNX on BirdNET's blocks, such as `blendkit fit seqhead` writes; no torch is needed.

    head: its metadata says `classes` and `blocks` (`3-3`, `embedding`). Windows of 3 s start every hop_s from each
    chunk's start, and their blocks are averaged by the time they share with the chunk, as `blendkit fit features
    birdnet` does. A head whose metadata says which features it was fitted on is refused on others. A list of heads of
    one fit, its folds, gives the mean of their logits, and a recording that some of them learned from is scored by the
    others.
    """
    source = Path(model) if model else find_file(MODEL_FILE)
    heads = open_heads(head, context, NAME, model=source, settings={"hop_s": hop_s, "anchor": "chunk"})
    made = heads.first
    alone = replace(context, classes=())  # the backbone's own scores are not used, so it needs no class map
    backbone = birdnet(alone, model=model, labels=labels, hop_s=hop_s, grid=list(made.grid) if made.grid else None)
    require_features(f"{NAME}: BirdNET", made.blocks, backbone.feature_shapes)
    mapped = by_id(NAME, made.classes, context)
    notes = (mapped.note, *heads.notes())
    info = MemberInfo(mapped.classes, mapped.covered, RATE, context.chunk_s, batch, notes, heads.saw)
    member = BirdnetSeqHeadMember(info, backbone, heads, mapped)
    try_silence(member, samples_at(context.chunk_s, RATE), heads.source, NAME)
    return member
