from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blendkit.core import NameRule, chunk_rows
from blendkit.detecting.merged_chunks import MergedCells, merge_cells, top_cells
from blendkit.errors import BlendkitError

ROWS = chunk_rows({"R1": 5, "R2": 2}, 5.0, NameRule())


def lines(found: MergedCells) -> list[tuple[int, int, float, float, float, int]]:
    """(first row, class, start, end, score, chunks) of every detection."""
    parts = (found.row, found.class_at, found.start_s, found.end_s, found.score, found.chunks)
    return list(zip(*(p.tolist() for p in parts), strict=True))


def test_merging_by_hand() -> None:
    # class 0: chunks 1, 2 and 4 of R1, 1 of R2; class 1: chunk 5 of R1 and 1 of R2, which are neighbours in the table
    x = np.array([[0.6, 0.1], [0.9, 0], [0.2, 0], [0.7, 0], [0.1, 0.8], [0.8, 0.9], [0, 0]])
    cells = x >= 0.5
    apart = [(0, 0, 0, 5, 0.6, 1), (1, 0, 5, 10, 0.9, 1), (3, 0, 15, 20, 0.7, 1), (4, 1, 20, 25, 0.8, 1),
             (5, 0, 0, 5, 0.8, 1), (5, 1, 0, 5, 0.9, 1)]  # fmt: skip
    assert lines(merge_cells(cells, x, ROWS)) == apart
    assert lines(merge_cells(cells, x, ROWS, 0)) == [(0, 0, 0, 10, 0.9, 2), *apart[2:]]
    assert lines(merge_cells(cells, x, ROWS, 4.9)) == [(0, 0, 0, 10, 0.9, 2), *apart[2:]]
    assert lines(merge_cells(cells, x, ROWS, 5)) == [(0, 0, 0, 20, 0.9, 3), *apart[3:]]
    assert lines(merge_cells(cells & False, x, ROWS, 0)) == []
    with pytest.raises(BlendkitError, match="a gap is 0 seconds or more"):
        merge_cells(cells, x, ROWS, -1)


def test_the_highest_of_a_chunk() -> None:
    x = np.array([[0.9, 0.8, 0.7], [0.5, 0.5, 0.9], [0.1, 0.1, 0.1]])
    cells = x >= 0.5
    assert top_cells(cells, x, 1).tolist() == [[True, False, False], [False, False, True], [False] * 3]
    assert top_cells(cells, x, 2).tolist() == [[True, True, False], [True] * 3, [False] * 3]  # ties are kept
    assert top_cells(cells, x, 9).tolist() == cells.tolist()
    with pytest.raises(BlendkitError, match="at least 1 class"):
        top_cells(cells, x, 0)


@given(st.integers(0, 10**6), st.sampled_from([None, 0.0, 5.0, 10.0]))
def test_parts_monotone_scores_and_cells(seed: int, gap: float | None) -> None:
    x = np.random.default_rng(seed).integers(0, 4, (7, 3)).astype(float)
    cells = x >= 2
    whole = lines(merge_cells(cells, x, ROWS, gap))
    first = lines(merge_cells(cells[:5], x[:5], ROWS.take(slice(0, 5)), gap))
    last = lines(merge_cells(cells[5:], x[5:], ROWS.take(slice(5, 7)), gap))
    assert whole == first + [(r + 5, *rest) for r, *rest in last]  # recordings do not touch each other
    other = lines(merge_cells(np.exp(x) >= np.exp(2), np.exp(x), ROWS, gap))
    assert [(*a[:4], a[5]) for a in other] == [(*a[:4], a[5]) for a in whole]
    assert sum(n for *_, n in whole) == cells.sum()  # every cell is in one detection
    code = np.repeat([0, 1], [5, 2])
    for r, c in np.argwhere(cells):
        inside = [d for d in whole if d[1] == c and code[d[0]] == code[r] and d[2] <= ROWS.start_s[r] < d[3]]
        assert len(inside) == 1
        assert inside[0][4] >= x[r, c]
