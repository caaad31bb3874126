from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.stats import rankdata

from blendkit.errors import BlendkitError
from blendkit.io.readers.score_table import Table, read_table, recording_folds

IDS = ["0007_5", "r_10", "NA"]
CLASSES = ["1161364", "grekis", "47158son01"]
NPZ = {"array": "probs", "rows": "row_ids", "classes": "names"}


def frame(dtype: Any = np.float64) -> pd.DataFrame:
    values = np.array([[0.1, 0.2, 0.3], [1e-9, 0.5, 1.0], [0.0, 1 / 3, 0.7]], dtype)
    return pd.concat([pd.DataFrame({"row_id": IDS}), pd.DataFrame(values, columns=CLASSES)], axis=1)


def write(folder: Path, table: pd.DataFrame, suffix: str) -> Path:
    path = folder / f"table{suffix}"
    if suffix == ".csv":
        table.to_csv(path, index=False)
    else:
        table.to_parquet(path, index=False)
    return path


def csv(folder: Path, text: str) -> Path:
    path = folder / "table.csv"
    path.write_text(text, encoding="utf-8")
    return path


def npz(folder: Path, **change: Any) -> Path:
    arrays: dict[str, Any] = {
        "probs": frame(np.float32)[CLASSES].to_numpy(),
        "row_ids": np.array(IDS),
        "names": np.array(CLASSES),
        "fold": np.array([0, 1, 1]),
    }
    path = folder / "table.npz"
    np.savez(path, **{k: v for k, v in {**arrays, **change}.items() if v is not None})
    return path


def refusal(path: Path, **how: Any) -> str:
    with pytest.raises(BlendkitError) as error:
        read_table(path, **how)
    message = str(error.value)
    assert path.name in message
    return message


def same(table: Table, values: Any) -> None:
    assert table.row_ids == IDS
    assert table.classes == CLASSES
    assert np.array_equal(table.values, values)


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_ids_and_classes_are_text(tmp_path: Path, suffix: str) -> None:
    table = read_table(write(tmp_path, frame(), suffix))
    same(table, frame()[CLASSES].to_numpy())
    assert table.values.dtype == np.float64
    assert table.folds is None
    assert all(type(r) is str for r in table.row_ids)


def test_parquet_keeps_float32(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, frame(np.float32), ".parquet"))
    same(table, frame(np.float32)[CLASSES].to_numpy())
    assert table.values.dtype == np.float32


def test_npz_keeps_float32(tmp_path: Path) -> None:
    table = read_table(npz(tmp_path), **NPZ)
    same(table, frame(np.float32)[CLASSES].to_numpy())
    assert table.values.dtype == np.float32


@pytest.mark.parametrize("dtype", [np.float64, np.float16, np.int8, np.uint8])
def test_npz_gives_float64_of_other_numbers(tmp_path: Path, dtype: Any) -> None:
    values = np.array([[0, 1, 0], [1, 0, 0], [0, 0, 1]], dtype)
    table = read_table(npz(tmp_path, probs=values), **NPZ)
    assert table.values.dtype == np.float64
    assert np.array_equal(table.values, values)


def test_mixed_widths_give_float64(tmp_path: Path) -> None:
    mixed = frame(np.float32).astype({"grekis": np.float64})
    assert read_table(write(tmp_path, mixed, ".parquet")).values.dtype == np.float64


def test_whole_numbers_are_numbers(tmp_path: Path) -> None:
    whole = pd.DataFrame({"row_id": ["a_5"], "x": [1], "y": [True]})
    assert read_table(write(tmp_path, whole, ".parquet")).values.tolist() == [[1.0, 1.0]]
    assert read_table(csv(tmp_path, "row_id,x,y\na_5,1,0\n")).values.tolist() == [[1.0, 0.0]]


def test_ids_of_digits_alone_keep_their_zeros(tmp_path: Path) -> None:
    assert read_table(csv(tmp_path, "row_id,x\n007,1\n1e5,2\n")).row_ids == ["007", "1e5"]


def test_categorical_ids_are_text(tmp_path: Path) -> None:
    table = frame().astype({"row_id": "category"})
    assert read_table(write(tmp_path, table, ".parquet")).row_ids == IDS


def test_ids_may_be_the_frames_index(tmp_path: Path) -> None:
    path = tmp_path / "indexed.parquet"
    frame().set_index("row_id").to_parquet(path)
    same(read_table(path), frame()[CLASSES].to_numpy())


