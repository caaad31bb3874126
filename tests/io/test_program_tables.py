"""Tables as spreadsheets, R, polars, notebooks and annotation programs write them: read right, or told what to change."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as parquet
import pytest

from blendkit import read_labels, read_scores
from blendkit.core import Taxonomy
from blendkit.errors import BlendkitError
from blendkit.io.file_reader import ColumnNames, read_found
from blendkit.io.readers.species_lists import read_species_lists
from tests.io.format_samples import birdnet_go

IDS, CLASSES = ["r_5", "r_10", "s_5"], ("x", "y")
VALUES = np.array([[0.25, 0.5], [0.5, 1e-3], [0.75, 0.0]])
PLAIN = "row_id,x,y\nr_5,0.25,0.5\nr_10,0.5,0.001\ns_5,0.75,0\n"
GERMAN = PLAIN.replace(",", ";").replace(".", ",")


def with_row_names(text: str, separator: str) -> str:
    """Return a table as R's write.table does: a name before each row, none in the header."""
    header, *rows = text.splitlines()
    return "\n".join([header, *(f"{i}{separator}{row}" for i, row in enumerate(rows, 1))]) + "\n"


MATRICES = {
    "Excel notes the separator": f"sep=;\r\n{GERMAN}",
    "Excel's columns beside the table": GERMAN.replace("\n", ";;\r\n"),
    "Excel's rows below the table": f"{GERMAN};;\r\n;;\r\n",
    "Google Sheets with decimal commas": 'row_id,x,y\nr_5,"0,25","0,5"\nr_10,"0,5","0,001"\ns_5,"0,75",0\n',
    "R's write.table": with_row_names(PLAIN.replace(",", "\t"), "\t"),
    "R's write.csv": 'row_id,x,y\n"r_5",0.25,5e-01\n"r_10",0.5,1e-03\n"s_5",0.75,0\n',
    "a comment": f"# made by notebook 3, version 2\n{PLAIN}",
}
FRAMES = {
    "filename,start,end": "filename,start,end,x,y\nr.wav,0,5,0.25,0.5\nr.wav,5,10,0.5,0.001\ns.wav,0,5,0.75,0\n",
    "audio_path": "audio_path,start_sec,end_sec,x,y\nr.wav,0,5,0.25,0.5\nr.wav,5,10,0.5,0.001\ns.wav,0,5,0.75,0\n",
}


@pytest.mark.parametrize("name", [*MATRICES, *FRAMES])
def test_scores_of_other_programs(tmp_path: Path, name: str) -> None:
    path = tmp_path / "scores.csv"
    path.write_text({**MATRICES, **FRAMES}[name], encoding="utf-8", newline="")
    scores = read_scores(path, space="prob")
    assert (scores.rows.ids(), scores.classes) == (IDS, CLASSES)
    assert np.array_equal(scores.values, VALUES)


def test_an_arrow_file_without_a_stream_before_its_footer(tmp_path: Path) -> None:
    table = pa.table({"row_id": pa.array(IDS, pa.string_view()), "x": VALUES[:, 0], "y": VALUES[:, 1]})
    with pa.ipc.new_file(str(tmp_path / "a"), table.schema) as writer:
        writer.write_table(table)
    data = bytearray((tmp_path / "a").read_bytes())
    data[8:12] = b"\x04\0\0\0"  # where the stream begins, polars writes something else
    (tmp_path / "a").write_bytes(data)
    assert np.array_equal(read_scores(tmp_path / "a", space="prob").values, VALUES)


@pytest.mark.parametrize("kind", [pa.binary(), pa.large_binary()])
def test_texts_that_are_not_marked_as_texts(tmp_path: Path, kind: pa.DataType) -> None:
    table = pa.table({"row_id": pa.array([i.encode() for i in IDS], kind), "x": VALUES[:, 0], "y": VALUES[:, 1]})
    parquet.write_table(table, tmp_path / "t.parquet")
    scores = read_scores(tmp_path / "t.parquet", space="prob")
    assert (scores.rows.ids(), scores.values.tolist()) == (IDS, VALUES.tolist())
    bad = table.set_column(0, "row_id", pa.array([b"\xff_5", *(i.encode() for i in IDS[1:])], kind))
    parquet.write_table(bad, tmp_path / "bad.parquet")
    with pytest.raises(BlendkitError):
        read_scores(tmp_path / "bad.parquet", space="prob")


