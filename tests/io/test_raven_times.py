"""Raven's begin times run on from file to file: without file offsets they are never read as times within each file."""

from __future__ import annotations

from pathlib import Path

import pytest

from blendkit.errors import BlendkitError
from blendkit.io import read_detections, read_labels, read_score_file

HEAD = "Selection\tView\tChannel\tBegin Time (s)\tEnd Time (s)\tBegin File\tSpecies\tScore"


def table(folder: Path, times: dict[str, list[float]], offsets: bool = False) -> Path:
    """A selection table of files with begin times; offsets: these are the times within each file."""
    rows, gone = [], 0.0
    for name, own in times.items():
        for t in own:
            begin = t + gone if offsets else t
            end = f"\t{t}" if offsets else ""
            rows.append(f"{len(rows) + 1}\tSpectrogram 1\t1\t{begin}\t{begin + 3}\t{name}.wav\towl\t0.9{end}")
        gone += 60 if offsets else 0
    path = folder / "t.txt"
    path.write_text("\n".join([HEAD + ("\tFile Offset (s)" if offsets else ""), *rows]) + "\n", encoding="utf-8")
    return path


RUNNING = {"a": [0, 30], "b": [63, 93], "c": [126, 129]}


@pytest.mark.parametrize("read", [read_detections, read_labels])
def test_times_that_run_on_are_refused_with_the_way_out(read: object, tmp_path: Path) -> None:
    with pytest.raises(BlendkitError, match="only grow over 3 files, and no column `File Offset") as caught:
        read(table(tmp_path, RUNNING))  # type: ignore[operator]
    assert "save a table for each file" in str(caught.value)


@pytest.mark.parametrize("read", [read_detections, read_labels])
def test_few_times_that_grow_may_be_chance_and_are_said(read: object, tmp_path: Path) -> None:
    found = read(table(tmp_path, {"a": [0, 30], "b": [63]}))  # type: ignore[operator]
    assert any("read as times within each file; if they run on" in n for n in found.notes)


@pytest.mark.parametrize("times", [{"a": [0, 30], "b": [0, 30], "c": [5, 10]}, {"a": [0, 30, 45, 50, 60, 70, 80]}])
def test_times_that_start_again_or_of_one_file_are_its_own(times: dict[str, list[float]], tmp_path: Path) -> None:
    found = read_detections(table(tmp_path, times))
    assert found.start_s.tolist() == [t for own in times.values() for t in own]
    assert found.notes == ()


def test_offsets_say_where_in_a_file(tmp_path: Path) -> None:
    found = read_detections(table(tmp_path, {"a": [0, 30], "b": [3, 33], "c": [6, 9]}, offsets=True))
    assert found.start_s.tolist() == [0, 30, 3, 33, 6, 9]


@pytest.mark.parametrize("wrong", ["1.3", "-0.2", "85"])
def test_confidences_that_are_no_probabilities_are_refused_before_they_are_pooled(wrong: str, tmp_path: Path) -> None:
    path = tmp_path / "b.csv"
    head = "Start (s),End (s),Scientific name,Common name,Confidence,File"
    path.write_text(
        f"{head}\n0,3,Ara ararauna,Macaw,{wrong},/a.wav\n3,6,Ara ararauna,Macaw,0.5,/a.wav\n", encoding="utf-8"
    )
    with pytest.raises(BlendkitError, match=r"b\.csv: declared `space: prob`, but values lie in"):
        read_score_file(path)
