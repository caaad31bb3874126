"""Saved embeddings and logits, as public Kaggle notebooks store them: an NPZ, and a table of rows beside it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from blendkit.core import Float32
from blendkit.errors import BlendkitError, did_you_mean, shorten
from blendkit.io.npz_arrays import npz_headers, read_npz_arrays
from blendkit.io.text_tables import open_table


@dataclass(frozen=True, eq=False)
class Cache:
    """Embeddings (N, D) and logits (N, C) in float32, and the ids of their rows."""

    row_ids: list[str]
    embeddings: Float32
    logits: Float32


def read_cache(path: Path, meta: Path | None, *, embeddings: str, logits: str, rows: str) -> Cache:
    """Read an NPZ of arrays `embeddings` and `logits`; row ids from `rows` of it, or of the table `meta`.

    Raises BlendkitError for missing arrays (listing those of the file), row counts that differ,
    and values that are not finite.
    """
    wanted = [embeddings, logits, *([] if meta else [rows])]
    there = npz_headers(path)
    missing = [f"{n!r}{did_you_mean(n, there)}" for n in wanted if n not in there]
    if missing:
        raise BlendkitError(f"{path.name}: no array {', '.join(missing)}", [f"has {shorten(there, 12)}"])
    held = read_npz_arrays(path, wanted)
    ids = [str(r) for r in held[rows].ravel().tolist()] if meta is None else _meta_rows(meta, rows)
    bad = []
    for name in (embeddings, logits):
        values = held[name].reshape(-1, held[name].shape[-1]) if held[name].ndim == 3 else held[name]
        if values.ndim != 2 or len(values) != len(ids):
            bad.append(f"{name!r} has shape {held[name].shape}, expected {len(ids)} rows")
        elif not np.isfinite(values).all():
            bad.append(f"{name!r} holds {int((~np.isfinite(values)).sum())} values that are not finite")
        held[name] = values
    if bad:
        raise BlendkitError(f"{path.name}: does not fit its rows", bad)
    return Cache(ids, held[embeddings].astype(np.float32), held[logits].astype(np.float32))


def _meta_rows(path: Path, column: str) -> list[str]:
    frame, _ = open_table(path)
    if column not in frame.columns:
        hint = did_you_mean(column, list(map(str, frame.columns)))
        raise BlendkitError(f"{path.name}: no column {column!r}{hint}", [f"has {shorten(frame.columns, 8)}"])
    return [str(r) for r in frame[column]]
