"""Features from inside an ONNX graph: its other outputs and its blocks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from blendkit.core import Float32
from blendkit.graphs import (
    TAP,
    Provider,
    discover_blocks,
    graph_bytes,
    load_graph,
    open_session,
    pool_cells,
    ports,
    with_taps,
    with_whole,
)
from blendkit.store import require_features


@dataclass(frozen=True)
class OnnxBlocks:
    """A graph with windows (B, samples) at its input `input`; `scores` is the output that is not a feature.

    grid: blocks are means over that many cells of time and frequency, (B, a, b, channels); None: means (B, channels).
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

    @cached_property
    def blocks(self) -> list[str]:
        """The blocks, found by structure, in graph order."""
        return discover_blocks(load_graph(self.model, self.name))

    @cached_property
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """The shape of every other output, and of every block: its channels, or its cells and channels."""
        outputs = [o.name for o in ports(load_graph(self.model, self.name))[1] if o.name != self.scores]
        names = [*outputs, *self.blocks]
        if not names:
            return {}
        found = self._run(np.zeros((1, self.samples), np.float32), names)
        return {n: tuple(found[n].shape[1:]) for n in names}

    def features(self, windows: Float32, names: Sequence[str]) -> list[Float32]:
        """Return the named features (B, ...) of windows in the form that the graph expects."""
        require_features(self.name, names, self.shapes)
        found = self._run(windows, names)
        return [found[n] for n in names]

    def _run(self, windows: Float32, names: Sequence[str]) -> dict[str, Float32]:
        if tuple(names) not in self._sessions:
            self._sessions[tuple(names)] = self._open(names)
        session = self._sessions[tuple(names)]
        given = [o.name for o in session.get_outputs()]
        found = dict(zip(given, session.run(None, {self.input: windows}), strict=True))
        if self.grid is None:
            return {n.removesuffix(TAP): v for n, v in found.items()}
        blocks = set(self.blocks)
        return {n: pool_cells(v.transpose(0, 2, 3, 1), self.grid) if n in blocks else v for n, v in found.items()}

    @cached_property
    def _sessions(self) -> dict[tuple[str, ...], Any]:
        return {}

    def _open(self, names: Sequence[str]) -> Any:
        graph, blocks = load_graph(self.model, self.name), [n for n in names if n in self.blocks]
        outputs = [n for n in names if n not in blocks]
        cut = (with_taps if self.grid is None else with_whole)(graph, blocks, outputs, self.name)
        return open_session(graph_bytes(cut), self.threads, self.name, self.provider)
