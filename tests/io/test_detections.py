from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from blendkit.errors import BlendkitError
from blendkit.io import read_score_file
from blendkit.io.readers.detection_tables import open_detections, take_detections
from blendkit.io.readers.result_folder import read_detections
from blendkit.io.readers.table_names import table_recording

TABLES = {
    "analyzer.csv": (
        "Start (s),End (s),Scientific name,Common name,Confidence,File\n"
        "0.0,3.0,Pitangus sulphuratus,Great Kiskadee,0.9137,/audio/site1/R1.wav\n"
        "3.0,6.0,Rupornis magnirostris,Roadside Hawk,0.25,/audio/site1/R1.wav\n"
    ),
    "birdnet.csv": (
        "input,start_time,end_time,species_name,confidence\n"
        "/audio/site1/R1.wav,0.0,3.0,Pitangus sulphuratus_Great Kiskadee,0.9137\n"
        "/audio/site1/R1.wav,3.0,6.0,Rupornis magnirostris_Roadside Hawk,0.25\n"
    ),
    "kaleidoscope.csv": (
        "INDIR,FOLDER,IN FILE,OFFSET,DURATION,scientific_name,common_name,confidence\n"
        "/audio,site1,/audio/site1/R1.wav,0.0,3.0,Pitangus sulphuratus,Great Kiskadee,0.9137\n"
        "/audio,site1,/audio/site1/R1.wav,3.0,3.0,Rupornis magnirostris,Roadside Hawk,0.25\n"
    ),
    "r.csv": (
        "filepath,start,end,scientific_name,common_name,confidence,lat\n"
        "/audio/site1/R1.wav,0.0,3.0,Pitangus sulphuratus,Great Kiskadee,0.9137,1\n"
        "/audio/site1/R1.wav,3.0,6.0,Rupornis magnirostris,Roadside Hawk,0.25,1\n"
    ),
    "polish.csv": (
        "Plik;Początek (s);Koniec (s);Nazwa naukowa;Pewność\n"
        "/audio/site1/R1.wav;0,0;3,0;Pitangus sulphuratus;91,37%\n"
        "/audio/site1/R1.wav;3,0;6,0;Rupornis magnirostris;25%\n"
    ),
    "raven.txt": (
        "Selection\tView\tChannel\tBegin Time (s)\tEnd Time (s)\tLow Freq (Hz)\tHigh Freq (Hz)\tSpecies Code\t"
        "Scientific Name\tConfidence\tBegin Path\tFile Offset (s)\n"
        "1\tSpectrogram 1\t1\t60.0\t63.0\t0\t15000\tgrekis1\tPitangus sulphuratus\t0.9137\t/audio/site1/R1.wav\t0.0\n"
        "2\tSpectrogram 1\t1\t63.0\t66.0\t0\t15000\troahaw\tRupornis magnirostris\t0.25\t/audio/site1/R1.wav\t3.0\n"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TABLES)
def test_every_format_says_the_same(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text(TABLES[name], encoding="utf-8")
    found = read_detections(path)
    assert found.recording == ["/audio/site1/R1"] * 2
    assert found.start_s.tolist() == [0, 3]
    assert found.end_s.tolist() == [3, 6]  # Raven's begin times run on from file to file: the offset counts
    assert [text.split("_")[0] for text in found.label] == ["Pitangus sulphuratus", "Rupornis magnirostris"]
    assert found.score.tolist() == [0.9137, 0.25]


def test_a_folder_of_tables(tmp_path: Path) -> None:
    head = "Start (s),End (s),Scientific name,Common name,Confidence\n"
    (tmp_path / "R1.BirdNET.results.csv").write_text(head + "0,3,Ara ararauna,Macaw,0.5\n", encoding="utf-8")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "R.2.BirdNET.results.csv").write_text(head + "0,3,Ara ararauna,Macaw,0.6\n", encoding="utf-8")
    (tmp_path / "R3.BirdNET.results.csv").write_text(head, encoding="utf-8")  # no detections
    (tmp_path / "BirdNET_analysis_params.csv").write_text("File splitting duration,600\n", encoding="utf-8")
    found = read_detections(tmp_path)
    assert found.recording == ["R1", "R.2"]
    assert found.score.tolist() == [0.5, 0.6]
    (tmp_path / "empty").mkdir()
    with pytest.raises(BlendkitError, match="no result tables in this folder"):
        read_detections(tmp_path / "empty")


@pytest.mark.parametrize(
    ("table", "recording"),
    [
        ("R1.BirdNET.results.csv", "R1"),
        ("R1.BirdNET.selection.table.txt", "R1"),
        ("R1.Table.1.selections.txt", "R1"),
        ("S01_20250101_040000.wav.selections.txt", "S01_20250101_040000"),
        ("v1.2 site.csv", "v1.2 site"),
        ("R1_HawkEars.txt", "R1"),
        ("R1_labels.txt", "R1"),
        ("R1_raven_selections.txt", "R1"),
    ],
)
def test_what_a_table_is_named_after(table: str, recording: str) -> None:
    assert table_recording(Path(table)) == recording


def test_a_column_named_in_english_keeps_its_name(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("file,start,end,label,score,Konfidenz,confidence\nr.wav,0,3,x,.5,.25,.125\n", encoding="utf-8")
    given = [read_detections(path, score=s).score.tolist() for s in ("score", "Konfidenz", "confidence")]
    assert given == [[0.5], [0.25], [0.125]]


def test_words_of_another_language_count_in_tables_of_another_language(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("Datei;Beginn;Ende;Endzeit;Art;Spezies;Confidence\na.wav;0;3;9;Amsel;x;0.5\n", encoding="utf-8")
    found = read_detections(path)  # of two words for one thing the first counts
    assert (found.label, found.end_s.tolist()) == (["Amsel"], [3.0])
    path.write_text(
        "filename,start,end,compau,fotfly,art\nR1.wav,0,5,0.1,0.2,0.3\nR1.wav,5,10,.3,.1,.2\n", encoding="utf-8"
    )
    assert read_score_file(path).scores.classes == ("compau", "fotfly", "art")  # a class beside English times


def test_selections_without_scores(tmp_path: Path) -> None:
    path = tmp_path / "R1.Table.1.selections.txt"
    path.write_text("Selection\tBegin Time (s)\tEnd Time (s)\tAnnotation\n1\t0.5\t1.25\tfrog\n", encoding="utf-8")
    found = read_detections(path, label="annotation")
    assert (found.recording, found.label) == (["R1"], ["frog"])
    assert np.isnan(found.score).all()
    with pytest.raises(BlendkitError, match="no label column") as error:
        read_detections(path)
    assert "Annotation" in str(error.value.problems) or "annotation" in str(error.value.problems)
    with pytest.raises(BlendkitError, match="no label column") as error:
        read_detections(path, label="Anotation")
    assert "did you mean 'annotation'" in error.value.problems[0]
    with pytest.raises(BlendkitError, match="no score column"):
        read_detections(path, label="annotation", score="Confidence")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Start (s),End (s),Scientific name,Confidence\n0,x,Ara,0.5\n", "holds no number in 1 lines"),
        ("Start (s),Scientific name,Confidence\n0,Ara,0.5\n", "no columns of start and end times"),
        ("File,Start (s),End (s),Scientific name,Confidence\n,0,3,Ara,0.5\n", "names no file in 1 lines"),
        ("", "cannot read this table"),
        ("Start (s),End (s),Scientific name,Confidence\n0,3,Ara,5%\n3,6,Ara,\n", "line 3: ''"),
    ],
)
def test_unusable_tables(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BlendkitError, match=message):
        read_detections(path)


@pytest.mark.parametrize(
    ("scale", "said"), [(1000, "milliseconds"), (1_000_000, "microseconds"), (48_000, "samples at 48000 Hz")]
)
def test_times_in_an_unstated_unit_are_refused(tmp_path: Path, scale: int, said: str) -> None:
    lines = [f"r.wav,{3 * k * scale},{3 * (k + 1) * scale},x,0.5" for k in range(4)]
    for columns in ("file,start,end,label,score", "file,start (s),end (s),label,score"):
        path = tmp_path / "d.csv"
        path.write_text("\n".join([columns, *lines]), encoding="utf-8")
        if "(s)" in columns:  # the table says that these are seconds
            assert take_detections(path, *open_detections(path)).end_s[0] == 3 * scale
        else:
            with pytest.raises(BlendkitError, match=f"d.csv: these look like {said}, and the table does not say so"):
                take_detections(path, *open_detections(path))


def test_a_label_track_may_begin_with_a_class_that_is_a_number(tmp_path: Path) -> None:
    (tmp_path / "r1.txt").write_text("0.0\t5.0\t23150\t0.676\n5.0\t10.0\tcompau\t0.5\n", encoding="utf-8")
    found = read_score_file(tmp_path / "r1.txt").scores
    assert set(found.classes) == {"23150", "compau"}
    (tmp_path / "r2.txt").write_text("0.0\t5.0\t0.2\t0.676\n", encoding="utf-8")  # a table of numbers
    with pytest.raises(BlendkitError):
        read_score_file(tmp_path / "r2.txt")
