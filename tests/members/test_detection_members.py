from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from blendkit.audio.recordings import Recording
from blendkit.core.taxonomy import Taxonomy
from blendkit.errors import BlendkitError
from blendkit.member.protocol import MemberContext
from blendkit.testing.member_checks import check_member
from blendkit_members.detections import birdnet_table, raven
from blendkit_members.table import table as use_table

NAMES = {"grekis1": "Pitangus sulphuratus", "yehcar1": "Daptrius chimachima", "frog": "Scinax nasicus"}
TAXONOMY = Taxonomy({c: {"scientific_name": s} for c, s in NAMES.items()})
RECORDINGS = tuple(Recording(r, Path()) for r in ("site/R1", "site/R2"))
CONTEXT = MemberContext(tuple(NAMES), TAXONOMY, recordings=RECORDINGS, expected_s={"site/R1": 15.0, "site/R2": 10.0})
CSV = (
    "Start (s),End (s),Scientific name,Common name,Confidence,File\n"
    "0.0,3.0,Pitangus sulphuratus,Great Kiskadee,0.9,/elsewhere/R1.wav\n"
    "3.0,6.0,Pitangus sulphuratus,Great Kiskadee,0.4,/elsewhere/R1.wav\n"
    "3.0,6.0,Milvago chimachima,Yellow-headed Caracara,0.7,/elsewhere/R1.wav\n"
    "9.0,12.0,Nova species,Nothing,0.8,/elsewhere/R1.wav\n"
)


@pytest.fixture
def table(tmp_path: Path) -> str:
    path = tmp_path / "results.csv"
    path.write_text(CSV, encoding="utf-8")
    return str(path)


def test_results_on_the_runs_chunks(table: str) -> None:
    member = birdnet_table(CONTEXT, path=table)
    scores = member.read()
    assert scores.space == "prob"
    assert scores.rows.ids() == ["site/R1_5", "site/R1_10", "site/R1_15", "site/R2_5", "site/R2_10"]
    assert scores.classes == tuple(NAMES)
    # the caracara by its older name; R2, of which the table says nothing, holds what an empty cell holds
    assert scores.values.tolist() == [[0.9, 0.7, 0], [0.4, 0.7, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0]]
    assert member.warnings() == [
        "1 detections of other classes left out: Nova species (1)",
        "1 paths are in other folders than their recordings: /elsewhere/R1 as site/R1",
    ]


def test_by_shared_time_and_with_another_floor(table: str) -> None:
    scores = birdnet_table(CONTEXT, path=table, pool="mean", empty=0.05).read()
    assert scores.values[0].tolist() == pytest.approx([(3 * 0.9 + 2 * 0.4) / 5, (3 * 0.05 + 2 * 0.7) / 5, 0.05])
    assert scores.values[2].tolist() == [0.05] * 3


def test_what_the_detector_cannot_know_is_not_covered(table: str, tmp_path: Path) -> None:
    labels = tmp_path / "labels.txt"
    labels.write_text("Pitangus sulphuratus_Great Kiskadee\nMilvago chimachima_Caracara\n", encoding="utf-8")
    scores = birdnet_table(CONTEXT, path=table, knows=str(labels)).read()
    assert scores.covered.tolist() == [True, True, False]
    assert birdnet_table(CONTEXT, path=table).read().covered.all()
    assert raven(CONTEXT, path=table, knows=str(labels)).read().covered.tolist() == [True, True, False]


def test_detections_after_the_end_of_a_recording_are_named(tmp_path: Path) -> None:
    head, *lines = CSV.splitlines()
    late = "20.0,23.0,Pitangus sulphuratus,Great Kiskadee,0.9,/elsewhere/R1.wav"
    early = [lines[0].replace("0.0,3.0", f"{k}.0,{k + 1}.0") for k in range(12)]  # one of ten may be late
    (tmp_path / "late.csv").write_text("\n".join([head, *early, late, ""]), encoding="utf-8")
    member = birdnet_table(CONTEXT, path=str(tmp_path / "late.csv"))
    assert len(member.read()) == 5
    assert "left out: 1 window that begins after the end of the recording: site/R1" in member.warnings()


def test_keeps_the_members_promises(table: str) -> None:
    check_member(birdnet_table, context=CONTEXT, path=table)
    check_member(raven, context=CONTEXT, path=table)


def test_without_classes_of_the_run(table: str) -> None:
    scores = birdnet_table(MemberContext(), path=table).read()
    assert scores.classes == ("Milvago chimachima", "Nova species", "Pitangus sulphuratus")
    assert scores.rows.ids() == ["R1_5", "R1_10", "R1_15"]


def raven_table(tmp_path: Path, *lines: str) -> str:
    path = tmp_path / "R1.Table.1.selections.txt"
    head = "Selection\tBegin Time (s)\tEnd Time (s)\tSpecies Code"
    path.write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")
    return str(path)


def test_selections_by_code(tmp_path: Path) -> None:
    path = raven_table(tmp_path, "1\t4.5\t5.5\tfrog", "2\t1\t2\tGREKIS1")
    with pytest.raises(BlendkitError, match="2 detections have no score") as error:
        raven(CONTEXT, path=path).read()
    assert "unscored: 1.0" in error.value.problems[0]
    scores = raven(CONTEXT, path=path, unscored=1.0).read()
    assert scores.values[:3].tolist() == [[1, 0, 1], [0, 0, 1], [0, 0, 0]]


