"""Scores as NumPy's files: one NPZ, or a bare NPY with its names beside it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from blendkit.core import Scores
from blendkit.io.file_writer import FOLD, ScoreWriter
from blendkit.store import atomic_path


def _write_npz(scores: Scores, path: Path, folds: Sequence[str] | None = None) -> None:
    held: dict[str, Any] = {"scores": scores.values, "row_ids": scores.rows.ids(), "classes": list(scores.classes)}
    held |= {} if folds is None else {FOLD: np.array(folds, np.str_)}
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        np.savez(file, **held)


def _write_npy(scores: Scores, path: Path) -> None:
    named = {"rows": scores.rows.ids(), "classes": list(scores.classes)}
    for what, held in {"": scores.values, **{f"_{k}": np.array(v, np.str_) for k, v in named.items()}}.items():
        place = path.with_name(f"{path.stem}{what}{path.suffix}")
        with atomic_path(place) as temporary, temporary.open("wb") as file:
            np.save(file, held)


npz_arrays = ScoreWriter(
    "An NPZ with the arrays scores, row_ids and classes.", _write_npz, (".npz",), reader="arrays", array="scores",
    write_folds=_write_npz, fold_suffixes=(".npz",),
)  # fmt: skip
npy_file = ScoreWriter(
    "A bare NPY, with <stem>_rows.npy and <stem>_classes.npy beside it.", _write_npy, (".npy",), reader="npy"
)
