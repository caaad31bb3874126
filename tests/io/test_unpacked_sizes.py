"""Small files that would become very large are refused before they do."""

from __future__ import annotations

import bz2
import gzip
import lzma
import sqlite3
import time
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from blendkit.errors import BlendkitError
from blendkit.io import read_labels, read_score_file, unpacked_size_limits
from blendkit.io.file_reader import ColumnNames, read_found
from blendkit.io.sqlite_files import fetch_rows, open_database
from blendkit.io.text_tables import open_table

ROWS = "".join(f"r_{5 * i + 5},0.125\n" for i in range(2000))
TEXT = f"row_id,a\n{ROWS}".encode()


def zipped(path: Path, data: bytes) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("t.csv", data)


def zstd(path: Path, data: bytes) -> None:
    with pa.CompressedOutputStream(str(path), "zstd") as file:
        file.write(data)


PACKERS: dict[str, Callable[[Path, bytes], object]] = {
    "gz": lambda p, d: p.write_bytes(gzip.compress(d)),
    "bz2": lambda p, d: p.write_bytes(bz2.compress(d)),
    "xz": lambda p, d: p.write_bytes(lzma.compress(d)),
    "zip": zipped,
    "zst": zstd,
}


@pytest.mark.parametrize("packing", PACKERS)
def test_a_packed_text_beyond_the_bound(packing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / f"t.csv.{packing}"
    PACKERS[packing](path, TEXT)
    assert len(read_score_file(path).scores) == 2000
    monkeypatch.setattr(unpacked_size_limits, "TEXT", 1000)
    monkeypatch.setattr(unpacked_size_limits, "FOLD", 1)
    for read in (read_score_file, open_table, read_labels):
        with pytest.raises(BlendkitError, match=f"its {path.stat().st_size} bytes unpack to more than"):
            read(path)


def test_a_bomb_of_text_is_not_unpacked_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "t.csv.xz"
    path.write_bytes(lzma.compress(bytes(1 << 26), preset=0))  # 64 MiB in 10 kB
    monkeypatch.setattr(unpacked_size_limits, "TEXT", 1 << 20)
    with pytest.raises(BlendkitError, match=rf"its {path.stat().st_size} bytes unpack to more than 1048576"):
        open_table(path)


def table(rows: int) -> pa.Table:
    return pa.table({"row_id": pa.nulls(rows, pa.string()), "a": pa.array(np.zeros(rows, np.int8))})


@pytest.fixture
def few_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacked_size_limits, "CELLS", 100_000)
    monkeypatch.setattr(unpacked_size_limits, "FOLD", 10)


@pytest.mark.usefixtures("few_cells")
def test_a_parquet_of_many_equal_cells(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    rows = unpacked_size_limits.CELLS // 2 + 1
    pq.write_table(table(rows), path, compression="zstd")
    assert path.stat().st_size < 10_000
    said = f"it says that it has {rows} rows and 2 columns, {2 * rows} cells; at most {unpacked_size_limits.CELLS} are read"
    for read in (lambda p: read_found(p, ColumnNames()), open_table, read_labels):
        with pytest.raises(BlendkitError, match=said):
            read(path)


@pytest.mark.usefixtures("few_cells")
def test_an_arrow_file_of_many_equal_cells(tmp_path: Path) -> None:
    path = tmp_path / "t.arrow"
    rows = unpacked_size_limits.CELLS // 2 + 1
    parts = pa.Table.from_batches(table(rows).to_batches())
    with pa.ipc.new_file(str(path), parts.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_table(parts)
    assert path.stat().st_size < 10_000
    began = time.process_time()
    with pytest.raises(BlendkitError, match=f"it says that it has {rows} rows and 2 columns"):
        read_found(path, ColumnNames())
    assert time.process_time() - began < 1


def test_columns_without_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(table(2), path)
    monkeypatch.setattr(unpacked_size_limits, "COLUMNS", 1)
    with pytest.raises(BlendkitError, match="2 rows and 2 columns; at most 1 columns are read"):
        read_found(path, ColumnNames(rows="row_id"))


VIEW = "CREATE VIEW detections AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT "
CELLS = "1 AS rowid, '2020-01-01' AS Date, '00:00:00' AS Time, 'a' AS Sci_Name, 'a' AS Com_Name, 0.5 AS Confidence, 'f' AS File_Name"


@pytest.mark.parametrize(
    ("view", "said"),
    [
        (f"{VIEW}{CELLS} FROM n WHERE i < 0", "a query takes far longer than the size of the file explains"),
        (f"{VIEW}{CELLS.replace(chr(39) + 'f' + chr(39), 'zeroblob(900000000)')} FROM n", "string or blob too big"),
    ],
)
def test_a_database_with_a_view_without_an_end(view: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "birds.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(view)
        connection.commit()
    with pytest.raises(BlendkitError, match=said):
        read_found(path, ColumnNames(format="birdnet-pi"))


def test_more_rows_than_bytes(tmp_path: Path) -> None:
    path = tmp_path / "birds.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"{VIEW}i FROM n")
        connection.commit()
    with open_database(path) as connection, pytest.raises(BlendkitError, match="gives more rows than it has bytes"):
        fetch_rows(connection, "SELECT * FROM detections", path)