def test_an_unnamed_index_is_no_class(tmp_path: Path) -> None:
    path = tmp_path / "sliced.parquet"
    frame().iloc[[2, 0]].to_parquet(path)
    table = read_table(path)
    assert table.row_ids == [IDS[2], IDS[0]]
    assert table.classes == CLASSES


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_another_id_column_and_folds(tmp_path: Path, suffix: str) -> None:
    table = frame().rename(columns={"row_id": "chunk"}).assign(fold=[0, 1, 1])
    read = read_table(write(tmp_path, table, suffix), rows="chunk", folds="fold")
    same(read, frame()[CLASSES].to_numpy())
    assert read.folds is not None
    assert read.folds.tolist() == [0, 1, 1]


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_folds_may_be_words(tmp_path: Path, suffix: str) -> None:
    read = read_table(write(tmp_path, frame().assign(fold=["A", "B", "B"]), suffix), folds="fold")
    assert read.folds is not None
    assert read.folds.tolist() == ["A", "B", "B"]


@pytest.mark.parametrize("missing", ["", "nan", "NaN", "NA", "null"])
def test_missing_values_are_nan(tmp_path: Path, missing: str) -> None:
    table = read_table(csv(tmp_path, f"row_id,x,y\na_5,0.5,{missing}\n"))
    assert np.array_equal(table.values, [[0.5, np.nan]], equal_nan=True)


def test_a_table_without_rows(tmp_path: Path) -> None:
    table = read_table(csv(tmp_path, "row_id,x,y\n"))
    assert (table.row_ids, table.classes, table.values.shape) == ([], ["x", "y"], (0, 2))


def test_byte_order_mark_is_no_part_of_a_name(tmp_path: Path) -> None:
    assert read_table(csv(tmp_path, "\ufeffrow_id,x\na_5,1\n")).row_ids == ["a_5"]


@given(hnp.arrays(np.float64, st.tuples(st.integers(1, 5), st.integers(1, 4)), elements=st.floats(allow_nan=False)))
def test_every_float_survives_every_format(tmp_path_factory: pytest.TempPathFactory, values: np.ndarray) -> None:
    folder = tmp_path_factory.mktemp("tables")
    rows, names = [f"r_{i}" for i in range(len(values))], [str(c) for c in range(values.shape[1])]
    table = pd.concat([pd.DataFrame({"row_id": rows}), pd.DataFrame(values, columns=names)], axis=1)
    read = [read_table(write(folder, table, s)).values for s in (".csv", ".parquet")]
    path = npz(folder, probs=values, row_ids=np.array(rows), names=np.array(names))
    for found in [*read, read_table(path, **NPZ).values]:
        assert found.tobytes() == values.tobytes() or np.array_equal(found, values)


@given(st.permutations(CLASSES), st.permutations(range(3)))
def test_order_is_the_files(tmp_path_factory: pytest.TempPathFactory, columns: list[str], order: list[int]) -> None:
    table = frame().iloc[order][["row_id", *columns]]
    read = read_table(write(tmp_path_factory.mktemp("tables"), table, ".csv"))
    assert read.row_ids == [IDS[i] for i in order]
    assert read.classes == columns
    assert np.array_equal(read.values, frame()[columns].to_numpy()[order])


@pytest.mark.parametrize("name", ["table.txt", "table", "table.json"])
def test_files_that_are_not_there(tmp_path: Path, name: str) -> None:
    message = refusal(tmp_path / name)
    assert "cannot read this file" in message


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".npz"])
@pytest.mark.parametrize(
    "data", [None, b"", b"\x00garbage\xff" * 20, b"PK\x03\x04" + bytes(50)], ids=["missing", "empty", "garbage", "zip"]
)
def test_unreadable_files_are_plain_errors(tmp_path: Path, suffix: str, data: bytes | None) -> None:
    path = tmp_path / f"table{suffix}"
    if data is not None:
        path.write_bytes(data)
    refusal(path, **(NPZ if suffix == ".npz" else {}))


@pytest.mark.parametrize("suffix", [".parquet", ".npz"])
def test_truncated_files_are_plain_errors(tmp_path: Path, suffix: str) -> None:
    path = npz(tmp_path) if suffix == ".npz" else write(tmp_path, frame(), suffix)
    path.write_bytes(path.read_bytes()[:-200])
    assert "cannot read" in refusal(path, **(NPZ if suffix == ".npz" else {}))


def test_one_array_alone_is_no_npz(tmp_path: Path) -> None:
    path = tmp_path / "table.npz"
    with path.open("wb") as handle:
        np.save(handle, np.zeros((3, 3)))
    refusal(path, **NPZ)


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_missing_id_column_names_the_nearest(tmp_path: Path, suffix: str) -> None:
    ids = [i.replace("_", "-") for i in IDS]
    path = write(tmp_path, frame().rename(columns={"row_id": "rowid"}).assign(rowid=ids), suffix)
    message = refusal(path)
    assert "no column 'row_id' (did you mean 'rowid'?)" in message
    assert "has rowid, 1161364, grekis, 47158son01" in message


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_missing_fold_column_names_the_nearest(tmp_path: Path, suffix: str) -> None:
    path = write(tmp_path, frame().assign(fold=0), suffix)
    assert "no column 'folds' (did you mean 'fold'?)" in refusal(path, folds="folds")


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_columns_of_text_are_named(tmp_path: Path, suffix: str) -> None:
    path = write(tmp_path, frame().assign(note=["S1", "S2", "S3"]), suffix)
    assert "not numbers: note" in refusal(path)


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_no_class_columns(tmp_path: Path, suffix: str) -> None:
    assert "no class columns" in refusal(write(tmp_path, frame()[["row_id"]], suffix))


