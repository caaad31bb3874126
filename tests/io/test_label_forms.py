"""Every form of labels says the same: x and y from 0 to 5 s of r, nothing from 5 to 10 s, x from 10 to 15 s."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from blendkit.core import WHOLE_RECORDING, LabelTable, NameRule, chunk_rows
from blendkit.errors import BlendkitError
from blendkit.io import read_labels

X, Y = "grekis", "chacha1"
SAME = {"r": ((0, 5000, frozenset({X, Y})), (5000, 10000, frozenset()), (10000, 15000, frozenset({X})))}
REST = (0, WHOLE_RECORDING, frozenset())
PLAIN = f"filename,start,end,primary_label\nr.ogg,0,5,{X};{Y}\nr.ogg,5,10,\nr.ogg,10,15,{X}\n"


def read(folder: Path, content: str | bytes, name: str = "labels.csv", **named: str) -> LabelTable:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_labels(path, **named)


def spans(header: str, *rows: str) -> str:
    return "\n".join([header, *rows]) + "\n"


FORMS: dict[str, str | bytes] = {
    "plain": PLAIN,
    "bom": b"\xef\xbb\xbf" + PLAIN.encode(),
    "utf-16": PLAIN.encode("utf-16"),
    "gzip": gzip.compress(PLAIN.encode(), mtime=0),
    "capitals": PLAIN.replace("filename,start,end,primary_label", "Filename,START,End ,Primary_Label"),
    "semicolons": spans("file;start_time;end_time;label", f"r.ogg;0,0;5,0;{X},{Y}", "r.ogg;5,0;10,0;", f"r;10,0;15;{X}"),
    "tabs and clock": spans(
        "Begin File\tstart\tend\tspecies", f"r.wav\t0:00\t0:05.000\t{X}|{Y}", "r.wav\t0:05\t0:10\t",
        f"r.wav\t00:00:10\t0:15\t{X}",
    ),
    "milliseconds": spans(
        "recording,start_ms,end (ms),ebird_code", f"r,0,5000,{X};{Y}", "r,5000,10000,nocall", f"r,10000,15000,{X}"
    ),
    "durations": spans(
        "IN FILE,OFFSET,DURATION,MANUAL ID", f"r.wav,0,5,{X};{Y}", "r.wav,5,5,", f"r.wav,10,5,{X}"
    ),
    "onset and offset": spans(
        "filename,onset,offset,event_label", f"r.wav,0,5,{X};{Y}", "r.wav,5,10,NaN", f"r.wav,10,15,{X}"
    ),
    "lists": spans(
        "path,t_start,t_end,labels", f"C:\\a\\r.wav,0,5,\"['{X}', '{Y}']\"", "C:\\a\\r.wav,5,10,[]",
        f"C:\\a\\r.wav,10,15,['{X}']",
    ),
    "commas": spans("audio,start,stop,annotation", f'r,0,5,"{X}, {Y}"', "r,5,10,", f"r,10,15,{X}"),
    "blanks": spans("itemid,start,end,class", f"r,0,5,{X} {Y}", "r,5,10,nocall", f"r,10,15,{X}"),
    "tuples": spans("recording,start,end,labels", f"r,0,5,\"('{X}', '{Y}')\"", "r,5,10,()", f"r,10,15,\"('{X}',)\""),
    "sets": spans("recording,start,end,labels", f"r,0,5,\"{{'{X}', '{Y}'}}\"", "r,5,10,set()", f"r,10,15,{{'{X}'}}"),
    "lists as JSON": spans("recording,start,end,labels", f'r,0,5,"[""{X}"", ""{Y}""]"', "r,5,10,[]", f'r,10,15,"[""{X}""]"'),
    "no call": spans("recording,start,end,labels", f"r,0,5,{X};{Y}", "r,5,10,No call", f"r,10,15,('{X}')"),
    "birds": spans("row_id,site,birds", f"r_5,S1,{X} {Y}", "r_10,S1,nocall", f"r_15,S1,{X}"),
    "wide row ids": spans(f"row_id,fold,{X},{Y}", "r_5,0,1,1", "r_10,3,0,0", "r_15,1,1,0"),
    "opensoundscape": spans(
        f"file,start_time,end_time,{X},{Y}", "r.wav,0.0,5.0,True,True", "r.wav,5.0,10.0,False,False",
        "r.wav,10.0,15.0,True,False",
    ),
    "a class named bird": spans(f"row_id,bird,{X},{Y}", "r_5,0,1,1", "r_10,0,0,0", "r_15,0,1,0"),
    "wide floats": spans(f"{X},{Y},file,start,end", "1.0,1.0,r,0,5", "0.0,0.0,r,5,10", "1.0,0.0,r,10,15"),
    "json": json.dumps(
        [
            {"file": "r", "start": 0, "end": 5, "labels": [X, Y]},
            {"file": "r", "start": 5, "end": 10, "labels": []},
            {"file": "r", "start": 10.0, "end": 15, "labels": [X]},
        ]
    ),
    "secondary labels are not read": spans(
        "filename,start,end,secondary_labels,primary_label", f"r,0,5,['z'],{X};{Y}", "r,5,10,['z'],", f"r,10,15,[],{X}"
    ),
    "blank lines and empty rows": PLAIN.replace("\n", "\n\n,,,\n"),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_every_form_says_the_same(tmp_path: Path, form: str) -> None:
    assert read(tmp_path, FORMS[form]).spans == SAME


def test_arrays_and_parquet(tmp_path: Path) -> None:
    truth = np.array([[1, 1], [0, 0], [1, 0]])
    for values in (truth.astype(np.uint8), truth.astype(bool)):
        np.savez(tmp_path / "oof.npz", row_ids=["r_5", "r_10", "r_15"], classes=[X, Y], truth=values)
        assert read_labels(f"{tmp_path / 'oof.npz'}:truth").spans == SAME
    index = pd.MultiIndex.from_tuples([("r.wav", 0.0, 5.0), ("r.wav", 5.0, 10.0), ("r.wav", 10.0, 15.0)])
    index.names = ["file", "start_time", "end_time"]
    pd.DataFrame(truth.astype(bool), index, [X, Y]).to_parquet(tmp_path / "wide.parquet")
    assert read_labels(tmp_path / "wide.parquet").spans == SAME


SELECTIONS = spans(
    "Selection\tView\tChannel\tBegin Time (s)\tEnd Time (s)\tLow Freq (Hz)\tSpecies",
    f"1\tWaveform 1\t1\t1.5\t2.25\t0\t{X}", f"1\tSpectrogram 1\t1\t1.5\t2.25\t0\t{X}",
)  # fmt: skip
TRACK = f"1.500000\t2.250000\t{X}\n\\\t1000.0\t2000.0\n"


@pytest.mark.parametrize(
    ("name", "content"),
    [("r.Table.1.selections.txt", SELECTIONS), ("r.txt", TRACK), ("r.wav.txt", TRACK.replace(".", ","))],
)
def test_selections_and_tracks_are_silent_between(tmp_path: Path, name: str, content: str) -> None:
    labels = read(tmp_path, content, name)
    assert labels.spans == {"r": ((1500, 2250, frozenset({X})), REST)}
    assert "time without a selection counts as labelled silence" in labels.notes
    assert labels.duplicates == (content is SELECTIONS)


def test_a_folder_of_selections_and_tracks(tmp_path: Path) -> None:
    empty = SELECTIONS.splitlines()[0] + "\n"  # someone looked, and found nothing
    for name, content in {"a.txt": TRACK, "b.selections.txt": SELECTIONS, "c.txt": empty, ".d.txt": "?"}.items():
        read(tmp_path / "all", content, name) if name[0] != "." else (tmp_path / "all" / name).write_text(content)
    found = (1500, 2250, frozenset({X}))
    assert read_labels(tmp_path / "all").spans == {"a": (found, REST), "b": (found, REST), "c": (REST,)}


def test_points_and_unnamed_labels_of_a_track(tmp_path: Path) -> None:
    labels = read(tmp_path, f"1.5\t1.5\t{X}\n3\t4\t\n5\t6\n", "r.txt")
    assert labels.spans["r"] == (
        (1500, 1501, frozenset({X})),
        (3000, 4000, frozenset()),
        (5000, 6000, frozenset()),
        REST,
    )
    assert "2 selections without a label count as silence" in labels.notes


def test_selections_of_several_files_use_the_time_within_the_file(tmp_path: Path) -> None:
    header = "Selection\tBegin Time (s)\tEnd Time (s)\tBegin File\tFile Offset (s)\tAnnotation"
    labels = read(tmp_path, spans(header, f"1\t61.5\t62.0\tb.wav\t1.5\t{X}"))
    assert labels.spans == {"b": ((1500, 2000, frozenset({X})), REST)}


def test_a_class_for_a_table_without_labels(tmp_path: Path) -> None:
    lines = spans("Selection\tBegin Time (s)\tEnd Time (s)", "1\t1.5\t2.25")
    assert read(tmp_path, lines, "r.txt", one_class=X).spans == {"r": ((1500, 2250, frozenset({X})), REST)}


def test_a_column_by_name(tmp_path: Path) -> None:
    text = spans("file,start,end,label,call", f"r,0,5,song,{X}")
    assert read(tmp_path, text, column="call").classes == {X}
    assert read_labels(f"{tmp_path}/labels.csv:CALL").classes == {X}
    assert read(tmp_path, text).classes == {"song"}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (spans("filename,primary_label,secondary_labels", f"{X}/XC1.ogg,{X},['{Y}']"), {f"{X}/XC1": X}),
        (spans(f"file,{X},{Y}", "a.wav,0,1"), {"a": Y}),
        (
            spans("id,gen,sp,en,time,file", "1,Tyto,alba,Owl,08:00,//x.org/1", "2,Mystery,mystery,?,,//x.org/2"),
            {"1": "Tyto alba"},
        ),
        (json.dumps({"recordings": [{"id": "1", "gen": "Tyto", "sp": "alba", "file-name": "XC1.mp3", "file": "//x/1"}]}),
         {"XC1": "Tyto alba"}),
    ],
)  # fmt: skip
def test_clips_are_labelled_as_a_whole(tmp_path: Path, content: str, expected: dict[str, str]) -> None:
    labels = read(tmp_path, content)
    assert labels.spans == {r: ((0, WHOLE_RECORDING, frozenset({c})),) for r, c in expected.items()}
    assert "labels hold for whole recordings" in labels.notes
    assert set(labels.chunk_counts(5.0).values()) == {1}


def test_scientific_names_are_not_split_at_blanks(tmp_path: Path) -> None:
    text = spans("file,start,end,species", "r,0,5,Tyto alba", "r,5,10,Corvus corone;Tyto alba", "r,10,15,strix aluco")
    assert read(tmp_path, text).classes == {"Tyto alba", "Corvus corone", "strix aluco"}


@pytest.mark.parametrize(
    ("form", "note"),
    [
        ("utf-16", "the file is read as UTF-16"),
        ("semicolons", "decimal commas are read as points: start_time, end_time"),
        ("blanks", "labels are split at blanks in 1 rows"),
        ("commas", "labels are split at ',' in 1 rows"),
        ("birds", "row ids are read as chunks of 5 s"),
        ("secondary labels are not read", "secondary_labels are not read: only primary labels count"),
        ("lists", "folders of absolute paths are left out of the recordings' names"),
    ],
)
def test_what_is_taken_for_granted_is_noted(tmp_path: Path, form: str, note: str) -> None:
    assert note in read(tmp_path, FORMS[form]).notes
    assert read(tmp_path, PLAIN).notes == ()


HEAD = "file,start,end,label"
MISTAKES: dict[str, tuple[str | bytes, tuple[str, ...]]] = {
    "no labels": (
        spans("file,start,end,confidence", "r,0,5,0.9"),
        ("no column of labels", "has file, start, end, confidence", "FILE:COLUMN", "one_class"),
    ),
    "selections without labels": (
        spans("Selection\tChannel\tBegin Time (s)\tEnd Time (s)\tScore", "1\t1\t0\t5\t1"),
        ("no column of labels", "has Selection, Channel, Begin Time (s), End Time (s), Score", "one_class"),
    ),
    "scores": (spans("row_id,a,b", "r_5,0.1,0.2"), ("no column of labels, and no columns of 0 and 1", "has row_id, a")),
    "no times": (spans("file,begin,label", "r,0,x"), ("no column of end times", "start and duration")),
    "no recordings": (spans("label,x", "a,1"), ("no column of recordings",)),
    "two columns of starts": (
        spans("file,begin,onset,end,label", "r,0,0,5,x"), ("several columns of start times: begin, onset",)
    ),
    "odd names of times": (
        spans("file,t0,t1,label", "r,0,5,x", "r,5,10,y"),
        ("several rows per recording, but no columns of start and end times", "name two of t0, t1 start and end"),
    ),
    "offset alone": (spans("file,offset,label", "r,0,x"), ("column 'offset' alone: a start or an end?",)),
    "milliseconds": (
        spans(HEAD, "r,0,5000,x", "r,5000,10000,y"),
        ("these look like milliseconds", "line 2: 0 to 5000", "start_ms and end_ms", "start_s and end_s"),
    ),
    "a week": (spans(HEAD, "r,0,604801,x"), ("these look like milliseconds",)),
    "a spreadsheet's times": (
        spans(HEAD, "r,0.0,0.0000578,x", "r,0.0000578,0.0001157,y"), ("these look like fractions of a day",)
    ),
    "clock times": (spans(HEAD, "r,0:00:00,12:00:05 AM,x"), ("'0:00:00' to '12:00:05 AM'", "HH:MM:SS or seconds")),
    "six bad lines": (
        spans(HEAD, "r,0,5,x", *[f"r,{n},1,x" for n in range(5, 11)]),
        ("6 rows", "line 3: '5' to '1' of 'r'", "(+1 more)"),
    ),
    "times and lists": (
        spans(HEAD, "r,5,0,x", "r,0,5,['a' b]", "r,5,10,\"[x, ['y']]\""),
        ("3 rows", "line 2: '5' to '0'", "line 3: \"['a' b]\" is no list of labels", "line 4"),
    ),
    "commas in labels": (
        spans(HEAD, "r,0,5,a,b"), ("1 lines of these labels do not have the 4 fields", "line 2 has 5", "double quotes")
    ),
    "probabilities": (
        spans("row_id,a,b", "r_5,1,0.25", "r_10,0,1"), ("1 rows", "line 2: 'b' is '0.25', expected 0 or 1")
    ),
    "row ids": (spans("row_id,birds", "r_5,x", "r,x"), ("line 3: row id 'r', expected <recording>_<end second>",)),
    "a track": (f"0\t5\t{X}\n7\t6\t{X}\nsong\n", ("2 lines are no labels of a track", "line 2: ", "line 3: 'song'")),
    "json": ('{"a": 1}', ("expected a JSON list of objects", "has a")),
    "broken json": ('[{"a": 1}', ("it starts as JSON, but",)),
    "binary": (b"\x89PNG\r\n\x1a\n\x00\x00", ("cannot read these labels", "binary")),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes_are_named(tmp_path: Path, mistake: str) -> None:
    content, said = MISTAKES[mistake]
    with pytest.raises(BlendkitError) as error:
        read(tmp_path, content)
    assert [s for s in ("labels.csv", *said) if s not in str(error.value)] == [], str(error.value)


def test_stated_units_are_believed(tmp_path: Path) -> None:
    labels = read(tmp_path, spans("file,start_s,end_s,label", "r,0,5000,x", "r,5000,10000,y"))
    assert [s[:2] for s in labels.spans["r"]] == [(0, 5_000_000), (5_000_000, 10_000_000)]


def test_arrays_must_be_named_and_hold_0_and_1(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, row_ids=["r_5", "r_x"], classes=["a"], labels=[[1], [0]], scores=[[0.5], [1]])
    with pytest.raises(BlendkitError, match=r"as in a\.npz:labels\n  has row_ids, classes, labels, scores"):
        read_labels(path)
    with pytest.raises(BlendkitError, match=r"neither 0 nor 1\n  r_5: a is 0\.5"):
        read_labels(f"{path}:scores")
    with pytest.raises(BlendkitError, match="row id 'r_x'"):
        read_labels(f"{path}:labels")


def test_folders_and_columns_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(BlendkitError, match="expected label files"):
        read_labels(tmp_path)
    with pytest.raises(BlendkitError, match=r"no column 'lable' \(did you mean 'label'\?\)"):
        read(tmp_path, spans(HEAD, "r,0,5,x"), column="lable")
    read(tmp_path, TRACK, "a.txt")
    (tmp_path / "b.txt").write_text("a,b\n1,2\n")
    with pytest.raises(BlendkitError, match=r"1 of 3 label files cannot be read\n.*b\.txt: no column of recordings"):
        read_labels(tmp_path)


def test_an_empty_track_beside_others_is_silence(tmp_path: Path) -> None:
    (tmp_path / "R1.txt").write_text("0.0\t3.0\tara\n", encoding="utf-8")
    (tmp_path / "R2.txt").write_text("", encoding="utf-8")
    labels = read_labels(tmp_path)
    rows = chunk_rows({"R1": 2, "R2": 2}, 5.0, NameRule())
    truth, labelled = labels.matrix(rows, ("ara",))
    assert labelled.all()
    assert truth[:, 0].tolist() == [True, False, False, False]
    (tmp_path / "R1.txt").unlink()
    with pytest.raises(BlendkitError, match="R2"):  # alone it says nothing
        read_labels(tmp_path)


@pytest.mark.parametrize(
    ("files", "scored", "found"),
    [
        (("/data/a/r.wav", "/data/b/r.wav"), ("a/r", "b/r"), ("a/r", "b/r")),
        (("C:\\data\\a\\r.wav", "C:\\data\\b\\r.wav"), ("data/a/r", "data/b/r"), ("data/a/r", "data/b/r")),
        (("./rec/a/r.wav", "./rec/b/r.wav"), ("a/r", "b/r"), ("a/r", "b/r")),
        (("/data/a/r.wav", "/data/a/q.wav"), ("a/r", "a/q"), ("a/q", "a/r")),
        (("a/r.wav",), ("b/r",), ("a/r",)),  # another folder is another recording
        (("a/r.wav",), ("r", "q"), ("r",)),
        (("r.wav", "a/r.wav", "b/r.wav"), ("r",), ("a/r", "b/r", "r")),  # r has labels of its own
    ],
)
def test_files_of_labels_mean_recordings_by_their_folders(
    tmp_path: Path, files: tuple[str, ...], scored: tuple[str, ...], found: tuple[str, ...]
) -> None:
    (tmp_path / "l.csv").write_text(spans(HEAD, *(f"{f},0,5,x" for f in files)), encoding="utf-8")
    assert sorted(read_labels(tmp_path / "l.csv").named_as(scored).recordings) == sorted(found)


def test_labels_of_two_folders_are_not_those_of_one_recording(tmp_path: Path) -> None:
    (tmp_path / "l.csv").write_text(spans(HEAD, "a/r.wav,0,5,x", "b/r.wav,0,5,y"), encoding="utf-8")
    with pytest.raises(BlendkitError, match="labels of several files mean one recording\n  r: a/r, b/r"):
        read_labels(tmp_path / "l.csv").named_as(["r"])


@pytest.mark.parametrize(
    ("header", "cell", "said"), [("Confidence", "0.4", True), ("score", "1.0", False), ("validated", "present", False)]
)
def test_scores_beside_labels_are_noted(tmp_path: Path, header: str, cell: str, said: bool) -> None:
    labels = read(tmp_path, spans(f"{HEAD},{header}", f"r.wav,0,5,x,{cell}"))
    assert any(f"its column {header!r} is not looked at" in n for n in labels.notes) == said


@pytest.mark.parametrize(
    ("start", "end"), [("00:00:05,000", "00:00:10,000"), ("0 days 00:00:05", "0 days 00:00:10"), ("0:05.0", "0:10")]
)
def test_times_as_pandas_and_subtitles_write_them(tmp_path: Path, start: str, end: str) -> None:
    text = f"file;start;end;label\nr.wav;{start};{end};x\n"
    assert read(tmp_path, text).spans == {"r": ((5000, 10000, frozenset({"x"})),)}


def test_a_day_counts(tmp_path: Path) -> None:
    text = "file;start;end;label\nr.wav;1 days 00:00:05;1 day, 0:00:10;x\n"
    assert read(tmp_path, text).spans == {"r": ((86405000, 86410000, frozenset({"x"})),)}


@pytest.mark.parametrize("cell", ["['a' 'b']", "[\"a\" 'b']", "[ 'a'\t'b' ]"])
def test_lists_as_numpy_prints_them(tmp_path: Path, cell: str) -> None:
    assert read(tmp_path, f"file|start|end|label\nr.wav|0|5|{cell}\n").classes == {"a", "b"}


def test_a_folder_of_tables_named_after_recordings_gets_one_note(tmp_path: Path) -> None:
    for name in ("r1", "r2", "r3"):
        (tmp_path / f"{name}.csv").write_text("start,end,label\n0,5,x\n", encoding="utf-8")
    labels = read_labels(tmp_path)
    assert sorted(labels.recordings) == ["r1", "r2", "r3"]
    (note,) = labels.notes
    assert note.startswith("no column of recordings in 3 tables")


def test_ids_that_pandas_wrote_with_a_point_are_whole(tmp_path: Path) -> None:
    labels = read(tmp_path, spans(HEAD, "r.wav,0,5,22961.0", "r.wav,5,10,", "r.wav,10,15,67252.0"))
    assert labels.classes == {"22961", "67252"}
    assert labels.notes[-1].startswith("all labels are numbers such as 22961.0, and are read as whole ones")
    assert read(tmp_path, spans(HEAD, "r.wav,0,5,22961.0", "r.wav,5,10,v1")).classes == {"22961.0", "v1"}


@pytest.mark.parametrize("joiner", ["/", "+", "&"])
def test_lists_with_another_joiner_are_named(tmp_path: Path, joiner: str) -> None:
    labels = read(tmp_path, spans(HEAD, "r.wav,0,5,x", f"r.wav,5,10,x{joiner}y"))
    with pytest.raises(BlendkitError, match="these are lists of classes joined by") as error:
        labels.require_known(("x", "y"))
    assert error.value.problems[1] == f"these are lists of classes joined by {joiner!r}: join them by ';', ',' or '|'"


def test_labels_that_a_teacher_made_are_noted(tmp_path: Path) -> None:
    (tmp_path / "pseudo_labels.csv").write_text(spans(HEAD, "r.wav,0,5,x"), encoding="utf-8")
    assert not any("teacher" in n for n in read_labels(tmp_path / "pseudo_labels.csv").notes)
    (tmp_path / "pseudo.json").write_text("{}", encoding="utf-8")
    said = read_labels(tmp_path / "pseudo_labels.csv").notes[-1]
    assert said.startswith("these are pseudo-labels of a teacher: ")


def test_labels_that_a_teacher_made_are_known_in_any_file(tmp_path: Path) -> None:
    lines = ["r.wav,0,5,x,teacher", "s.wav,0,5,x,", "s.wav,5,10,y,"]
    mixed = read(tmp_path, spans(f"{HEAD},labelled_by", *lines))
    assert mixed.of_teacher
    assert mixed.notes[-1].startswith("1 of 3 rows are pseudo-labels of a teacher: ")
    assert not read(tmp_path, spans(f"{HEAD},labelled_by", *lines[1:])).of_teacher


def test_one_recording_with_and_without_its_folder_is_joined_unless_times_meet(tmp_path: Path) -> None:
    table = read(tmp_path, spans(HEAD, "r.wav,0,5,x", "data/r.wav,5,10,y"))
    assert table.named_as(["r"]).recordings == ("r",)
    met = read(tmp_path, spans(HEAD, "r.wav,0,5,x", "data/r.wav,0,5,y")).named_as(["r"])
    assert met.spans["r"] == ((0, 5000, frozenset({"x"})),)
    left = "labels of 1 files are left out: those of the shorter name have labels of the same times: data/r"
    assert met.notes[-1] == left


def test_numbers_in_tuples_and_sets_are_ids(tmp_path: Path) -> None:
    cells = ('"(1161364, 22930)"', '"{22930, 1161364}"', "(22930)")
    rows = [f"r,{5 * k},{5 * k + 5},{c}" for k, c in enumerate(cells)]
    (found,) = read(tmp_path, spans("recording,start,end,labels", *rows)).spans.values()
    assert [set(c) for *_, c in found] == [{"1161364", "22930"}, {"1161364", "22930"}, {"22930"}]


def test_quotes_inside_a_class_come_back(tmp_path: Path) -> None:
    cell = json.dumps(["a \"quoted\" 'name'"]).replace('"', '""')
    table = read(tmp_path, spans("recording,start,end,labels", f'r,0,5,"{cell}"'))
    assert table.classes == {"a \"quoted\" 'name'"}


def test_codes_joined_by_blanks_stand_beside_no_call(tmp_path: Path) -> None:
    table = read(
        tmp_path, spans("recording,start,end,labels", "r,0,5,grekis1 chacha1", "r,5,10,no call", "r,10,15,grekis1")
    )
    assert table.classes == {"grekis1", "chacha1"}
