"""What a data folder holds, and what a run makes of it: templates, commit runs, damaged audio, tables."""

from __future__ import annotations

import csv
import json
import shutil
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from blendkit.engine.local import RunResult
from blendkit.errors import BlendkitError
from blendkit.recipe.find_recipe import packaged_recipes

Run = Callable[..., RunResult]
Tones = Callable[..., Path]
CLASSES = ["high", "low", "mid"]  # another order than the member's


def rows_of(path: Path) -> tuple[list[str], list[str]]:
    """Return row ids and class columns of a submission."""
    with path.open(encoding="utf-8", newline="") as handle:
        header, *rows = csv.reader(handle)
    return [r[0] for r in rows], header[1:]


def column(path: Path, name: str) -> list[float]:
    with path.open(encoding="utf-8", newline="") as handle:
        return [float(r[name]) for r in csv.DictReader(handle)]


def template(data: Path, ids: Sequence[str], classes: Sequence[str] = CLASSES) -> None:
    data.mkdir(parents=True, exist_ok=True)
    lines = [",".join(["row_id", *classes]), *(",".join([i, *["0.5"] * len(classes)]) for i in ids)]
    (data / "sample_submission.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def scores(data: Path, name: str, values: dict[str, Sequence[float]], classes: Sequence[str] = CLASSES) -> None:
    data.mkdir(parents=True, exist_ok=True)
    lines = [",".join(["row_id", *classes]), *(",".join([i, *map(str, v)]) for i, v in values.items())]
    (data / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


def natural(**chunks: int) -> list[str]:
    return [f"{r}_{5 * k + 5}" for r, n in chunks.items() for k in range(n)]


# templates


def test_the_templates_order_is_kept(tones: Tones, tmp_path: Path, run_text: Run, tone_recipe: str) -> None:
    data = tones({"r2": 10.0, "r10": 15.0})
    ids = ["r10_15", "r10_5", "r2_10", "r10_10", "r2_5"]
    template(data, ids)
    result = run_text(tone_recipe, data, tmp_path / "out")
    assert rows_of(result.submission) == (ids, CLASSES)
    assert result.warnings == ()
    template(data, natural(r2=2, r10=3))
    again = run_text(tone_recipe, data, tmp_path / "again")
    assert rows_of(again.submission)[0] == natural(r2=2, r10=3)
    for name in CLASSES:  # the same scores, wherever they stand
        moved = dict(zip(ids, column(result.submission, name), strict=True))
        assert [moved[i] for i in natural(r2=2, r10=3)] == column(again.submission, name)


@pytest.mark.parametrize("ids", [["r2_5"], ["r2_5", "r2_10", "r2_15"], ["x_5", "x_10"]], ids=["few", "many", "other"])
def test_a_template_of_other_rows(
    tones: Tones, tmp_path: Path, run_text: Run, tone_recipe: str, ids: list[str]
) -> None:
    data = tones({"r10": 5.0, "r3": 10.0})
    template(data, ids)
    result = run_text(tone_recipe, data, tmp_path / "out")
    assert rows_of(result.submission) == (natural(r3=2, r10=1), CLASSES)
    about_template = [w for w in result.warnings if "template" in w]
    assert len(about_template) == 1
    assert f"lists {len(ids)} rows, the recordings give 3" in about_template[0]


TABLE = """
recipe: 1
name: table
members:
  t: {use: table, path: t.csv, space: prob}
output: t
"""


def test_score_files_are_written_with_the_templates_rows(tmp_path: Path, run_text: Run) -> None:
    scores(tmp_path / "data", "t.csv", {i: [0.1 * k] * 3 for k, i in enumerate(natural(r=4))})
    template(tmp_path / "data", ["r_15", "r_5"])
    result = run_text(TABLE, tmp_path / "data", tmp_path / "out")
    assert rows_of(result.submission)[0] == ["r_15", "r_5"]
    assert column(result.submission, "low") == pytest.approx([0.2, 0.0])
    assert any("2 rows beyond the expected ones left out" in w for w in result.warnings)


def test_rows_of_the_template_that_score_files_lack_are_missing(tmp_path: Path, run_text: Run) -> None:
    scores(tmp_path / "data", "t.csv", {i: [0.1 * k] * 3 for k, i in enumerate(natural(r=3))})
    template(tmp_path / "data", natural(r=5))
    with pytest.raises(BlendkitError, match="2 of 5 rows missing"):
        run_text(TABLE, tmp_path / "data", tmp_path / "out")
    filled = TABLE.replace("prob}", "prob, missing_rows: median}")
    result = run_text(filled, tmp_path / "data", tmp_path / "filled")
    assert column(result.submission, "low") == pytest.approx([0.0, 0.1, 0.2, 0.1, 0.1])
    assert any("2 missing rows given the class's median" in w for w in result.warnings)


def test_a_template_of_other_recordings_fixes_the_columns_alone(tmp_path: Path, run_text: Run) -> None:
    scores(tmp_path / "data", "t.csv", {i: [0.5] * 3 for i in natural(r=3)}, ["mid", "low", "high"])
    template(tmp_path / "data", natural(other=3))
    result = run_text(TABLE, tmp_path / "data", tmp_path / "out")
    assert rows_of(result.submission) == (natural(r=3), CLASSES)
    assert any("fixes the columns only" in w for w in result.warnings)


def test_without_a_template_rows_are_in_natural_order(
    tones: Tones, tmp_path: Path, run_text: Run, tone_recipe: str
) -> None:
    data = tones({"r10": 10.0, "r9": 60.0})
    result = run_text(tone_recipe, data, tmp_path / "out")
    assert rows_of(result.submission) == (natural(r9=12, r10=2), ["low", "mid", "high"])


def test_a_class_that_the_member_lacks_is_said(tones: Tones, tmp_path: Path, run_text: Run, tone_recipe: str) -> None:
    data = tones({"r": 10.0})
    template(data, natural(r=2), [*CLASSES, "unheard"])
    result = run_text(tone_recipe, data, tmp_path / "out")
    assert column(result.submission, "unheard") == [0.5, 0.5]
    assert any("1 of 4 classes are covered by no member" in w for w in result.warnings)


# commit runs: no audio


def test_no_audio_and_a_template(tmp_path: Path, run_text: Run, tone_recipe: str) -> None:
    data = tmp_path / "data"
    ids = ["r10_5", "r2_5", "r2_10"]
    template(data, ids)
    result = run_text(tone_recipe, data, tmp_path / "out")
    assert rows_of(result.submission) == (ids, CLASSES)
    assert any("no audio in" in w and "silence" in w for w in result.warnings)
    assert result.recordings == {"r2": "silent", "r10": "silent"}
    # silence is -12 for the tone member; sigmoid by hand
    assert column(result.submission, "low") == pytest.approx([1 / (1 + np.exp(12))] * 3, rel=1e-6)
    assert json.loads((tmp_path / "out/run.json").read_text(encoding="utf-8"))["mode"] == "template"


def test_gaps_in_the_template_of_a_commit_run(tmp_path: Path, run_text: Run, tone_recipe: str) -> None:
    template(tmp_path / "data", ["r_20", "r_5"])
    result = run_text(tone_recipe, tmp_path / "data", tmp_path / "out")
    assert rows_of(result.submission)[0] == ["r_20", "r_5"]


def test_an_empty_folder_is_a_commit_run(world: Path, tmp_path: Path, run_text: Run) -> None:
    """The training audio that lies beside it must not be scored instead."""
    data = tmp_path / "data"
    data.mkdir()
    for path in world.iterdir():
        if path.name != "test_soundscapes":
            (data / path.name).symlink_to(path)
    (data / "test_soundscapes").mkdir()
    result = run_text(packaged_recipes()["eos7"], data, tmp_path / "out", allow_outside=True)
    assert rows_of(result.submission) == rows_of(world / "sample_submission.csv")
    assert set(result.recordings.values()) == {"silent"}
    assert result.warnings[0].startswith("no audio in test_soundscapes")
    assert set(result.streams) == {"protossm_sed", "seqhead", "eos7"}  # every stage has run


def test_a_dry_run_of_a_commit_takes_the_next_folder(
    tones: Tones, tmp_path: Path, run_text: Run, tone_recipe: str
) -> None:
    data = tones({"t1": 10.0, "t2": 10.0, "t3": 10.0}, "train_soundscapes")
    (data / "test_soundscapes").mkdir()
    template(data, natural(r=2))
    result = run_text(tone_recipe, data, tmp_path / "out", dry_run=2)
    assert list(result.recordings) == ["t1", "t2"]


def test_neither_audio_nor_template(tmp_path: Path, run_text: Run, tone_recipe: str) -> None:
    (tmp_path / "data").mkdir()
    with pytest.raises(BlendkitError, match="no audio below") as error:
        run_text(tone_recipe, tmp_path / "data", tmp_path / "out")
    assert "test_soundscapes, train_soundscapes" in str(error.value)
    with pytest.raises(BlendkitError, match="no such data folder"):
        run_text(tone_recipe, tmp_path / "nowhere", tmp_path / "out")


# damaged audio


@pytest.fixture
def damaged(tones: Tones, world: Path) -> Path:
    """A whole recording, noise that is no audio, a file of no bytes, and half an OGG."""
    data = tones({"a_whole": 60.0})
    folder = data / "test_soundscapes"
    (folder / "b_garbage.ogg").write_bytes(np.random.default_rng(1).bytes(5000))
    (folder / "c_zero.ogg").write_bytes(b"")
    ogg = next((world / "test_soundscapes").iterdir()).read_bytes()
    (folder / "d_half.ogg").write_bytes(ogg[: len(ogg) // 2])
    return data


def test_damaged_recordings_get_a_status(damaged: Path, tmp_path: Path, run_text: Run, tone_recipe: str) -> None:
    result = run_text(tone_recipe, damaged, tmp_path / "out", overrides=["recording_s=60"])
    assert set(result.recordings) == {"a_whole", "b_garbage", "d_half"}
    assert (result.recordings["a_whole"], result.recordings["b_garbage"]) == ("ok", "unreadable")
    assert result.recordings["d_half"] in ("short", "holed")
    assert rows_of(result.submission)[0] == natural(a_whole=12, b_garbage=12, d_half=12)
    low = column(result.submission, "low")
    silence = 1 / (1 + np.exp(12))
    assert low[12:24] == pytest.approx([silence] * 12, rel=1e-6)
    assert low[24] > silence  # the first half of the truncated file was scored
    assert low[35] == pytest.approx(silence, rel=1e-6)
    assert any("1 recording unreadable: b_garbage" in w for w in result.warnings)
    assert "test_soundscapes: 1 file left out: c_zero.ogg: an empty file" in result.warnings


def test_an_unreadable_recording_of_unknown_length_has_no_rows(
    damaged: Path, tmp_path: Path, run_text: Run, tone_recipe: str
) -> None:
    result = run_text(tone_recipe, damaged, tmp_path / "out")
    ids, _ = rows_of(result.submission)
    assert {i.rpartition("_")[0] for i in ids} == {"a_whole", "d_half"}
    assert len(result.recordings) == 3


def test_the_template_says_how_long_an_unreadable_recording_was(
    damaged: Path, tmp_path: Path, run_text: Run, tone_recipe: str
) -> None:
    ids = natural(a_whole=12, b_garbage=12, c_zero=12, d_half=12)
    template(damaged, ids[::-1])
    assert rows_of(run_text(tone_recipe, damaged, tmp_path / "out").submission)[0] == ids[::-1]


def test_nothing_but_garbage(tmp_path: Path, run_text: Run, tone_recipe: str) -> None:
    folder = tmp_path / "data/test_soundscapes"
    folder.mkdir(parents=True)
    (folder / "x.ogg").write_bytes(b"no sound")
    with pytest.raises(BlendkitError, match="no recording has a chunk") as error:
        run_text(tone_recipe, tmp_path / "data", tmp_path / "out")
    assert "x: unreadable" in str(error.value)


def test_two_files_of_one_id(tones: Tones, tmp_path: Path, run_text: Run, tone_recipe: str) -> None:
    data = tones({"r": 5.0})
    shutil.copy(data / "test_soundscapes/r.wav", data / "test_soundscapes/r.flac")
    result = run_text(tone_recipe, data, tmp_path / "out")
    assert result.recordings == {"r": "ok", "r.wav": "unreadable"}
    assert rows_of(result.submission)[0] == ["r_5"]
    assert "1 recording unreadable: r.wav (r.flac has the same recording id, 'r')" in result.warnings


# tables

TABLES = """
recipe: 1
name: tables
members:
  a: {use: table, path: a.csv, space: prob}
  b: {use: table, path: b.csv, space: prob}
blends:
  both: {by: rank, of: {a: 0.5, b: 0.5}}
output: both
"""
A = {"r_10": (0.1, 0.2, 0.3), "r_5": (0.4, 0.5, 0.6), "r_15": (0.7, 0.9, 0.2)}
B = {"r_5": (0.9, 0.1, 0.1), "r_10": (0.8, 0.1, 0.2), "r_15": (0.7, 0.3, 0.3)}


def test_two_tables_by_hand(tmp_path: Path, run_text: Run) -> None:
    data = tmp_path / "data"
    scores(data, "a.csv", A)
    scores(data, "b.csv", B)
    result = run_text(TABLES, data, tmp_path / "out")
    assert rows_of(result.submission) == (natural(r=3), CLASSES)
    # ranks of column high: a = 2, 1, 3 and b = 3, 2, 1 of three; low in b has a tie of ranks 1 and 2
    assert column(result.submission, "high") == [5 / 6, 3 / 6, 4 / 6]
    assert column(result.submission, "low") == pytest.approx([3.5 / 6, 2.5 / 6, 6 / 6], abs=1e-15)


def test_shuffled_tables_give_the_same_bytes(tmp_path: Path, run_text: Run) -> None:
    data = tmp_path / "data"
    scores(data, "a.csv", A)
    scores(data, "b.csv", B)
    first = run_text(TABLES, data, tmp_path / "out").submission.read_bytes()
    scores(data, "a.csv", dict(reversed(A.items())))
    order = [2, 0, 1]
    moved = {i: [v[k] for k in order] for i, v in B.items()}
    scores(data, "b.csv", moved, [CLASSES[k] for k in order])
    assert run_text(TABLES, data, tmp_path / "again").submission.read_bytes() == first


def test_tables_whose_rows_do_not_agree(tmp_path: Path, run_text: Run) -> None:
    data = tmp_path / "data"
    scores(data, "a.csv", A)
    scores(data, "b.csv", {"r_5": (0.1, 0.2, 0.3), "r_20": (0.1, 0.2, 0.4)})
    with pytest.raises(BlendkitError, match="rows do not agree") as error:
        run_text(TABLES, data, tmp_path / "out")
    assert "a has 3 rows, b 2, 1 in common" in str(error.value)
    assert "r_20" in str(error.value)


MIXED = """
recipe: 1
name: mixed
members:
  t: {use: tone}
  a: {use: table, path: a.csv, space: prob}
blends:
  both: {by: rank, of: {t: 1, a: 1}}
output: both
"""


def test_a_table_that_lacks_rows(tones: Tones, tmp_path: Path, run_text: Run) -> None:
    data = tones({"r": 15.0})
    scores(data, "a.csv", {k: v for k, v in A.items() if k != "r_10"})
    template(data, natural(r=3))
    with pytest.raises(BlendkitError, match="do not fit") as error:
        run_text(MIXED, data, tmp_path / "out")
    assert "member 'a'" in str(error.value)
    assert "1 of 3 rows missing: r_10" in str(error.value)
    result = run_text(MIXED, data, tmp_path / "out", overrides=["members.a.missing_rows=median"])
    assert any("member 'a': 1 missing rows given the class's median" in w for w in result.warnings)
    assert result.rows == 3


def test_a_template_in_another_form_of_unicode_gives_its_order_and_its_own_ids(
    tones: Tones, tmp_path: Path, run_text: Run
) -> None:
    data = tones({"Käuzchen": 10.0, "Öland": 10.0})
    ids = [unicodedata.normalize("NFD", i) for i in ("Öland_10", "Käuzchen_5", "Öland_5", "Käuzchen_10")]
    template(data, ids)
    text = "recipe: 1\nname: t\nmembers:\n  t: {use: tone}\noutput: t\n"
    result = run_text(text, data, tmp_path / "out")
    assert not any("template" in w for w in result.warnings)
    lines = (tmp_path / "out/submission.csv").read_text(encoding="utf-8").splitlines()[1:]
    assert [line.partition(",")[0].strip('"') for line in lines] == ids


def test_a_mistake_leaves_no_new_folder_and_an_old_one_as_it_was(tones: Tones, tmp_path: Path, run_text: Run) -> None:
    data = tones({"r": 15.0})
    scores(data, "a.csv", {"r_5": A["r_5"]})
    template(data, natural(r=3))
    alone = MIXED.replace("  t: {use: tone}\n", "  t: {use: table, path: a.csv, space: prob}\n")
    with pytest.raises(BlendkitError, match="do not fit"):
        run_text(alone, data, tmp_path / "new/and/out")
    assert not (tmp_path / "new").exists()
    scores(data, "a.csv", {k: v for k, v in A.items() if k.startswith("r_")})
    run_text(alone, data, tmp_path / "out")
    before = sorted(p.name for p in (tmp_path / "out").iterdir())
    scores(data, "a.csv", {"r_5": A["r_5"]})
    with pytest.raises(BlendkitError, match="do not fit"):
        run_text(alone, data, tmp_path / "out")
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == before


def test_members_of_audio_score_the_classes_of_the_tables_where_nothing_else_lists_any(
    tones: Tones, tmp_path: Path, run_text: Run
) -> None:
    data = tones({"r": 15.0})
    scores(data, "a.csv", A)
    result = run_text(MIXED, data, tmp_path / "out")
    assert (result.classes, result.streams["t"].covered, result.streams["a"].covered) == (3, 3, 3)


def test_a_table_with_rows_too_many(tones: Tones, tmp_path: Path, run_text: Run) -> None:
    data = tones({"r": 10.0})
    scores(data, "a.csv", A)
    template(data, natural(r=2))
    result = run_text(MIXED, data, tmp_path / "out")
    assert result.rows == 2
    assert any("member 'a': 1 rows beyond the expected ones left out" in w for w in result.warnings)


def test_ranks_are_over_whole_columns(tones: Tones, tmp_path: Path, run_text: Run) -> None:
    """Not per recording: thirty recordings in four parts, and every rank from 1/60 to 60/60 once."""
    data = tones({f"r{i}": 10.0 for i in range(30)})
    text = """
    recipe: 1
    name: ranks
    members:
      t: {use: tone, classes: [x, y], steps: [{to: rank}]}
    output: t
    """
    result = run_text(text, data, tmp_path / "out")
    for name in ("x", "y"):
        assert sorted(column(result.submission, name)) == [k / 60 for k in range(1, 61)]


def test_a_class_that_the_run_lacks(tones: Tones, tmp_path: Path, run_text: Run) -> None:
    data = tones({"r": 15.0})
    scores(data, "a.csv", A, ["high", "lov", "mid"])
    template(data, natural(r=3))
    with pytest.raises(BlendkitError, match="member 'a'") as error:
        run_text(MIXED, data, tmp_path / "out")
    assert "1 unknown classes: 'lov' (did you mean 'low'?)" in str(error.value)
    assert not (tmp_path / "out/submission.csv").exists()
    result = run_text(MIXED, data, tmp_path / "out", overrides=["members.a.unknown_classes=ignore"])
    assert result.classes == 3


def test_a_forked_stream_is_not_scored_twice(
    tones: Tones, tmp_path: Path, run_text: Run, scored: Callable[[Path], dict[str, int]]
) -> None:
    text = """
    recipe: 1
    name: fork
    members:
      t: {use: tone, classes: [x, y]}
    streams:
      smooth: {from: t, steps: [{three_tap: {alpha: 0.5}}]}
    output: smooth
    also: [t]
    """
    result = run_text(text, tones({"r": 15.0}), tmp_path / "out")
    assert scored(result.out) == {"t": 1}
    p = np.array(column(tmp_path / "out/t.csv", "x"))
    z = np.log(p) - np.log1p(-p)
    by_hand = [0.75 * z[0] + 0.25 * z[1], 0.25 * z[0] + 0.5 * z[1] + 0.25 * z[2], 0.25 * z[1] + 0.75 * z[2]]
    got = np.array(column(result.submission, "x"))
    np.testing.assert_allclose(np.log(got) - np.log1p(-got), by_hand, rtol=1e-6)


def test_a_member_that_is_mostly_stand_ins_is_an_alarm(tones: Tones, tmp_path: Path, run_text: Run) -> None:
    data = tones({"r": 15.0})
    scores(data, "a.csv", {k: v for k, v in A.items() if k == "r_5"})
    template(data, natural(r=3))
    result = run_text(MIXED, data, tmp_path / "out", overrides=["members.a.missing_rows=median"])
    (alarm,) = result.alarms
    assert alarm.startswith("member 'a': 2 of 3 rows are stand-ins, the median of each class")


def test_rows_that_one_of_two_tables_lacks(tones: Tones, tmp_path: Path, run_text: Run) -> None:
    data = tones({"r": 15.0})
    scores(data, "a.csv", {k: v for k, v in A.items() if k != "r_10"})
    scores(data, "b.csv", B)
    with pytest.raises(BlendkitError, match=r"a lacks r_10\n.*`missing_rows: median` on the member that lacks rows"):
        run_text(TABLES, data, tmp_path / "out")
    result = run_text(TABLES, data, tmp_path / "out", overrides=["members.a.missing_rows=median"])
    assert result.rows == 3
    assert any("member 'a': 1 missing rows given the class's median" in w for w in result.warnings)


def test_a_constant_member_is_an_alarm(tones: Tones, tmp_path: Path, run_text: Run) -> None:
    data = tones({"r": 15.0})
    scores(data, "a.csv", dict.fromkeys(A, (0.5, 0.5, 0.5)))
    scores(data, "b.csv", B)
    (alarm,) = run_text(TABLES, data, tmp_path / "out", overrides=["blends.both.of.a=0.93"]).alarms
    assert "every value is 0.5: it only moves the others' scores" in alarm
    assert alarm.endswith("(its weight: 0.93 of 1.43 in 'both')")


DETECTED = """\
Start (s),End (s),Scientific name,Common name,Confidence,File
5.0,8.0,low,low,0.9,/k/r.ogg
"""
EXPECTED = [0.1, (0.2 + 0.9) / 2, 0.1, 0.1]  # half of each: .2 in every row, and the detection in the second


def test_detections_beside_score_files_are_read_on_their_recordings_whatever_the_template_lists(
    tmp_path: Path, run_text: Run
) -> None:
    scores(tmp_path, "a.csv", {f"r_{k}": [0.2, 0.2, 0.2] for k in (5, 10, 15, 20)})
    (tmp_path / "bn.csv").write_text(DETECTED, encoding="utf-8")
    template(tmp_path, natural(other=3))  # of the hidden test: three rows of another recording
    text = """
    recipe: 1
    name: k
    members:
      n: {use: birdnet-table, path: bn.csv}
      a: {use: table, path: a.csv, space: prob}
    blends:
      m: {by: direct, of: {a: 1, n: 1}}
    output: m
    """
    result = run_text(text, tmp_path, tmp_path / "out")
    assert result.rows == 4
    made = result.made["m"]
    assert made.values[:, made.classes.index("low")].tolist() == pytest.approx(EXPECTED)
    assert any("the template fixes the columns only" in w for w in result.warnings)
    template(tmp_path, natural(r=3))  # of theirs: it does list the recordings, and detections of others are refused
    (tmp_path / "bn.csv").write_text(DETECTED.replace("r.ogg", "z.ogg"), encoding="utf-8")
    with pytest.raises(BlendkitError, match="none of its paths means one of the run's recordings"):
        run_text(text, tmp_path, tmp_path / "out")
