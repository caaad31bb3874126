"""What readers make of each format's file, worked out by hand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from blendkit.errors import BlendkitError
from blendkit.io.file_reader import ColumnNames, read_found
from blendkit.io.readers.detection_tables import NOTHING, Detections
from blendkit.io.readers.label_files import read_labels
from blendkit.io.readers.result_folder import read_detections
from blendkit.io.readers.score_sources import read_score_file, read_scores
from blendkit.io.readers.score_table import Table
from blendkit.io.windows_to_chunks import Windowed
from tests.io import format_samples as samples
from tests.io.format_samples import HEAD, TEXTS, write_sample

ARA, FROG = "Ara ararauna", "Scinax nasicus"
Line = tuple[str, float, float, str, float]


def lines(found: object) -> list[Line]:
    """The detections of a file as (recording, start, end, first part of the label, score)."""
    assert isinstance(found, Detections)
    labels = [text.split("_")[0] for text in found.label]
    return list(zip(found.recording, found.start_s.tolist(), found.end_s.tolist(), labels, found.score.tolist(),
                    strict=True))  # fmt: skip


LINES: dict[str, Sequence[Line]] = {
    "birdnet": [
        ("/audio/R1", 0, 3, ARA, 0.9137), ("/audio/R1", 63, 66, FROG, 0.25), ("/audio/R2", 3, 6, ARA, 0.5),
    ],  # one minute and three seconds
    "raven": [("/audio/R1", 0, 3, ARA, 0.9137), ("/audio/R2", 3, 6, FROG, 0.25)],  # the offset, not the begin time
    "audacity": [("R1", 0, 3, ARA, 0.9137), ("R1", 3, 6, FROG, 0.25)],  # by the name of the track
    "kaleidoscope": [("/audio/site1/R1", 0, 3, ARA, 0.9137), ("/audio/site2/R1", 3, 6, FROG, 0.25)],
    "kaleidoscope-pro": [("D:/audio/night1/R1", 2.5, 4, "ara", 0.8), ("D:/audio/night1/R1", 7.5, 8.5, "frog", 1.0)],
    "hawkears": [("R1", 1.25, 4.25, "COYE", 0.912), ("R2", 2, 4, "MAWR", 0.88)],
    "arbimon": [("R1", 9.696, 11.0293, ARA, 0.2136), ("R1", 1.5, 2.832, ARA, 0.148), ("R2", 0, 2, ARA, 0.125)],
    "perch": [
        ("site1/R1", 0, 5, ARA, 2.5), ("site1/R1", 0, 5, FROG, -1.25), ("site1/R2", 5, 10, FROG, 0.5),
    ],
    "birdnet-npz": [  # windows start every 3 - 1 s; the last ends with its input
        ("/audio/R1", 0, 3, ARA, 0.75), ("/audio/R1", 0, 3, FROG, 0.25), ("/audio/R1", 2, 5, "Nova species", 0.5),
        ("/audio/R1", 6, 7, FROG, 0.125), ("/audio/R2", 0, 3, FROG, 0.5),
    ],
    "birdnet-pi": [
        ("Macaw-0-2023-05-01-birdnet-06:10:12", 0, 3, ARA, 0.75), ("Frog-1-2023-05-01-birdnet-06:10:12", 0, 3, FROG, 0.5),
    ],
    "birdnet-go": [("2024/05/ara_75p", 0, 3, ARA, 0.75), ("R1", 3, 6, FROG, 0.5)],
}  # fmt: skip


@pytest.mark.parametrize("name", LINES)
def test_detections(name: str, tmp_path: Path) -> None:
    assert lines(read_found(write_sample(name, tmp_path), ColumnNames()).found) == list(LINES[name])


def test_a_folder_of_results(tmp_path: Path) -> None:
    found = read_found(write_sample("folder", tmp_path), ColumnNames()).found
    assert isinstance(found, Detections)
    assert lines(found)[-1] == ("R3", 0, 3, ARA, 0.5)
    assert len(found.label) == 4
    assert found.notes[-1] == "left out, for they are empty files: R5.BirdNET.results.csv"


def test_a_combined_table_counts_where_it_is_the_only_one(tmp_path: Path) -> None:
    text = TEXTS["birdnet-analyzer"]
    (tmp_path / "BirdNET_CombinedTable.csv").write_text(text, encoding="utf-8")
    assert len(read_detections(tmp_path).label) == 3
    (tmp_path / "R1.BirdNET.results.csv").write_text(text, encoding="utf-8")
    assert len(read_detections(tmp_path).label) == 3


@pytest.mark.parametrize("text", [HEAD, HEAD.replace(",", ";"), HEAD.rstrip("\n")])
def test_a_table_without_lines_says_that_nothing_was_detected(text: str, tmp_path: Path) -> None:
    path = tmp_path / "R1.BirdNET.results.csv"
    path.write_text(text, encoding="utf-8")
    file = read_score_file(path)
    assert file.scores.values.shape == (0, 0)
    assert NOTHING in file.notes


def test_an_empty_file_alone_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "R1.csv"
    path.write_text("", encoding="utf-8")
    with pytest.raises(BlendkitError, match=r"R1\.csv: this file is empty"):
        read_score_file(path)
    with pytest.raises(BlendkitError, match="every result table in this folder is empty"):
        read_score_file(tmp_path)


@pytest.mark.parametrize(
    ("separator", "decimal", "encoding"),
    [(";", ".", "utf-8"), (";", ",", "utf-8-sig"), ("\t", ".", "utf-16"), (",", ".", "latin-1")],
)
def test_tables_of_any_locale(separator: str, decimal: str, encoding: str, tmp_path: Path) -> None:
    text = HEAD.replace(",", separator) + separator.join(
        ["0.0".replace(".", decimal), "3.0".replace(".", decimal), ARA, "Été", "0.85".replace(".", decimal), "R1.wav"]
    )
    path = tmp_path / "t.csv"
    path.write_bytes(text.encode(encoding))
    assert lines(read_found(path, ColumnNames()).found) == [("R1", 0, 3, ARA, 0.85)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0,5\t3,0\tfrog\n", [("a", 0.5, 3, "frog")]),
        ("0.5\t3.0\tfrog\n\\\t1000.0\t2000.0\n4\t5\tara;0.5\n", [("a", 0.5, 3, "frog"), ("a", 4, 5, "ara")]),
        ("2\t2\tfrog\n", [("a", 2, 2.001, "frog")]),  # a point
    ],
)
def test_label_tracks(text: str, expected: list[tuple[object, ...]], tmp_path: Path) -> None:
    path = tmp_path / "a_scores.txt"
    path.write_text(text, encoding="utf-8")
    assert [line[:4] for line in lines(read_found(path, ColumnNames()).found)] == expected


def test_a_label_track_with_other_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("0\t3\tfrog\nnothing\n5\t4\tfrog\n6\t7\tfrog\tx\n", encoding="utf-8")
    with pytest.raises(BlendkitError, match="3 lines are no labels") as error:
        read_found(path, ColumnNames())
    assert "line 2: 'nothing'" in error.value.problems[0]


def test_bats_of_kaleidoscope_pro(tmp_path: Path) -> None:
    path = tmp_path / "id.csv"
    path.write_text(
        "INDIR,FOLDER,IN FILE,CHANNEL,OFFSET,DURATION,AUTO ID*,MATCH RATIO,MANUAL ID\n"
        "D:\\bats,n1,S4U.wav,0,,5,PIPPIP,0.83,\nD:\\bats,n1,S4U.wav,0,5,5,NoID,,PIPPYG\n",
        encoding="utf-8",
    )
    found = read_found(path, ColumnNames()).found
    assert lines(found) == [("D:/bats/n1/S4U", 0, 5, "PIPPIP", 0.83), ("D:/bats/n1/S4U", 5, 10, "PIPPYG", 1.0)]


def test_noise_and_calls_without_a_name_are_no_class_of_kaleidoscope_pro(tmp_path: Path) -> None:
    path = tmp_path / "id.csv"
    head, row = "INDIR,FOLDER,IN FILE,OFFSET,DURATION,AUTO ID*,MATCH RATIO,MANUAL ID\n", "D:\\bats,n1,S4U.wav"
    rows = ("0,5,PIPPIP,0.8,", "5,5,NoID,,", "10,5,Noise,,", "15,5,PIPPIP,0.9,Noise", "20,5,,,")
    path.write_text(head + "".join(f"{row},{r}\n" for r in rows), encoding="utf-8")
    found = read_found(path, ColumnNames()).found
    assert lines(found) == [("D:/bats/n1/S4U", 0, 5, "PIPPIP", 0.8)]  # what a person calls noise is none either
    assert isinstance(found, Detections)
    assert {"1 lines without a name are left out", "3 lines of Noise or NoID are left out"} <= {*found.notes}


def test_distances_of_kaleidoscope_pro_are_said_to_be_no_probabilities(tmp_path: Path) -> None:
    read = read_found(write_sample("kaleidoscope-pro", tmp_path), ColumnNames())
    assert read.space == "unknown"
    assert [*read.found.notes] == [
        "1 lines have a MANUAL ID, which counts as 1",
        "TOP1DIST is a distance: the score is 1 / (1 + distance), no probability",
        "1 lines without a name are left out",
    ]


def test_a_frame_whose_index_has_no_names(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    path.write_text(",,,ara,frog\na/R1.wav,0.0,5.0,0.9,0.1\na/R1.wav,5.0,10.0,0.2,0.3\n", encoding="utf-8")
    read = read_found(path, ColumnNames())
    assert isinstance(read.found, Windowed)
    assert (read.format, list(read.found.recording), read.found.classes) == ("frames", ["a/R1"] * 2, ("ara", "frog"))
    assert read.found.values.tolist() == [[0.9, 0.1], [0.2, 0.3]]


def test_a_bare_matrix_and_its_names(tmp_path: Path) -> None:
    path = write_sample("npy", tmp_path)
    found = read_found(path, ColumnNames()).found
    assert isinstance(found, Table)
    assert (found.row_ids, found.classes) == (["R1_5", "R1_10", "R2_5"], ["ara", "frog"])
    (tmp_path / "classes.txt").write_text("x\ny\nz\n", encoding="utf-8")
    assert isinstance(read_found(path, ColumnNames()).found, Table)  # names of this very file come first
    with pytest.raises(BlendkitError, match=r"is \(3, 2\), the files beside it name 3 rows and 3 classes"):
        read_found(path, ColumnNames(classes="classes.txt"))
    (tmp_path / "scores_rows.csv").rename(tmp_path / "elsewhere.csv")
    with pytest.raises(BlendkitError, match="which file names its rows") as error:
        read_found(path, ColumnNames())
    assert "expected scores_rows.csv or rows.txt" in error.value.problems[1]


def test_vectors_without_a_class_list_are_refused_plainly(tmp_path: Path) -> None:
    pytest.importorskip("usearch.index")
    for i, (classes, why) in enumerate([("", "none such lies beside it"), ("a\nb\nc\n", "class list has 3")]):
        folder = tmp_path / str(i)
        folder.mkdir()
        with pytest.raises(BlendkitError, match="vectors of 2 numbers cannot be read as logits") as error:
            read_found(samples.hoplite(folder, classes=classes), ColumnNames())
        assert "`hoplite` with a `head:`" in error.value.problems[-1]
        assert why in str(error.value) or "which file names its classes" in str(error.value)


@pytest.mark.parametrize(("score", "said"), [(None, "Confidence is None"), ("high", "Confidence is 'high'")])
def test_scores_of_a_database_must_be_numbers(score: object, said: str, tmp_path: Path) -> None:
    with pytest.raises(BlendkitError, match="1 cells hold no usable value") as error:
        read_found(samples.birdnet_pi(tmp_path, score), ColumnNames())
    assert f"row 1: {said}" in error.value.problems[0]


def test_notes_that_cannot_be_placed(tmp_path: Path) -> None:
    with pytest.raises(BlendkitError, match="1 notes cannot be placed") as error:
        read_found(samples.birdnet_go(tmp_path, "soon", "later"), ColumnNames())
    assert "note 1: 'soon' to 'later'" in error.value.problems[0]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"species_list": np.array(["only one"])}, "do not fit each other"),
        ({"species_masked": np.zeros((2, 4, 1), bool)}, "do not fit each other"),
        ({"inputs": np.array(["a", "b"], object)}, "a pickled array"),
    ],
)
def test_results_of_birdnet_that_do_not_fit(changed: dict[str, np.ndarray], message: str, tmp_path: Path) -> None:
    with pytest.raises(BlendkitError) as error:
        read_found(samples.birdnet_npz(tmp_path, **changed), ColumnNames())
    assert message in str(error.value)


def test_absolute_paths_lose_the_folders_they_share(tmp_path: Path) -> None:
    scores = read_score_file(write_sample("birdnet-analyzer", tmp_path)).scores
    assert scores.rows.ids() == ["R1_5", "R1_10", "R2_5", "R2_10"]
    # R1's frog overlaps both chunks, R2's macaw too
    assert scores.values.tolist() == [[0.9137, 0.25], [0, 0.25], [0.5, 0], [0.5, 0]]


def test_labels_are_composed_unicode(tmp_path: Path) -> None:
    names = np.array(["E\u0301te\u0301_x", "b", "c"])  # with combining accents
    found = read_found(samples.birdnet_npz(tmp_path, species_list=names), ColumnNames()).found
    assert isinstance(found, Detections)
    assert found.label[0] == "\u00c9t\u00e9_x"


def test_a_chunk_without_a_logit_lies_below_all_that_were_written(tmp_path: Path) -> None:
    scores = read_scores(write_sample("perch", tmp_path))
    assert scores.space == "logit"
    assert scores.rows.ids() == ["site1/R1_5", "site1/R2_5", "site1/R2_10"]
    assert scores.values.tolist() == [[2.5, -1.25], [-20, -20], [-20, 0.5]]


def test_what_people_said_of_arbimons_matches_is_read_as_labels(tmp_path: Path) -> None:
    labels = read_labels(write_sample("arbimon", tmp_path))
    assert dict(labels.spans) == {"R1": ((9696, 11029, frozenset({ARA})),)}
    assert [n for n in labels.notes if "validated" in n] == [
        "1 rows whose 'validated' says that their class is absent are left out",
        "1 rows whose 'validated' does not say that it is there are left out",
    ]
