from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from blendkit.core.spaces import ties_made
from blendkit.errors import BlendkitError, DeliveryError
from blendkit.io.readers.sample_submission import Template, read_template
from blendkit.io.readers.score_table import read_table
from blendkit.io.writers.submission import write_submission

AWKWARD = [
    0.1,
    1 / 3,
    1e-5,
    5e-324,
    2.2250738585072014e-308,
    1.7976931348623157e308,
    1 - 2**-53,
    0.1 + 0.2,
    1e22,
    123456789.125,
]


def column(path: Path, at: int = 1) -> list[str]:
    return [line.split(",")[at] for line in path.read_text().splitlines()[1:]]


def digits(text: str) -> int:
    """Significant digits of a number as written."""
    mantissa = text.lower().split("e")[0].replace(".", "").lstrip("-0")
    return len(mantissa.rstrip("0")) or 1


def test_template(tmp_path: Path) -> None:
    path = tmp_path / "sample.csv"
    path.write_text("row_id,1161364,47158son01\nr_10,0.5,0.5\nr_5,0.5,0.5\n")
    assert read_template(path) == Template(("r_10", "r_5"), ("1161364", "47158son01"), ("r_10", "r_5"))


def test_template_with_a_row_twice(tmp_path: Path) -> None:
    path = tmp_path / "sample.csv"
    path.write_text("row_id,x\nr_5,0\nr_10,0\nr_5,0\n")
    with pytest.raises(BlendkitError, match=r"sample\.csv: duplicate row ids(.|\n)*r_5") as error:
        read_template(path)
    assert "r_10" not in str(error.value)


def test_template_without_row_ids(tmp_path: Path) -> None:
    path = tmp_path / "sample.csv"
    path.write_text("id,x\nr-5,0\n")
    with pytest.raises(BlendkitError, match=r"sample\.csv: no column 'row_id'"):
        read_template(path)


def test_submission_has_the_given_order(tmp_path: Path) -> None:
    path = tmp_path / "submission.csv"
    write_submission(path, ["r_10", "r_5"], ("1161364", "b"), np.array([[0.25, 0.5], [0.125, 1.0]]))
    frame = pd.read_csv(path)
    assert frame.columns.tolist() == ["row_id", "1161364", "b"]
    assert frame["row_id"].tolist() == ["r_10", "r_5"]
    assert frame[["1161364", "b"]].to_numpy().tolist() == [[0.25, 0.5], [0.125, 1.0]]


def test_digits_are_the_shortest_that_read_back(tmp_path: Path) -> None:
    path = tmp_path / "submission.csv"
    write_submission(path, [f"r_{i}" for i in range(len(AWKWARD))], ("x",), np.array(AWKWARD)[:, None])
    written = column(path)
    assert [float(t) for t in written] == AWKWARD
    assert [digits(t) for t in written] == [digits(repr(v)) for v in AWKWARD]


@given(hnp.arrays(np.float64, st.tuples(st.integers(1, 6), st.integers(1, 3)), elements=st.floats(0, 1)))
def test_every_probability_reads_back_bit_for_bit(tmp_path_factory: pytest.TempPathFactory, values: np.ndarray) -> None:
    path = tmp_path_factory.mktemp("kaggle") / "submission.csv"
    ids, classes = [f"r_{i}" for i in range(len(values))], tuple(f"c{j}" for j in range(values.shape[1]))
    write_submission(path, ids, classes, values)
    for j in range(len(classes)):
        written = column(path, j + 1)
        assert [struct.pack("d", float(t)) for t in written] == [struct.pack("d", v) for v in values[:, j]]
        assert [digits(t) for t in written] == [digits(repr(float(v))) for v in values[:, j]]
    again = read_table(path)
    assert again.row_ids == ids
    assert np.array_equal(again.values, values)