def test_what_does_not_fit(tmp_path: Path, table: str) -> None:
    with pytest.raises(BlendkitError, match="none of its labels is one of the run's classes"):
        raven(CONTEXT, path=raven_table(tmp_path, "1\t0\t1\ttoad"), unscored=1.0).read()
    wrong = tmp_path / "wrong.csv"
    wrong.write_text(CSV.replace("0.9,", "9,"), encoding="utf-8")
    with pytest.raises(BlendkitError, match=r"scores lie in \[0.4, 9\], not in \[0, 1\]"):
        birdnet_table(CONTEXT, path=str(wrong)).read()


def test_two_recordings_of_one_name(table: str) -> None:
    both: Any = tuple(Recording(r, Path()) for r in ("a/R1", "b/R1"))
    with pytest.raises(BlendkitError, match="none of its paths means one of the run's recordings") as error:
        birdnet_table(MemberContext(tuple(NAMES), TAXONOMY, recordings=both), path=table).read()
    assert "'a/R1' in the recordings of this run and '/elsewhere/R1' in results.csv" in str(error.value)


def test_a_table_member_reads_detections_as_birdnet_table_does(table: str) -> None:
    member = use_table(CONTEXT, path=table, space="prob")
    scores, other = member.read(), birdnet_table(CONTEXT, path=table).read()
    assert scores.rows.ids() == other.rows.ids()
    assert scores.classes == other.classes
    assert scores.values.tolist() == other.values.tolist()
    assert member.warnings() == [
        "1 detections of other classes left out: Nova species (1)",
        "1 paths are in other folders than their recordings: /elsewhere/R1 as site/R1",
    ]
    check_member(use_table, context=CONTEXT, path=table, space="prob")


def test_a_space_that_the_format_contradicts(table: str) -> None:
    with pytest.raises(BlendkitError, match="a birdnet-analyzer file holds prob scores") as error:
        use_table(CONTEXT, path=table, space="logit").read()
    assert "write `space: prob`" in error.value.problems


def test_a_table_member_reads_windows_with_classes_by_name(tmp_path: Path) -> None:
    path = tmp_path / "frames.csv"
    path.write_text(
        "file,start_time,end_time,Pitangus sulphuratus,Milvago chimachima,frog\n"
        "C:\\audio\\site\\R1.wav,0,5,1.0,2.0,3.0\nC:\\audio\\site\\R1.wav,5,15,4.0,5.0,6.0\n"
        "C:\\audio\\site\\R2.wav,0,10,7.0,8.0,9.0\n",
        encoding="utf-8",
    )
    member = use_table(CONTEXT, path=str(path), space="logit")
    scores = member.read()
    assert scores.classes == tuple(NAMES)
    assert scores.rows.ids() == ["site/R1_5", "site/R1_10", "site/R1_15", "site/R2_5", "site/R2_10"]
    assert scores.values.tolist() == [[1, 2, 3], [4, 5, 6], [4, 5, 6], [7, 8, 9], [7, 8, 9]]
    assert member.warnings() == [
        "classes by name: Pitangus sulphuratus as grekis1, Milvago chimachima as yehcar1"
    ]  # the caracara by its older name
    path.write_text("file,start_time,end_time,grekis1,Pitangus sulphuratus\nsite/R1.wav,0,5,1,2\n", encoding="utf-8")
    with pytest.raises(BlendkitError, match="several columns are one class of the run"):
        use_table(CONTEXT, path=str(path), space="logit").read()


def test_detections_without_a_score(tmp_path: Path) -> None:
    path = tmp_path / "R1.Table.1.selections.txt"
    path.write_text("Selection\tBegin Time (s)\tEnd Time (s)\tAnnotation\n1\t0.5\t1.25\tfrog\n", encoding="utf-8")
    with pytest.raises(BlendkitError, match="1 detections have no score") as error:
        use_table(CONTEXT, path=str(path), space="prob", classes="annotation").read()
    assert "`raven` with `unscored:`" in error.value.problems[0]


@pytest.mark.parametrize("use", [use_table, birdnet_table])
def test_a_table_without_lines_gives_the_floor_everywhere(use: Any, tmp_path: Path) -> None:
    path = tmp_path / "R1.BirdNET.results.csv"
    path.write_text(CSV.splitlines()[0], encoding="utf-8")
    member = use(CONTEXT, path=str(path), space="prob")
    scores = member.read()
    assert scores.values.tolist() == [[0, 0, 0]] * 5
    assert any("nothing found" in w for w in member.warnings())


def test_recordings_that_are_not_the_runs(tmp_path: Path) -> None:
    path = tmp_path / "results.csv"
    path.write_text(CSV.replace("R1.wav", "r1.wav"), encoding="utf-8")
    with pytest.raises(BlendkitError, match="none of its paths means one of the run's recordings") as error:
        use_table(CONTEXT, path=str(path), space="prob").read()
    assert "'site/R1' in the recordings of this run and '/elsewhere/r1' in results.csv" in error.value.problems[0]


def test_many_detections_above_a_threshold_are_no_ranks_or_sigmoids(tmp_path: Path) -> None:
    path = tmp_path / "results.csv"
    lines = [f"{3 * i},{3 * i + 3},Pitangus sulphuratus,Kiskadee,{0.5 + i / 200},R1.wav" for i in range(40)]
    path.write_text("\n".join([CSV.splitlines()[0], *lines]), encoding="utf-8")
    member = use_table(MemberContext(), path=str(path), space="prob")
    assert member.read().values.shape == (24, 1)
    assert member.warnings() == []
    path.write_text("\n".join([CSV.splitlines()[0], *lines, lines[0].replace("0.5", "1.5")]), encoding="utf-8")
    with pytest.raises(BlendkitError, match="values lie in"):
        use_table(MemberContext(), path=str(path), space="prob").read()
