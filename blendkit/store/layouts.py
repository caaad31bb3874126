"""Two layouts of logits in a part: by row while a run writes small parts, by class once they are packed.

A small part with a column per class costs ten times as much to write and to read, and is half as large again; a packed
part with a column per class lets a few classes be read alone. A small part names no classes: the store's facts do,
once, and the names of thousands of classes would be a third of what writing a part costs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from blendkit.core import Int64, Matrix, Scores
from blendkit.store.manifest import KEYS

if TYPE_CHECKING:
    import pyarrow as pa

VALUES = "logits"  # the column that holds all logits of a chunk


def by_row(scores: Scores, about: Mapping[str, str]) -> pa.Table:
    """Return logits (N, C) as a table with one list of C values per chunk."""
    import pyarrow as pa

    flat = pa.array(np.ascontiguousarray(scores.values, np.float32).ravel())
    lists = pa.FixedSizeListArray.from_arrays(flat, len(scores.classes))
    columns: list[Any] = [pa.array(scores.rows.recording, pa.string()), scores.rows.start_s, scores.rows.end_s, lists]
    return pa.table(columns, names=[*KEYS, VALUES], metadata=dict(about))


def by_class(table: pa.Table, classes: Sequence[str], covered: Sequence[bool]) -> pa.Table:
    """Return a part's rows with one column per class, whichever layout it has, and say which are covered.

    classes, covered (C,): of its store. Raises KeyError or ValueError for a foreign table.
    """
    import pyarrow as pa

    if VALUES not in table.column_names:
        return table
    meta = {**(table.schema.metadata or {}), "blendkit.covered": json.dumps(list(covered))}
    lists = table[VALUES].combine_chunks()
    values = np.ascontiguousarray(lists.flatten().to_numpy().reshape(len(table), len(classes)).T)
    return pa.table([*(table[k] for k in KEYS), *values], names=[*KEYS, *classes], metadata=meta)


def columns_of(classes: Sequence[str]) -> list[str]:
    """Return the columns to read of a part for these classes, in either layout."""
    return [*KEYS, VALUES, *classes]


def fill(out: Matrix, tables: Sequence[pa.Table], classes: Sequence[str], order: Int64 | None) -> None:
    """Join the rows of parts into out (C, N), class by class, as they are on disk. order (N,): of the rows."""
    for c, name in enumerate(classes):
        if order is None:
            np.concatenate([t[name].to_numpy() for t in tables], out=out[c])
        else:
            out[c] = np.concatenate([t[name].to_numpy() for t in tables])[order]


def joined_codes(tables: Sequence[pa.Table]) -> tuple[list[str], Int64]:
    """Return the recording ids of all tables, each once, and the (N,) place of every row's id among them."""
    at: dict[str, int] = {}
    codes = []
    for table in tables:
        column = table[KEYS[0]].combine_chunks()
        own = np.array([at.setdefault(r, len(at)) for r in column.dictionary.to_pylist()], np.int64)
        codes.append(own[column.indices.to_numpy()])
    return list(at), np.concatenate(codes)
