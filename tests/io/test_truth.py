"""Labels against the rows and classes of scores: what is refused, what is left out and named."""

from __future__ import annotations

from pathlib import Path

import pytest

from blendkit.core import WHOLE_RECORDING, LabelTable, NameRule, Taxonomy, chunk_rows, rows_from_ids
from blendkit.errors import BlendkitError
from blendkit.io import truth_for

ROWS = chunk_rows({"r": 2, "s": 2}, 5.0, NameRule())
X = frozenset({"x"})


def labels(*spans: tuple[int, int], recording: str = "r") -> LabelTable:
    return LabelTable({recording: tuple((s, e, X) for s, e in spans)}, 0, "l.csv", ("read so",))


def test_milliseconds_read_as_seconds_are_refused() -> None:
    with pytest.raises(BlendkitError) as error:
        truth_for(labels((0, 5_000_000), (5_000_000, 10_000_000)), ROWS, ("x",), None, "a.csv")
    assert str(error.value) == (
        "l.csv: 100% of its spans end beyond the last scored chunk of their recording\n"
        "  r: a.csv ends at 10 s, a label at 5000 s\n"
        "  are its times milliseconds?"
    )


def test_labels_of_longer_recordings_are_refused_without_a_unit_that_cannot_be() -> None:
    later = [(k * 10**9, (k + 1) * 10**9) for k in range(9)]
    with pytest.raises(BlendkitError, match=r"90% of its spans(.|\n)*another unit than seconds"):
        truth_for(labels((0, 5000), *later), ROWS, ("x",), None, "a.csv")


@pytest.mark.parametrize(
    ("spans", "lacking"),
    [
        ([(0, 10_000), (10_000, 15_000)], 1),  # a chunk more than the scores have
        ([(0, WHOLE_RECORDING)], 0),
    ],
)
def test_labels_that_reach_further_are_no_mistake(spans: list[tuple[int, int]], lacking: int) -> None:
    found = truth_for(labels(*spans), ROWS, ("x",), None, "a.csv")
    assert found.labelled.tolist()[0]
    assert found.values.tolist()[0] == [True]
    assert found.notes[0] == "read so"
    assert [n.startswith("1 labelled chunk of these recordings has no scores") for n in found.notes[1:]] == [
        True
    ] * lacking


def test_labels_beyond_the_rows_are_counted() -> None:
    later = [(k * 10_000, k * 10_000 + 1) for k in range(2, 5)]
    found = truth_for(labels((0, 5000), *later[:2]), ROWS, ("x",), None, "a.csv")
    with pytest.raises(BlendkitError, match="75% of its spans end beyond the last scored chunk"):
        truth_for(labels((0, 5000), *later), ROWS, ("x",), None, "a.csv")
    said = "2 of 3 labelled spans of these recordings end more than a chunk beyond the last row of a.csv"
    assert (found.notes[0], found.notes[-1]) == ("read so", said)


def labelled_file(folder: Path, name: str) -> Path:
    path = folder / "labels.csv"
    path.write_text(f"filename,start,end,primary_label\n{name},0,5,x\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "scored", "found"),
    [
        ("/mnt/d/s1/r.ogg", ["s1/r_5"], "s1/r_5"),
        ("/mnt/d/s1/r.ogg", ["s1/r_5", "s2/r_5"], "s1/r_5"),  # recorders of two sites give their files one name
        ("/mnt/d/s3/r.ogg", ["s1/r_5", "s2/r_5"], None),
        ("C:\\d\\s3\\r.ogg", ["s1/r_5", "s2/r_5"], None),
        ("/mnt/d/s2/r.ogg", ["r_5"], "r_5"),
        ("s2/r.ogg", ["s1/r_5"], None),
        ("r.ogg", ["s1/r_5"], "s1/r_5"),
    ],
)
def test_paths_match_by_their_last_folders(tmp_path: Path, name: str, scored: list[str], found: str | None) -> None:
    rows, path = rows_from_ids(scored, 5.0, NameRule()), labelled_file(tmp_path, name)
    if found is None:
        with pytest.raises(BlendkitError, match="no label matches a row") as caught:
            truth_for(path, rows, ("x",), None, "a.csv")
        assert "differ in folder" in caught.value.problems[0]
        return
    labelled = truth_for(path, rows, ("x",), None, "a.csv").labelled
    assert [i for i, known in zip(rows.ids(), labelled, strict=True) if known] == [found]