def test_columns_listed_twice_are_named(tmp_path: Path) -> None:
    message = refusal(csv(tmp_path, "row_id,x,y,x\na_5,1,2,3\n"))
    assert "duplicate columns" in message
    assert "x" in message


def test_ragged_csv_is_refused(tmp_path: Path) -> None:
    assert "cannot read this table" in refusal(csv(tmp_path, "row_id,x,y\na_5,1,2\nb_5,1\n"))


@pytest.mark.parametrize("how", [{"array": "probs"}, {"classes": "names"}])
@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_npz_words_mean_nothing_elsewhere(tmp_path: Path, suffix: str, how: dict[str, str]) -> None:
    message = refusal(write(tmp_path, frame(), suffix), **how)
    assert next(iter(how)) in message
    assert "NPZ" in message


def test_npz_needs_its_names(tmp_path: Path) -> None:
    message = refusal(npz(tmp_path))
    for key in ("array", "rows", "classes"):
        assert f"`{key}:` must name one of its arrays" in message
    assert "probs (3, 3)" in message
    assert "fold (3,)" in message


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"array": "prob"}, "no array 'prob' for `array:` (did you mean 'probs'?)"),
        ({"rows": "row_id"}, "no array 'row_id' for `rows:` (did you mean 'row_ids'?)"),
        ({"folds": "folds"}, "no array 'folds' for `folds:` (did you mean 'fold'?)"),
        ({"classes": "name", "folds": "fold"}, "no array 'name' for `classes:` (did you mean 'names'?)"),
    ],
)
def test_npz_lists_what_it_has(tmp_path: Path, how: dict[str, str], words: str) -> None:
    message = refusal(npz(tmp_path), **{**NPZ, **how})
    assert words in message
    for held in ("probs (3, 3)", "row_ids (3,)", "names (3,)", "fold (3,)"):
        assert held in message


@pytest.mark.parametrize("key", ["probs", "row_ids", "names"])
def test_pickled_arrays_are_refused(tmp_path: Path, key: str) -> None:
    shape = (3, 3) if key == "probs" else (3,)
    path = npz(tmp_path, **{key: np.full(shape, None, object)})
    assert "pickled arrays are refused" in refusal(path, **NPZ)


def test_a_pickled_array_that_nobody_asked_for_is_left_alone(tmp_path: Path) -> None:
    path = npz(tmp_path, config=np.array({"lr": 0.1}, object))
    same(read_table(path, **NPZ), frame(np.float32)[CLASSES].to_numpy())
    message = refusal(path, **{**NPZ, "array": "prob"})
    assert "no array 'prob' for `array:` (did you mean 'probs'?)" in message


@pytest.mark.parametrize(
    "change",
    [
        {"probs": np.zeros((3, 2))},
        {"probs": np.zeros((2, 3))},
        {"probs": np.zeros(9)},
        {"probs": np.array([["a"] * 3] * 3)},
    ],
)
def test_npz_of_another_shape_or_type(tmp_path: Path, change: dict[str, Any]) -> None:
    message = refusal(npz(tmp_path, **change), **NPZ)
    assert str(change["probs"].shape) in message
    assert "(3 rows, 3 classes)" in message


def test_npz_folds_must_be_one_per_row(tmp_path: Path) -> None:
    assert "fold" in refusal(npz(tmp_path, fold=np.array([0, 1])), **NPZ, folds="fold")


def test_npz_ids_may_be_bytes_or_numbers(tmp_path: Path) -> None:
    numbers = read_table(npz(tmp_path, names=np.array([3, 20, 100])), **NPZ)
    assert numbers.classes == ["3", "20", "100"]
    as_bytes = read_table(npz(tmp_path, row_ids=np.array(IDS, "S")), **NPZ)
    assert as_bytes.row_ids == IDS


@pytest.mark.parametrize(
    ("recordings", "folds", "count"),
    [
        (["a", "a", "b"], [0, 0, 1], 2),
        (["a", "b", "a"], [1, 1, 1], 1),
        (["a", "b", "c"], ["x", "y", "x"], 2),
        ([], [], 0),
    ],
)
def test_folds_of_recordings(recordings: list[str], folds: list[Any], count: int) -> None:
    found = recording_folds("t", recordings, np.array(folds))
    assert found == {r: str(f) for r, f in zip(recordings, np.array(folds), strict=True)}
    assert len(set(found.values())) == count


