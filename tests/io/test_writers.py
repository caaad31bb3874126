"""What writers write is what other tools, and blendkit's own readers, read."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from blendkit.core import DetectionTable, NamedClass, NameRule, ScoredRecording, Scores, rows_from_ids
from blendkit.errors import BlendkitError
from blendkit.io import write_scores
from blendkit.io.file_reader import ColumnNames, find_reader
from blendkit.io.file_writer import ScoreWriter, Writer, find_writers, write_detections
from blendkit.io.readers.result_folder import read_detections
from blendkit.io.readers.threshold_csv import read_thresholds
from blendkit.io.writers.text_rows import file_stems
from blendkit.registry import WRITERS, registry
from blendkit.testing import check_writer, odd_detections

BUILT_IN = ("audacity", "birdnet", "csv", "kaleidoscope", "parquet", "raven")
OF_SCORES = ("arrays", "frames", "matrix", "npy", "submission")
READ_AS = {"audacity": "audacity", "birdnet": "birdnet", "csv": "birdnet-analyzer", "kaleidoscope": "kaleidoscope",
           "parquet": "detections", "raven": "raven"}  # fmt: skip


def two_recordings() -> DetectionTable:
    """Three detections in two recordings of 60 and 30 s, the second of a named site and time."""
    moment = np.datetime64("2024-05-01T05:30:00", "s")
    heard = (ScoredRecording("a/R1", "a/R1.wav", 60.0), ScoredRecording("b/R2", "b/R2.WAV", 30.0, "S1", moment))
    names = (NamedClass("ara", "Ara ararauna", "Ara ararauna", "Blue Macaw"), NamedClass("x", "x", "x", "x"))
    return DetectionTable(
        heard, names, np.array([0, 1, 1]), np.array([0, 0, 1]), np.array([5.0, 0, 2.5]), np.array([15.0, 5, 5]),
        np.array([0.1 + 0.2, 0.5, 1.0]), np.array([2, 1, 1]),
    )  # fmt: skip


def test_the_built_in_writers_are_plugins() -> None:
    assert {*BUILT_IN, *OF_SCORES} <= set(registry(WRITERS).names())
    with pytest.raises(BlendkitError, match="matrix: holds the scores of all chunks, no detections"):
        find_writers(["raven", "matrix"])
    with pytest.raises(BlendkitError, match=r"unknown format to write 'camtrap-dp'(?s:.*)`parquet` holds"):
        find_writers(["camtrap-dp"])
    with pytest.raises(BlendkitError, match=r"unknown format to write 'ravn' \(did you mean 'raven'\?\)"):
        find_writers(["ravn"])
    with pytest.raises(BlendkitError, match="no format to write"):
        find_writers([])


@pytest.mark.parametrize("name", [*BUILT_IN, *OF_SCORES])
def test_each_keeps_its_promises(name: str) -> None:
    check_writer(name)


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_reader_knows_the_form_and_reads_the_same(name: str, tmp_path: Path) -> None:
    table = two_recordings()
    files = write_detections(table, name, tmp_path)
    assert {find_reader(f, ColumnNames())[0] for f in files} == {READ_AS[name]}
    found = read_detections(tmp_path / name)
    recordings = ["R1", "R2", "R2"] if name == "audacity" else ["a/R1", "b/R2", "b/R2"]  # a track names no folder
    assert found.recording == recordings
    assert [label.split("_")[0] for label in found.label] == ["Ara ararauna", "Ara ararauna", "x"]
    assert found.start_s.tolist() == [5, 0, 2.5]
    assert found.end_s.tolist() == [15, 5, 5]
    assert found.score.tolist() == table.score.tolist()  # to the last bit


def test_raven_by_hand_and_by_pandas(tmp_path: Path) -> None:
    files = write_detections(replace(two_recordings(), audio="/data"), "raven", tmp_path)
    names = [f.relative_to(tmp_path / "raven").as_posix() for f in files]
    assert names == ["a/R1.selections.txt", "b/R2.selections.txt", "combined.selections.txt"]
    assert files[1].read_text(encoding="utf-8").splitlines()[1] == (
        "1\tSpectrogram 1\t1\t0.0\t5.0\t0.0\t15000.0\tAra ararauna\t0.5\t/data/b/R2.WAV\t0.0\t2024/05/01 05:30:00.000"
    )
    frame = pd.read_csv(files[2], sep="\t")
    assert frame["Selection"].tolist() == [1, 2, 3]
    assert frame["Begin Time (s)"].tolist() == [5, 60, 62.5]  # R2 starts where R1's 60 s end
    assert frame["End Time (s)"].tolist() == [15, 65, 65]
    assert frame["File Offset (s)"].tolist() == [5, 0, 2.5]
    assert frame.dtypes[["Begin Time (s)", "End Time (s)", "Low Freq (Hz)"]].tolist() == [np.float64] * 3


def test_the_other_texts_by_hand(tmp_path: Path) -> None:
    table = two_recordings()
    for name in ("audacity", "csv", "kaleidoscope", "birdnet"):
        write_detections(table, name, tmp_path)
    assert (tmp_path / "audacity/a/R1.txt").read_bytes() == b"5.0\t15.0\tAra ararauna\t0.30000000000000004\n"
    assert (tmp_path / "csv/detections.csv").read_text(encoding="utf-8").splitlines()[1:3] == [
        "5.0,15.0,Ara ararauna,Blue Macaw,0.30000000000000004,a/R1.wav",
        "0.0,5.0,Ara ararauna,Blue Macaw,0.5,b/R2.WAV",
    ]
    assert (tmp_path / "kaleidoscope/detections.csv").read_text(encoding="utf-8").splitlines()[2] == (
        ",b,R2.WAV,0.0,5.0,2024-05-01,05:30:00,Ara ararauna,Blue Macaw,0.5,Ara ararauna"
    )
    assert (tmp_path / "birdnet/detections.csv").read_text(encoding="utf-8").splitlines()[3] == (
        "b/R2.WAV,00:00:02.50,00:00:05.00,x,1.0"
    )


def test_odd_names_stay_in_their_cells(tmp_path: Path) -> None:
    write_detections(odd_detections(), "csv", tmp_path)
    with (tmp_path / "csv/detections.csv").open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert [r["Common name"] for r in rows] == [
        "ara", "'=1+1", "tab here", "ara", 'a "quoted", name', "Ñandú", "'=two lines"
    ]  # fmt: skip
    assert rows[-1]["File"] == "'=R1.wav"


def test_files_have_names_that_any_system_can_have() -> None:
    ids = ["/audio/R1", "audio/r1", "../R2", "C:\\d\\R3", "con", "a:b?", "a_b_", "x/../..", ""]
    assert file_stems(ids) == ["audio/R1", "audio/r1~2", "R2", "C_/d/R3", "_con", "a_b_", "a_b_~2", "x", "_"]


def test_tables_that_do_not_fit_together() -> None:
    table = two_recordings()
    for changed, why in (
        ({"score": np.zeros(2)}, "lengths differ"),
        ({"recording": np.array([0, 1, 2])}, "recording names places outside its 2"),
        ({"recording": np.array([1, 0, 1])}, "do not stand together"),
    ):
        with pytest.raises(BlendkitError, match=why):
            replace(table, **changed)  # type: ignore[arg-type]


@pytest.fixture
def strange(monkeypatch: pytest.MonkeyPatch) -> list[Writer | ScoreWriter]:
    """A list whose last writer is found under every name."""
    held: list[Writer | ScoreWriter] = []
    for module in ("blendkit.io.file_writer", "blendkit.testing.writer_checks"):
        monkeypatch.setattr(f"{module}.registry", lambda group: _Names(held))
    return held


class _Names:
    def __init__(self, held: list[Writer | ScoreWriter]) -> None:
        self.held = held

    def get(self, name: str) -> Writer | ScoreWriter:
        return self.held[-1]

    def source(self, name: str) -> str:
        return "owls 1.2"


def test_a_strangers_writer_is_held_to_the_same(strange: list[Writer | ScoreWriter], tmp_path: Path) -> None:
    def whole(table: DetectionTable, path: Path) -> None:
        path.write_text("".join(f"{s!r}\n" for s in table.score.tolist()), encoding="utf-8")

    def unsafe(table: DetectionTable, path: Path) -> None:
        path.write_text("label,n\n" + "".join(f"{n.label},1\n" for n in table.classes), encoding="utf-8")

    def outside(table: DetectionTable, path: Path) -> None:
        path.write_text("x", encoding="utf-8")
        (path.parent / "more.txt").write_text("x", encoding="utf-8")
        (path.parent.parent / "spill.txt").write_text("x", encoding="utf-8")

    def fails(table: DetectionTable, path: Path) -> None:
        raise ValueError("no such column")

    strange.append(Writer("Scores alone.", whole, ".txt"))
    check_writer("plain")
    for writer, why in (
        (Writer("Labels.", unsafe, ".csv"), "a spreadsheet runs '=1"),
        (Writer("Labels.", outside, ".csv"), "wrote spill.txt outside its own path"),
        (Writer("Labels.", fails, ".csv"), "no such column"),
        (Writer("", whole, "txt"), "has no dot"),
        (Writer("Nothing.", lambda table, path: None), "wrote no file"),
    ):
        strange.append(writer)
        with pytest.raises(AssertionError, match=why):
            check_writer("strange")
    assert not list(tmp_path.iterdir())


def test_the_writer_of_the_documentation_passes(strange: list[Writer | ScoreWriter]) -> None:
    page = (Path(__file__).parents[2] / "docs/detections.md").read_text(encoding="utf-8")
    block = page.split("## Another format")[1].split("```python\n")[1].split("```")[0]
    own: dict[str, Writer] = {}
    exec(block, own)
    strange.append(own["listing"])
    check_writer("listing")


def test_a_strangers_writer_of_scores_is_held_to_the_same(strange: list[Writer | ScoreWriter]) -> None:
    def text(lines: Callable[[Scores], str]) -> Callable[[Scores, Path], None]:
        return lambda scores, path: void(path.write_text(lines(scores), encoding="utf-8"))

    def void(_: int) -> None: ...

    def beside(scores: Scores, path: Path) -> None:
        path.write_text("row_id,a\n", encoding="utf-8")
        (path.parent / "names.txt").write_text("a", encoding="utf-8")

    rounded = text(
        lambda s: "row_id,ara\n" + "".join(f"{i},{v[0]:.2f}\n" for i, v in zip(s.rows.ids(), s.values, strict=True))
    )
    for writer, why in (
        (ScoreWriter("Two digits.", rounded, (".csv",), reader="matrix"), "matrix reads other classes back"),
        (ScoreWriter("Nothing.", text(lambda s: ""), (".csv",), reader="matrix"), "does not read it back"),
        (ScoreWriter("Names.", beside, (".csv",)), "wrote names.txt, which does not begin as its path"),
        (ScoreWriter("Nothing.", lambda s, p: None, (".csv",)), "wrote no file"),
        (ScoreWriter("", rounded, ("csv",)), "has no dot"),
        (ScoreWriter("None.", rounded, ()), "it has no suffix"),
    ):
        strange.append(writer)
        with pytest.raises(AssertionError, match=why):
            check_writer("strange")


def test_a_format_that_is_read_alone_is_no_mistyped_word() -> None:
    with pytest.raises(BlendkitError, match=r"(?s)'birdnet-analyzer' is read, and nothing writes it.*csv: BirdNET-Ana"):
        find_writers(["birdnet-analyzer"])
    with pytest.raises(BlendkitError, match="did you mean 'raven'"):
        find_writers(["ravn"])


def test_thresholds_are_read_by_class(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("class;threshold;why\nara;0,5;\nfrog;;too few\n7;-1,25;\n", encoding="utf-8")
    assert read_thresholds(path) == {"ara": 0.5, "7": -1.25}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("species,threshold\nara,0.5\n", "no column class"),
        ("class,threshold\nara,0.5\nara,0.6\n", "line 3: this class came before"),
        ("class,threshold\nara,high\n,1\nfrog,inf\n", "3 wrong lines"),
        ("class,threshold\nara,\n", "no class has a threshold"),
    ],
)
def test_tables_of_thresholds_that_are_refused(text: str, why: str, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BlendkitError) as caught:
        read_thresholds(path)
    assert why in str(caught.value)


@pytest.mark.parametrize("name", ["blend_v1.2", "S.2024", "S", "S.csv", "S.txt"])
def test_a_name_that_says_no_other_format_is_that_of_a_csv(tmp_path: Path, name: str) -> None:
    rows = rows_from_ids(["r_5"], 5.0, NameRule())
    write_scores(Scores.build(np.array([[0.5]]), rows, ["x"], "prob"), tmp_path / name)
    assert (tmp_path / name).read_text(encoding="utf-8") == 'row_id,x\n"r_5",0.5\n'


@pytest.mark.parametrize("name", ["S.npz", "S.csv.gz", "S.XLSX", "S.tsv"])
def test_a_name_of_another_format_is_refused(tmp_path: Path, name: str) -> None:
    rows = rows_from_ids(["r_5"], 5.0, NameRule())
    with pytest.raises(BlendkitError, match=r"scores are written as \.csv or \.parquet"):
        write_scores(Scores.build(np.array([[0.5]]), rows, ["x"], "prob"), tmp_path / name)
