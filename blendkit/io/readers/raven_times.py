"""Begin times of Raven's tables of several files run on from file to file; `File Offset (s)` says where in one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from blendkit.core import Float64, Int64
from blendkit.errors import BlendkitError

_BY_CHANCE = 0.05  # with which times inside files would grow like this: below it, they do run on
_START, _FILES = "begin time (s)", ("begin file", "begin path")
_WAY = "in Raven, show the column `File Offset (s)` and save the table again, or save a table for each file"


def require_own_times(
    source: object, start_column: str, file_column: str | None, file: Sequence[int] | Int64, start: Float64 | Int64
) -> tuple[str, ...]:
    """Return a note where times of a Raven table may run on from file to file, though they are read as within each.

    file, start (N,): the number of each selection's file, and its begin time; the table has no file offsets. Raises
    BlendkitError where so many times that only grow from file to file would be rare by chance.
    """
    of = np.asarray(file)
    if start_column.strip().lower() != _START or (file_column or "").strip().lower() not in _FILES or not len(of):
        return ()
    _, first, counts = np.unique(of, return_index=True, return_counts=True)
    order = np.argsort(first)
    files = [start[of == of[first[k]]] for k in order.tolist()]
    if len(files) < 2 or any(b.min() <= a.max() for a, b in pairwise(files)):
        return ()
    chance = math.exp(sum(math.lgamma(n + 1) for n in counts.tolist()) - math.lgamma(len(of) + 1))
    said = f"its begin times only grow over {len(files)} files, and no column `File Offset (s)` says where in a file"
    if chance < _BY_CHANCE:
        raise BlendkitError(f"{source}: {said}: they run on from file to file, as Raven's do", [_WAY])
    return (f"{said}: they are read as times within each file; if they run on, {_WAY}",)
