"""What is said of a file from which no table can be read: what it is, and the way out."""

from __future__ import annotations

import gzip
import io
import os
import pickle
import tarfile
import zipfile
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from blendkit.errors import BlendkitError
from blendkit.io import read_labels, read_scores
from blendkit.recipe import open_recipe

FRAME = pd.DataFrame({"row_id": ["r_5", "r_10"], "a": [0.25, 0.5], "b": [0.5, 0.75]})
CSV = FRAME.to_csv(index=False).encode()


def zipped(**files: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in files.items():
            archive.writestr(name.replace("__", "/"), data)
    return out.getvalue()


def tarred() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        info = tarfile.TarInfo("a.csv")
        info.size = len(CSV)
        archive.addfile(info, io.BytesIO(CSV))
    return out.getvalue()


def stream() -> bytes:
    out = io.BytesIO()
    table = pa.Table.from_pandas(FRAME)
    with pa.ipc.new_stream(out, table.schema) as writer:
        writer.write_table(table)
    return out.getvalue()


STRANGE = {
    "cut gzip": (lambda: gzip.compress(CSV * 50)[:-30], ["cut off or damaged", "download it again"]),
    "cut zip": (lambda: zipped(a=CSV)[:-20], ["cut off or damaged"]),
    "workbook": (lambda: zipped(**{"xl__workbook.xml": b"x", "a": b""}), ["spreadsheet: save the sheet as CSV"]),
    "two tables": (lambda: zipped(one=CSV, two=CSV), ["2 files: one, two; unpack it"]),
    "tar": (tarred, ["a tar archive: unpack it"]),
    "tar.gz": (lambda: gzip.compress(tarred()), ["a tar archive: unpack it"]),
    "stream": (stream, ["an Arrow stream", "write_feather"]),
    "page": (lambda: b"\n<!DOCTYPE html>\n<html><body>Sign in, please</body></html>", ["a web page", "logged in"]),
    "pointer": (lambda: b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", ["`git lfs pull`"]),
    "pickle": (lambda: pickle.dumps({"a": 1}), ["a Python pickle", "as CSV or Parquet"]),
    "recording": (lambda: b"RIFF\x24\0\0\0WAVEfmt ", ["a recording"]),
}


@pytest.mark.parametrize("name", STRANGE)
def test_what_a_file_is_and_the_way_out(name: str, tmp_path: Path) -> None:
    make, says = STRANGE[name]
    path = tmp_path / "a.csv"
    path.write_bytes(make())
    for read in (read_scores, read_labels):
        with pytest.raises(BlendkitError) as error:
            read(path)
        assert all(s in str(error.value) for s in says), str(error.value)
        assert len(str(error.value)) < 600
    with pytest.raises(BlendkitError, match="`blendkit formats list` lists what can be read"):
        read_scores(path)


def test_a_parquet_file_without_its_end(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    FRAME.to_parquet(path)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(BlendkitError, match="it is cut off: copy or download it again"):
        read_scores(path)


@pytest.mark.parametrize("read", [read_scores, read_labels])
def test_a_missing_file_names_the_nearest_one(read: object, tmp_path: Path) -> None:
    (tmp_path / "scores.csv").write_bytes(CSV)
    for name, says in (
        ("score.csv", r"there is no file 'score.csv' \(did you mean 'scores.csv'\?\)"),
        ("Scores.csv", "no file 'Scores.csv', but 'scores.csv': they differ in letter case"),
        ("none/scores.csv", "there is no folder .*none"),
    ):
        with pytest.raises(BlendkitError, match=says):
            read(tmp_path / name)  # type: ignore[operator]


def test_tables_that_lack_scores_or_ends_say_so(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("filename,start,end,primary_label\nr,0,5,x\n", encoding="utf-8")
    with pytest.raises(BlendkitError, match="labels without scores: `labels:` in a recipe and --labels read these"):
        read_scores(path)
    path.write_text("file,start,label,score\nr,0,x,0.5\n", encoding="utf-8")
    with pytest.raises(BlendkitError, match="but no end times"):
        read_scores(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes on this system")
def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "scores.csv"
    os.mkfifo(pipe)
    with pytest.raises(BlendkitError, match="is a pipe or a device, and no file"):
        read_scores(pipe)
    with pytest.raises(BlendkitError, match="is a pipe or a device, and no file"):
        read_labels(pipe)
    with pytest.raises(BlendkitError, match="is a pipe or a device, and no recipe file"):
        open_recipe(pipe)


@pytest.mark.parametrize("content", ["efbbbf", "efbbbf0a", "fffe", "feff", "00", "c2a0", "e38080", "e280a8"])
def test_a_mark_of_an_encoding_or_a_blank_alone_is_no_table(tmp_path: Path, content: str) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(bytes.fromhex(content))
    with pytest.raises(BlendkitError):
        read_scores(path)
    with pytest.raises(BlendkitError):
        read_labels(path)
