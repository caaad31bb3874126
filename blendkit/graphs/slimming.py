"""Slim graphs: an ONNX model cut to the needed outputs, taps and classes, and checked on real audio."""

from __future__ import annotations

import atexit
import json
import platform
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from blendkit.audio import cut, decode, resample
from blendkit.core import Float32, canonical_json, json_value, text_hash
from blendkit.errors import BlendkitError
from blendkit.graphs.axis_selection import Index
from blendkit.graphs.onnx_file import load_graph, metadata
from blendkit.graphs.session import open_session
from blendkit.graphs.shapes import head_shapes
from blendkit.graphs.slicing import ClassHead, cut_classes
from blendkit.graphs.taps import TAP, with_taps
from blendkit.store import atomic_path, cache_folder, content_hash
from blendkit.temporaries import scratch_folder

SLIM_FORMAT = 2  # raised whenever the same model would be cut differently
SLIM_KEY = "blendkit.slim"
MAX_WINDOWS = 8
TAP_DRIFT = 1e-3  # of a tap's largest value: more cannot be rounding


@dataclass(frozen=True, eq=False)
class GraphNeeds:
    """The outputs that a member needs of a model whose input is windows (B, samples) at `rate` Hz.

    head: the output of class scores; only the columns `keep` of its `labels` (in column order) are needed.
    None if no scores are needed. taps: block tensors, wanted as means. outputs: other outputs.
    """

    model: Path
    name: str  # of the member, for errors
    input: str
    samples: int
    rate: int
    head: str | None = None
    labels: tuple[str, ...] = ()
    keep: Index = field(default_factory=lambda: np.empty(0, np.int64))
    taps: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()

    @property
    def key(self) -> list[Any]:
        """Everything but the model that the slim graph depends on; another runtime may fuse and round differently."""
        host = [version("onnxruntime"), platform.machine()]
        return [SLIM_FORMAT, host, self.input, self.head, len(self.labels), self.keep.tolist(), self.taps, self.outputs]


@dataclass(frozen=True)
class Slim:
    """A slim graph on disk. checked_on: the windows its scores were compared on; drift of taps; sizes in bytes."""

    path: Path
    classes: int
    width: int
    taps: int
    drift: float
    before: int
    after: int
    checked_on: str

    def note(self) -> str:
        """Return one sentence on what was cut; nothing in it varies with the recordings that it was checked on."""
        parts = [f"{self.classes} of {self.width} classes, with identical logits"] if self.width else []
        parts += [f"{self.taps} taps"] if self.taps else []
        return f"slim graph: {self.before / 1e6:.1f} MB became {self.after / 1e6:.1f} MB; {'; '.join(parts)}"

    def checked(self) -> str:
        """Return on what it was checked when it was cut, and how far its taps were off."""
        taps = f"; taps within {self.drift:.1g}" if self.taps else ""
        return f"checked on {self.checked_on}{taps}"


def slim(ask: GraphNeeds, examples: Sequence[Path], threads: int, target: Path | None = None) -> Slim:
    """Return the slim graph of a model, made and checked once, then read from the user's cache.

    The remaining logits must be identical (maximum difference 0.0) on windows of `examples`, recordings of
    the run, or on noise where there are none. target: write it there instead of the cache. Raises
    BlendkitError if the head cannot be cut, or with the drift if its logits differ.
    """
    key = text_hash(canonical_json([content_hash(ask.model), *ask.key]))
    path = target or cache_folder() / "slim" / f"{ask.model.stem}-{key[:16]}.onnx"
    known = None if target else _known(path, key)
    if known is not None:
        return known
    windows, checked_on = example_windows(examples, ask.samples, ask.rate)
    cut_down, drift = _identical(ask, windows, checked_on, threads)
    about: dict[str, Any] = {"classes": len(ask.keep), "width": len(ask.labels), "taps": len(ask.taps), "drift": drift,
             "before": ask.model.stat().st_size}  # fmt: skip
    entry = cut_down.metadata_props.add()
    entry.key, entry.value = SLIM_KEY, json.dumps({"key": key, **about, "checked_on": checked_on})
    path = _written(path, graph_bytes(cut_down), must=target is not None)
    return Slim(path, after=path.stat().st_size, checked_on=checked_on, **about)


def _written(path: Path, data: bytes, *, must: bool) -> Path:
    """Write a graph; if the cache cannot be written (a read-only home), write a temporary file of this process."""
    try:
        with atomic_path(path) as temporary:
            temporary.write_bytes(data)
        return path
    except (OSError, BlendkitError):
        if must:
            raise
    folder = scratch_folder()
    atexit.register(folder.cleanup)  # and holds it until then
    made = Path(folder.name) / path.name
    made.write_bytes(data)
    return made


