from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from blendkit.core.scores import Scores
from blendkit.core.taxonomy import Taxonomy
from blendkit.errors import BlendkitError
from blendkit.member.protocol import MemberContext
from blendkit.testing.member_checks import check_member
from blendkit_members.table import table

IDS = ["r10_5", "r2_10", "r2_5"]  # as text; by name and time it is r2_5, r2_10, r10_5
VALUES = np.array([[0.1, 0.9], [0.2, 0.8], [0.3, 0.7]])


def write(path: Path, ids: list[str] | None = None, values: np.ndarray = VALUES) -> Path:
    ids = IDS if ids is None else ids
    frame = pd.DataFrame({"row_id": ids, "b": values[:, 0], "a": values[:, 1]})
    if path.suffix == ".npz":
        np.savez(path, scores=values, ids=np.array(ids), names=np.array(["b", "a"]), fold=np.array([1, 0, 0]))
    elif path.suffix == ".parquet":
        frame.to_parquet(path)
    else:
        frame.to_csv(path, index=False)
    return path


def read(path: Path, space: Any = "prob", **params: Any) -> Scores:
    return table(MemberContext(), path=str(path), space=space, **params).read()


def failure(path: Path, space: Any = "prob", **params: Any) -> str:
    with pytest.raises(BlendkitError) as error:
        read(path, space, **params)
    return str(error.value)


NPZ = {"array": "scores", "rows": "ids", "classes": "names"}


@pytest.mark.parametrize(("name", "params"), [("t.csv", {}), ("t.parquet", {}), ("t.npz", NPZ)])
def test_every_format_gives_the_same_scores(tmp_path: Path, name: str, params: dict[str, str]) -> None:
    path = write(tmp_path / name)
    check_member("table", path=str(path), space="prob", **params)
    scores = read(path, **params)
    assert scores.rows.ids() == ["r2_5", "r2_10", "r10_5"]
    assert scores.classes == ("b", "a")
    assert scores.values.tolist() == [[0.3, 0.7], [0.2, 0.8], [0.1, 0.9]]
    assert scores.space == "prob"


def test_nan_is_named_by_recording_chunk_and_class(tmp_path: Path) -> None:
    values = VALUES.copy()
    values[1, 1] = np.nan
    for name, params in (("t.csv", {}), ("t.npz", NPZ)):
        text = failure(write(tmp_path / name, values=values), **params)
        assert f"{name}: unusable scores" in text
        assert "(r2, 5 s, class a): nan" in text


def test_infinite_values(tmp_path: Path) -> None:
    values = VALUES.copy()
    values[0, 0] = np.inf
    assert "1 values are not finite" in failure(write(tmp_path / "t.csv", values=values), "logit")


def test_rows_twice(tmp_path: Path) -> None:
    text = failure(write(tmp_path / "t.csv", ["r_5", "r_10", "r_5"]))
    assert "t.csv: unusable scores" in text
    assert "duplicate row: r_5" in text


