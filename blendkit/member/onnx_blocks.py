"""Features from inside an ONNX graph: its other outputs, its blocks, and any tensor by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from blendkit.core import Float32
from blendkit.errors import BlendkitError, did_you_mean, shorten
from blendkit.graphs import (
    CELLS,
    TAP,
    Provider,
    check_widths,
    find_blocks,
    graph_bytes,
    load_graph,
    named_axis,
    open_session,
    pool_cells,
    ports,
    tensor_names,
    with_taps,
    with_whole,
)


@dataclass(frozen=True)
class OnnxBlocks:
    """A graph with windows (B, samples) at its input `input`; `scores` is the output that is not a feature.

    grid: blocks are means over that many cells of time and frequency, (B, a, b, channels); None: means (B, channels).
    widths: the channels that the blocks of this model have, where they are known; other blocks are refused.
    Features come from sessions of their own: taps in the session of the logits would change which operators the
    runtime fuses, and so the last bits of the logits.
    """

    model: Path
    name: str  # of the member, for errors
    input: str
    samples: int
    scores: str
    grid: tuple[int, ...] | None
    threads: int
    provider: Provider
    widths: tuple[int, ...] = ()

    @cached_property
    def blocks(self) -> list[str]:
        """The blocks, found by structure, in graph order. Raises BlendkitError where their ends cannot be told."""
        found = find_blocks(load_graph(self.model, self.name), self.name)
        if self.widths:
            check_widths(found, self.widths, self.name)
        return [b.end for b in found]

    @cached_property
    def outputs(self) -> list[str]:
        """The graph's outputs that are not its scores."""
        return [o.name for o in ports(load_graph(self.model, self.name))[1] if o.name != self.scores]

    @cached_property
    def tensors(self) -> list[str]:
        """Every tensor that the graph computes from its input."""
        return tensor_names(load_graph(self.model, self.name))

    @cached_property
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """The shape of every other output, and of every block: its channels, or its cells and channels.

        Any other tensor of the graph can be asked by its name, too, or as `NAME@K` if axis K holds its channels.
        """
        return _Shapes(self)

    def features(self, windows: Float32, names: Sequence[str]) -> list[Float32]:
        """Return the named features (B, ...) of windows in the form that the graph expects."""
        unknown = [f"{n!r}{did_you_mean(n, self.tensors)}" for n in names if n not in self.shapes]
        if unknown:
            listed = ", ".join(f"{n} {list(s)}" for n, s in self.shapes.items())
            raise BlendkitError(
                f"{self.name}: no feature {shorten(unknown)}", [f"it has {listed}, and any tensor by name, or `NAME@K`"]
            )
        found = self.run(windows, names)
        return [found[n] for n in names]

    def run(self, windows: Float32, names: Sequence[str]) -> dict[str, Float32]:
        """Return outputs as they are, and any other tensor as a mean or as cells, without a check of the names."""
        if tuple(names) not in self._sessions:
            self._sessions[tuple(names)] = self._open(names)
        session = self._sessions[tuple(names)]
        given = [o.name for o in session.get_outputs()]
        found = dict(zip(given, session.run(None, {self.input: windows}), strict=True))
        inner = {n: v for n, v in found.items() if n not in self.outputs}
        means = {n.removesuffix(TAP).removesuffix(CELLS): self._pooled(v) for n, v in inner.items()}
        return {**{n: v for n, v in found.items() if n not in inner}, **means}

    def _pooled(self, values: Float32) -> Float32:
        return values if self.grid is None else pool_cells(values, self.grid)

    @cached_property
    def _sessions(self) -> dict[tuple[str, ...], Any]:
        return {}

    def _open(self, names: Sequence[str]) -> Any:
        graph, inner = load_graph(self.model, self.name), [n for n in names if n not in self.outputs]
        outputs = [n for n in names if n in self.outputs]
        cut = (with_taps if self.grid is None else with_whole)(graph, inner, outputs, self.name)
        return open_session(graph_bytes(cut), self.threads, self.name, self.provider)


@dataclass(frozen=True)
class _Shapes(Mapping[str, tuple[int, ...]]):
    """Shapes of features, measured on silence when they are asked. It lists outputs and blocks only."""

    inside: OnnxBlocks
    known: dict[str, tuple[int, ...]] = field(default_factory=dict)

    def __getitem__(self, name: str) -> tuple[int, ...]:
        if name not in self.known:
            listed = [*iter(self)]
            if name not in listed and named_axis(name, self.inside.tensors)[0] not in self.inside.tensors:
                raise KeyError(name)
            self._measure(listed if name in listed else [name])
        return self.known[name]

    def __iter__(self) -> Iterator[str]:
        return iter([*self.inside.outputs, *(b for b in self.inside.blocks if b not in self.inside.outputs)])

    def __len__(self) -> int:
        return sum(1 for _ in iter(self))

    def _measure(self, names: Sequence[str]) -> None:
        found = self.inside.run(np.zeros((1, self.inside.samples), np.float32), names)
        self.known.update((n, tuple(found[n].shape[1:])) for n in names)