def test_an_absolute_path_in_a_folder_of_its_own_is_matched_by_name_and_that_is_said(tmp_path: Path) -> None:
    rows, path = rows_from_ids(["s1/r_5", "s1/q_5"], 5.0, NameRule()), labelled_file(tmp_path, "/home/anna/todo/r.ogg")
    found = truth_for(path, rows, ("x",), None, "a.csv")
    assert found.labelled.sum() == 1
    assert (
        "1 labelled files lie in other folders than the recordings of their names: home/anna/todo/r as s1/r"
        in found.notes
    )
    with path.open("a", encoding="utf-8") as handle:
        handle.write("/home/anna/s1/r.ogg,0,5,x\n")  # this is the one
    both = truth_for(path, rows, ("x",), None, "a.csv")
    assert not any("other folders" in n for n in both.notes)


def test_plain_and_absolute_names_of_one_file_are_one(tmp_path: Path) -> None:
    (tmp_path / "l").mkdir()
    for name, file in (("a.csv", "r.ogg,0,5,x"), ("b.csv", "/home/anna/todo/r.ogg,5,10,x")):
        (tmp_path / "l" / name).write_text(f"filename,start,end,primary_label\n{file}\n", encoding="utf-8")
    rows = rows_from_ids(["s1/r_5", "s1/r_10"], 5.0, NameRule())
    assert truth_for(tmp_path / "l", rows, ("x",), None, "a.csv").labelled.tolist() == [True, True]


def test_other_recordings_do_not_count() -> None:
    other = LabelTable({**labels((0, 5000)).spans, **labels((10**7, 10**8), recording="else").spans}, 0, "l.csv")
    assert truth_for(other, ROWS, ("x",), None, "a.csv").labelled.tolist() == [True, False, False, False]


def test_a_whole_recording_is_labelled_to_its_end() -> None:
    found = truth_for(labels((0, WHOLE_RECORDING), recording="s"), ROWS, ("x",), None, "a.csv")
    assert found.values[:, 0].tolist() == found.labelled.tolist() == [False, False, True, True]


def test_labelled_classes_that_the_scores_lack_are_named() -> None:
    rare = frozenset({f"c{i}" for i in range(6)})
    table = LabelTable({"r": ((0, 5000, X | rare),)}, 0, "l.csv")
    taxonomy = Taxonomy({c: {} for c in rare})
    found = truth_for(table, ROWS, ("x",), taxonomy, "a.csv")
    assert found.notes == ("6 labelled classes that a.csv lacks are left out: c0, c1, c2, c3, c4 (+1 more)",)


def test_letter_case_is_the_nearest_name() -> None:
    table = LabelTable({"r": ((0, 5000, frozenset({"CHACHA1"})),)}, 0, "l.csv")
    with pytest.raises(BlendkitError, match=r"'CHACHA1' \(did you mean 'chacha1'\?\)"):
        truth_for(table, ROWS, ("chacha2", "chacha1"), None, "a.csv")


def test_the_command_prints_notes(tmp_path: Path) -> None:
    from click.testing import CliRunner

    from blendkit.cli.commands.evaluate import evaluate

    (tmp_path / "a.csv").write_text("row_id,x,y\nr_5,0.9,0.1\nr_10,0.2,0.8\n")
    (tmp_path / "l.csv").write_text("row_id,birds\nr_5,x\nr_10,y\n")
    told = CliRunner().invoke(evaluate, [str(tmp_path / "a.csv"), "--labels", f"{tmp_path}/l.csv:birds"])
    assert "note: row ids are read as chunks of 5 s\n" in told.output, told.output
    assert "macro-AUC: 1.000000 over 2 classes" in told.output