@pytest.mark.parametrize("row_id", ["a b_5", "a,b_5", 'a"b"_5', "é_5", "007", "NA", "nan"])
def test_row_ids_read_back(tmp_path: Path, row_id: str) -> None:
    path = tmp_path / "submission.csv"
    write_submission(path, [row_id], ("x",), np.array([[0.5]]))
    assert read_template(path).row_ids == (row_id,)


@pytest.mark.parametrize("name", ["a,b", 'a"b', "NA", "1e5"])
def test_class_ids_read_back(tmp_path: Path, name: str) -> None:
    path = tmp_path / "submission.csv"
    write_submission(path, ["r_5"], (name, "z"), np.array([[0.5, 0.25]]))
    assert read_template(path).classes == (name, "z")


def test_many_rows(tmp_path: Path) -> None:
    path = tmp_path / "submission.csv"
    values = np.random.default_rng(2).random((70_000, 1))  # more than one write
    ids = [f"r_{i}" for i in range(len(values))]
    write_submission(path, ids, ("x",), values)
    assert np.array_equal(read_table(path).values, values)


def test_no_rows(tmp_path: Path) -> None:
    path = tmp_path / "submission.csv"
    write_submission(path, [], ("x", "y"), np.zeros((0, 2)))
    assert read_template(path) == Template((), ("x", "y"), ())


def test_what_does_not_read_back_is_not_delivered(tmp_path: Path) -> None:
    path = tmp_path / "submission.csv"
    path.write_text("old")
    with pytest.raises(DeliveryError) as error:
        write_submission(path, ["r_5"], ("x",), np.array([[np.nan]]))
    assert "does not read back" in str(error.value)
    assert str(error.value).startswith("submission.csv")  # not the temporary file's name
    assert error.value.exit_code == 3
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["submission.csv"]


def test_a_write_that_goes_wrong_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pyarrow import csv

    honest = csv.write_csv

    def careless(table: object, handle: object, options: object) -> None:
        honest(table.slice(0, 1), handle, options)  # type: ignore[attr-defined]

    monkeypatch.setattr(csv, "write_csv", careless)
    with pytest.raises(DeliveryError):
        write_submission(tmp_path / "s.csv", ["a_5", "b_5"], ("x",), np.array([[0.5], [0.25]]))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("before", "after", "made"),
    [
        ([[0.1], [0.2], [0.3]], [[0.1], [0.2], [0.3]], 0),
        ([[0.1], [0.2], [0.3]], [[0.1], [0.1], [0.3]], 1),
        ([[0.1], [0.2], [0.3]], [[1.0], [1.0], [1.0]], 2),
        ([[0.1, 1], [0.2, 2], [0.2, 3]], [[0.1, 1], [0.1, 1], [0.1, 2]], 2),  # one in each column
        ([[0.5], [0.5]], [[0.1], [0.2]], 0),  # ties that were parted
        ([[0.5, 1], [0.5, 2]], [[0.1, 3], [0.2, 3]], 1),  # and do not make up for another column's
    ],
)
def test_ties_made(before: list[list[float]], after: list[list[float]], made: int) -> None:
    assert ties_made(np.array(before), np.array(after)) == made


@given(hnp.arrays(np.float64, st.tuples(st.integers(1, 20), st.integers(1, 3)), elements=st.floats(-50, 50)))
def test_ties_made_by_rounding_agree_with_pandas(values: np.ndarray) -> None:
    rounded = values.round(1)
    lost = pd.DataFrame(values).nunique() - pd.DataFrame(rounded).nunique()
    assert ties_made(values, rounded) == lost.sum()


def test_real_template(real_data: Path) -> None:
    template = read_template(real_data / "birdclef2026" / "sample_submission.csv")
    assert len(template.classes) == 234
    assert template.classes[0] == "1161364"
    assert template.row_ids[:2] == ("BC2026_Test_0001_S05_20250227_010002_5", "BC2026_Test_0001_S05_20250227_010002_10")
