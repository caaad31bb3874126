"""`onnx`: any ONNX classifier of windows of mono audio."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from blendkit.audio import Anchor, FramePool, samples_at
from blendkit.core import Float32, Matrix
from blendkit.errors import BlendkitError
from blendkit.graphs import GraphNeeds, Port, check_grid, load_graph, metadata_saw, open_session, ports, variant_note
from blendkit.member import (
    PART,
    Batch,
    Cells,
    ClassBy,
    ClassMap,
    ClassNames,
    Column,
    FilePath,
    GraphInput,
    GraphOutput,
    GraphRunner,
    MemberContext,
    MemberInfo,
    OnnxBlocks,
    Proxies,
    Rate,
    Seconds,
    Threads,
    apart,
    as_logits,
    as_probabilities,
    audio_input,
    logits_version,
    match_classes,
    of_each_on_parts,
    read_class_names,
    score_output,
    slim_or_whole,
    stated_space,
    trial_windows,
    with_shapes,
)

Space = Literal["logit", "prob"]
NAME = "onnx"


@dataclass(frozen=True)
class OnnxMember:
    """A graph with one input of windows and one output of scores."""

    info: MemberInfo
    runner: GraphRunner
    output: GraphOutput
    labels: ClassMap
    gives: Space
    inside: OnnxBlocks
    workers: int = 1

    def predict(self, windows: Float32) -> Matrix:
        """Return logits (B, C) of windows (B, samples), or frame probabilities (B, T, C) with the pool `frames`."""
        (values,) = of_each_on_parts(self._arranged, [self.runner], windows, self.runner.part, self.workers)
        if self.info.pool == "frames":
            return self._frames(values)
        if values.ndim == 3:
            values = values.max(axis=1) if self.info.pool == "max" else _mean(values)
        return self.labels.place(as_logits(NAME, self.output.name, values, self.gives).astype(np.float32))

    def _arranged(self, runner: GraphRunner, windows: Float32) -> NDArray[Any]:
        return self.output.arranged(runner.run([self.output.name], windows)[0])

    def _frames(self, values: NDArray[Any]) -> Matrix:
        found = as_probabilities(NAME, self.output.name, values, self.gives)
        flat = self.labels.place(found.reshape(-1, found.shape[-1]))
        return flat.reshape(*found.shape[:-1], -1)

    @property
    def blocks(self) -> list[str]:
        """The blocks, found by structure, in graph order; none of a graph whose input is not [batch, samples]."""
        return self.inside.blocks if self.runner.input.plain else []

    @property
    def feature_shapes(self) -> Mapping[str, tuple[int, ...]]:
        """The shape of every other output, and of every block."""
        return self.inside.shapes if self.runner.input.plain else {}

    def features(self, windows: Float32, names: Sequence[str]) -> list[Float32]:
        """Return other outputs (B, ...) and blocks, as `OnnxBlocks` has them, in the order asked."""
        if not self.runner.input.plain:
            raise BlendkitError(f"{NAME}: features need an input [batch, samples] of float32 for any batch")
        if not self.runner.alone:
            return self.inside.features(windows, names)
        each = [self.inside.features(w[None], names) for w in windows]
        return [np.concatenate(found) for found in zip(*each, strict=True)]


@logits_version(4)
def onnx_member(
    context: MemberContext,
    *,
    model: FilePath,
    classes: FilePath | None = None,
    class_by: ClassBy = "id",
    class_column: str | Column | None = None,
    synonyms: FilePath | None = None,
    proxies: Proxies = "none",
    rate: Rate,
    window_s: Seconds | None = None,
    hop_s: Seconds | None = None,
    anchor: Anchor = "recording",
    pool: FramePool | None = None,
    input: str | None = None,  # noqa: A002 - the recipe's key
    output: str | None = None,
    gives: Space | None = None,
    slim: bool = True,
    grid: Cells | None = None,
    batch: Batch = 32,
) -> OnnxMember:
    """Any ONNX model of windows of mono audio, as its exporter wrote it.

    Input: [batch, samples], [batch, 1, samples], [batch, samples, 1] or [samples], of any float type; a fixed batch is
    filled up. Output: [batch, classes], or [batch, frames, classes] in either order, pooled by `pool: max` or `mean`
    over the values that the graph gives; `pool: frames` averages the frames of overlapping windows on one timeline,
    and a chunk's score is its highest frame. output defaults to the only one, or the only one as wide as the class
    list. gives: `logit` or `prob` (turned into logits); unless stated, what looks like probabilities is refused.

    classes: text, or CSV separated by `,`, `;` or tab (default: the columns' numbers). class_by: the kind of name in
    it, matched with the run's classes by the taxonomy and synonyms (a CSV of two names a line); class_column: the
    column, where its header does not tell. `proxies: genus`: a species without a column takes the highest of its genus.

    rate in Hz; window_s defaults to the chunk, hop_s to the window; other windows start at anchor and are pooled onto
    the chunks (`mean` by shared time, or `max`). slim: run the graph cut to the run's classes, where that leaves every
    logit as it is. Features: other outputs, and the mean of every block, found by structure; `grid: [16, 4]` gives
    blocks as means over that many cells.
    """
    check_grid(NAME, grid)
    path, window = Path(model), context.chunk_s if window_s is None else window_s
    graph, samples = load_graph(path, NAME), samples_at(window, rate)
    inputs, outputs = ports(graph)
    given = audio_input(NAME, inputs, input, samples, rate)
    listed = _listed(classes, class_by, class_column)
    found = _real(path, given, outputs, samples, context)
    source = Path(classes).name if classes else path.name
    scores, said = score_output(NAME, found, output, listed.names if listed else None, source)
    labels = listed.names if listed else tuple(str(i) for i in range(scores.width))
    own = Path(synonyms) if synonyms else None
    mapped = match_classes(NAME, labels, class_by, context, synonyms=own, proxies=proxies)
    notes = [mapped.note, *([listed.note] if listed and class_by != "id" else []), *said, str(given)]
    notes += [*_pooling(scores, pool), *variant_note(graph)]
    ask = GraphNeeds(path, NAME, given.name, samples, rate, scores.name, labels, mapped.used)
    path, mapped, scores, note = _slim(ask, mapped, scores, context, wanted=slim, plain=given.plain)
    threads = Threads.of(context, ceil(batch / (given.batch or PART)))
    runner = GraphRunner(open_session(path, threads.each, NAME, context.provider), NAME, given, context.provider)
    runner, (values,), mixed = apart(runner, [scores.name], trial_windows(samples))
    gives = stated_space(NAME, graph, scores.name, scores.arranged(values), gives)
    info = MemberInfo(
        mapped.classes, mapped.covered, rate, window, given.whole_batches(batch),
        tuple(filter(None, [*notes, *mixed, note])), metadata_saw(graph, Path(model).name, NAME), hop_s,
        pool or "mean", anchor, scores.frames if pool == "frames" else 0,
    )  # fmt: skip
    cells = tuple(grid) if grid else None
    inside = OnnxBlocks(Path(model), NAME, given.name, samples, scores.name, cells, context.threads, context.provider)
    return OnnxMember(info, runner, scores, mapped, gives, inside, threads.workers)


def _mean(values: NDArray[Any]) -> NDArray[Any]:
    """Return the mean over frames, in the data type of the graph: by it an exact 0 or 1 is turned into a logit."""
    return np.asarray(values.mean(axis=1, dtype=np.float64).astype(values.dtype))


def _listed(classes: str | None, by: ClassBy, column: str | int | None) -> ClassNames | None:
    if classes is None and (by != "id" or column is not None):
        raise BlendkitError(f"{NAME}: `class_by:` and `class_column:` read a class list: name its file with `classes:`")
    return read_class_names(Path(classes), by, column) if classes else None


def _real(path: Path, given: GraphInput, outputs: list[Port], samples: int, context: MemberContext) -> list[Port]:
    """Return the outputs with the axes that they have: as the file says, or where it leaves one open, by a run."""
    if given.single:
        outputs = [replace(o, shape=["batch", *o.shape]) for o in outputs]
    if all(o.ranked and all(isinstance(d, int) for d in o.shape[1:]) for o in outputs):
        return outputs
    runner = GraphRunner(open_session(path, context.threads, NAME, context.provider), NAME, given, context.provider)
    return with_shapes(outputs, runner.run(None, trial_windows(samples)[:1]))


def _pooling(scores: GraphOutput, pool: FramePool | None) -> list[str]:
    """Return a note on frames. Raises BlendkitError if nothing says how they are pooled, or if there are none."""
    if scores.frames and pool is None:
        raise BlendkitError(
            f"{NAME}: output {scores.name!r} gives {scores.frames} frames a window: say how they become one score",
            ["`pool: max` or `pool: mean` over a window's frames, or `pool: frames` on one timeline, as `sed` does"],
        )
    if pool == "frames" and not scores.frames:
        raise BlendkitError(f"{NAME}: `pool: frames`, but output {scores.name!r} gives one score a window")
    return [f"{scores.frames} frames a window, pooled by {pool}"] if scores.frames else []


def _slim(
    ask: GraphNeeds, mapped: ClassMap, scores: GraphOutput, context: MemberContext, *, wanted: bool, plain: bool
) -> tuple[Path, ClassMap, GraphOutput, str]:
    """Return the graph to run, with the map and output that fit it, and a note on what was cut."""
    if not wanted:
        return ask.model, mapped, scores, ""
    if not (plain and scores.plain):
        return ask.model, mapped, scores, "whole graph: only [batch, samples] -> [batch, classes] of float32 can be cut"
    path, cut, note = slim_or_whole(ask, mapped, context)
    return path, cut, replace(scores, width=cut.width), note
