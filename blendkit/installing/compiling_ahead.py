"""Compile all exact loops beforehand, so that no command has to."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from blendkit.core import Matrix, cache_places, compiled_only, distinct_values
from blendkit.errors import BlendkitError
from blendkit.io import write_submission
from blendkit.metrics import count_pairs, doubled_ranks, paired_bootstrap, percentile_rank, weight_path
from blendkit.ops import info_of
from blendkit.registry import OPS, registry
from blendkit.testing import check_op, required_params

_STRENGTHS = {"genus": 0.5, "class_name": 0.5}


@dataclass(frozen=True)
class WarmedUp:
    """seconds: that compiling and loading took; folders: where the machine code is; ops: those that were not tried."""

    seconds: float
    folders: tuple[Path, ...]
    ops: tuple[str, ...]


def warm_up() -> WarmedUp:
    """Compile the loops of metrics, tables and all ops, for float32 and float64; what is cached already is loaded.

    Raises BlendkitError if no folder can hold the machine code, since every process would then compile for itself.
    """
    started = time.monotonic()
    with compiled_only():
        _metrics()
        _tables()
        left = tuple(n for n in registry(OPS).names() if not _tried(n))
    folders = cache_places()
    if not folders:
        raise BlendkitError(
            "the machine code cannot be kept: neither the installed package nor the user's cache can be written",
            ["name a folder that can be written: NUMBA_CACHE_DIR=FOLDER"],
        )
    return WarmedUp(time.monotonic() - started, folders, left)


def _metrics() -> None:
    rng = np.random.default_rng(0)
    y, recording = rng.random((24, 2)) < 0.4, np.arange(24)  # so many recordings that their redraws are compiled
    wide = rng.standard_normal((24, 2))
    tables: tuple[Matrix, ...] = (wide.astype(np.float32), wide)
    for x in tables:
        count_pairs(y, x, np.ones(24, bool))
        doubled_ranks(x)
        percentile_rank(x)
        paired_bootstrap(y, {"x": x}, recording, replicates=2)
    weight_path(y, wide, -wide, [0.0, 0.5, 1.0])


def _tables() -> None:
    with TemporaryDirectory() as folder:  # a table is read back as soon as it is written
        write_submission(Path(folder) / "table.csv", ["r_5"], ("a",), np.ones((1, 1)))
    distinct_values(np.ones((1, 1)))


def _tried(name: str) -> bool:
    """Use an op on a few rows; return False where it needs what only a user can give, such as an artefact."""
    op: Any = registry(OPS).get(name)
    info = info_of(op)
    assert info is not None, name
    needed = set(required_params(op)) - set(info.streams())
    if needed or (info.load is not None and info.fit is None):
        return False
    check_op(op, **(_STRENGTHS if info.taxonomic else {}))
    return True