def graph_bytes(model: Any) -> bytes:
    """Serialise a model. Raises BlendkitError beyond protobuf's 2 GB."""
    try:
        return bytes(model.SerializeToString())
    except Exception as error:  # protobuf's own; differs between its backends
        raise BlendkitError("the graph is too large to be cut in memory", [str(error)]) from error


def example_windows(examples: Sequence[Path], samples: int, rate: int) -> tuple[Float32, str]:
    """Return up to eight windows (B, samples) of the first recording with sound in it, else noise; and their name."""
    for path in examples:
        decoded = decode(path)
        if decoded.status in ("ok", "padded", "holed", "short") and np.any(decoded.samples):
            resampled = resample(decoded, rate).samples
            count = min(MAX_WINDOWS, max(1, len(resampled) // samples))
            windows = np.stack([cut(resampled, i * samples, samples) for i in range(count)])
            return windows, f"{count} windows of {path.name}"
    noise = np.random.default_rng(0).standard_normal((MAX_WINDOWS, samples)) * 0.1
    return noise.astype(np.float32), f"{MAX_WINDOWS} windows of noise, as no recording could be used"


def _known(path: Path, key: str) -> Slim | None:
    """Return a slim graph from an earlier run, None if there is none or if it is damaged."""
    try:
        about = json_value(metadata(load_graph(path, "slim"))[SLIM_KEY])
        if about.pop("key") != key:
            return None
        if "heard" in about:  # the name of `checked_on` in graphs that were cut earlier
            about["checked_on"] = about.pop("heard")
        return Slim(path, after=path.stat().st_size, **about)
    except (BlendkitError, KeyError, ValueError, TypeError, OSError):
        return None  # damaged or absent: the caller makes it again


def _identical(ask: GraphNeeds, windows: Float32, checked_on: str, threads: int) -> tuple[Any, float]:
    """Return the graph cut to the needed outputs, or with all outputs if cutting them changes logits, and its drift.

    Logits can change because the runtime fuses operators differently, and so rounds differently.
    """
    graph = load_graph(ask.model, ask.name)
    wanted = _run(graph_bytes(with_taps(graph, ask.taps, _needed(ask), ask.name, cut=False)), ask, windows, threads)
    worst = []
    for outputs in (_needed(ask), [o.name for o in graph.graph.output]):
        made = _cut_down(with_taps(graph, ask.taps, outputs, ask.name), ask)
        head, taps = _drifts(ask, wanted, _run(graph_bytes(made), ask, windows, threads))
        worst.append(head)
        if head == 0 and taps <= TAP_DRIFT:
            return made, taps
    raise BlendkitError(
        f"{ask.name}: the slim graph of {ask.model.name} gives other logits",
        [f"maximum difference {min(worst):g} on {checked_on}: it is not used"],
    )


def _needed(ask: GraphNeeds) -> list[str]:
    return [*([ask.head] if ask.head else []), *ask.outputs]


def _cut_down(graph: Any, ask: GraphNeeds) -> Any:
    if ask.head is None:
        return graph
    head = ClassHead(graph.graph, head_shapes(graph, ask.head, ask.input, ask.samples, ask.name))
    width = head.shape(ask.head)[-1]
    if width != len(ask.labels):
        raise BlendkitError(f"{ask.name}: {ask.model.name} gives {width} classes, its class list has {len(ask.labels)}")
    if len(ask.keep) < width:
        cut_classes(head, ask.head, ask.keep)
        port = next(o for o in graph.graph.output if o.name == ask.head)
        port.type.tensor_type.shape.dim[-1].dim_value = len(ask.keep)
    return graph


def _run(graph: bytes, ask: GraphNeeds, windows: Float32, threads: int) -> list[list[Float32]]:
    """Return every needed output, for all windows at once and for the first alone."""
    session = open_session(graph, threads, ask.name)
    names = [*_needed(ask), *(t + TAP for t in ask.taps)]
    return [session.run(names, {ask.input: batch}) for batch in (windows, windows[:1])]


def _drifts(ask: GraphNeeds, wanted: list[list[Float32]], got: list[list[Float32]]) -> tuple[float, float]:
    """Return the largest difference of a logit, and of any other output relative to its largest value."""
    head, rest = 0.0, 0.0
    for whole, short in zip(wanted, got, strict=True):
        for i, (a, b) in enumerate(zip(whole, short, strict=True)):
            if i == 0 and ask.head is not None:
                head = max(head, float(np.abs(a[:, ask.keep] - b).max()))
            else:
                rest = max(rest, float(np.abs(a - b).max() / max(float(np.abs(a).max()), 1e-12)))
    return head, rest
