from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blendkit.core.labels import LabelTable
from blendkit.core.names import NameRule
from blendkit.core.rows import chunk_rows
from blendkit.errors import BlendkitError
from blendkit.io.readers.label_files import read_labels

NAMES = NameRule()
CLASSES = ("22961", "65380", "grekis")


def table(folder: Path, *lines: str, header: str = "filename,start,end,primary_label") -> LabelTable:
    path = folder / "labels.csv"
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return read_labels(path)


def spans(*found: tuple[int, int, str]) -> tuple[tuple[int, int, frozenset[str]], ...]:
    return tuple((s, e, frozenset(c.split())) for s, e, c in found)


def marks(labels: LabelTable, chunks: dict[str, int], chunk_s: float = 5.0) -> list[str]:
    """One word per chunk: its classes, `-` for labelled silence, `?` for unlabelled."""
    rows = chunk_rows(chunks, chunk_s, NAMES)
    truth, labelled = labels.matrix(rows, CLASSES)
    names = [" ".join(c for c, t in zip(CLASSES, row, strict=True) if t) for row in truth]
    return [(n or "-") if known else f"{n}?" for n, known in zip(names, labelled, strict=True)]


def test_rows_listed_twice_count_once(tmp_path: Path) -> None:
    line = "r.ogg,00:00:00,00:00:05,22961;65380"
    labels = table(tmp_path, line, "r.ogg,00:00:05,00:00:10,grekis", line)
    assert labels.spans == {"r": spans((0, 5000, "22961 65380"), (5000, 10000, "grekis"))}
    assert labels.duplicates == 1
    assert labels.source == "labels.csv"


def test_equal_spans_give_the_union(tmp_path: Path) -> None:
    labels = table(tmp_path, "r.ogg,0,5,22961;65380", "r.ogg,00:00:00,00:00:05, grekis ;22961;;", "r.ogg,0,5,")
    assert labels.spans == {"r": spans((0, 5000, "22961 65380 grekis"))}
    assert labels.duplicates == 0
    assert labels.classes == {"22961", "65380", "grekis"}


@pytest.mark.parametrize(
    ("start", "end", "milliseconds"),
    [
        ("0", "5", (0, 5000)),
        ("5.0", "7.5", (5000, 7500)),
        ("00:00:05", "00:00:10", (5000, 10000)),
        ("00:59:55", "01:00:00", (3595000, 3600000)),
        ("1:30", "1:35.25", (90000, 95250)),
        ("0.1", "0.3", (100, 300)),
    ],
)
def test_times(tmp_path: Path, start: str, end: str, milliseconds: tuple[int, int]) -> None:
    assert table(tmp_path, f"r.ogg,{start},{end},x").spans["r"][0][:2] == milliseconds


@pytest.mark.parametrize(
    ("start", "end"), [("5", "5"), ("10", "5"), ("a", "5"), ("", "5"), ("0", "nan"), ("0", "inf"), ("0:0:0:0", "5")]
)
def test_unreadable_times_are_listed(tmp_path: Path, start: str, end: str) -> None:
    with pytest.raises(BlendkitError) as error:
        table(tmp_path, "r.ogg,0,5,x", f"r.ogg,{start},{end},x")
    assert "labels.csv" in str(error.value)
    assert "HH:MM:SS or seconds" in str(error.value)
    assert f"line 3: {start!r} to {end!r}" in str(error.value)


def test_line_numbers_count_duplicates_too(tmp_path: Path) -> None:
    with pytest.raises(BlendkitError, match="line 4: "):
        table(tmp_path, "r.ogg,0,5,x", "r.ogg,0,5,x", "r.ogg,9,5,x")


@pytest.mark.parametrize(
    ("filename", "recording"),
    [
        ("BC_S01_20250101_040000.ogg", "BC_S01_20250101_040000"),
        ("site/night/r.wav", "site/night/r"),
        ("r", "r"),
        ("two.dots.flac", "two.dots"),
    ],
)
def test_recording_is_the_file_without_suffix(tmp_path: Path, filename: str, recording: str) -> None:
    assert table(tmp_path, f"{filename},0,5,x").recordings == (recording,)


