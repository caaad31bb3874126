"""Rows of long tables, in which a recording is named by a number: each name is read once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from blendkit.core.arrays import Float64, Int64
from blendkit.core.audio_suffixes import composed
from blendkit.core.garbage_collection import no_search_for_circles
from blendkit.core.names import NameRule
from blendkit.core.natural_order import natural_keys
from blendkit.core.rows import Rows, StrArray


def rows_of_codes(
    ids: Sequence[str], codes: Int64, start_s: Float64, end_s: Float64, names: NameRule
) -> tuple[Rows, Int64 | None]:
    """Build rows in canonical order from recording ids, each once, and the (N,) place of every row's id among them.

    Return also the (N,) order in which the given rows come, None if they are in canonical order as they are.
    """
    rank, keys = np.empty(len(ids), np.int64), natural_keys(ids)
    rank[sorted(range(len(ids)), key=keys.__getitem__)] = np.arange(len(ids))
    ranks = rank[codes]
    same, later = ranks[1:] == ranks[:-1], start_s[1:] >= start_s[:-1]
    order = None if bool(np.all((ranks[1:] > ranks[:-1]) | (same & later))) else np.lexsort((start_s, ranks))
    if order is not None:
        codes, start_s, end_s = codes[order], start_s[order], end_s[order]
    with no_search_for_circles():
        parsed = [names.parse(r) for r in ids]
    return Rows(
        recording=_objects([composed(r) for r in ids])[codes],
        start_s=start_s,
        end_s=end_s,
        site=_objects([p[0] for p in parsed])[codes],
        hour=np.array([p[2] for p in parsed], np.int16)[codes],
        date=np.array([p[1] for p in parsed], "datetime64[D]")[codes],
    ), order


def _objects(values: Sequence[str]) -> StrArray:
    out = np.empty(len(values), object)
    out[:] = values
    return out
