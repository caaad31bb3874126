"""Rows from recordings named by numbers: the same as from names, in canonical order."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from blendkit.core import NameRule, canonical_order, chunk_rows, make_rows, rows_of_codes
from blendkit.core.rows import in_canonical_order

IDS = ["r10", "r2", "x_S07_20250101_230000", "Ä/é 1"]
CHUNKS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5)), unique=True)


@given(chunks=CHUNKS)
def test_rows_are_those_of_the_names_in_canonical_order(chunks: list[tuple[int, int]]) -> None:
    codes = np.array([c for c, _ in chunks], np.int64)
    start = np.array([5.0 * k for _, k in chunks])
    rows, order = rows_of_codes(IDS, codes, start, start + 5, NameRule())
    plain = make_rows([IDS[c] for c in codes], start, start + 5, NameRule())
    assert in_canonical_order(plain) == (order is None)
    wanted = plain.take(canonical_order(plain))
    for field in ("recording", "start_s", "end_s", "site", "hour"):
        assert getattr(rows, field).tolist() == getattr(wanted, field).tolist()
    assert np.array_equal(rows.date, wanted.date, equal_nan=True)
    assert order is None or np.array_equal(order, canonical_order(plain))


def test_what_is_in_canonical_order() -> None:
    rows = chunk_rows({"r2": 2, "r10": 1}, 5.0, NameRule())

    def judged(*index: int) -> Any:
        return in_canonical_order(rows.take(np.array(index, np.int64)))

    assert judged(0, 1, 2)
    assert judged()
    assert not judged(2, 0, 1)  # r10 before r2
    assert not judged(1, 0, 2)
    assert not judged(0, 0, 2)  # twice the same chunk
    assert not judged(0, 2, 1)  # a recording in two pieces