def test_only_audio_suffixes_are_cut_off(tmp_path: Path) -> None:
    assert table(tmp_path, "site.A_2025,0,5,x").recordings == ("site.A_2025",)


def test_blank_filename_is_a_plain_error(tmp_path: Path) -> None:
    with pytest.raises(BlendkitError, match="line 2"):
        table(tmp_path, ",0,5,x")


def test_missing_columns_are_named(tmp_path: Path) -> None:
    with pytest.raises(BlendkitError) as error:
        table(tmp_path, "r.ogg,0,x", header="filename,start,label")
    assert "end" in str(error.value)
    assert "primary_label" in str(error.value)
    assert "has filename, start, label" in str(error.value)


@pytest.mark.parametrize("name", ["nowhere.csv", "empty.csv"])
def test_unreadable_file_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(BlendkitError, match=f"{name}: cannot read these labels"):
        read_labels(tmp_path / name)


def test_label_ids_stay_text(tmp_path: Path) -> None:
    assert table(tmp_path, "r.ogg,0,5,007", "r.ogg,5,10,NA").classes == {"007", "NA"}


def test_empty_label_is_labelled_silence(tmp_path: Path) -> None:
    labels = table(tmp_path, "r.ogg,0,5,", "r.ogg,5,10,grekis")
    assert marks(labels, {"r": 3}) == ["-", "grekis", "?"]


def test_unlabelled_recordings_are_masked(tmp_path: Path) -> None:
    labels = table(tmp_path, "r2.ogg,5,10,22961")
    assert marks(labels, {"r1": 1, "r2": 3, "r3": 1}) == ["?", "?", "22961", "?", "?"]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["r,0,10,grekis"], ["grekis", "grekis", "?"]),  # one span over two chunks
        (["r,3,7,grekis"], ["grekis?", "grekis?", "?"]),  # present, but the chunk is not wholly labelled
        (["r,0,3,22961", "r,3,5,grekis"], ["22961 grekis", "?", "?"]),  # two spans cover one chunk
        (["r,3,5,grekis", "r,0,3,22961"], ["22961 grekis", "?", "?"]),  # in any order
        (["r,0,2,22961", "r,3,5,grekis"], ["22961 grekis?", "?", "?"]),  # a gap from 2 to 3 s
        (["r,0,4,", "r,2,5,65380"], ["65380", "?", "?"]),  # overlapping spans
        (["r,0,4.999,22961"], ["22961?", "?", "?"]),
        (["r,4.999,10,22961"], ["22961?", "22961", "?"]),
        (["r,5,10,22961"], ["?", "22961", "?"]),  # touching is not overlapping
        (["r,0,60,", "r,6,7,65380"], ["-", "65380", "-"]),
        (["r,15,20,22961"], ["?", "?", "?"]),  # beyond the recording
    ],
)
def test_spans_on_the_chunk_grid(tmp_path: Path, lines: list[str], expected: list[str]) -> None:
    assert marks(table(tmp_path, *lines), {"r": 3}) == expected


def test_truth_has_the_shape_and_type_it_promises(tmp_path: Path) -> None:
    rows = chunk_rows({"r": 2}, 5.0, NAMES)
    truth, labelled = table(tmp_path, "r,0,5,grekis").matrix(rows, CLASSES)
    assert (truth.shape, truth.dtype) == ((2, 3), bool)
    assert (labelled.shape, labelled.dtype) == ((2,), bool)


def test_unknown_labels_name_the_nearest(tmp_path: Path) -> None:
    labels = table(tmp_path, "r,0,5,grekiss;zzz")
    with pytest.raises(BlendkitError) as error:
        labels.matrix(chunk_rows({"r": 1}, 5.0, NAMES), CLASSES)
    assert "labels.csv: 2 unknown labels" in str(error.value)
    assert "'grekiss' (did you mean 'grekis'?)" in str(error.value)
    assert "'zzz'" in str(error.value)


