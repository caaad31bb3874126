"""Slim graphs: an ONNX model cut to one output and to the classes that are asked, checked on real audio."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blendkit.audio import cut, decode, resample
from blendkit.errors import BlendkitError
from blendkit.files import atomic_path, cache_folder, canonical_json, file_hash, text_hash
from blendkit.member import MemberContext
from blendkit_members.arrange import Index, Shape
from blendkit_members.class_map import ClassMap
from blendkit_members.graph import load_graph, metadata, open_session
from blendkit_members.slicing import HEADS, Head, cut_classes

FORMAT = 1  # raised whenever the same model would be cut otherwise
KEY = "blendkit.slim"
MAX_WINDOWS = 8


@dataclass(frozen=True)
class Ask:
    """What a recipe needs of a model: one output for windows (B, samples) at `rate` Hz, and some of its columns."""

    model: Path
    name: str  # of the member, for errors
    input: str
    output: str
    samples: int
    rate: int
    keep: Index
    width: int


@dataclass(frozen=True)
class Slim:
    """A slim graph on disk. heard: what its logits were compared on; sizes in bytes."""

    path: Path
    classes: int
    width: int
    before: int
    after: int
    heard: str

    def note(self) -> str:
        """Say what was saved."""
        return (
            f"slim graph: {self.classes} of {self.width} classes, {self.before / 1e6:.1f} MB became "
            f"{self.after / 1e6:.1f} MB, kept logits identical on {self.heard}"
        )


def slim(ask: Ask, examples: Sequence[Path], threads: int, target: Path | None = None) -> Slim:
    """Return the slim graph of a model, made and checked once, then taken from the user's cache.

    The kept logits must be identical (maximum difference 0.0) on windows of `examples`, recordings of the
    run, or on noise where there are none. target: write it there instead of the cache. Raises
    BlendkitError if the head cannot be cut, or with the drift if its logits differ.
    """
    source = file_hash(ask.model)
    key = text_hash(canonical_json([FORMAT, source, ask.input, ask.output, ask.width, ask.keep.tolist()]))
    path = target or cache_folder() / "slim" / f"{ask.model.stem}-{key[:16]}.onnx"
    known = None if target else _known(path, key)
    if known is not None:
        return known
    windows, heard = _windows(ask, examples)
    cut_down = _identical(ask, windows, heard, threads)
    about = {"key": key, "classes": len(ask.keep), "width": ask.width, "heard": heard,
             "before": ask.model.stat().st_size}  # fmt: skip
    entry = cut_down.metadata_props.add()
    entry.key, entry.value = KEY, json.dumps(about)
    with atomic_path(path) as temporary:
        temporary.write_bytes(graph_bytes(cut_down))
    return Slim(path, len(ask.keep), ask.width, about["before"], path.stat().st_size, heard)


def _identical(ask: Ask, windows: NDArray[np.float32], heard: str, threads: int) -> Any:
    """Cut to the one output; if that changes what the runtime fuses, and with it bits, keep the other outputs."""
    graph = load_graph(ask.model, ask.name)
    drifts = []
    for outputs in ([ask.output], [o.name for o in graph.graph.output]):
        cut_down = _cut_down(graph, ask, outputs)
        drifts.append(_drift(graph_bytes(cut_down), ask, windows, threads))
        if drifts[-1] == 0:
            return cut_down
    raise BlendkitError(
        f"{ask.name}: the slim graph of {ask.model.name} gives other logits",
        [f"maximum difference {min(drifts):g} on {heard}: it is not used"],
    )


def slim_or_whole(ask: Ask, mapped: ClassMap, context: MemberContext) -> tuple[Path, ClassMap, str]:
    """Return the graph to run, the class map onto its columns, and what to say of it.

    A graph that cannot be cut, or whose logits would differ, is run whole, and the reason said.
    """
    try:
        made = slim(ask, context.examples, context.threads)
    except BlendkitError as error:
        return ask.model, mapped, f"whole graph: {'; '.join([error.title, *error.problems])}"
    return made.path, mapped.narrowed(), made.note()


def graph_bytes(model: Any) -> bytes:
    """Serialise a model. Raises BlendkitError beyond protobuf's 2 GB."""
    try:
        return bytes(model.SerializeToString())
    except Exception as error:  # protobuf's own; differs between its backends
        raise BlendkitError("the graph is too large to be cut in memory", [str(error)]) from error


