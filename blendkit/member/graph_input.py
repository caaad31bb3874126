"""How an ONNX graph takes its windows: the layout, data type and batch that its exporter chose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from blendkit.core import Float32
from blendkit.errors import BlendkitError
from blendkit.graphs import Port, require_names

FLOATS = {"tensor(float)": "float32", "tensor(float16)": "float16", "tensor(double)": "float64"}
Layout = Literal["rows", "channel", "channel_last", "one"]


@dataclass(frozen=True)
class GraphInput:
    """The input of a graph that takes windows.

    layout: `rows` [batch, ...], `channel` [batch, 1, samples], `channel_last` [batch, samples, 1], or `one` [samples].
    batch: the only number of windows that the graph takes at once; None: any.
    """

    name: str
    dtype: str
    layout: Layout
    batch: int | None

    @property
    def single(self) -> bool:
        """Whether the graph takes one window at a time: its outputs may then have no axis of windows."""
        return self.batch == 1

    @property
    def plain(self) -> bool:
        """Whether the graph takes any number of windows (B, samples) of float32, as blendkit holds them."""
        return self.layout == "rows" and self.dtype == "float32" and self.batch is None

    def whole_batches(self, batch: int) -> int:
        """Return how many windows to give at once, near `batch`, so that batches of the graph's own size are full."""
        size = self.batch or 1
        return max(size, batch // size * size) if batch > 0 else batch

    def feed(self, windows: Float32) -> NDArray[Any]:
        """Return windows (B, ...) as the graph takes them."""
        with np.errstate(over="ignore"):  # what float16 cannot hold becomes infinite, and the window counts as lost
            values = windows.astype(self.dtype, copy=False)
        if self.layout == "one":
            return np.asarray(values[0])
        return np.asarray({"channel": values[:, None], "channel_last": values[..., None]}.get(self.layout, values))

    def __str__(self) -> str:
        """Return what is worth printing of it, an empty string if it is plain."""
        kind = {"rows": "[batch, samples]", "channel": "[batch, 1, samples]", "channel_last": "[batch, samples, 1]"}
        batch = "" if self.batch is None else f", {self.batch} at a time" + (", the last filled up" * (self.batch > 1))
        return "" if self.plain else f"windows as {kind.get(self.layout, '[samples]')} of {self.dtype}{batch}"


def audio_input(member: str, inputs: Sequence[Port], given: str | None, samples: int, rate: int) -> GraphInput:
    """Return the input for windows of `samples` samples of mono audio at `rate` Hz.

    given: its name, where the recipe names it. Raises BlendkitError if the graph needs other inputs too, or takes
    windows of another length, number of channels or type.
    """
    port = _only(member, inputs, given)
    layout = _layout(port, samples)
    if layout is None or port.type not in FLOATS:
        raise BlendkitError(
            f"{member}: input {port.name!r} is {port.type} {port.shape}, expected tensor(float) [batch, {samples}]",
            _ways(port, samples, rate),
        )
    free = layout == "one" or not isinstance(port.shape[0], int)
    batch = 1 if layout == "one" else None if free else int(str(port.shape[0]))
    return GraphInput(port.name, FLOATS[port.type], layout, batch)


def picture_input(member: str, inputs: Sequence[Port]) -> GraphInput:
    """Return the only input of a graph, which takes spectrograms or windows (B, ...) as the member makes them."""
    port = _only(member, inputs, None)
    if port.type not in FLOATS:
        raise BlendkitError(f"{member}: input {port.name!r} is {port.type}, expected float16, float32 or float64")
    batch = port.shape[0] if port.shape and isinstance(port.shape[0], int) else None
    return GraphInput(port.name, FLOATS[port.type], "rows", batch)


def _only(member: str, inputs: Sequence[Port], given: str | None) -> Port:
    """Return the graph's only input. Raises BlendkitError naming all if it needs more, or if it is not `given`."""
    if given is not None:
        require_names(member, "input", [given], [i.name for i in inputs])
    if len(inputs) != 1:
        ways = ["export the graph with the others as constants, or with defaults (initialisers of the same names)"]
        found = f"found {', '.join(map(str, inputs)) or 'none'}"
        raise BlendkitError(
            f"{member}: the graph needs {len(inputs)} inputs, a member gives only windows", [found, *ways]
        )
    return inputs[0]


def _layout(port: Port, samples: int) -> Layout | None:
    """Return how windows of so many samples fit the shape, None if they do not."""

    def fits(axis: int) -> bool:
        return not isinstance(port.shape[axis], int) or port.shape[axis] == samples

    rank = len(port.shape)
    if rank > 1 and port.shape[0] == samples > 1:
        return None  # [samples, batch]: so many windows at once would fill the memory
    if rank == 1:
        return "one" if fits(0) else None
    if rank == 2:
        return "rows" if fits(1) else None
    if rank == 3 and port.shape[2] == 1 and samples > 1:
        return "channel_last" if fits(1) else None
    channel = rank == 3 and (port.shape[1] == 1 or not isinstance(port.shape[1], int))
    return "channel" if channel and fits(2) else None


def _ways(port: Port, samples: int, rate: int) -> list[str]:
    lengths = [d for d in port.shape[1 if len(port.shape) > 1 else 0 :] if isinstance(d, int) and d > 1]
    if port.type not in FLOATS:
        return ["samples are floats between -1 and 1: export the graph for float16, float32 or float64"]
    if len(port.shape) == 4:
        return ["a graph of spectrograms is for the members `sed` and `dinov2`"]
    if len(port.shape) > 1 and port.shape[0] == samples:
        return [f"its first axis has the {samples} samples of a window: export it with windows first, [batch, samples]"]
    if len(lengths) == 1 and lengths[0] != samples:
        return [f"windows have {samples} samples; at {rate} Hz this graph needs `window_s: {lengths[0] / rate:.10g}`"]
    return ["also taken: [batch, 1, samples], [batch, samples, 1] and [samples]"]
