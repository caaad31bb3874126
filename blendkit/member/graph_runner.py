"""Runs an ONNX graph on windows whatever batch it was exported for, and finds out whether windows influence each other.

Some exports mix the windows of a batch: batch normalisation in training mode, means over the batch, activations that
are quantised by the range of the whole batch. Then a recording's scores would depend on what is scored beside it. This
is tried out once, before anything is scored, so that every window of a run is scored in the same way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blendkit.core import Float32
from blendkit.errors import BlendkitError
from blendkit.graphs import Provider
from blendkit.member.graph_input import GraphInput
from blendkit.member.spread import part_of

ROUNDING, COARSE = 1e-4, 1e-2  # of the largest value: more is no rounding; coarse: float16, and TensorFloat-32 on GPUs
TRIED = 4  # windows
Values = Sequence[NDArray[Any]]


@dataclass(frozen=True)
class GraphRunner:
    """A session with its input. alone: run one window at a time, as others in the batch would change its scores."""

    session: Any
    member: str  # for errors
    input: GraphInput
    provider: Provider = "cpu"
    alone: bool = False

    @property
    def part(self) -> int | None:
        """How many windows of a batch it should be given at a time, by each of several workers; None for all."""
        return part_of(self.provider, self.input.batch)

    def run(self, names: Sequence[str] | None, windows: Float32) -> list[NDArray[Any]]:
        """Return outputs (B, ...) of windows (B, ...), in the order asked (None: all).

        A batch that the graph does not take is filled up with copies of its last window, which are then left out.
        Raises BlendkitError if the runtime refuses the windows, or if an output has another number of rows.
        """
        size = 1 if self.alone else self.input.batch or len(windows)
        parts = [self._once(names, windows[i : i + size]) for i in range(0, len(windows), size)]
        return [np.concatenate(found) if len(found) > 1 else found[0] for found in zip(*parts, strict=True)]

    def _once(self, names: Sequence[str] | None, windows: Float32) -> list[NDArray[Any]]:
        count = len(windows)
        fill = max(0, (self.input.batch or count) - count)
        whole = np.concatenate([windows, np.repeat(windows[-1:], fill, axis=0)]) if fill else windows
        given = self.input.feed(whole)
        try:
            found = self.session.run(names, {self.input.name: given})
        except Exception as error:  # the runtime raises its own family of exceptions
            details = [" ".join(str(error).split()), f"it was given {given.dtype} {list(given.shape)}"]
            raise BlendkitError(f"{self.member}: the graph does not accept its windows", details) from error
        values = [np.asarray(v)[None] if self.input.single else np.asarray(v) for v in found]
        for name, v in zip(names or [o.name for o in self.session.get_outputs()], values, strict=True):
            if names and (v.ndim == 0 or len(v) != len(whole)):
                raise BlendkitError(
                    f"{self.member}: output {name!r} is {list(v.shape)} for {len(whole)} windows",
                    ["its first axis must be that of the windows: export it as [batch, ...]"],
                )
        return [v[:count] if v.ndim else v for v in values]


def trial_windows(samples: int) -> Float32:
    """Return four different windows (4, samples) to try a graph out on: loud noise, faint noise, a tone, clicks."""
    rng, at = np.random.default_rng(0), np.arange(samples)
    loud, faint = 0.3 * rng.standard_normal(samples), 0.003 * rng.standard_normal(samples)
    tone = 0.5 * np.sin(0.3 * at)
    clicks = 0.9 * (at % 997 < 3) - 0.1
    return np.stack([loud, faint, tone, clicks]).astype(np.float32)


def apart(runner: GraphRunner, names: Sequence[str], windows: Float32) -> tuple[GraphRunner, Values, list[str]]:
    """Return the runner for a graph, its outputs of the windows, and notes.

    The windows are run together, then as two halves in the other order. If a window's values differ, the returned
    runner runs one window at a time. Raises BlendkitError if the graph then gives the same values for every window.
    """
    together = runner.run(names, windows)
    if runner.input.single:
        return runner, together, []
    half = len(windows) // 2
    parts = [runner.run(names, part[::-1]) for part in (windows[:half], windows[half:])]
    again = [np.concatenate([first[::-1], second[::-1]]) for first, second in zip(*parts, strict=True)]
    coarse = runner.provider == "cuda" or runner.input.dtype == "float16"
    if all(_alike(a, b, coarse=coarse) for a, b in zip(together, again, strict=True)):
        return runner, together, []
    alone = replace(runner, alone=True)
    values = alone.run(names, windows)
    if all(_alike(v, np.repeat(v[:1], len(v), axis=0), coarse=coarse) for v in values):
        raise BlendkitError(
            f"{runner.member}: this graph compares the windows of a batch: run alone, every window scores the same",
            ["export it for inference (in torch: `model.eval()` before the export), without sums over the batch"],
        )
    note = f"a window's scores depend on its batch ({len(windows)} windows were run twice): run one window at a time"
    return alone, values, [note]


def _alike(one: NDArray[Any], other: NDArray[Any], *, coarse: bool) -> bool:
    """Whether two arrays differ by no more than rounding explains; NaN equals NaN."""
    a, b = one.astype(np.float64), other.astype(np.float64)
    finite = np.isfinite(a)
    if not np.array_equal(finite, np.isfinite(b)):
        return False
    share = COARSE if coarse or one.dtype == np.float16 else ROUNDING
    return bool((np.abs(a[finite] - b[finite]) <= share * np.abs(a[finite]).max(initial=0.0)).all())