def test_known_labels_outside_the_classes_are_left_out(tmp_path: Path) -> None:
    labels = table(tmp_path, "r,0,5,rare;grekis", "r,5,10,rare")
    rows = chunk_rows({"r": 2}, 5.0, NAMES)
    truth, labelled = labels.matrix(rows, CLASSES, known=["rare"])
    assert truth.tolist() == [[False, False, True], [False, False, False]]
    assert labelled.tolist() == [True, True]


def test_only_and_chunk_counts(tmp_path: Path) -> None:
    labels = table(tmp_path, "b,0,5,x", "a,0,11,y", "b,20,25,")
    assert labels.recordings == ("b", "a")
    assert labels.chunk_counts(5.0) == {"b": 5, "a": 3}
    assert labels.chunk_counts(2.5) == {"b": 10, "a": 5}
    one = labels.only(["a", "not there"])
    assert (one.recordings, one.classes) == (("a",), {"y"})


@given(st.lists(st.tuples(st.integers(0, 24), st.integers(1, 12), st.sets(st.sampled_from(CLASSES))), max_size=6))
def test_matrix_agrees_with_a_millisecond_oracle(found: list[tuple[int, int, set[str]]]) -> None:
    labels = LabelTable({"r": tuple((s * 500, (s + n) * 500, frozenset(c)) for s, n, c in found)}, 0, "x")
    rows = chunk_rows({"r": 3}, 5.0, NAMES)
    truth, labelled = labels.matrix(rows, CLASSES)
    grid = np.zeros((30, 1 + len(CLASSES)), bool)  # cells of half a second; the first column: labelled
    for s, n, c in found:
        grid[s : s + n, 0] = True
        for j, name in enumerate(CLASSES):
            grid[s : s + n, j + 1] |= name in c
    chunks = grid.reshape(3, 10, -1)
    assert truth.tolist() == chunks[:, :, 1:].any(axis=1).tolist()
    reached = max((s + n for s, n, _ in found), default=0)
    if 22 <= reached < 30:  # the last chunk need only be covered to the end of the labels
        chunks[2, reached - 20 :, 0] = True
    assert labelled.tolist() == chunks[:, :, 0].all(axis=1).tolist()


@given(st.permutations(["a,0,5,x", "a,0,5,x", "a,5,10,y;x", "b,0,5,", "a,0,5,y"]))
def test_line_order_does_not_matter(tmp_path_factory: pytest.TempPathFactory, lines: list[str]) -> None:
    labels = table(tmp_path_factory.mktemp("labels"), *lines)
    found = {r: set(s) for r, s in labels.spans.items()}
    assert found == {"a": set(spans((0, 5000, "x y"), (5000, 10000, "x y"))), "b": set(spans((0, 5000, "")))}
    assert labels.duplicates == 1


def test_real_labels(real_data: Path) -> None:
    labels = read_labels(real_data / "birdclef2026" / "train_soundscapes_labels.csv")
    assert labels.duplicates == 739
    assert sum(map(len, labels.spans.values())) == 739
    assert len(labels.recordings) == 66
    classes = sorted(labels.classes)
    truth, labelled = labels.matrix(chunk_rows(dict.fromkeys(labels.recordings, 12), 5.0, NAMES), classes)
    assert int(labelled.sum()) == 739
    assert int(labelled.reshape(66, 12).all(axis=1).sum()) == 59
    assert truth.any(axis=0).all()


@pytest.mark.parametrize("length", [4.6, 4.9, 4.99, 4.999])
def test_spans_a_little_shorter_than_a_chunk_are_no_numbers_of_chunks(length: float) -> None:
    spans = tuple((5000 * k, round(5000 * k + 1000 * length), frozenset({"x"})) for k in range(12))
    labels = LabelTable({"r": spans}, 0, "l.csv")
    assert labels.out_of_reach(chunk_rows({"r": 12}, 5.0, NameRule()), "t") == ()