def test_folds_that_split_a_recording_are_refused() -> None:
    with pytest.raises(BlendkitError) as error:
        recording_folds("oof.npz", ["a", "b", "a", "c", "c"], np.array([0, 0, 1, 2, 2]))
    assert "oof.npz: recordings split over several folds" in str(error.value)
    assert error.value.problems == ("a",)


def test_real_out_of_fold_scores(real_data: Path) -> None:
    path = real_data / "birdclef2026" / "oof_432.npz"
    names = {"rows": "row_ids", "classes": "classes", "folds": "fold"}
    table = read_table(path, array="perch_probes", **names)
    assert table.values.shape == (432, 234)
    assert table.folds is not None
    recordings = [r.rpartition("_")[0] for r in table.row_ids]
    assert len(set(recordings)) == 36
    assert len(set(recording_folds(path.name, recordings, table.folds).values())) == 3
    truth = read_table(path, array="labels", **names).values
    assert _auc(table.values, truth) == pytest.approx(0.861313, abs=1e-6)


def _auc(values: np.ndarray, truth: np.ndarray) -> float:
    """Macro-AUC by rank sums: small when rows or columns are read in the wrong order."""
    found = []
    for v, t in zip(values.T, truth.T, strict=True):
        positives = int(t.sum())
        if positives:
            ranks = rankdata(v)[t > 0].sum() - positives * (positives + 1) / 2
            found.append(ranks / positives / (len(t) - positives))
    assert len(found) == 54
    return float(np.mean(found))


def test_percentages_are_shares(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("row_id,a,b\nr_5,18.6%,0.5\nr_10,100 %,0.25\n", encoding="utf-8")
    table = read_table(path)
    assert table.values.tolist() == [[0.186, 0.5], [1.0, 0.25]]
    assert table.notes == ("percentages are read as shares (18.6% is 0.186): a",)
    path.write_text("row_id;a\nr_5;18,6%\nr_10;7,5%\n", encoding="utf-8")
    assert read_table(path).values[:, 0].tolist() == [0.186, 0.075]


@pytest.mark.parametrize(
    ("cells", "says"),
    [
        (("18.6%", "0.5"), "'a' has '0.5' beside '18.6%'"),
        (("0.5", "18.6%"), "'18.6%', expected numbers .0.186 in place of 18.6%"),
    ],
)
def test_percentages_beside_numbers_are_refused(tmp_path: Path, cells: tuple[str, str], says: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(f"row_id,a\nr_5,{cells[0]}\nr_10,{cells[1]}\n", encoding="utf-8")
    with pytest.raises(BlendkitError, match=says):
        read_table(path)


def test_the_one_array_of_scores_needs_no_name(tmp_path: Path) -> None:
    named = {"row_ids": np.array(["r_5", "r_10"]), "classes": np.array(["x", "y", "z"])}
    np.savez(tmp_path / "one.npz", scores=np.zeros((2, 3)), fold=np.array([0, 1]), **named)
    assert read_table(tmp_path / "one.npz", rows="row_ids", classes="classes").values.shape == (2, 3)
    np.savez(tmp_path / "folds.npz", truth=np.zeros((2, 3)), probs=np.zeros((4, 2, 3)), **named)
    with pytest.raises(BlendkitError, match="`array:` must name one of its arrays"):
        read_table(tmp_path / "folds.npz", rows="row_ids", classes="classes")
    np.savez(tmp_path / "two.npz", a=np.zeros((2, 3)), b=np.ones((2, 3)), **named)
    with pytest.raises(BlendkitError, match="`array:` must name one of its arrays"):
        read_table(tmp_path / "two.npz", rows="row_ids", classes="classes")


def test_whole_numbers_beside_logits_are_no_class(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    frame = pd.DataFrame(rng.normal(-4, 3, (30, 4)), columns=[*"abcd"])
    frame.insert(0, "row_id", [f"r_{5 * k + 5}" for k in range(30)])
    path = tmp_path / "t.csv"
    frame.assign(place=np.arange(30) % 7, floor=-15).to_csv(path, index=False)
    with pytest.raises(BlendkitError, match="whole numbers alone beside columns of fractions: 'place' from 0 to 6"):
        read_table(path)
    frame.assign(floor=-15).to_csv(path, index=False)  # the logit of what a model never says
    assert read_table(path).classes == [*"abcd", "floor"]
    frame.round(dict.fromkeys("abcd", 0)).to_csv(path, index=False)
    assert read_table(path).classes == [*"abcd"]
