"""`perch`: Perch v2 as ONNX. Logits of the target classes, embeddings, and block taps."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from blendkit.member import FilePath, MemberContext, MemberInfo
from blendkit_members.class_map import ClassMap, by_scientific_name, read_labels
from blendkit_members.graph import (
    TAP,
    check_input,
    check_width,
    discover_blocks,
    load_graph,
    open_session,
    require_names,
    with_taps,
)

RATE, WINDOW_S = 32000, 5.0
INPUT, LABEL, EMBEDDING = "inputs", "label", "embedding"
PEAK = 0.25

Normalise = Literal["none", "peak"]


@dataclass(frozen=True)
class PerchMember:
    """Perch v2: windows of 5 s at 32 kHz to logits; embeddings and block means beside them."""

    info: MemberInfo
    session: Any
    tapped: Any  # a session of its own: taps in the same one would change which operators fuse
    labels: ClassMap
    normalise: Normalise
    slope: float
    intercept: float

    def predict(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return logits (B, C) of the run's classes; classes Perch does not know hold 0."""
        raw = self.session.run([LABEL], {INPUT: prepare(windows, self.normalise)})[0]
        return self.labels.place((raw * self.slope + self.intercept).astype(np.float32))

    def features(self, windows: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """Return every other output by name: embedding (B, D) and a mean (B, D_k) per tapped block."""
        names = [o.name for o in self.tapped.get_outputs() if o.name != LABEL]
        values = self.tapped.run(names, {INPUT: prepare(windows, self.normalise)})
        return {n.removesuffix(TAP): v for n, v in zip(names, values, strict=True)}


def prepare(windows: NDArray[np.float32], normalise: Normalise) -> NDArray[np.float32]:
    """Return windows as Perch is to hear them: raw, or centred with their peak at 0.25.

    Both conventions are in use: perch-hoplite normalises, the public Kaggle chains feed raw audio.
    """
    if normalise == "none":
        return windows
    centred = windows - windows.mean(axis=1, keepdims=True, dtype=np.float32)
    peak = np.abs(centred).max(axis=1, keepdims=True)
    return np.where(peak > 0, centred * (PEAK / np.maximum(peak, 1e-12)), centred).astype(np.float32)


def perch(
    context: MemberContext,
    *,
    model: FilePath,
    labels: FilePath,
    normalise: Normalise = "none",
    slope: float = 1.0,
    intercept: float = 0.0,
    taps: Literal["none", "all"] | list[str] = "none",
    batch: int = 16,
) -> PerchMember:
    """Perch v2 by ONNX path. Outputs are found by name, classes by scientific name.

    labels: its class list (header inat2024_fsd50k). normalise, slope, intercept: raw audio and raw
    logits by default; perch-hoplite uses `peak`, 0.97 and -10. taps: block tensors to average and
    give as features, by name or all that are found by structure; logits do not change.
    """
    session = open_session(Path(model), context.threads, "perch")
    check_input("perch", session, INPUT, round(RATE * WINDOW_S))
    require_names("perch", "output", [LABEL, EMBEDDING], [o.name for o in session.get_outputs()])
    tapped = session if taps == "none" else _tapped(Path(model), taps, context.threads)
    names = read_labels(Path(labels))
    check_width("perch", session, LABEL, names, Path(labels).name)
    mapped = by_scientific_name("perch", names, context)
    convention = f"audio normalisation {normalise}, logits x {slope:g} + {intercept:g}"
    info = MemberInfo(mapped.classes, mapped.covered, RATE, WINDOW_S, batch, (mapped.note, convention))
    return PerchMember(info, session, tapped, mapped, normalise, slope, intercept)


def _tapped(model: Path, taps: Literal["all"] | list[str], threads: int) -> Any:
    graph = load_graph(model, "perch")
    blocks = discover_blocks(graph) if taps == "all" else list(taps)
    return open_session(with_taps(graph, blocks, [EMBEDDING], "perch"), threads, "perch")
