"""Compiled text of numbers: pyarrow's bytes, every number read back to its last bit, anything unusual left to others."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import csv

from blendkit.core import Float64, compiled_only
from blendkit.errors import BlendkitError, DeliveryError
from blendkit.io import write_submission
from blendkit.io.plain_lines import are_plain, lines_of, loops_pay, numbers_in, room_for
from blendkit.io.writers import number_table, parquet_submission

BY_HAND = {
    -0.0: "-0", 1.0: "1", -2.5: "-2.5", 0.1: "0.1", 0.1 + 0.2: "0.30000000000000004", 1e-6: "0.000001",
    1.5e-7: "1.5e-7", 1e-7: "1e-7", 123.0: "123", 9999999999.0: "9999999999", 1e10: "1e+10", 1.25e22: "1.25e+22",
    1e23: "1e+23", 5e-324: "5e-324", 1.7976931348623157e308: "1.7976931348623157e+308", 2.0**-1022: "2.2250738585072014e-308",
    2.0**60: "1.152921504606847e+18", 9007199254740993.0: "9.007199254740992e+15",
}  # fmt: skip
WIDE = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.floats(0, 1),
    st.integers(0, 10**6).map(lambda n: n / 10**6),
    st.integers(-(2**60), 2**60).map(float),
    st.integers(-340, 308).map(lambda e: float(f"1e{e}")),
    st.integers(-1074, 1023).map(lambda e: 2.0**e),  # their lower neighbour is half as far
)


@pytest.fixture(autouse=True)
def loops() -> Iterator[None]:
    """Let compiled loops work, however few the cells are."""
    with compiled_only():
        yield


def text_of(values: Float64) -> list[str]:
    text, size = lines_of(["a"] * len(values), values[:, None])
    return [line.removeprefix('"a",') for line in text[:size].tobytes().decode().splitlines()]


def numbers_of(cells: Sequence[str], separator: str = ",") -> list[float] | None:
    """Read cells, one a line; None if one of them is unusual."""
    data = "".join(f"e1{separator}{cell}\n" for cell in cells).encode()
    found = numbers_in(room_for(data), len(data), [True, False], separator)
    return None if found is None else found[0][:, 0].tolist()


def test_text_by_hand() -> None:
    assert text_of(np.array(list(BY_HAND))) == list(BY_HAND.values())


@given(st.lists(WIDE, min_size=1, max_size=60))
def test_text_is_that_of_pyarrow_and_reads_back(values: list[float]) -> None:
    file = io.BytesIO()
    csv.write_csv(pa.table({"x": values}), file, csv.WriteOptions(include_header=False))
    texts = text_of(np.array(values))
    assert texts == file.getvalue().decode().split()
    normal = [t for t, v in zip(texts, values, strict=True) if v == 0 or abs(v) >= 2.0**-1022]
    back = numbers_of(normal)
    assert back is not None
    assert [struct.pack("d", v) for v in back] == [struct.pack("d", float(t)) for t in normal]


@given(st.lists(st.tuples(st.integers(0, 10**19 - 1), st.integers(0, 21), st.integers(-280, 260)), max_size=40))
def test_any_digits_are_read_as_python_reads_them(parts: list[tuple[int, int, int]]) -> None:
    for digits, point, exponent in parts:
        text = str(digits).zfill(point + 1)
        cell = f"{text[: len(text) - point]}.{text[len(text) - point :]}e{exponent}" if point else f"{text}e{exponent}"
        found = numbers_of([cell])
        assert found == [float(cell)] or (found is None and digits >= 10**18), cell


def test_halves_are_read_to_even() -> None:
    middles = [2**53 + 1, 2**53 + 3, 2**54 + 2, 2**54 + 6, 2**60 + 2**7]
    assert numbers_of([str(m) for m in middles]) == [float(m) for m in middles]


UNUSUAL = ["", "nan", " 1", "1 ", "1.", ".5", "+1", "1e", "1e+", "--1", "0x1", "1e400", "1e-310", "1,2", '"1"', "1\r2",
           "12345678901234567890123", "0.123456789012345678901", "1.", "e1", "1.e1", "1.."]  # fmt: skip


@pytest.mark.parametrize("cell", UNUSUAL)
def test_what_is_unusual_is_left_to_others(cell: str) -> None:
    assert numbers_of(["0.5", cell, "1"]) is None
    assert numbers_of(["0.5", "0e5", "-0", "1\r", "1E-2"]) == [0.5, 0.0, 0.0, 1.0, 0.01]


def test_other_columns_are_handed_on_as_they_are() -> None:
    data = b'fold,"a,b",1.5,-2,x\r\n\n3,c,1,2e3,"y z"\n'
    found = numbers_in(room_for(data), len(data), [True, True, False, False, True], ",")
    assert found is not None
    assert found[0].tolist() == [[1.5, -2.0], [1.0, 2000.0]]
    assert found[1] == b'fold,"a,b",x\n3,c,"y z"\n'


@pytest.mark.parametrize("line", ["a,1", "a,1,2,3", '"a""b",1,2', 'a"b,1,2', '"a,1,2', "a;1;2"])
def test_a_line_of_another_form_is_left_to_others(line: str) -> None:
    data = f"a,1,2\n{line}\n".encode()
    assert numbers_in(room_for(data), len(data), [True, False, False], ",") is None


def submission(path: Path, ids: list[str], values: Float64) -> bytes:
    write_submission(path, ids, ("b", "a,c"), values)
    return path.read_bytes()


def test_a_submission_has_the_same_bytes_either_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    values, ids = rng.standard_normal((50, 2)), [f"r {i}, é_5" for i in range(50)]
    monkeypatch.setattr(number_table, "_BLOCK_CELLS", 14)  # eight blocks, the last one shorter
    blocks = submission(tmp_path / "a.csv", ids, values)
    with monkeypatch.context() as patch:
        patch.setattr("blendkit.io.writers.submission.loops_pay", lambda cells: False)
        assert submission(tmp_path / "b.csv", ids, values) == blocks
    assert blocks.startswith(b'row_id,b,"a,c"\n"r 0, \xc3\xa9_5",0.12573022')
    assert submission(tmp_path / "c.csv", ids, values * 1e-310).count(b"\n") == 51  # only pyarrow reads these back
    assert submission(tmp_path / "d.csv", ['say "a"_5'], values[:1]).startswith(b'row_id,b,"a,c"\n"say ""a""_5",')


def test_a_submission_as_parquet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(0).standard_normal((5, 2))
    ids = [f"r_{i}" for i in range(5)]
    monkeypatch.setattr(parquet_submission, "_GROUP_CELLS", 4)
    write_submission(tmp_path / "s.parquet", ids, ("b", "a,c"), values)
    frame = pd.read_parquet(tmp_path / "s.parquet")
    assert list(frame) == ["row_id", "b", "a,c"]
    assert frame["row_id"].tolist() == ids
    assert np.array_equal(frame[["b", "a,c"]].to_numpy(), values)
    with pytest.raises(BlendkitError, match="a class is called row_id"):
        write_submission(tmp_path / "t.parquet", ids, ("b", "row_id"), values)
    monkeypatch.setattr(parquet_submission, "_equal", lambda *_: False)
    with pytest.raises(DeliveryError, match=r"u\.pq: the written file does not read back equal"):
        write_submission(tmp_path / "u.pq", ids, ("b", "c"), values)
    assert [p.name for p in tmp_path.iterdir()] == ["s.parquet"]


@pytest.mark.parametrize("wrong", [b'"r_10",0.5,0.250001\n', b'"r_11",0.5,0.25\n', b'"r_10",0.5\n'])
def test_a_block_that_does_not_read_back_is_refused(
    wrong: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(number_table, "lines_of", lambda *_: (room_for(wrong), len(wrong)))
    with pytest.raises(DeliveryError, match=r"s\.csv: the written file does not read back equal"):
        submission(tmp_path / "s.csv", ["r_10"], np.array([[0.5, 0.25]]))
    assert not list(tmp_path.iterdir())


def test_where_loops_pay() -> None:
    assert loops_pay(1)  # for this module's fixture
    assert are_plain(["a_5", "b, c_5"])
    assert not are_plain(["a_5", "b\nc_5"])
