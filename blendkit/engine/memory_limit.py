"""A limit of the memory for scores: streams are then made in parts, and whole ones lie in mapped files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from blendkit.blending import Parts
from blendkit.core import NewMatrix, Scores, in_memory
from blendkit.errors import BlendkitError
from blendkit.store import MappedMatrices
from blendkit.temporaries import scratch_folder

_BYTES = 64  # per cell of a part: a few float64 matrices of its size are in work at a time
_UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?\s*", re.IGNORECASE)
_LEAST = 2**20


def bytes_in(text: str | int) -> int:
    """Return the bytes that `4G`, `500M` or a number of bytes mean. Raises BlendkitError for anything else."""
    found = _SIZE.fullmatch(str(text))
    size = int(float(found[1]) * _UNITS[found[2].upper()]) if found else 0
    if size < _LEAST:
        raise BlendkitError(f"memory: {text!r} is no size of at least 1M", ["write it as 4G or 500M"])
    return size


@dataclass(frozen=True)
class HeldStreams:
    """Where whole streams are held. parts: how the work is divided; files: those they lie in; None: all in memory."""

    parts: Parts | None = None
    files: MappedMatrices | None = None

    @property
    def new_matrix(self) -> NewMatrix:
        """What makes the matrices of whole members and streams."""
        return in_memory if self.parts is None else self.parts.new_matrix

    def keep(self, scores: Scores) -> Scores:
        """Return the same scores from where whole streams are held."""
        if self.parts is None or self.files is None or self.files.holds(scores.values):
            return scores
        values = self.new_matrix(scores.shape, scores.values.dtype)
        for part in self.parts.of_classes(scores.shape):
            values[:, part] = scores.values[:, part]
        return scores.with_values(values)


ALL_IN_MEMORY = HeldStreams()


@contextmanager
def held_within(memory: str | int | None) -> Iterator[HeldStreams]:
    """Yield where streams are held: in files in the folder for temporary files (TMPDIR), if memory is limited."""
    if memory is None:
        yield ALL_IN_MEMORY
        return
    cells = max(bytes_in(memory) // _BYTES, 1)
    with scratch_folder() as folder, MappedMatrices(Path(folder)) as files:
        yield HeldStreams(Parts(cells, files.new), files)
