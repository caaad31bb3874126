"""Score tables as other programs write them: separators, encodings, compression, and columns that are no classes."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from blendkit.errors import BlendkitError
from blendkit.io.file_kinds import file_kind
from blendkit.io.file_reader import ColumnNames, find_reader
from blendkit.io.readers.score_sources import read_score_file, read_scores
from blendkit.io.readers.score_table import read_table
from blendkit.io.text_form import text_form

IDS = ["r_5", "r_10", "s_5"]
FRAME = pd.DataFrame({"row_id": IDS, "Été": [0.25, 0.5, 1e-9], "22961": [0.0, 1.0, 0.125]})


def check(path: Path, *notes: str) -> None:
    table = read_table(path)
    assert table.row_ids == IDS
    assert table.classes == ["Été", "22961"]
    assert np.array_equal(table.values, FRAME[["Été", "22961"]])
    assert list(table.notes) == list(notes)


@pytest.mark.parametrize(
    ("how", "note"),
    [
        ({}, None),
        ({"lineterminator": "\r\n"}, None),
        ({"sep": ";"}, "separated by semicolons"),
        ({"sep": ";", "decimal": ","}, "separated by semicolons, with decimal commas"),
        ({"sep": "\t"}, "separated by tabs"),
        ({"sep": "\t", "decimal": ","}, "separated by tabs, with decimal commas"),
        ({"sep": "|"}, "separated by bars"),
        ({"encoding": "utf-8-sig"}, None),
        ({"encoding": "utf-16"}, "written in UTF-16"),
        ({"encoding": "utf-16-be"}, "written in UTF-16"),  # without a mark
        ({"encoding": "utf-16", "sep": "\t"}, "written in UTF-16, separated by tabs"),
        ({"encoding": "latin-1"}, "written in Latin-1, for it is not UTF-8"),
    ],
)
def test_text_in_any_form(tmp_path: Path, how: dict[str, str], note: str | None) -> None:
    path = tmp_path / "scores.txt"
    FRAME.to_csv(path, index=False, **how)
    check(path, *([note] if note else []))


@pytest.mark.parametrize("kind", ["gzip", "bzip2", "xz", "zip", "zstd"])
def test_compressed_text(tmp_path: Path, kind: str) -> None:
    text = FRAME.to_csv(index=False).encode()
    path = tmp_path / "scores.csv.x"  # the name says nothing
    if kind == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("scores.csv", text)
            archive.writestr("__MACOSX/._scores.csv", b"junk")
    elif kind == "zstd":
        import pyarrow as pa

        path.write_bytes(pa.compress(text, "zstd", asbytes=True))
    else:
        pack = {"gzip": gzip.compress, "bzip2": bz2.compress, "xz": lzma.compress}[kind]
        path.write_bytes(pack(text))
    check(path, f"packed by {kind}")


def test_arrow_and_parquet_by_their_content(tmp_path: Path) -> None:
    FRAME.to_feather(tmp_path / "a")
    FRAME.to_parquet(tmp_path / "p", index=False)
    assert [file_kind(tmp_path / n) for n in "ap"] == ["Arrow", "Parquet"]
    check(tmp_path / "a")
    check(tmp_path / "p")


@pytest.mark.parametrize("name", ["id", "Row_ID", "filename", "ID"])
def test_row_ids_in_another_column(tmp_path: Path, name: str) -> None:
    FRAME.rename(columns={"row_id": name}).to_csv(tmp_path / "t.csv", index=False)
    check(tmp_path / "t.csv", f"row ids are in column {name!r}")


@pytest.mark.parametrize("name", ["", "Unnamed: 0", "index", "level_0"])
@pytest.mark.parametrize("first", [0, 1])
def test_numbers_of_rows_are_no_class(tmp_path: Path, name: str, first: int) -> None:
    table = FRAME.copy()
    table.insert(0, name, range(first, first + 3))
    table.to_csv(tmp_path / "t.csv", index=False)
    check(tmp_path / "t.csv", f"left out, for it numbers the rows: column {name!r}")


def test_columns_about_rows_are_no_classes(tmp_path: Path) -> None:
    FRAME.assign(fold=[0, 1, 0], site=["a", "a", "b"], start=0, End=5).to_csv(tmp_path / "t.csv", index=False)
    check(tmp_path / "t.csv", "left out, for they are no classes: columns fold, site, start, End")
    assert read_table(tmp_path / "t.csv", folds="fold").folds is not None


def test_what_was_measured_beside_the_sound_is_no_class(tmp_path: Path) -> None:
    beside = {"temperature": 21.5, "humidity": 80, "snr": 0.5, "lat": -20.0, "cluster_id": 1, "moon_phase": 0.25}
    FRAME.assign(**beside).to_csv(tmp_path / "t.csv", index=False)
    check(tmp_path / "t.csv", f"left out, for they are no classes: columns {', '.join(list(beside)[:5])} (+1 more)")
    FRAME.assign(group=0.5, channel=0.25).to_csv(tmp_path / "classes.csv", index=False)  # these may be classes
    assert {"group", "channel"} <= set(read_table(tmp_path / "classes.csv").classes)
    rng = np.random.default_rng(0)
    cosines = pd.DataFrame(rng.random((48, 10)), columns=[f"c{i}" for i in range(10)])
    cosines.iloc[:, :4] -= 0.1  # some below 0, others never
    cosines.insert(0, "row_id", [f"r_{5 * i + 5}" for i in range(48)])
    cosines.to_csv(tmp_path / "cosines.csv", index=False)
    assert len(read_table(tmp_path / "cosines.csv").classes) == 10
    table = pd.DataFrame(rng.random((48, 4)), columns=list("abcd")).assign(
        batt=rng.uniform(3, 4, 48), sun=rng.uniform(20, 30, 48)
    )
    table.insert(0, "row_id", [f"r_{5 * i + 5}" for i in range(48)])
    table.to_csv(tmp_path / "two.csv", index=False)
    with pytest.raises(BlendkitError, match=r"one scale\n  4 columns lie in \[0, 1\], but 'batt' in"):
        read_table(tmp_path / "two.csv")


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        ({"Unnamed: 0": [0.5, 0.25, 0.5]}, "column 'Unnamed: 0' is no class id, and does not number the rows either"),
        ({"": [0.5, 0.25, 0.5]}, "column '' is no class id"),
        ({"22961.1": [0.0, 1.0, 0.125]}, "22961.1: the same class twice"),
        ({"a_x": 0.5, "a_y": 0.5}, "a_x and a_y: two tables merged into one"),
        ({"a": 0.5, "a_y": 0.5}, "a_y and a: two tables merged into one"),  # suffixes=("", "_y")
        ({"note": ["x", "y", "z"]}, "not numbers: note"),
    ],
)
def test_what_may_or_may_not_be_a_class(tmp_path: Path, extra: dict[str, object], said: str) -> None:
    FRAME.assign(**extra).to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(BlendkitError) as error:
        read_table(tmp_path / "t.csv")
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "this file is empty"),
        (b" \n\n", "this file is empty"),
        (b"\x00\x01\x02row", "is no text table"),
        (b"\x1f\x8bgarbage", "cannot read this file"),
        (b"row_id,a\nr_5,1,2\n", "Expected 2 columns, got 3"),
        (b"row_id,a\nr_5,0.5\nr_10,x\n", "column 'a' holds 'x', expected numbers"),
    ],
)
def test_damaged_text(tmp_path: Path, data: bytes, said: str) -> None:
    (tmp_path / "t.csv").write_bytes(data)
    with pytest.raises(BlendkitError) as error:
        read_table(tmp_path / "t.csv")
    assert said in str(error.value)
    assert "t.csv" in str(error.value)


def test_the_form_of_one_column_or_line(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("row_id\n", encoding="utf-8")
    assert text_form(path).header == ("row_id",)
    path.write_text('"a;b",c\n"1;2",3\n', encoding="utf-8")  # a separator inside quotes does not count
    assert text_form(path).separator == ","


def test_columns_that_count_rows_or_lie_on_another_scale(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.random((48, 4)), columns=list("abcd"))
    frame.insert(0, "row_id", [f"r_{5 * (k + 1)}" for k in range(48)])
    frame.assign(n=np.arange(1, 49)).to_csv(tmp_path / "n.csv", index=False)
    assert read_table(tmp_path / "n.csv").notes == ("left out, for it numbers the rows: column 'n'",)
    frame.assign(count=rng.permutation(48)).to_csv(tmp_path / "c.csv", index=False)
    with pytest.raises(BlendkitError, match=r"4 columns lie in \[0, 1\], but 'count' in \[0, 47\]: are these classes"):
        read_table(tmp_path / "c.csv")
    rare = frame.assign(a=100 * frame["a"], b=100 * frame["b"], e=frame["c"], f=frame["d"], g=0.5 * frame["a"])
    rare.to_csv(tmp_path / "p.csv", index=False)
    with pytest.raises(BlendkitError, match=r"one scale\n.*are all of them percentages\? divide them by 100"):
        read_table(tmp_path / "p.csv")
    frame.assign(b=frame["b"].where(frame.index != 3, np.inf)).to_csv(tmp_path / "inf.csv", index=False)
    with pytest.raises(BlendkitError, match=r"1 values are not finite\n.*\(r, 15 s, class b\): inf"):
        read_scores(tmp_path / "inf.csv")
    frame.sample(frac=1, random_state=0).to_csv(tmp_path / "i.csv")  # a shuffled frame keeps its index
    assert read_table(tmp_path / "i.csv").classes == list("abcd")
    few = frame.assign(b=0.0, c=0.0, d=0.0, a=frame["a"] * 20 - 10)  # logits of one class, the others not covered
    few.to_csv(tmp_path / "f.csv", index=False)
    assert read_table(tmp_path / "f.csv").classes == list("abcd")


def test_indexes_that_pandas_writes_into_parquet(tmp_path: Path) -> None:
    FRAME.sample(frac=1, random_state=1).to_parquet(tmp_path / "s")
    assert read_table(tmp_path / "s").classes == ["Été", "22961"]
    FRAME.set_index("row_id").rename_axis(None).to_parquet(tmp_path / "u")
    assert find_reader(tmp_path / "u", ColumnNames())[0] == "matrix"
    assert read_table(tmp_path / "u").row_ids == IDS


@pytest.mark.parametrize("suffixes", [("_x", "_y"), ("_left", "_right"), ("", "_right")])
def test_two_tables_joined_into_one(tmp_path: Path, suffixes: tuple[str, str]) -> None:
    FRAME.merge(FRAME, on="row_id", suffixes=suffixes).to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(BlendkitError, match="two tables merged into one"):
        read_table(tmp_path / "t.csv")


def test_a_header_longer_than_what_is_looked_at_first(tmp_path: Path) -> None:
    names = [f"class_number_{k}" for k in range(6000)]  # 100 kB
    (tmp_path / "t.csv").write_text(f"row_id,{','.join(names)}\nr_5{',0.5' * 6000}\nr_10{',0.25' * 6000}\n")
    table = read_table(tmp_path / "t.csv")
    assert table.classes == names
    assert table.values.shape == (2, 6000)


def test_chunks_that_no_window_overlaps_have_no_row(tmp_path: Path) -> None:
    lines = ["file,start_time,end_time,a", "r.wav,0,3,0.1", "r.wav,3,6,0.2", "r.wav,15,18,0.4", "s.wav,5,8,0.5"]
    (tmp_path / "f.csv").write_text("\n".join([*lines, ""]), encoding="utf-8")
    found = read_score_file(tmp_path / "f.csv", "prob")
    assert found.scores.rows.ids() == ["r_5", "r_10", "r_20", "s_10"]
    assert found.scores.values.ravel().tolist() == pytest.approx([(3 * 0.1 + 2 * 0.2) / 5, 0.2, 0.4, 0.5])
    assert found.notes[-1] == "2 chunks that no window overlaps have no row: r, chunk 3, s, chunk 1"


def test_columns_that_only_count_are_no_classes_in_python_either(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(
        "row_id,max_prob,a,b,top1,dow\nr_5,0.9,0.9,0.2,0.9,0.1\nr_10,0.8,0.1,0.8,0.8,0.1\n", encoding="utf-8"
    )
    assert read_scores(path, "prob").classes == ("a", "b")
    path.write_text("row_id,prob_1,prob_2\nr_5,0.9,0.2\n", encoding="utf-8")
    assert read_scores(path, "prob").classes == ("prob_1", "prob_2")  # all columns are called so
