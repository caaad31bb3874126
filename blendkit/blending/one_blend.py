"""One blend of several streams: what its op is given, converted or ranked, for all classes or for some."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blendkit.blending.conversions import converter
from blendkit.core import Bools, Float64, Matrix, Rows, Scores, Taxonomy
from blendkit.ops import exact_weights
from blendkit.recipe import StreamPlan

_BLOCK = 8192  # rows at a time where an op sees each chunk alone, so that temporaries stay small
Converter = Callable[[Matrix], Matrix]


@dataclass(frozen=True)
class OneBlend:
    """A blend on given rows and classes. weights (K, C): relative, 0 where an input does not cover a class."""

    stream: StreamPlan
    rows: Rows
    classes: tuple[str, ...]
    weights: Float64
    taxonomy: Taxonomy

    @property
    def by_ranks(self) -> bool:
        """Whether its op is given whole numbers, twice the ranks of its inputs."""
        return self.stream.blend is not None and self.stream.blend.inputs_as == "doubled_ranks"

    @property
    def covered(self) -> Bools:
        """(C,) the classes that an input of a weight other than 0 covers."""
        return np.asarray((self.weights != 0).any(axis=0))

    def of_classes(self, part: slice) -> OneBlend:
        """Return the same blend of some classes only."""
        return replace(self, classes=self.classes[part], weights=np.ascontiguousarray(self.weights[:, part]))

    def note_inexact(self, note: Callable[[str], None]) -> None:
        """Say it where weights have no exact integer form."""
        if not exact_weights(self.weights, len(self.rows))[1].all():
            note("these weights have no exact integer form (over nine decimals, or too far apart): blended in float64")

    def converters(self, inputs: Mapping[str, Scores], note: Callable[[str], None]) -> dict[str, Converter]:
        """Return what converts each input into the space that the op asks for; notes and floors are of all rows."""
        assert self.stream.blend is not None
        wanted = self.stream.blend.inputs_as
        assert wanted != "doubled_ranks"
        return {n: converter(s, wanted, partial(_note_of, note, n)) for n, s in inputs.items()}

    def of(self, inputs: Sequence[NDArray[Any]], rows: Rows | None = None) -> Float64:
        """Return the blend (N, C) of inputs that are ready: values in the op's space, or twice their ranks."""
        assert self.stream.blend is not None
        return np.asarray(self.stream.blend.function(*inputs, **self._context(self.rows if rows is None else rows)))

    def of_rows(self, inputs: Mapping[str, Scores], ready: Mapping[str, Converter]) -> Float64:
        """Convert and blend block by block where the op sees each chunk alone; whole otherwise."""
        assert self.stream.blend is not None
        by_rows = {"rows", "offsets"} & set(self.stream.blend.context().values())  # these belong to the whole
        n = len(next(iter(inputs.values())))
        step = _BLOCK if self.stream.blend.scope == "chunk" and not by_rows else max(n, 1)
        out = np.empty((n, len(self.classes)), np.float64)
        for low in range(0, n, step):
            part = slice(low, low + step)
            out[part] = self.of([ready[i](inputs[i].values[part]) for i in self.stream.inputs])
        return out

    def scores(self, values: Matrix) -> Scores:
        """Return the blend's values as scores."""
        return Scores(values, self.rows, self.classes, self.stream.start_space, self.covered)

    def _context(self, rows: Rows) -> dict[str, Any]:
        """Supply what a blend asks for, beside its own parameters."""
        assert self.stream.blend is not None
        supply: dict[str, Any] = {
            "weights": lambda: self.weights,
            "rows": lambda: rows,
            "offsets": rows.offsets,
            "taxonomy": lambda: self.taxonomy,
            "classes": lambda: self.classes,
            "covered": lambda: self.covered,
        }
        return {p: supply[name]() for p, name in self.stream.blend.context().items()} | self.stream.params


def _note_of(note: Callable[[str], None], source: str, text: str) -> None:
    note(f"{source}: {text}")
