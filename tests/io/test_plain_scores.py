"""Large plain score tables are read in blocks, and as pyarrow reads them."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blendkit.core import compiled_only
from blendkit.errors import BlendkitError
from blendkit.io import plain_scores
from blendkit.io.readers import score_table
from blendkit.io.readers.score_table import Table, read_table

CELLS = st.floats(0, 1).map(repr) | st.sampled_from(
    ["0", "-1.5", "1e-7", "3", "1E2", "+1", "nan", "", "1e-320", '"2"', "x", " 1"]
)
ROWS = st.lists(st.tuples(CELLS, CELLS), max_size=6)


@pytest.fixture(autouse=True)
def loops(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let compiled loops work, however small the file is, in blocks of a line or two."""
    monkeypatch.setattr(plain_scores, "_BLOCK", 40)
    with compiled_only():
        yield


def told(path: Path, folds: str | None) -> list[object]:
    """Return all that is read of a file, or the error."""
    try:
        found = read_table(path, folds=folds)
    except BlendkitError as error:
        return [error.title, *error.problems]
    assert isinstance(found, Table)
    fold = None if found.folds is None else (found.folds.dtype, found.folds.tolist())
    return [found.row_ids, found.classes, found.values.tobytes(), found.values.dtype, fold, found.notes]


def either(path: Path, folds: str | None = None) -> bool:
    """Compare both ways to read a file; return whether it is plain."""
    seen = []
    with pytest.MonkeyPatch.context() as patch:
        own = plain_scores.plain_scores
        patch.setattr(score_table, "plain_scores", lambda *a: (seen.append(own(*a)), seen[-1])[1])
        fast = told(path, folds)
        patch.setattr(score_table, "plain_scores", lambda *a: None)
        assert told(path, folds) == fast
    return bool(seen) and seen[0] is not None


@given(ROWS, st.sampled_from(["\n", "\r\n", "\n\n"]), st.booleans(), st.sampled_from(",;\t"))
def test_a_file_is_read_as_pyarrow_reads_it(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]], end: str, ended: bool, separator: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "plain.csv"
    lines = [("row_id", "a", "b"), *((f"r{i}_5", *cells) for i, cells in enumerate(rows))]
    path.write_text(end.join(separator.join(cells) for cells in lines) + end * ended, encoding="utf-8", newline="")
    either(path)


@pytest.mark.parametrize(
    ("text", "folds", "plain"),
    [
        ("row_id,a,b\nr_5,0.5,1\nr_10,0.25,0\n", None, True),
        ('"row_id","a,1",b\n"r, s_5",0.5,1\n"t_10",0.25,0\n', None, True),
        ("\ufeffa,fold,row_id,b\n1,2,é_5,1\n0.25,0,é_10,0", "fold", True),
        ("row_id,a,site,b\nr_5,0.5,x,1\nr_10,0.25,y,0\n", None, True),
        ("row_id,a,share\nr_5,0.5,10%\nr_10,0.25,5%\n", None, True),
        ('row_id,a,b\n"say ""r""_5",0.5,1\nr_10,0.25,0\n', None, False),
        ('"row_id","a\nb",b\nr_5,0.5,1\n', None, False),
        ("row_id,a,b\nr_5,0.5\n", None, False),
        ("row_id;a;b\nr_5;0,5;1\nr_10;0,25;0\n", None, False),
    ],
)
def test_what_is_plain(text: str, folds: str | None, plain: bool, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(text, encoding="utf-8", newline="")
    assert either(path, folds) is plain
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(path.read_bytes()))
    assert either(tmp_path / "t.csv.gz", folds) is plain


def test_values_by_hand(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,row_id,b\n0.1,r_5,2e-3\n-4,r_10,0\n")
    found = read_table(path)
    assert (found.row_ids, found.classes) == (["r_5", "r_10"], ["a", "b"])
    assert np.array_equal(found.values, [[0.1, 0.002], [-4, 0]])


def test_of_several_wrong_columns_the_first_is_named_every_time(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    names = [f"c{i}" for i in range(12)]
    path.write_text(f"row_id,{','.join(names)}\nr_5{',0.5' * 12}\nr_10{',x' * 12}\n", encoding="utf-8")
    said = {str(told(path, None)) for _ in range(20)}
    assert len(said) == 1
    assert "column 'c0' holds 'x', expected numbers" in said.pop()