def test_a_column_twice(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("row_id,a,a\nr_5,0.1,0.2\n", encoding="utf-8")
    assert "duplicate columns" in failure(path)


@pytest.mark.parametrize(("space", "low", "high"), [("prob", -0.5, 0.9), ("prob", 0.1, 1.5), ("rank", 0.1, 2.0)])
def test_values_that_contradict_their_space(tmp_path: Path, space: str, low: float, high: float) -> None:
    text = failure(write(tmp_path / "t.csv", values=np.array([[low, high], [0.2, 0.3], [0.3, 0.4]])), space)
    assert f"declared `space: {space}`" in text
    assert "did you mean `space: logit`?" in text


def test_probabilities_called_logits_give_a_warning(tmp_path: Path) -> None:
    member = table(MemberContext(), path=str(write(tmp_path / "t.csv")), space="logit")
    member.read()
    assert any("look like `space: prob`" in w for w in member.warnings())


def test_ranks_called_probabilities_give_a_warning(tmp_path: Path) -> None:
    n = 40
    values = np.column_stack([np.arange(1, n + 1), np.arange(n, 0, -1)]) / n
    member = table(
        MemberContext(), path=str(write(tmp_path / "t.csv", [f"r_{5 * i + 5}" for i in range(n)], values)), space="prob"
    )
    member.read()
    assert any("`space: rank`?" in w for w in member.warnings())


def test_ids_that_are_none(tmp_path: Path) -> None:
    text = failure(write(tmp_path / "t.csv", ["r_5", "nonsense", "r_x"]))
    assert "row ids must have the form <recording>_<end second>" in text
    assert "row 2: 'nonsense', row 3: 'r_x'" in text


def test_another_row_id_column(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("first,second,a\nr_5,s_5,0.25\n", encoding="utf-8")
    assert "no column 'row_id'" in failure(path)
    path.write_text("first,a\nr_5,0.25\n", encoding="utf-8")
    assert read(path, rows="first").values.tolist() == [[0.25]]


def test_folds_must_keep_recordings_whole(tmp_path: Path) -> None:
    path = write(tmp_path / "t.npz")
    assert len(read(path, **NPZ, folds="fold").rows) == 3
    np.savez(path, scores=VALUES, ids=np.array(IDS), names=np.array(["b", "a"]), fold=np.array([0, 0, 1]))
    assert "recordings split over several folds" in failure(path, **NPZ, folds="fold")


def test_dtype_says_what_the_values_were(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", values=np.array([[1.0, 0.0], [0.5, 0.25], [0.5, 0.25]]))
    assert read(path).values.dtype == np.float64
    assert read(path, dtype="float32").values.dtype == np.float32


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({}, "`array:` must name one of its arrays"),
        ({**NPZ, "array": "score"}, "no array 'score' for `array:` (did you mean 'scores'?)"),
        ({**NPZ, "array": "ids"}, "expected numbers of shape (3 rows, 2 classes)"),
        ({**NPZ, "classes": "ids"}, "expected numbers of shape (3 rows, 3 classes)"),
    ],
)
def test_npz_arrays_that_do_not_fit(tmp_path: Path, params: dict[str, str], message: str) -> None:
    assert message in failure(write(tmp_path / "t.npz"), **params)


def test_pickles_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.npz"
    np.savez(path, scores=np.array([{"a": 1}], dtype=object), ids=np.array(["r_5"]), names=np.array(["a"]))
    assert "pickled arrays are refused" in failure(path, **NPZ)


def test_an_unknown_kind_of_file(tmp_path: Path) -> None:
    path = tmp_path / "t.pkl"
    path.write_bytes(b"")
    assert "t.pkl" in failure(path)


TAXA = Taxonomy(
    {
        "grekis": {"scientific_name": "Pitangus sulphuratus", "common_name": "Great Kiskadee", "ebird_code": "grekis"},
        "22961": {"scientific_name": "Boana raniceps", "common_name": "Chaco Tree Frog"},
        "x": {"scientific_name": "Otus x", "common_name": "X Owl"},
    }
)


def named(path: Path, *columns: str, **params: Any) -> Any:
    frame = pd.DataFrame(VALUES[:, : len(columns)], columns=list(columns))
    frame.insert(0, "row_id", IDS)
    frame.to_csv(path, index=False)
    return table(MemberContext(TAXA.classes, TAXA), path=str(path), space="prob", **params)


@pytest.mark.parametrize(
    ("columns", "by"),
    [
        (("Boana raniceps", "Pitangus sulphuratus"), "scientific_name"),
        (("boana RANICEPS", "pitangus sulphuratus"), "scientific_name"),
        (("Chaco Tree Frog", "Great Kiskadee"), "common_name"),
        (("22961", "grekis"), "ebird"),
        (("22961", "grekis"), "id"),
        (("boana raniceps", "Great Kiskadee"), "id"),
    ],
)
def test_columns_are_classes_by_any_name(tmp_path: Path, columns: tuple[str, str], by: Any) -> None:
    scores = named(tmp_path / "t.csv", *columns, class_by=by).read()
    assert scores.values[:, scores.classes.index("22961")].tolist() == [0.3, 0.2, 0.1]
    assert scores.values[:, scores.classes.index("grekis")].tolist() == [0.7, 0.8, 0.9]
    assert len(scores.classes) == 2


def test_columns_of_no_class_are_named(tmp_path: Path) -> None:
    member = named(tmp_path / "t.csv", "Boana raniceps", "Canis lupus", class_by="scientific_name")
    assert member.read().classes == ("22961",)
    assert "columns of no class left out: Canis lupus" in member.warnings()
    assert "1 of 3 classes matched, among its 2; without a column: grekis, x" in member.warnings()


def test_a_name_among_ids_is_read_as_its_class(tmp_path: Path) -> None:
    member = named(tmp_path / "t.csv", "22961", "Pitangus sulphuratus")
    assert member.read().classes == ("22961", "grekis")
    assert "1 columns are names of classes, not ids, and are read as these: Pitangus sulphuratus" in member.warnings()


def test_two_columns_of_one_name(tmp_path: Path) -> None:
    with pytest.raises(BlendkitError, match="several of its classes have one name but for its letter case"):
        named(tmp_path / "t.csv", "Boana raniceps", "boana raniceps", class_by="scientific_name").read()


def test_columns_that_only_describe_where_no_list_of_classes_says_so(tmp_path: Path) -> None:
    pd.DataFrame({"row_id": IDS, "a": [0.3, 0.2, 0.1], "version": [1, 1, 1]}).to_csv(tmp_path / "t.csv", index=False)
    member = table(MemberContext((), Taxonomy({})), path=str(tmp_path / "t.csv"), space="prob")
    assert member.read().classes == ("a",)
    assert "1 columns are left out, for they are no classes: version" in member.warnings()
