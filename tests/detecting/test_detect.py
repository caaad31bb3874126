"""Detections of small score files, worked out by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from blendkit.core import AudioContent, NameRule, Scores, Taxonomy, chunk_rows, logit
from blendkit.detecting import Clocks, Detected, Merging, Reading, ThresholdRule, detect
from blendkit.detecting.opened_source import open_source
from blendkit.detecting.thresholds_of_source import class_thresholds
from blendkit.errors import BlendkitError
from blendkit.io import ColumnNames, Provenance, read_scores, write_scores

ROWS = chunk_rows({"20240501_055955": 3, "20240501_230000": 2}, 5.0, NameRule())
VALUES = np.array([[0.9, 0.1], [0.7, 0.2], [0.2, 0.8], [0.6, 0.6], [0.0, 0.0]])
SCORES = Scores.build(VALUES, ROWS, ("ara", "frog"), "prob")
HALF = ThresholdRule(value=0.5)
TAXONOMY = Taxonomy({"ara": {"scientific_name": "Ara ararauna", "common_name": "Blue Macaw"}, "frog": {}})


def lines(found: Detected) -> list[tuple[str, str, float, float, float]]:
    """(recording, label, start, end, score) of every detection."""
    t = found.table
    return [
        (t.recordings[r].id, t.classes[c].label, a, b, s)
        for r, c, a, b, s in zip(*(x.tolist() for x in (t.recording, t.class_at, t.start_s, t.end_s, t.score)), strict=True)
    ]  # fmt: skip


def test_detections_by_hand(tmp_path: Path) -> None:
    found = detect(SCORES, tmp_path / "d", HALF, merging=Merging(gap_s=0), formats=["csv", "raven"])
    first, second = "20240501_055955", "20240501_230000"
    assert lines(found) == [
        (first, "ara", 0, 10, 0.9), (first, "frog", 10, 15, 0.8), (second, "ara", 0, 5, 0.6), (second, "frog", 0, 5, 0.6),
    ]  # fmt: skip
    assert [str(t) for t in found.table.clock()] == [
        "2024-05-01T05:59:55.000", "2024-05-01T06:00:05.000", "2024-05-01T23:00:00.000", "2024-05-01T23:00:00.000",
    ]  # fmt: skip
    frame = found.to_frame()
    assert frame["detections"].to_dict() == {"ara": 2, "frog": 2}
    assert frame["recordings"].to_dict() == {"ara": 2, "frog": 2}
    assert set(found.files) == {
        "csv/detections.csv", "detect.json", "raven/combined.selections.txt", f"raven/{first}.selections.txt",
        f"raven/{second}.selections.txt", "recordings.csv", "thresholds.csv",
    }  # fmt: skip
    assert all((tmp_path / "d" / f).is_file() for f in found.files)
    facts = json.loads((tmp_path / "d/detect.json").read_text(encoding="utf-8"))
    assert (facts["recordings"], facts["detections"], facts["space"]) == (2, 4, "prob")
    assert "files are named .wav" in " ".join(found.notes)
    assert "Detected(4 detections in 2 recordings" in repr(found)


def test_one_class_of_a_chunk_and_names(tmp_path: Path) -> None:
    reading = Reading(taxonomy=TAXONOMY)
    top = detect(SCORES, tmp_path / "d", HALF, merging=Merging(top_k=1), naming="common", reading=reading)
    assert [(label, start) for _, label, start, *_ in lines(top)] == [
        ("Blue Macaw", 0), ("Blue Macaw", 5), ("frog", 10), ("Blue Macaw", 0), ("frog", 0),  # the tie is kept
    ]  # fmt: skip
    assert any("1 classes have no common name" in n for n in top.notes)
    with pytest.raises(BlendkitError, match="give --taxonomy"):
        detect(SCORES, tmp_path / "e", HALF, naming="common")


def test_thresholds_of_a_file_and_back(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("class,threshold\nAra ararauna,0.85\n", encoding="utf-8")
    rule = ThresholdRule(file=path)
    found = detect(SCORES, tmp_path / "d", rule, reading=Reading(taxonomy=TAXONOMY))
    assert [(label, score) for _, label, *_, score in lines(found)] == [("ara", 0.9)]
    assert any("1 of 2 classes have no threshold in t.csv" in n for n in found.notes)
    again = detect(SCORES, tmp_path / "e", ThresholdRule(file=tmp_path / "d/thresholds.csv"))
    assert lines(again) == lines(found)
    path.write_text("class,threshold\narra,0.85\n", encoding="utf-8")
    with pytest.raises(BlendkitError, match=r"'arra' \(did you mean 'ara'\?\)"):
        detect(SCORES, tmp_path / "f", rule)


def test_nothing_above_a_threshold_is_a_table_without_lines(tmp_path: Path) -> None:
    found = detect(SCORES, tmp_path / "d", ThresholdRule(value=0.95), formats=["csv", "raven", "audacity", "parquet"])
    assert len(found) == 0
    assert (tmp_path / "d/csv/detections.csv").read_text(encoding="utf-8").count("\n") == 1
    assert (tmp_path / "d/raven/20240501_230000.selections.txt").read_text(encoding="utf-8").startswith("Selection\t")
    assert (tmp_path / "d/audacity/20240501_230000.txt").read_bytes() == b""


def test_a_folder_is_replaced_whole_and_never_that_of_others(tmp_path: Path) -> None:
    detect(SCORES, tmp_path / "d", HALF, formats=["csv", "audacity"])
    detect(SCORES, tmp_path / "d", HALF, formats=["csv"])
    assert sorted(p.name for p in (tmp_path / "d").iterdir()) == [
        "csv",
        "detect.json",
        "recordings.csv",
        "thresholds.csv",
    ]
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/notes.txt").write_text("x", encoding="utf-8")
    with pytest.raises(BlendkitError, match=r"holds files that `blendkit detect` did not make\n  such as notes\.txt"):
        detect(SCORES, tmp_path / "mine", HALF)
    assert [p.name for p in (tmp_path / "mine").iterdir()] == ["notes.txt"]


def test_a_seal_that_was_edited_deletes_nothing_outside(tmp_path: Path) -> None:
    detect(SCORES, tmp_path / "d", HALF, formats=["csv"])
    (tmp_path / "mine.txt").write_text("x", encoding="utf-8")
    seal = tmp_path / "d/detect.json"
    seal.write_text(json.dumps({"files": ["../mine.txt", str(tmp_path / "mine.txt"), 7]}), encoding="utf-8")
    detect(SCORES, tmp_path / "d", HALF, formats=["csv"])
    assert (tmp_path / "mine.txt").exists()


def test_logits_become_probabilities_where_a_format_wants_them(tmp_path: Path) -> None:
    logits = SCORES.with_values(logit(VALUES, floor=1e-6), "logit")
    found = detect(logits, tmp_path / "d", ThresholdRule(value=0.0), formats=["csv", "raven"])
    assert len(found) == 5
    assert found.table.score.max() == pytest.approx(np.log(9))
    text = (tmp_path / "d/csv/detections.csv").read_text(encoding="utf-8").splitlines()[1]
    assert float(text.split(",")[4]) == pytest.approx(0.9)
    assert any("csv: logits are written as probabilities" in n for n in found.notes)
    unknown = replace(logits, space="unknown")
    with pytest.raises(BlendkitError, match="this format holds probabilities"):
        detect(unknown, tmp_path / "e", ThresholdRule(value=0.0), formats=["csv"])
    assert not (tmp_path / "e").exists()
    ranks = SCORES.with_values(VALUES, "rank")
    said = detect(ranks, tmp_path / "f", HALF, formats=["csv"]).notes
    assert "csv: ranks stand in its column of confidences" in said


def test_what_a_threshold_means_for_other_scores_than_probabilities_is_said() -> None:
    def notes(scores: Scores, value: float) -> tuple[str, ...]:
        return class_thresholds(open_source(scores, Reading()), ThresholdRule(value=value)).notes

    logits = SCORES.with_values(VALUES * 8 - 8, "logit")
    assert notes(SCORES, 0.5) == ()
    assert notes(logits, -1.0) == ("these are logits from -8 to -0.8: -1 is a probability of 0.269",)
    assert notes(logits, 0.5)[1] == "no score reaches its threshold: logits from -8 to -0.8"
    assert notes(SCORES, 0.95) == ("no score reaches its threshold: probabilities from 0 to 0.9",)
    share = "ranks: 0.75 keeps about the highest 25% of the chunks of every class, also of a rare one"
    assert notes(replace(SCORES, space="rank"), 0.75) == (f"these are {share}",)
    rows = chunk_rows({"20240501_055955": 30}, 5.0, NameRule())
    table = Scores.build((np.arange(30)[:, None] + 1) / 30, rows, ("ara",), "unknown")
    assert notes(table, 0.75) == (f"these look like {share}; --space says for certain what they are",)
    assert notes(replace(logits, space="unknown"), -1.0)[0].startswith("these look like logits from -8 to -0.8")
    percentages = np.linspace(5, 95, logits.values.size).reshape(logits.values.shape)
    of_100 = replace(logits, values=percentages, space="unknown")
    assert notes(of_100, -1.0)[0].startswith("nobody says what these scores from 5 to")


def test_classes_that_nothing_scores_are_never_detected(tmp_path: Path) -> None:
    found = detect(replace(SCORES, covered=np.array([True, False])), tmp_path / "d", HALF)
    assert {label for _, label, *_ in lines(found)} == {"ara"}
    assert any("1 classes are scored by nothing" in n for n in found.notes)


def test_audio_gives_names_and_lengths(tmp_path: Path, write_wav: Callable[..., Path]) -> None:
    write_wav(tmp_path / "audio/A/20240501_230000.wav", np.zeros(8000 * 4, np.float32), 8000)
    found = detect(
        SCORES, tmp_path / "d", HALF, reading=Reading(audio=tmp_path / "audio", clocks=Clocks(site="folder"))
    )
    assert [(h.file, h.length_s) for h in found.table.recordings] == [
        ("20240501_055955.wav", 15),
        ("A/20240501_230000.wav", 4),
    ]
    assert lines(found)[-1][2:4] == (0, 4)  # the chunk ends where the recording does
    assert any("1 of 2 recordings are not in" in n for n in found.notes)
    (tmp_path / "none").mkdir()
    with pytest.raises(BlendkitError, match="holds none of the recordings"):
        detect(SCORES, tmp_path / "e", HALF, reading=Reading(audio=tmp_path / "none"))
    with pytest.raises(BlendkitError, match="no such folder of recordings"):
        detect(SCORES, tmp_path / "e", HALF, reading=Reading(audio=tmp_path / "nowhere"))


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ({}, "got none"),
        ({"value": 0.5, "precision": 0.9, "labels": "l.csv"}, "got threshold and precision"),
        ({"precision": 0.9}, "--precision needs --labels"),
        ({"value": 0.5, "labels": "l.csv"}, "--labels serve --precision alone"),
    ],
)
def test_rules_that_contradict_themselves(rule: dict[str, object], why: str) -> None:
    with pytest.raises(BlendkitError, match=why):
        ThresholdRule(**rule)  # type: ignore[arg-type]


def test_sources_that_cannot_be(tmp_path: Path) -> None:
    with pytest.raises(BlendkitError, match="no threshold can be 50"):
        detect(SCORES, tmp_path / "d", ThresholdRule(value=50))
    (tmp_path / "r.yaml").write_text("recipe: 1\n", encoding="utf-8")
    with pytest.raises(BlendkitError, match="give the folder of a run"):
        detect(tmp_path / "r.yaml", tmp_path / "d", HALF)
    with pytest.raises(BlendkitError, match=r"gone\.csv"):
        detect(tmp_path / "gone.csv", tmp_path / "d", HALF)
    write_scores(SCORES, tmp_path / "s.csv", provenance=Provenance(space="prob"))
    with pytest.raises(BlendkitError, match="it says that its scores are prob, not logit"):
        detect(tmp_path / "s.csv", tmp_path / "d", HALF, reading=Reading(space="logit"))
    assert not (tmp_path / "d").exists()


def learned(tmp_path: Path) -> tuple[Path, Path]:
    """A score file and labels of six recordings of three chunks; `ara` is true where it is above 0.5, `frog` once."""
    rows = chunk_rows({f"R{i}": 3 for i in range(6)}, 5.0, NameRule())
    x = np.column_stack([np.tile([0.9, 0.7, 0.2], 6), np.tile([0.4, 0.1, 0.3], 6)])
    write_scores(Scores.build(x, rows, ("ara", "frog"), "prob"), tmp_path / "s.csv")
    spans = [
        f"R{i},{5 * k},{5 * k + 5},{'ara' if k < 2 else 'frog' if i == 0 else ''}" for i in range(6) for k in range(3)
    ]
    (tmp_path / "l.csv").write_text("\n".join(["filename,start,end,primary_label", *spans, ""]), encoding="utf-8")
    return tmp_path / "s.csv", tmp_path / "l.csv"


def test_thresholds_for_a_precision(tmp_path: Path) -> None:
    source, labels = learned(tmp_path)
    found = detect(source, tmp_path / "d", ThresholdRule(precision=0.9, labels=labels, folds=3))
    assert found.thresholds.values.tolist() == [0.7, np.inf]
    assert found.thresholds.why == ("", "too few positives: 1, at least 10 are needed")
    (ara, _) = found.thresholds.chosen or ()
    assert (ara.precision, ara.recall, ara.positives, ara.recordings) == (1, 1, 12, 6)
    assert len(found) == 12
    said = " ".join(found.notes)
    assert "the figure may be in-sample" in said
    assert "costs 0.0% of the labelled chunks of 1 classes (held out)" in said
    assert "classes without a threshold hold another 1 of 13" in said
    assert "Wilson, with the spread between recordings" in said


def test_copies_are_held_out_together(tmp_path: Path) -> None:
    source, labels = learned(tmp_path)
    sounds = {f"R{i}": AudioContent(str(i // 2)) for i in range(6)}  # three recordings, each under two names
    write_scores(read_scores(source), source, provenance=Provenance("prob", contents=sounds))
    found = detect(source, tmp_path / "d", ThresholdRule(precision=0.9, labels=labels, folds=3))
    assert (found.thresholds.chosen or ())[0].recordings == 3
    said = " ".join(found.notes)
    assert "judged on 3 labelled recordings held out" in said
    assert "3 of the 6 labelled recordings are copies or cuts of others" in said


def test_labels_that_choose_nothing(tmp_path: Path) -> None:
    source, labels = learned(tmp_path)
    (tmp_path / "other.csv").write_text("filename,start,end,primary_label\nX,0,5,ara\n", encoding="utf-8")
    (tmp_path / "one.csv").write_text("filename,start,end,primary_label\nR1,0,5,ara\n", encoding="utf-8")
    for name, why in (
        ("other.csv", "no label matches a row"),
        ("one.csv", "labels of one recording"),
        ("no.csv", "no.csv"),
    ):
        with pytest.raises(BlendkitError, match=why):
            detect(source, tmp_path / "d", ThresholdRule(precision=0.9, labels=tmp_path / name))
    few = detect(source, tmp_path / "d", ThresholdRule(precision=0.9, labels=labels, fewest=100))
    assert len(few) == 0
    assert "no class has a threshold" in few.notes


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 10**6), st.sampled_from(["raven", "csv", "kaleidoscope", "birdnet", "parquet", "audacity"]))
def test_what_was_written_reads_back_as_the_same_cells(tmp_path: Path, seed: int, name: str) -> None:
    rng = np.random.default_rng(seed)
    rows = chunk_rows({"R1": 4, "R2": 3}, 5.0, NameRule())
    x = rng.random((7, 3))
    x[3], x[6] = 0.9, 0.9  # so that every recording and class is in the file, up to its last chunk
    scores = Scores.build(x, rows, ("ara", "frog", "owl"), "prob")
    order = rng.permutation(7)
    detect(scores.take_rows(order), tmp_path / "d", HALF, formats=[name])  # rows in any order
    back = read_scores(tmp_path / "d" / name, "prob", names=ColumnNames(chunk_s=5.0))
    same = back.align(rows, scores.classes)
    assert np.array_equal(same.values, np.where(x >= 0.5, x, 0))
