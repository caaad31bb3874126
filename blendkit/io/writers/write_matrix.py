"""Scores as one table: a row per chunk and a column per class, as text, Parquet or Arrow."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from blendkit.core import Scores
from blendkit.errors import BlendkitError
from blendkit.io.class_columns import ROW_ID
from blendkit.io.file_writer import FOLD, ScoreWriter
from blendkit.io.writers.submission import write_submission
from blendkit.store import atomic_path

_TEXT, _PARQUET, _ARROW = (".csv",), (".parquet", ".pq"), (".arrow", ".feather")


def _write(scores: Scores, path: Path, folds: Sequence[str] | None = None) -> None:
    """Write values as they are: text with the shortest digits that read back as the same numbers."""
    if path.suffix.lower() in _TEXT:
        write_submission(path, scores.rows.ids(), scores.classes, np.asarray(scores.values, np.float64))
        return
    import pyarrow as pa
    import pyarrow.parquet as pq
    from pyarrow import feather

    texts = {ROW_ID: scores.rows.ids(), **({} if folds is None else {FOLD: folds})}
    if taken := set(texts) & set(scores.classes):
        raise BlendkitError(f"{path.name}: a class has the name of a column that is no class: {min(taken)}")
    columns = [*(pa.array(t, pa.string()) for t in texts.values()), *(np.ascontiguousarray(c) for c in scores.values.T)]
    table = pa.table(columns, names=[*texts, *scores.classes])
    with atomic_path(path) as temporary:
        if path.suffix.lower() in _PARQUET:
            pq.write_table(table, temporary)
        else:
            feather.write_feather(table, str(temporary))


matrix_table = ScoreWriter(
    "One row per chunk (row_id), one column per class, as CSV, Parquet or Arrow; values as they are.",
    _write,
    (*_TEXT, *_PARQUET, *_ARROW),
    reader="matrix",
    write_folds=_write,
    fold_suffixes=(*_PARQUET, *_ARROW),
)
submission_table = ScoreWriter(
    "A submission: row_id and one column per class, with probabilities or ranks.",
    _write,
    _TEXT,
    reader="matrix",
    space="prob",
)