REFUSED = {
    "no header": (PLAIN.split("\n", 1)[1], "add a line above it: row_id"),
    "a line per class": ("row_id,species,score\nr_5,x,0.5\nr_5,y,0.5\n", "frame.pivot(index='row_id', columns='species'"),
    "a class of its own": ("row_id,x,y,best\nr_5,0.25,0.5,x\n", "leave out what is no class"),
    "classes as rows": ("class,r_5,r_10\nx,0.1,0.2\n", "transpose it"),
    "JSON": ('[{"row_id": "r_5", "x": 0.5}]', "save scores as CSV or Parquet"),
    "blanks between columns": ("row_id  x  y\nr_5  0.25  0.5\n", "separated by blanks"),
    "values without a name": ("row_id,x,y,\nr_5,0.25,0.5,7\n", "column '' is no class id"),
    "scores by another name": ("file,start_time,end_time,label,logit\nr.wav,0,5,x,2.5\n", "--score COLUMN"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_told_of_other_tables(tmp_path: Path, name: str) -> None:
    text, said = REFUSED[name]
    (tmp_path / "t.csv").write_text(text, encoding="utf-8")
    with pytest.raises(BlendkitError) as error:
        read_scores(tmp_path / "t.csv", space="prob")
    assert said in str(error.value)


DETECTIONS = {
    "filename,start_ms,end_ms,species,score": "r.wav,0,5000,x,0.5",
    "File Name,Start Time,End Time,Species,Probability": "r.wav,00:00:00,00:00:05,x,0.5",
    "recording,start,duration,class,score": "r.wav,0,5,x,0.5",
    "audio_file,start_sec,end_sec,ebird_code,prob": "r.wav,0,5,x,0.5",
}


@pytest.mark.parametrize("header", DETECTIONS)
def test_detections_under_other_names(tmp_path: Path, header: str) -> None:
    (tmp_path / "d.csv").write_text(f"{header}\n{DETECTIONS[header]}\n", encoding="utf-8")
    scores = read_scores(tmp_path / "d.csv")
    assert (scores.rows.ids(), scores.classes, scores.values.tolist()) == (["r_5"], ("x",), [[0.5]])


def test_birdnet_names_classes_by_two_names() -> None:
    taxonomy = Taxonomy({
        "amerob": {"scientific_name": "Turdus migratorius", "common_name": "American Robin"},
        "houspa": {"scientific_name": "Passer domesticus", "common_name": "House Sparrow"},
    })  # fmt: skip
    names = {
        "Turdus migratorius_American Robin": "amerob",
        "House Sparrow (Passer domesticus)": "houspa",
        "Turdus migratorius_Wanderdrossel": "amerob",  # BirdNET's names in another language
        "Turdus_migratorius": "amerob",
        "house_sparrow": "houspa",
        "Turdus migratorius Linnaeus, 1766": "amerob",
        "Passer domesticus (Linnaeus, 1758)": "houspa",
    }
    others = ["Turdus migratorius_House Sparrow", "amerob_x", "Turdus (subgenus)", "Passer montanus (Linnaeus, 1758)"]
    assert taxonomy.ids_of([*names, *others]) == names


SPANS = {"r": ((0, 5000, frozenset({"x"})), (5000, 10000, frozenset()))}
LABELS = {
    "R's write.table": with_row_names("filename\tstart\tend\tprimary_label\nr\t0\t5\tx\nr\t5\t10\t\n", "\t"),
    "a comment": "# by hand\nfilename,start,end,primary_label\nr,0,5,x\nr,5,10,None\n",
    "T and F": "row_id,x,y\nr_5,T,F\nr_10,F,F\n",
    "yes and no": "row_id,x,y\nr_5,yes,no\nr_10,no,no\n",
    "decimal commas": "row_id;x;y\nr_5;1,0;0,0\nr_10;0,0;0,0\n",
    "recordings told by their suffix": "Datei,start,end,tags\n/d/r.wav,0,5,x\n/d/r.wav,5,10,\n",
}


@pytest.mark.parametrize("name", LABELS)
def test_labels_of_other_programs(tmp_path: Path, name: str) -> None:
    (tmp_path / "labels.csv").write_text(LABELS[name], encoding="utf-8")
    assert read_labels(tmp_path / "labels.csv").spans == SPANS


def test_a_missing_value_of_r_is_no_class_without_a_word(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("filename,start,end,primary_label\nr,0,5,x\nr,5,10,NA\n", encoding="utf-8")
    with pytest.raises(BlendkitError, match="1 unknown label") as error:
        read_labels(tmp_path / "labels.csv").require_known(["x"])
    assert "NA is what R writes where there is no value" in error.value.problems[1]


def test_rows_that_say_that_a_class_is_absent(tmp_path: Path) -> None:
    frame = pd.DataFrame({"recording": ["r", "s"], "species": ["x", "x"], "val": [1, 0]})
    frame.to_csv(tmp_path / "labels.csv", index=False)
    labels = read_labels(tmp_path / "labels.csv")
    assert labels.recordings == ("r",)
    assert labels.notes[0] == "1 rows whose 'val' says that their class is absent are left out"


@pytest.mark.parametrize(
    ("column", "there", "absent"),
    [
        ("present", "yes", "no"), ("validated", "Y", "N"), ("val", "1", "-1"), ("validation", "correct", "incorrect"),
        ("validated", "confirmed", "rejected"), ("present", "ja", "nein"), ("presence", "x", ""),
        ("validated", "TRUE", "unsure"),
    ],
)  # fmt: skip
def test_whatever_says_that_a_class_is_absent(tmp_path: Path, column: str, there: str, absent: str) -> None:
    frame = pd.DataFrame({"recording": ["r", "s", "t"], "species": ["x"] * 3, column: [there, absent, there]})
    frame.to_csv(tmp_path / "labels.csv", index=False)
    labels = read_labels(tmp_path / "labels.csv")
    assert labels.recordings == ("r", "t")
    assert labels.notes[0].startswith(f"1 rows whose {column!r} ")


def test_a_column_of_answers_with_other_words_is_refused_or_named(tmp_path: Path) -> None:
    frame = pd.DataFrame({"recording": ["r", "s", "t"], "species": ["x"] * 3, "present": ["yes", "no", "faint"]})
    frame.to_csv(tmp_path / "labels.csv", index=False)
    with pytest.raises(BlendkitError, match="'faint' in its column 'present' says neither that the class is there"):
        read_labels(tmp_path / "labels.csv")
    frame.replace({"no": "loud"}).to_csv(tmp_path / "labels.csv", index=False)
    labels = read_labels(tmp_path / "labels.csv")
    assert labels.recordings == ("r", "s", "t")
    assert "its column 'present' is not looked at: 'loud', 'faint' is neither yes nor no" in labels.notes
    frame.assign(present=["0", "3", "1"]).to_csv(tmp_path / "labels.csv", index=False)  # counts of calls
    assert read_labels(tmp_path / "labels.csv").recordings == ("s", "t")
    frame.assign(present=["nan", "", "NA"]).to_csv(tmp_path / "labels.csv", index=False)  # nobody filled it in
    assert read_labels(tmp_path / "labels.csv").recordings == ("r", "s", "t")
    frame.assign(present=["no", "0", ""]).to_csv(tmp_path / "labels.csv", index=False)
    with pytest.raises(BlendkitError, match="'present' says of no row that its class is there"):
        read_labels(tmp_path / "labels.csv")
    frame.assign(present=["0.4", "0", "2"]).to_csv(tmp_path / "labels.csv", index=False)  # numbers of something
    assert "its column 'present' is not looked at" in read_labels(tmp_path / "labels.csv").notes[0]


def test_notes_of_birdnet_go_whose_clip_is_gone_are_left_out(tmp_path: Path) -> None:
    path = birdnet_go(tmp_path)
    whole = read_scores(path)
    with closing(sqlite3.connect(path)) as base, base:
        base.execute("INSERT INTO notes SELECT NULL, source_node, date, time, begin_time, end_time, species_code,"
                     " scientific_name, common_name, confidence, '' FROM notes")  # fmt: skip
    read = read_found(path, ColumnNames()).found
    assert "2 notes without a clip_name left out: their recordings are not known" in read.notes
    assert read_scores(path).values.tolist() == whole.values.tolist()
    with closing(sqlite3.connect(path)) as base, base:
        base.execute("UPDATE notes SET clip_name = ''")
    with pytest.raises(BlendkitError, match="none of its 4 notes names a clip"):
        read_scores(path)


def test_birdnets_own_species_list_has_no_header(tmp_path: Path) -> None:
    path = tmp_path / "species_list.txt"
    path.write_text("\ufeffTurdus migratorius_American Robin\nPasser domesticus_House Sparrow\n\n", encoding="utf-8")
    names = {"Turdus migratorius_American Robin", "Passer domesticus_House Sparrow"}
    assert read_species_lists(path) == {"": frozenset(names)}
    path.write_text("Scientific_name\nTurdus migratorius\n", encoding="utf-8")
    assert read_species_lists(path) == {"": frozenset({"Turdus migratorius"})}
