"""Every format that is read becomes every format that is written, and nothing is lost without a word."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from blendkit.core import NameRule, Scores, chunk_rows, sigmoid
from blendkit.errors import BlendkitError
from blendkit.io import (
    Carried,
    ColumnNames,
    Converted,
    Detections,
    ScoreWriter,
    convert_file,
    read_detections,
    read_found,
    read_provenance,
    read_score_file,
    write_scores,
)
from blendkit.registry import WRITERS, registry
from tests.io.format_samples import BINARY, TEXTS, result_folder, write_sample

WRITTEN = {
    n: registry(WRITERS).get(n) for n in registry(WRITERS).names() if registry(WRITERS).distribution(n) == "blendkit"
}
Written = dict[str, Converted | str]


def place(folder: Path, name: str) -> Path:
    writer = WRITTEN[name]
    return folder / f"{name}_out{writer.suffixes[0] if isinstance(writer, ScoreWriter) else writer.suffix}"


def convert_all(source: Path, folder: Path, names: ColumnNames) -> Written:
    """Convert a source to all formats; a refusal in the place of what was written."""
    found: Written = {}
    for name in WRITTEN:
        try:
            found[name] = convert_file(source, place(folder, name), to=name, names=names)
        except BlendkitError as error:
            found[name] = str(error)
    return found


def test_detections_whose_scores_are_no_probabilities(tmp_path: Path) -> None:
    table = "Start (s),End (s),Scientific name,Common name,Confidence,File\n0,3,Ara ara,Ara,85.3,R1.wav\n"
    (tmp_path / "t.csv").write_text(table, encoding="utf-8")
    for out in ("o.csv", "o.parquet"):
        with pytest.raises(BlendkitError, match="are they percentages"):
            convert_file(tmp_path / "t.csv", tmp_path / out)


@pytest.mark.parametrize("read", [*TEXTS, *BINARY])
def test_all_pairs(read: str, tmp_path: Path) -> None:
    if read == "hoplite":
        pytest.importorskip("usearch.index")
    source = write_sample(read, tmp_path / "s")
    names = ColumnNames(array="scores") if read == "arrays" else ColumnNames()
    held, scores = read_found(source, names).found, read_score_file(source, names=names).scores
    for name, made in convert_all(source, tmp_path, names).items():
        writer = WRITTEN[name]
        if isinstance(writer, ScoreWriter) and writer.space == "prob" and _no_probabilities(scores):
            assert "submission holds probabilities, and its values lie from" in str(made)
            assert "--space logit" in str(made)
        elif isinstance(writer, ScoreWriter):
            assert not isinstance(made, str), made
            _same_scores(made, writer, scores)
        elif isinstance(held, Detections):
            assert not isinstance(made, str), made
            as_prob = scores.space == "logit" and made.space == "prob"
            _same_detections(made, replace(held, score=sigmoid(held.score)) if as_prob else held)
        else:
            assert "holds scores of all chunks" in str(made)
            assert "blendkit detect" in str(made)


def _no_probabilities(scores: Scores) -> bool:
    """Numbers that nobody has said to be logits."""
    return scores.space == "unknown" and bool(scores.values.max() > 1 or scores.values.min() < 0)


def _same_scores(made: Converted, writer: ScoreWriter, scores: Scores) -> None:
    back = read_score_file(made.path, names=ColumnNames(array=writer.array, format=writer.reader)).scores
    assert (back.rows.ids(), back.classes) == (scores.rows.ids(), scores.classes)
    if made.space == scores.space:  # else logits became probabilities, which is said
        assert np.array_equal(back.values, scores.values)
    else:
        assert any("ties" in n for n in made.notes)
    assert read_provenance(made.path).space == made.space
    assert (made.holds, made.count, made.classes) == ("scores", len(scores), len(scores.classes))


def _same_detections(made: Converted, held: Detections) -> None:
    back = read_detections(made.path)
    seen = [
        sorted(
            zip(d.start_s.tolist(), d.end_s.tolist(), d.score.tolist(), [c.split("_")[0] for c in d.label], strict=True)
        )
        for d in (held, back)
    ]
    assert seen[0] == seen[1]
    assert {r.split("/")[-1].replace(":", "_") for r in held.recording} == {
        r.split("/")[-1].replace(":", "_") for r in back.recording
    }
    assert any("no other columns" in n for n in made.notes)


def matrix(tmp_path: Path, chunk_s: float = 5.0) -> Path:
    rows = chunk_rows({"a/R1": 2, "R2": 1}, chunk_s, NameRule())
    scores = Scores.build(np.array([[0.1, 0.9], [0.25, 2 / 3], [0.5, 1.0]]), rows, ("x", "y"), "prob")
    write_scores(scores, tmp_path / "s.csv")
    return tmp_path / "s.csv"


def test_what_cannot_be_kept_is_said(tmp_path: Path) -> None:
    chunks = ColumnNames(chunk_s=3.0)
    made = convert_file(matrix(tmp_path, 3.0), tmp_path / "s.npz", names=chunks, space="prob")
    assert made.format == "arrays"
    assert made.notes == ("row ids hold the ends of chunks alone: read it with --chunk-s 3", "read it as s.npz:scores")
    assert read_provenance(tmp_path / "s.npz").space == "prob"
    with pytest.raises(BlendkitError, match="it says that its scores are prob, not logit"):
        convert_file(f"{tmp_path}/s.npz:scores", tmp_path / "t.csv", names=chunks, space="logit")
    logits = convert_file(matrix(tmp_path, 3.0), tmp_path / "p.csv", to="submission", names=chunks, space="logit")
    assert "logits are written as probabilities, which makes 0 ties" in logits.notes
    assert logits.space == "prob"
    back = read_score_file(tmp_path / "p.csv", names=chunks).scores.values
    assert back[0].tolist() == pytest.approx([1 / (1 + np.exp(-0.1)), 1 / (1 + np.exp(-0.9))], rel=1e-15)


def test_a_name_that_a_format_cannot_hold(tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text("row_id,score,ara\nR1_5,0.5,0.25\n", encoding="utf-8")
    with pytest.raises(BlendkitError, match="what is written would not be read back"):
        convert_file(tmp_path / "s.csv", tmp_path / "t.csv", to="frames")
    assert [p.name for p in tmp_path.iterdir()] == ["s.csv"]


Make = Callable[[Path], object]
REFUSED: dict[str, tuple[Make, str]] = {
    "there": (lambda p: convert_file(p / "s.csv", p / "s.csv"), "exists already"),
    "no folder of that name": (lambda p: convert_file(p / "s.csv", p / "found"), "blendkit detect"),
    "unknown suffix": (lambda p: convert_file(p / "s.csv", p / "t.xls"), "suffixes that are known: .arrow, .csv"),
    "unknown format": (lambda p: convert_file(p / "s.csv", p / "t.csv", to="matrx"), "did you mean 'matrix'?"),
    "other suffix": (lambda p: convert_file(p / "s.csv", p / "t.csv", to="npy"), "npy writes .npy"),
    "no source": (lambda p: convert_file(p / "none.csv", p / "t.npz"), "there is no file 'none.csv'"),
    "a recipe": (lambda p: convert_file(p / "r.yaml", p / "t.npz"), "no scores or detections here"),
    "a folder's format": (lambda p: convert_file(p / "d", p / "t.csv", to="raven"), "raven fills a folder"),
    "which folder": (lambda p: convert_file(p / "d", p / "t"), "for a folder: --to audacity or --to raven"),
    "beside": (lambda p: convert_file(p / "s.csv", p / "n.npy"), "n_rows.npy beside it would be replaced"),
    "names": (lambda p: convert_file(p / "d", p / "t.csv", carried=Carried(naming="common")), "need a taxonomy"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_refused_and_nothing_is_written(case: str, tmp_path: Path) -> None:
    matrix(tmp_path)
    (tmp_path / "d").mkdir()
    result_folder(tmp_path / "d")
    (tmp_path / "n_rows.npy").write_bytes(b"")
    before = sorted(tmp_path.rglob("*"))
    convert, said = REFUSED[case]
    with pytest.raises(BlendkitError) as error:
        convert(tmp_path)
    assert said in str(error.value)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_suffix_tells_the_format(tmp_path: Path) -> None:
    scores, found = matrix(tmp_path), write_sample("birdnet", tmp_path / "s")
    told = {f"{s}": convert_file(scores, tmp_path / f"t{s}").format for s in (".csv", ".pq", ".feather", ".npy")}
    assert told == {".csv": "matrix", ".pq": "matrix", ".feather": "matrix", ".npy": "npy"}
    told = {s: convert_file(found, tmp_path / f"d{s}").format for s in (".csv", ".parquet", ".npz")}
    assert told == {".csv": "csv", ".parquet": "parquet", ".npz": "arrays"}


def test_detections_get_names_files_and_lengths(tmp_path: Path) -> None:
    lines = "file,start,end,label,score\nr2.wav,0,5,Ara ararauna,0.5\nr10.wav,5,10,Blue Macaw,0.25\n"
    (tmp_path / "d.csv").write_text(lines.replace("Blue Macaw", "Ara ararauna"), encoding="utf-8")
    (tmp_path / "t.csv").write_text(
        "primary_label,scientific_name,common_name\nara,Ara ararauna,Blue Macaw\n", encoding="utf-8"
    )
    (audio := tmp_path / "audio").mkdir()
    for name in ("r2", "r10"):
        soundfile.write(audio / f"{name}.flac", np.zeros(80000), 8000)
    carried = Carried(audio=audio, taxonomy=tmp_path / "t.csv", naming="common")
    made = convert_file(tmp_path / "d.csv", tmp_path / "out.csv", carried=carried)
    assert "--audio FOLDER" not in " ".join(made.notes)
    first = (tmp_path / "out.csv").read_text(encoding="utf-8").splitlines()[1]
    assert first == f"0.0,5.0,Ara ararauna,Blue Macaw,0.5,{audio.resolve().as_posix()}/r2.flac"


def test_detections_without_scores(tmp_path: Path) -> None:
    (tmp_path / "d.txt").write_text(
        "Selection\tBegin Time (s)\tEnd Time (s)\tBegin File\tLabel\n1\t0.0\t5.0\tr1.wav\tara\n", encoding="utf-8"
    )
    with pytest.raises(BlendkitError, match="1 of 1 detections have no score"):
        convert_file(tmp_path / "d.txt", tmp_path / "out.csv")


def test_recordings_without_a_detection_are_kept_where_tables_name_them(tmp_path: Path) -> None:
    head = "Start (s),End (s),Scientific name,Common name,Confidence,File\n"
    tables = {"R1": "0,3,Ara ararauna,Macaw,0.5,/audio/R1.wav\n", "R2": "", "R10": ""}
    (tmp_path / "s").mkdir()
    for name, lines in tables.items():
        (tmp_path / f"s/{name}.BirdNET.results.csv").write_text(head + lines, encoding="utf-8")
    made = convert_file(tmp_path / "s", tmp_path / "raven", to="raven")
    assert made.files == tuple(f"audio/{n}.selections.txt" for n in ("R1", "R10", "R2")) + ("combined.selections.txt",)
    assert made.recordings == 3
    assert "recordings without a detection are not carried over" not in made.notes
    back = read_detections(tmp_path / "raven")
    assert back.recording == ["/audio/R1"]
    (tmp_path / "s/R3.BirdNET.results.csv").write_text(head + tables["R1"], encoding="utf-8")  # of another recording
    again = convert_file(tmp_path / "s", tmp_path / "raven2", to="raven")
    assert again.recordings == 1
    assert "recordings without a detection are not carried over" in again.notes


def test_a_folder_is_read_by_the_format_that_is_named(tmp_path: Path) -> None:
    """`--from audacity` of a folder of label tracks; a table of another format in it is refused, not read as its own."""
    folder = tmp_path / "tracks"
    folder.mkdir()
    (folder / "r1.txt").write_text("0.0\t5.0\tcat;0.5\n", encoding="utf-8")
    (folder / "r2.txt").write_text("5.0\t10.0\tcat;0.75\n", encoding="utf-8")
    made = [convert_file(folder, tmp_path / f"{n}.csv", names=ColumnNames(format=n)) for n in ("audacity", "folder")]
    assert made[0].path.read_bytes() == made[1].path.read_bytes()
    assert (made[0].count, made[0].recordings) == (2, 2)
    (folder / "r3.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(BlendkitError, match="2 lines are no labels"):
        convert_file(folder, tmp_path / "other.csv", names=ColumnNames(format="audacity"))
    with pytest.raises(BlendkitError, match="it is a file, expected a folder"):
        convert_file(folder / "r1.txt", tmp_path / "one.csv", names=ColumnNames(format="folder"))


@pytest.mark.parametrize("target", ["t.npz", "t.parquet", "t.arrow", "t.csv"])
def test_folds_go_along_where_the_format_holds_them(tmp_path: Path, target: str) -> None:
    scores = Scores.build(np.eye(4, 2), chunk_rows({"r1": 2, "r2": 2}, 5.0, NameRule()), ("x", "y"), "prob")
    arrays = {"scores": scores.values, "row_ids": scores.rows.ids(), "classes": ["x", "y"]}
    np.savez(tmp_path / "s.npz", **arrays, kfold=["a", "a", "b", "b"])
    source = f"{tmp_path / 's.npz'}:scores"
    named = ColumnNames(rows="row_ids", classes="classes", array="scores", folds="kfold")
    made = convert_file(source, tmp_path / target, names=named, space="prob")
    if target == "t.csv":
        assert "the folds of its recordings are not written: .npz, .parquet and .arrow hold them" in made.notes
        return
    back = read_score_file(made.path, names=ColumnNames(array="scores" if target == "t.npz" else None, folds="fold"))
    assert back.folds == {"r1": "a", "r2": "b"}
    assert np.array_equal(back.scores.values, scores.values)
    assert "the folds of its recordings are in 'fold': read it with --folds fold" in made.notes
    unnamed = convert_file(source, tmp_path / f"u{target}", names=ColumnNames(rows="row_ids", classes="classes"))
    assert any("array 'kfold' may hold folds" in n for n in unnamed.notes)
