"""Names that two sides write in two ways: every message shows one of each, and what sets them apart."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from blendkit.core.labels import LabelTable
from blendkit.engine.local import RunResult, run
from blendkit.errors import BlendkitError
from blendkit.io.truth_for_scores import truth_for

Run = Callable[..., RunResult]
Tones = Callable[..., Path]
MIXED = """
recipe: 1
name: mixed
members:
  t: {use: tone, classes: [x, y]}
  a: {use: table, path: a.csv, space: prob}
blends:
  both: {by: rank, of: {t: 1, a: 1}}
output: both
"""
TABLES = MIXED.replace("{use: tone, classes: [x, y]}", "{use: table, path: b.csv, space: prob}")


def table(path: Path, *ids: str, classes: str = "x,y") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        f"row_id,{classes}\n" + "".join(f"{r}{',0.2' * (classes.count(',') + 1)}\n" for r in ids), encoding="utf-8"
    )


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ("rec_s01_5", "letter case"),
        ("Rec_S01.wav_5", "audio suffix"),
        ("Rec_S1_5", "leading zeros"),
    ],
)
def test_a_table_against_the_run(tones: Tones, tmp_path: Path, run_text: Run, row: str, what: str) -> None:
    data = tones({"Rec_S01": 5.0})
    table(data / "a.csv", row)
    with pytest.raises(BlendkitError, match="1 of 1 rows missing") as error:
        run_text(MIXED, data, tmp_path / "out")
    assert "'Rec_S01' in the expected rows and" in str(error.value)
    assert f"in member 'a' differ in {what}" in str(error.value)


def test_a_table_whose_rows_name_folders_matches_by_name(tones: Tones, tmp_path: Path, run_text: Run) -> None:
    data = tones({"Rec_S01": 5.0})
    table(data / "a.csv", "test/Rec_S01_5")
    said = run_text(MIXED, data, tmp_path / "out").warnings
    assert "member 'a': 1 recording matched by name: test/Rec_S01 as Rec_S01" in said
    table(data / "a.csv", "test/Rec_S01_5", "train/Rec_S01_5")  # either may be meant
    with pytest.raises(BlendkitError, match="1 of 1 rows missing") as error:
        run_text(MIXED, data, tmp_path / "out")
    assert "in member 'a' differ in folder" in str(error.value)


def test_tables_against_each_other(tmp_path: Path, run_text: Run) -> None:
    table(tmp_path / "a.csv", "r_5", "r_10")
    table(tmp_path / "b.csv", "R_5", "R_10")
    with pytest.raises(BlendkitError, match="'R' in t and 'r' in a differ in letter case"):
        run_text(TABLES, tmp_path, tmp_path / "out")


def test_the_template_against_the_recordings(tones: Tones, tmp_path: Path, run_text: Run, tone_recipe: str) -> None:
    data = tones({"r_007": 5.0})
    table(data / "sample_submission.csv", "r_7_5", classes="low,mid,high")
    found = run_text(tone_recipe, data, tmp_path / "out")
    (said,) = [w for w in found.warnings if "the template lists" in w]
    assert said.endswith("; 'r_7_5' in the template and 'r_007_5' in the recordings differ in leading zeros")


def test_labels_that_nearly_match_a_run(tones: Tones, tmp_path: Path, run_text: Run, tone_recipe: str) -> None:
    data = tones({"Rec": 5.0})
    for name, warned in (("rec", True), ("other", False)):
        text = f"filename,start,end,primary_label\n{name}.wav,0,5,low\n"
        (data / "train_soundscapes_labels.csv").write_text(text, encoding="utf-8")
        said = run_text(tone_recipe, data, tmp_path / "out").warnings
        hint = "'rec' in train_soundscapes_labels.csv and 'Rec' in the rows differ in letter case"
        assert any(w == f"no label matches a row: {hint}" for w in said) == warned, said


def test_labels_of_which_some_are_written_in_another_way(
    tones: Tones, tmp_path: Path, run_text: Run, tone_recipe: str
) -> None:
    data = tones({"Rec": 5.0, "two": 5.0})
    text = "filename,start,end,primary_label\nrec.wav,0,5,low\ntwo.wav,0,5,mid\n"
    (data / "train_soundscapes_labels.csv").write_text(text, encoding="utf-8")
    said = run_text(tone_recipe, data, tmp_path / "out").warnings
    assert any(w.startswith("1 of 2 labelled recordings match no row: 'rec' in") for w in said), said


def test_a_run_does_not_measure_by_labels_in_another_unit(
    tones: Tones, tmp_path: Path, run_text: Run, tone_recipe: str
) -> None:
    data = tones({"rec": 10.0})
    text = "filename,start,end,primary_label\nrec.wav,0,4999,low\nrec.wav,4999,9999,mid\n"
    (data / "train_soundscapes_labels.csv").write_text(text, encoding="utf-8")
    found = run_text(tone_recipe, data, tmp_path / "out")
    assert any("not used to measure" in w and "are its times milliseconds?" in w for w in found.warnings)
    assert {s.macro_auc for s in found.streams.values()} == {None}


def test_a_run_takes_labels_of_any_form(tones: Tones, tmp_path: Path, run_text: Run, tone_recipe: str) -> None:
    data = tones({"rec": 10.0})
    np.savez(data / "l.npz", row_ids=["rec_5", "rec_10"], classes=["low", "mid"], labels=[[1, 0], [0, 1]])
    (data / "tracks").mkdir()
    (data / "tracks" / "rec.txt").write_text("1.5\t2.5\tlow\n", encoding="utf-8")
    for name in ("l.npz:labels", "tracks"):
        found = run_text(f"{tone_recipe}\nlabels: [{name}]\n", data, tmp_path / "out")
        assert found.streams["t"].macro_auc is not None
    with pytest.raises(BlendkitError, match=r"'m\.npz:labels' is not in"):
        run_text(f"{tone_recipe}\nlabels: ['m.npz:labels']\n", data, tmp_path / "out")


def test_labels_against_scores(tmp_path: Path) -> None:
    from blendkit.core.names import NameRule
    from blendkit.core.rows import chunk_rows

    rows = chunk_rows({"Rec": 1}, 5.0, NameRule())
    span = (0, 5000, frozenset({"x"}))
    with pytest.raises(BlendkitError, match=r"'rec' in the labels and 'Rec' in s\.csv differ in letter case"):
        truth_for(LabelTable({"rec": (span,)}, 0, "l.csv"), rows, ("x",), None, "s.csv")
    short = LabelTable({"Rec": ((0, 500, frozenset({"x"})),)}, 0, "l.csv")
    with pytest.raises(BlendkitError, match="cover no whole chunk"):
        truth_for(short, rows, ("x",), None, "s.csv")


def test_class_ids_equal_to_the_eye_are_equal(tmp_path: Path) -> None:
    decomposed, whole = unicodedata.normalize("NFD", "café"), "café"
    rows = "".join(f"{i},{0.1 * k:.1f},{0.9 - 0.1 * k:.1f}\n" for k, i in enumerate(("r_5", "r_10", "r_15")))
    (tmp_path / "a.csv").write_text(f"row_id,{decomposed},x\n{rows}", encoding="utf-8")
    (tmp_path / "b.csv").write_text(f"row_id,{whole},x\n{rows}", encoding="utf-8")
    labels = f"filename,start,end,primary_label\nr.ogg,0,5,{decomposed}\nr.ogg,5,10,x\nr.ogg,10,15,{whole}\n"
    (tmp_path / "labels.csv").write_text(labels, encoding="utf-8")
    text = (
        "recipe: 1\nname: m\nmembers:\n"
        "  a: {use: table, path: a.csv, space: prob}\n  b: {use: table, path: b.csv, space: prob}\n"
        "blends:\n  m:\n    by: prob\n    of: {a: 1, b: 1}\n"
        f"    steps: [{{clip: {{}}, where: {{classes: ['{decomposed}']}}}}]\n"
        "output: m\n"
    )
    (tmp_path / "m.yaml").write_text(text, encoding="utf-8")
    result = run(tmp_path / "m.yaml", tmp_path, tmp_path / "out")
    assert result.classes == 2
    assert result.streams["m"].covered == 2