def _known(path: Path, key: str) -> Slim | None:
    """A slim graph made before, if it is whole."""
    try:
        about = json.loads(metadata(load_graph(path, "slim"))[KEY])
        if about["key"] == key:
            return Slim(path, about["classes"], about["width"], about["before"], path.stat().st_size, about["heard"])
    except (BlendkitError, KeyError, ValueError, TypeError, OSError):
        pass  # damaged or absent: it is made anew
    return None


def _cut_down(graph: Any, ask: Ask, outputs: Sequence[str]) -> Any:
    from onnx import utils

    cut_graph = utils.Extractor(graph).extract_model([ask.input], list(outputs))
    head = Head(cut_graph.graph, _shapes(cut_graph, ask))
    width = head.shape(ask.output)[-1]
    if width != ask.width:
        raise BlendkitError(f"{ask.name}: {ask.model.name} gives {width} classes, its class list has {ask.width}")
    if len(ask.keep) < ask.width:
        cut_classes(head, ask.output, ask.keep)
        port = next(o for o in cut_graph.graph.output if o.name == ask.output)
        port.type.tensor_type.shape.dim[-1].dim_value = len(ask.keep)
    return cut_graph


def _shapes(model: Any, ask: Ask) -> dict[str, tuple[Shape, Shape]]:
    """Run the head's tensors at batches of 2 and 3: exporters leave most shapes unsaid."""
    from onnx import ValueInfoProto

    probed = type(model)()
    probed.CopyFrom(model)
    names = _between(probed.graph, ask.output)
    declared = {o.name for o in probed.graph.output}
    probed.graph.output.extend(ValueInfoProto(name=n) for n in names if n not in declared)  # typed by the runtime
    session = open_session(graph_bytes(probed), 1, ask.name)
    at = [session.run(names, {ask.input: np.zeros((b, ask.samples), np.float32)}) for b in (2, 3)]
    return {n: (tuple(two.shape), tuple(three.shape)) for n, two, three in zip(names, *at, strict=True)}


def _between(graph: Any, output: str) -> list[str]:
    """The activations from the output back to the inputs of the layers whose weights can be cut."""
    constants = {w.name for w in graph.initializer}
    makers = {t: n for n in graph.node for t in n.output}
    found: dict[str, None] = {}
    queue = [output]
    while queue:
        name = queue.pop()
        node = makers.get(name)
        if name in found or name in constants or node is None or node.op_type == "Constant":
            continue
        found[name] = None
        if node.op_type not in HEADS:
            queue += [t for t in node.input if t]
        else:
            found.update(dict.fromkeys(t for t in node.input if t in makers))
    return list(found)


def _windows(ask: Ask, examples: Sequence[Path]) -> tuple[NDArray[np.float32], str]:
    """Windows of the first recording with sound in it, else noise."""
    for path in examples:
        decoded = decode(path)
        if decoded.status in ("ok", "padded", "holed", "short") and np.any(decoded.samples):
            samples = resample(decoded, ask.rate).samples
            count = min(MAX_WINDOWS, max(1, len(samples) // ask.samples))
            windows = np.stack([cut(samples, i * ask.samples, ask.samples) for i in range(count)])
            return windows, f"{count} windows of {path.name}"
    noise = np.random.default_rng(0).standard_normal((MAX_WINDOWS, ask.samples)) * 0.1
    return noise.astype(np.float32), f"{MAX_WINDOWS} windows of noise, for want of a recording"


def _drift(cut_graph: bytes, ask: Ask, windows: NDArray[np.float32], threads: int) -> float:
    """The largest difference of a kept logit, over batches of one and of all windows."""
    full, short = open_session(ask.model, threads, ask.name), open_session(cut_graph, threads, ask.name)
    worst = 0.0
    for batch in (windows, windows[:1]):
        whole = full.run([ask.output], {ask.input: batch})[0][:, ask.keep]
        worst = max(worst, float(np.abs(whole - short.run([ask.output], {ask.input: batch})[0]).max()))
    return worst