def test_labels_that_are_names_are_read_through_the_taxonomy(tmp_path: Path) -> None:
    taxa = Taxonomy(
        {
            "grekis": {"scientific_name": "Pitangus sulphuratus", "common_name": "Great Kiskadee"},
            "22961": {"scientific_name": "Boana raniceps", "common_name": "Frog"},
            "x": {"scientific_name": "Otus x", "common_name": "Frog"},
        }
    )
    path = tmp_path / "l.csv"
    path.write_text(
        "filename,start,end,primary_label\nr,0,5,pitangus sulphuratus\nr,5,10,Boana raniceps\n", encoding="utf-8"
    )
    rows = rows_from_ids(["r_5", "r_10"], 5.0, NameRule())
    found = truth_for(path, rows, ("22961", "grekis"), taxa, "these scores")
    assert found.values.tolist() == [[False, True], [True, False]]
    assert "2 labels are names of classes, not ids" in found.notes[-1]
    path.write_text("filename,start,end,primary_label\nr,0,5,Frog\n", encoding="utf-8")  # two classes are called so
    with pytest.raises(BlendkitError, match="1 unknown label\\n"):
        truth_for(path, rows, ("22961", "grekis"), taxa, "these scores")


@pytest.mark.parametrize(
    ("scale", "said"),
    [
        (1 / 5, "are its times the numbers of chunks, or minutes?"),
        (1 / 60, "are its times the numbers of chunks, or minutes?"),
        (1000, "are its times milliseconds?"),
        (1_000_000, "are its times microseconds?"),
        (32_000, "are its times samples at 32000 Hz?"),
    ],
)
def test_the_likely_unit_of_times_is_named(scale: float, said: str) -> None:
    spans = [(round(5000 * k * scale), round(5000 * (k + 1) * scale)) for k in range(6)]
    rows = chunk_rows({"r": 6}, 5.0, NameRule())
    with pytest.raises(BlendkitError) as error:
        truth_for(labels(*spans), rows, ("x",), None, "a.csv")
    assert said in str(error.value)


def test_short_labels_of_a_part_are_fine() -> None:
    rows = chunk_rows({"r": 12}, 5.0, NameRule())
    found = truth_for(labels(*[(1000 * k, 1000 * (k + 1)) for k in range(30)]), rows, ("x",), None, "a.csv")
    assert found.labelled.sum() == 6


@pytest.mark.parametrize(
    ("spans", "have", "said"),
    [
        ([(0, 5000), (5000, 10000), (10000, 12000)], (1, 2, 3), []),  # the last ends with the recording
        ([(0, 5000), (5000, 10000), (10000, 15000)], (1, 3), ["1 labelled chunk of these recordings has no scores in"]),
        ([(0, 20000)], (1,), ["1 labelled chunk of these recordings has no scores in"]),  # others lie beyond reach
        ([(2500, 7500), (7500, 12500)], (1, 2, 3), ["2 of 2 labelled spans begin or end inside a chunk: a class"]),
        (
            [(0, 10000), (5000, 15000)],
            (1, 2, 3),
            ["2 of 2 labelled spans are longer than 5 s and lie across others: a"],
        ),
        ([(0, 10000), (10000, 15000)], (1, 2, 3), []),
        ([(0, 5000), (0, 15000)], (1, 2, 3), ["1 of 2 labelled spans are longer than 5 s and lie across others: a"]),
    ],
)
def test_how_spans_lie_on_the_chunks_is_said(spans: list[tuple[int, int]], have: tuple[int, ...], said: list[str]):
    rows = rows_from_ids([f"r_{5 * k}" for k in have], 5.0, NameRule())
    notes = labels(*spans).on_chunks(rows, "a.csv")
    assert [n.startswith(s) for n, s in zip(notes, said, strict=True)] == [True] * len(said)


def test_a_label_that_ebird_reports_as_a_class_says_so() -> None:
    known = Taxonomy({"x": {}}, {"form": "x", "x": "retired"})
    named = LabelTable({"r": ((0, 5000, frozenset({"form", "retired"})),)}, 0, "l.csv")
    with pytest.raises(BlendkitError) as error:
        truth_for(named, ROWS, ("x",), known, "a.csv")
    assert str(error.value) == (
        "l.csv: 2 unknown labels\n"
        "  'form', 'retired'\n"
        "  eBird reports 'form' as 'x'\n"
        "  eBird reported 'x' as 'retired', which may have been split"
    )


def test_a_left_out_label_that_ebird_reports_as_a_class_says_so() -> None:
    both = Taxonomy({"x": {}, "form": {}}, {"form": "x"})
    named = LabelTable({"r": ((0, 5000, X | {"form"}),)}, 0, "l.csv")
    found = truth_for(named, ROWS, ("x",), both, "a.csv")
    assert found.notes == (
        "1 labelled classes that a.csv lacks are left out: form",
        "eBird reports 'form' as 'x'",
    )
