"""Every format: which reader fits its file, and what the reader promises."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from blendkit.errors import BlendkitError
from blendkit.io import file_reader
from blendkit.io.file_reader import ColumnNames, Reader, file_head, find_reader, read_found
from blendkit.io.file_seen import look_into
from blendkit.io.readers.detection_tables import Detections
from blendkit.registry import READERS, registry
from blendkit.store import STORE_FACTS
from blendkit.testing import reader_checks
from blendkit.testing.reader_checks import check_reader
from tests.io.format_samples import BINARY, TEXTS, as_parquet, write_sample

OWN = [n for n in registry(READERS).names() if registry(READERS).distribution(n) == "blendkit"]
ARRAYS = ColumnNames(array="scores")


def test_every_format_has_a_sample() -> None:
    assert sorted([*TEXTS, *BINARY]) == OWN


@pytest.mark.parametrize("name", OWN)
def test_one_reader_fits_and_keeps_its_promises(name: str, tmp_path: Path) -> None:
    if name == "hoplite":
        pytest.importorskip("usearch.index")
    path = write_sample(name, tmp_path / "s")
    head = file_head(path)
    assert [n for n in OWN if registry(READERS).get(n).recognises(head)] == [name]
    check_reader(name, path, names=ARRAYS if name == "arrays" else None)


@pytest.mark.parametrize("arrow", [False, True])
@pytest.mark.parametrize("name", ["matrix", "frames", "birdnet-analyzer", "birdnet", "hawkears"])
def test_parquet_and_arrow_say_the_same(name: str, arrow: bool, tmp_path: Path) -> None:
    text, other = look_into(write_sample(name, tmp_path)), look_into(as_parquet(name, tmp_path, arrow=arrow))
    assert (other.format, other.rows, other.recordings, other.classes) == (
        text.format, text.rows, text.recordings, text.classes,
    )  # fmt: skip
    assert other.kind == ("Arrow" if arrow else "Parquet")


def test_a_folder_of_stores_says_which_there_are(tmp_path: Path) -> None:
    for name in ("perch-1", "sed-2"):
        (tmp_path / "logits" / name).mkdir(parents=True)
        (tmp_path / "logits" / name / STORE_FACTS).write_text("{}", encoding="utf-8")
    with pytest.raises(BlendkitError, match="logits: this folder holds 2 stores: perch-1, sed-2") as error:
        find_reader(tmp_path / "logits", ColumnNames())
    assert str(tmp_path / "logits/perch-1") in error.value.problems[0]


def test_a_format_can_be_named(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("first,a\nx,0.25\n", encoding="utf-8")
    with pytest.raises(BlendkitError, match="no format fits this file") as error:
        find_reader(path, ColumnNames())
    assert "text file with first, a" in error.value.problems[0]
    assert find_reader(path, ColumnNames(format="matrix"))[0] == "matrix"
    assert read_found(path, ColumnNames(rows="first")).format == "matrix"  # as much as naming it
    with pytest.raises(BlendkitError, match=r"unknown format 'matrx' \(did you mean 'matrix'\?\)"):
        find_reader(path, ColumnNames(format="matrx"))


def test_a_plugin_that_breaks_its_promises(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_sample("hawkears", tmp_path)
    with pytest.raises(AssertionError, match=r"hawkears\.csv was recognised as hawkears"):
        check_reader("raven", path)

    def careless(path: Path, names: ColumnNames) -> object:
        lines = path.read_text(encoding="utf-8").splitlines()[1:]
        path.touch()  # it changes the file
        score = np.array([float(line.split(",")[4]) for line in lines])  # it lets other errors out, and NaN in
        n, first = len(lines), 5.0 * np.arange(len(lines))
        return Detections(["r"] * n, first, first + 3, ["a"] * n, score, ["s"] * n, ("",))  # by position, an empty note

    bad = Reader("bad", lambda head: True, careless)
    monkeypatch.setattr(file_reader, "find_reader", lambda path, names: ("bad", bad))
    monkeypatch.setattr(reader_checks, "find_reader", lambda path, names: ("bad", bad))
    with pytest.raises(AssertionError) as error:
        check_reader("bad", path)
    said = str(error.value)
    for part in ("note '' is no text", "changed the file", "raised", "another order", "first 46 of its"):
        assert part in said


def test_a_wrong_format_is_a_plain_error(tmp_path: Path) -> None:
    """Each file through every reader, as `--format` lets a user ask: it is read, or refused with a reason."""
    pytest.importorskip("usearch.index")
    paths = {name: write_sample(name, tmp_path / name) for name in OWN}
    raised = {}
    for name, path in paths.items():
        for other in OWN:
            try:
                read_found(path, ColumnNames(array="scores", format=other))
            except BlendkitError:
                pass
            except Exception as error:
                raised[name, other] = repr(error)
    assert list(raised.items()) == []
