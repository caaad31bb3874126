"""`perch`: Perch v2 as ONNX. Logits of the target classes, embeddings, and block taps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import ceil
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np

from blendkit.core import Float32
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
    PART,
    Batch,
    Cells,
    ClassMap,
    DataFile,
    Factor,
    FilePath,
    MemberContext,
    MemberInfo,
    OnnxBlocks,
    Proxies,
    Threads,
    by_scientific_name,
    locate,
    logits_version,
    model_folders,
    of_each_on_parts,
    part_of,
    read_class_names,
    slim_or_whole,
)

RATE, WINDOW_S = 32000, 5.0
SAMPLES = round(RATE * WINDOW_S)
INPUT, LABEL, EMBEDDING = "inputs", "label", "embedding"
PEAK = 0.25
EMBEDDING_WIDTH = 1536  # of Perch v2; a graph of this contract with another width is another model
# EfficientNet-B3, the channels of its 26 blocks: a graph with the real embedding must have them
WIDTHS = (24,) * 2 + (32,) * 3 + (48,) * 3 + (96,) * 5 + (136,) * 5 + (232,) * 6 + (384,) * 2
_ADVICE = (
    "get perch_v2.onnx and its class list from Kaggle (google/bird-vocalization-classifier) or Hugging Face "
    "(justinchuby/Perch-onnx), or name `model:` and `labels:`"
)

Normalise = Literal["none", "peak"]
_HUBS = ["*erch*/**/labels.csv", "bird-vocalization-classifier/**/labels.csv"]  # a bare `labels.csv` may be anyone's
_find_model = partial(locate, "Perch v2", ["perch_v2.onnx", "perch_v2_no_dft.onnx"], model_folders, _ADVICE)
_find_labels = partial(
    locate, "Perch v2's class list", ["perch_v2_labels.csv", "perch_labels.csv", *_HUBS], model_folders, _ADVICE
)
Model = Annotated[str | None, DataFile(_find_model)]
Labels = Annotated[str | None, DataFile(_find_labels)]


@dataclass(frozen=True)
class PerchMember:
    """Perch v2: windows of 5 s at 32 kHz to logits; embeddings and block means beside them."""

    info: MemberInfo
    session: Any
    ask: GraphNeeds
    labels: ClassMap
    normalise: Normalise
    slope: float
    intercept: float
    inside: OnnxBlocks
    part: int | None = PART
    workers: int = 1

    def predict(self, windows: Float32) -> Float32:
        """Return logits (B, C) of the run's classes; classes Perch does not know hold 0."""
        given = normalised(windows, self.normalise)
        (raw,) = of_each_on_parts(_logits, [self.session], given, self.part, self.workers)
        return self.labels.place((raw * self.slope + self.intercept).astype(np.float32))

    @property
    def blocks(self) -> list[str]:
        """The blocks, found by structure, in graph order."""
        return self.inside.blocks

    @property
    def feature_shapes(self) -> Mapping[str, tuple[int, ...]]:
        """The shape of every other output, and of every block."""
        return self.inside.shapes

    def features(self, windows: Float32, names: Sequence[str]) -> list[Float32]:
        """Return outputs (B, ...) and blocks, as `OnnxBlocks` has them, in the order asked."""
        return self.inside.features(normalised(windows, self.normalise), names)


def _logits(session: Any, windows: Float32) -> Float32:
    return np.asarray(session.run([LABEL], {INPUT: windows})[0])


def normalised(windows: Float32, normalise: Normalise) -> Float32:
    """Return windows as Perch expects them: raw, or centred with their peak at 0.25.

    Both conventions are in use: perch-hoplite normalises, the public Kaggle chains feed raw audio.
    """
    if normalise == "none":
        return windows
    centred = windows - windows.mean(axis=1, keepdims=True, dtype=np.float32)
    peak = np.abs(centred).max(axis=1, keepdims=True)
    scaled = np.where(peak > 0, centred * (PEAK / np.maximum(peak, 1e-12)), centred)
    return np.asarray(scaled, np.float32)


@logits_version(2)
def perch(
    context: MemberContext,
    *,
    model: Model = None,
    labels: Labels = None,
    normalise: Normalise = "none",
    slope: Factor = 1.0,
    intercept: Factor = 0.0,
    synonyms: FilePath | None = None,
    proxies: Proxies = "none",
    slim: bool = True,
    grid: Cells | None = None,
    batch: Batch = 16,
) -> PerchMember:
    """Perch v2 by ONNX path. Outputs are found by name, classes by scientific name.

    model, labels: the graph and its class list (header inat2024_fsd50k); default: those found in the user's caches.
    normalise: whether each window's mean is removed and its peak scaled to 0.25. slope, intercept: what logits are
    multiplied by, and what is added; perch-hoplite uses `peak`, 0.97 and -10. synonyms: a CSV of two names a line;
    `proxies: genus` lets a species without a column take the highest logit of its genus. slim: run the graph cut to
    the run's classes, where that leaves every logit as it is. Features: embedding, spatial_embedding, spectrogram,
    and the mean of every block, found by structure; `grid: [16, 4]` gives blocks as means over that many cells of
    time and frequency, for heads with spatial tokens.
    """
    check_grid("perch", grid)
    path = Path(model) if model else _find_model()
    listed = Path(labels) if labels else _find_labels()
    graph = load_graph(path, "perch")
    inputs, outputs = ports(graph)
    check_input("perch", inputs, INPUT, SAMPLES)
    require_names("perch", "output", [LABEL, EMBEDDING], [o.name for o in outputs])
    names = read_class_names(listed, column=1).names
    check_width("perch", outputs, LABEL, names, listed.name)
    own = Path(synonyms) if synonyms else None
    mapped = by_scientific_name("perch", names, context, synonyms=own, proxies=proxies)
    notes = [mapped.note, f"audio normalisation {normalise}, logits x {slope:g} + {intercept:g}"]
    notes += variant_note(graph)
    run = path
    ask = GraphNeeds(path, "perch", INPUT, SAMPLES, RATE, LABEL, tuple(names), mapped.used)
    if slim:
        run, mapped, note = slim_or_whole(ask, mapped, context)
        notes.append(note)
    threads = Threads.of(context, ceil(batch / PART))
    session = open_session(run, threads.each, "perch", context.provider)
    info = MemberInfo(mapped.classes, mapped.covered, RATE, WINDOW_S, batch, tuple(notes))
    cells = tuple(grid) if grid else None
    real = next(o.shape[-1:] for o in outputs if o.name == EMBEDDING) == [EMBEDDING_WIDTH]
    widths = WIDTHS if real else ()
    inside = OnnxBlocks(path, "perch", INPUT, SAMPLES, LABEL, cells, context.threads, context.provider, widths)
    part = part_of(context.provider)
    return PerchMember(info, session, ask, mapped, normalise, slope, intercept, inside, part, threads.workers)
