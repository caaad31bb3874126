"""Names that are given once for several files are asked of the files that have them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from blendkit.io import ColumnNames, names_by_file


@pytest.fixture
def files(tmp_path: Path) -> Path:
    values = np.zeros((1, 1))
    np.savez(tmp_path / "a.npz", probs=values, row_ids=["r_5"], classes=["x"], fold=[0])
    pd.DataFrame({"row_id": ["r_5"], "x": [0.5]}).to_csv(tmp_path / "b.csv", index=False)
    pd.DataFrame({"key": ["r_5"], "x": [0.5], "fold": [1]}).to_parquet(tmp_path / "c.parquet")
    return tmp_path


def test_each_file_gets_the_names_that_it_has(files: Path) -> None:
    asked = ColumnNames(rows="key", folds="fold", chunk_s=3.0)
    a, b, c = names_by_file([f"{files}/a.npz:probs", files / "b.csv", files / "c.parquet"], asked)
    assert (a.rows, a.folds, a.chunk_s) == (None, "fold", 3.0)
    assert (b.rows, b.folds) == (None, None)
    assert c == asked


def test_a_name_that_no_file_has_is_asked_of_all(files: Path) -> None:
    asked = ColumnNames(folds="fald")
    assert names_by_file([files / "a.npz", files / "b.csv", files / "none.csv"], asked) == [asked] * 3
    assert names_by_file([files / "b.csv"], ColumnNames(folds="fold")) == [ColumnNames(folds="fold")]


def test_a_folders_tables_may_have_any_column(files: Path) -> None:
    (files / "tables").mkdir()
    asked = ColumnNames(folds="fold")
    assert names_by_file([files / "tables", files / "c.parquet"], asked) == [asked, asked]
