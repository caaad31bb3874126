from __future__ import annotations

import bz2
import gzip
import lzma
import zipfile
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from blendkit.errors import BlendkitError
from blendkit.io.text_tables import decimal_points, find_columns, open_table, plain_name, separator_of

PLAIN = "name,début,x\na,0.5,\nb,1,NA\n"
ROWS = [["a", "0.5", ""], ["b", "1", "NA"]]


def written(folder: Path, data: bytes | str) -> Path:
    path = folder / "t.csv"
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def zipped(folder: Path, **files: str) -> Path:
    with zipfile.ZipFile(folder / "t.csv", "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return folder / "t.csv"


@pytest.mark.parametrize(
    ("data", "noted"),
    [
        (PLAIN.encode(), ""),
        (b"\xef\xbb\xbf" + PLAIN.encode(), ""),
        (PLAIN.encode("utf-16"), "UTF-16"),
        (PLAIN.encode("utf-16-le"), "UTF-16"),
        (PLAIN.encode("utf-16-be"), "UTF-16"),
        (PLAIN.encode("latin-1"), "line 1 is not UTF-8: the file is read as Latin-1"),
        (PLAIN.replace(",", ";").encode(), ""),
        (PLAIN.replace(",", "\t").replace("\n", "\r\n").encode(), ""),
        (PLAIN.replace("\n", "\r").encode(), ""),
        (b"sep=;\n" + PLAIN.replace(",", ";").encode(), ""),
        (PLAIN.replace("\n", ",,\n").encode(), ""),  # a spreadsheet's empty columns
        (gzip.compress(PLAIN.encode(), mtime=0), ""),
        (bz2.compress(PLAIN.encode()), ""),
        (lzma.compress(PLAIN.encode()), ""),
        (pa.Codec("zstd").compress(PLAIN.encode(), asbytes=True), ""),
    ],
)
def test_a_table_is_told_by_its_content(tmp_path: Path, data: bytes, noted: str) -> None:
    frame, notes = open_table(written(tmp_path, data))
    assert frame.columns.tolist()[:3] == ["name", "début", "x"]
    assert frame.iloc[:, :3].to_numpy().tolist() == ROWS
    assert bool(noted) == bool(notes)
    assert noted in " ".join(notes)


def test_zip_and_parquet(tmp_path: Path) -> None:
    assert open_table(zipped(tmp_path, **{"a/t.csv": PLAIN, "__MACOSX/x": ""}))[0].to_numpy().tolist() == ROWS
    index = pd.Index(["a.wav"], name="file")
    pd.DataFrame({"n": [1.5], "there": [True], "none": [None], "list": [["p", "q"]]}, index).to_parquet(
        tmp_path / "p.csv"
    )
    frame, _ = open_table(tmp_path / "p.csv")
    assert frame.to_dict("list") == {
        "file": ["a.wav"], "n": ["1.5"], "there": ["True"], "none": [""], "list": ["['p', 'q']"],
    }  # fmt: skip


def test_the_index_is_the_line(tmp_path: Path) -> None:
    frame, _ = open_table(written(tmp_path, 'a,b\n\n1,"x\ny"\n,\n2,3\n'))
    assert frame.index.tolist() == [3, 6]
    assert frame["b"].tolist() == ["x\ny", "3"]
    assert open_table(written(tmp_path, "a,b\n"))[0].shape == (0, 2)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("", "the file is empty"),
        ("a,b\n1,2,3\n4,5\n6\n7,8,9,10", "3 lines of this table do not have the 2 fields of its header"),
        ("a,b\n1,2\n1,2,3\n", "line 3 has 3"),
        ('a,b\n1,"2\n3,4\n', "line 2: unexpected end of data; is a double quote missing?"),
        ("a,b,a\n1,2,3\n", "columns named twice: a"),
        (b"a,b\n\x00\x01\xff\xfe\x93", "binary file"),
        (gzip.compress(b"a,b\n1,2\n" * 99, mtime=0)[:-20], "cannot read this table"),
        (b"PAR1 and no more", "cannot read this table"),
        (b"PK\x03\x04 and no more", "cannot read this table"),
        (b"\x28\xb5\x2f\xfd and no more", "cannot read this table"),
        (b"\xff\xfea\x00,", "it starts as utf-16-le"),
    ],
)
def test_what_cannot_be_read_is_said(tmp_path: Path, data: bytes | str, said: str) -> None:
    with pytest.raises(BlendkitError) as error:
        open_table(written(tmp_path, data))
    assert said in str(error.value)
    assert "t.csv: " in str(error.value)


def test_archives_of_several_files_and_of_spreadsheets(tmp_path: Path) -> None:
    with pytest.raises(BlendkitError, match=r"expected one table in this zip, found 2 files: a\.npy, b\.npy"):
        open_table(zipped(tmp_path, **{"a.npy": "", "b.npy": ""}))
    with pytest.raises(BlendkitError, match="save the sheet as CSV"):
        open_table(zipped(tmp_path, **{"xl/workbook.xml": "", "x": ""}))
    with pytest.raises(BlendkitError, match="cannot read these scores"):
        open_table(tmp_path, "these scores")


@pytest.mark.parametrize(
    ("column", "plain", "unit"),
    [
        ("Begin Time (s)", "begin_time", 1.0),
        ("start_ms", "start", 0.001),
        ("END [MS]", "end", 0.001),
        ("File-Name ", "file_name", None),
        ("seconds", "seconds", None),
        ("42", "42", None),
    ],
)
def test_plain_names(column: str, plain: str, unit: float | None) -> None:
    assert plain_name(column) == (plain, unit)


def test_columns_are_found_in_the_order_of_the_names() -> None:
    assert find_columns(["Label", "x", "Primary Label", "label_s"], ["primary_label", "label"]) == [
        "Primary Label",
        "Label",
        "label_s",
    ]


def test_decimal_commas_where_they_can_be_nothing_else() -> None:
    frame = pd.DataFrame({"a": ["0,5", "1"], "b": ["1,234", "2"], "c": ["1,2,3", "1,5"], "d": ["1,500", "2,25"]})
    new, notes = decimal_points(frame, list(frame))
    assert new.to_dict("list") == {
        "a": ["0.5", "1"],
        "b": ["1,234", "2"],
        "c": ["1,2,3", "1,5"],
        "d": ["1.500", "2.25"],
    }
    assert notes == ("decimal commas are read as points: a, d",)
    assert decimal_points(frame, ["b"])[1] == ()
    assert frame["a"].tolist() == ["0,5", "1"]


def test_a_first_line_of_very_many_columns() -> None:
    assert separator_of(",".join(f"c{k}" for k in range(300_000))) == ","
    assert separator_of("x" * 500_000) == ","
