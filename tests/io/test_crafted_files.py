"""Files that were made to break their reader, and Parquet of odd types."""

from __future__ import annotations

import io
import time
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import feather

from blendkit.errors import BlendkitError
from blendkit.io.file_reader import ColumnNames, read_found
from blendkit.io.npz_arrays import read_npy
from blendkit.io.readers.score_sources import read_score_file
from blendkit.store import array_headers

NAMES = ColumnNames(array="scores")


def header(shape: tuple[int, ...], kind: str = "<f8") -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": kind, "fortran_order": False, "shape": shape})
    return file.getvalue()


def refusal(path: Path) -> str:
    with pytest.raises(BlendkitError) as error:
        read_found(path, NAMES)
    return str(error.value)


def test_a_header_of_a_million_million_numbers_is_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "scores.npy"
    path.write_bytes(header((10**6, 10**6)) + b"\0" * 64)
    began = time.perf_counter()
    assert "its header says float64 (1000000, 1000000), which is 8000000000000 bytes; 64 follow" in refusal(path)
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        for name in ("scores", "row_ids", "classes"):
            archive.writestr(f"{name}.npy", header((10**12,)) + b"\0" * 8)
    said = refusal(tmp_path / "a.npz")
    assert said.count("which is 8000000000000 bytes; 8 follow") == 3
    assert time.perf_counter() - began < 1


def test_an_array_that_unpacks_beyond_the_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.npz"
    np.savez_compressed(
        path, scores=np.zeros((1000, 2)), row_ids=[f"r_{5 * i + 5}" for i in range(1000)], classes=["a", "b"]
    )
    assert len(read_score_file(path, names=NAMES).scores) == 1000  # below 1 GiB any array is read
    monkeypatch.setattr(array_headers, "UNPACKED", 1000)
    assert "scores: unpacks" in refusal(path)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        header((2, 2), "|O"),
        header((2, 2))[:20],
        b"\x93NUMPY\x09\x00" + b"x" * 50,
        header((2, 2)).replace(b"}", b"("),
    ],
)
def test_unreadable_arrays(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "scores.npy"
    path.write_bytes(data)
    with pytest.raises(BlendkitError, match="cannot read this NPY"):
        read_npy(path)
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        for name in ("scores", "row_ids", "classes"):
            archive.writestr(f"{name}.npy", data)
    assert "a.npz: cannot read this NPZ" in refusal(tmp_path / "a.npz")


def parquet(path: Path, **columns: Any) -> Path:
    ids = pa.array(["r_5", "r_10"])
    pq.write_table(pa.table({"row_id": ids, "a": pa.array([0.5, 0.25]), **columns}), path)
    return path


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (pa.array([[1.0], [2.0]]), "not numbers: b"),
        (pa.array([{"x": 1}, {"x": 2}]), "not numbers: b"),
        (pa.array(["x", "y"]), "not numbers: b"),
        (pa.array([1, 2], pa.timestamp("s")), "not numbers: b"),
        (pa.array([b"x", b"y"]), "not numbers: b"),
        (pa.nulls(2), "nan"),
    ],
)
def test_parquet_of_odd_types(column: pa.Array, message: str, tmp_path: Path) -> None:
    path = parquet(tmp_path / "t.parquet", b=column)
    with pytest.raises(BlendkitError) as error:
        read_score_file(path)
    assert message in str(error.value)


@pytest.mark.parametrize(
    "column",
    [
        pa.array([0.125, 1.0]).dictionary_encode(),
        pa.array([Decimal("0.125"), Decimal("1.000")]),
        pa.array([0.125, 1.0], pa.float32()),
    ],
)
def test_parquet_of_numbers_in_other_types(column: pa.Array, tmp_path: Path) -> None:
    scores = read_score_file(parquet(tmp_path / "t.parquet", b=column)).scores
    assert scores.values.tolist() == [[0.5, 0.125], [0.25, 1.0]]


def test_parquet_with_a_column_twice(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(
        pa.Table.from_arrays([pa.array(["r_5"]), pa.array([0.5]), pa.array([1])], ["row_id", "a", "a"]), path
    )
    with pytest.raises(BlendkitError, match="duplicate columns"):
        read_score_file(path)


def test_an_empty_parquet_of_detections_says_that_nothing_was_detected(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    text, number = pa.array([], pa.string()), pa.array([], pa.float32())
    pq.write_table(pa.table({"input": text.dictionary_encode(), "start_time": number, "end_time": number,
                             "species_name": text.dictionary_encode(), "confidence": number}), path)  # fmt: skip
    assert read_score_file(path).scores.values.shape == (0, 0)


def test_arrow_whose_categories_point_nowhere(tmp_path: Path) -> None:
    path = tmp_path / "t.arrow"
    far = pa.DictionaryArray.from_arrays(pa.array([0, 10**6], pa.int32()), pa.array(["r_5"]), safe=False)
    feather.write_feather(pa.table({"row_id": far, "a": pa.array([0.5, 0.25])}), str(path), compression="uncompressed")
    with pytest.raises(BlendkitError, match=r"t\.arrow: (cannot read this Arrow file|no format fits)"):
        read_score_file(path)


def test_arrays_of_python_2_and_by_columns_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    np.save(path, np.asfortranarray([[1.0, 2.0], [3.0, 4.0]]))
    assert read_npy(path).tolist() == [[1, 2], [3, 4]]
    path.write_bytes(path.read_bytes().replace(b"(2, 2)", b"(2L,2)"))
    assert read_npy(path).tolist() == [[1, 2], [3, 4]]
