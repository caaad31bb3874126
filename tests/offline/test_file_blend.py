"""Two score files to a blend: what is assumed of them, weights with a known best, the verdict, and its recipe."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from blendkit.core import NameRule, Scores, rows_from_ids
from blendkit.engine import run
from blendkit.errors import BlendkitError
from blendkit.io import ColumnNames, look_into, read_scores, write_scores
from blendkit.metrics import Interval
from blendkit.offline import (
    BlendFiles,
    BlendSettings,
    Judging,
    Place,
    blend_files,
    compare,
    file_blend,
    new_recipe,
    whatif,
)
from blendkit.offline.score_facts import ScoreFacts, classes_lacked
from blendkit.offline.verdicts import signed, verdict_on, weights_text

# Chunks of every recording as (a, b, label of x). A share s of b gives 0.8-0.5s and 0.3+0.1s for the positives, and
# 0.6-0.5s and 0.1+0.25s for the negatives: all four pairs are in order only for 0.5 < s < 14/15. At the ends 3 of 4 are.
CHUNKS = [(0.8, 0.3, "x"), (0.3, 0.4, "x"), (0.6, 0.1, "y"), (0.1, 0.35, "y")]


def table(scores: list[float], recordings: int = 4, classes: str = "x,y") -> str:
    """A table of one score per chunk, the same in every recording; y gets 1 - x."""
    lines = [f"row_id,{classes}"]
    for r in range(recordings):
        lines += [f"r{r}_{5 * i + 5},{s},{round(1 - s, 6)}" for i, s in enumerate(scores)]
    return "\n".join(lines) + "\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Score files a and b, and labels of every chunk."""
    (tmp_path / "a.csv").write_text(table([a for a, _, _ in CHUNKS]), encoding="utf-8")
    (tmp_path / "b.csv").write_text(table([b for _, b, _ in CHUNKS]), encoding="utf-8")
    lines = [f"r{r},{5 * i},{5 * i + 5},{c}" for r in range(4) for i, (_, _, c) in enumerate(CHUNKS)]
    (tmp_path / "labels.csv").write_text("\n".join(["filename,start,end,primary_label", *lines]), encoding="utf-8")
    return tmp_path


def both(folder: Path) -> list[Path]:
    return [folder / "a.csv", folder / "b.csv"]


def test_the_known_best_share_is_found_and_judged(folder: Path):
    made = blend_files(both(folder), folder / "labels.csv", folder / "out")
    assert made.found is not None
    assert made.verdict is not None
    assert 0.5 < made.weights["b"] / sum(made.weights.values()) < 14 / 15
    assert made.found.after == made.found.guarded.nested == 1.0
    assert made.found.guarded.alone == 0.75
    assert made.verdict.judgement == "real"
    assert made.verdict.text.endswith(
        "[+.250, +.250] (95%) on held-out recordings, better in 100 of 100 redraws of the recordings: real."
    )
    assert made.by == "prob"


def test_running_the_recipe_gives_the_same_files_byte_for_byte(folder: Path):
    made = blend_files(both(folder), folder / "labels.csv", folder / "out")
    again = run(made.recipe, folder, folder / "again")
    for name in ("submission.csv", "run.json"):
        assert (folder / "again" / name).read_bytes() == (folder / "out" / name).read_bytes()
    assert again.submission.is_file()
    assert json.loads((folder / "out/run.json").read_text())["recipe"]["blends"]["blend"]["of"] == dict(made.weights)


def test_an_edited_recipe_is_not_replaced_and_a_report_of_another_result_goes(folder: Path):
    made = blend_files(both(folder), None, folder / "out")
    (folder / "out/report.html").write_text("of this result", encoding="utf-8")
    blend_files(both(folder), None, folder / "out")
    assert not (folder / "out/report.html").exists()
    text = made.recipe.read_text(encoding="utf-8") + "# mine\n"
    made.recipe.write_text(text, encoding="utf-8")
    later = (folder / "out/run.json").stat().st_mtime_ns + 10**9
    os.utime(made.recipe, ns=(later, later))
    with pytest.raises(BlendkitError, match="was changed since blendkit wrote it"):
        blend_files(both(folder), None, folder / "out")
    assert made.recipe.read_text(encoding="utf-8") == text


def test_without_labels_weights_are_equal_and_it_says_that_nothing_was_measured(folder: Path):
    made = blend_files(both(folder), None, folder / "out")
    assert made.verdict is None
    assert set(made.weights.values()) == {1.0}
    assert "nothing was measured" in made.recipe.read_text(encoding="utf-8")
    rows = (folder / "out/submission.csv").read_text().splitlines()
    assert float(rows[1].split(",")[1]) == (0.8 + 0.3) / 2


def test_a_member_that_only_harms_gets_no_share(folder: Path):
    worse = [0.1, 0.2, 0.9, 0.8]  # of the first two, which are positive
    (folder / "a.csv").write_text(table([0.9, 0.8, 0.2, 0.1]), encoding="utf-8")
    (folder / "b.csv").write_text(table(worse), encoding="utf-8")
    made = blend_files(both(folder), folder / "labels.csv", folder / "out")
    assert made.verdict is not None
    assert made.verdict.judgement == "not"
    assert made.verdict.text.startswith("a alone is best")
    assert made.weights["b"] == 0
    assert (folder / "out/submission.csv").read_text().splitlines()[1].split(",")[1] == "0.9"


def test_three_files_are_blended_with_the_weights_of_a_greedy_search(folder: Path):
    (folder / "c.csv").write_text(table([0.51, 0.49, 0.48, 0.52]), encoding="utf-8")
    made = blend_files([*both(folder), folder / "c.csv"], folder / "labels.csv", folder / "out")
    assert made.found is not None
    assert made.found.after == 1.0
    assert set(made.weights) == {"a", "b", "c"}


def test_scores_to_deliver_are_blended_with_weights_that_others_chose(folder: Path):
    for name in "ab":
        text = (folder / f"{name}.csv").read_text().replace("r", "t").replace("tow_id", "row_id")
        (folder / f"{name}_test.csv").write_text(text, encoding="utf-8")
    files = BlendFiles(tuple(both(folder)), tuple(folder / f"{n}_test.csv" for n in "ab"))
    made = blend_files(files, folder / "labels.csv", folder / "out")
    assert made.verdict is not None
    assert made.verdict.judgement == "real"
    assert (folder / "out/submission.csv").read_text().splitlines()[1].startswith('"t0_5",')
    at = Place(folder, folder / "none")
    share = made.weights["b"]
    assert whatif(made.recipe, shares=[f"blend.b={share}"], place=at).best == 1.0  # of the first files
    with pytest.raises(BlendkitError, match="no label matches a row"):
        whatif(made.recipe, shares=["blend.b=0.5"], place=Place(folder, folder / "none", on="test"))


@pytest.mark.parametrize(
    ("a", "b", "by", "why"),
    [
        ([-3.0, 2.0, 0.5, 1.0], [-1.0, 3.0, 1.0, 0.5], "logit", "every file holds logits"),
        ([0.8, 0.3, 0.6, 0.1], [0.3, 0.4, 0.1, 0.35], "prob", "every file holds probabilities"),
        ([-3.0, 2.0, 0.5, 1.0], [0.3, 0.4, 0.1, 0.35], "rank", "only the order can be compared (a logits, b prob"),
        ([0.8, 0.3, 0.6, 0.1], [0.01, 0.02, 0.01, 0.03], "rank", "a's probabilities spread"),
    ],
)
def test_the_blend_fits_what_the_files_hold(folder: Path, a: list[float], b: list[float], by: str, why: str):
    for name, scores in (("a", a), ("b", b)):
        (folder / f"{name}.csv").write_text(table(scores), encoding="utf-8")
    made = blend_files(both(folder), None, folder / "out")
    assert made.by == by
    assert why in made.why


def test_ranks_are_told_by_their_means(folder: Path):
    ranks = np.random.default_rng(0).permutation(np.arange(1, 33) / 32).tolist()
    for name, scores in (("a", ranks), ("b", [0.1] * 16 + [0.2] * 16)):
        lines = [f"r_{5 * i + 5},{s}" for i, s in enumerate(scores)]
        (folder / f"{name}.csv").write_text("\n".join(["row_id,x", *lines]), encoding="utf-8")
    made = blend_files(both(folder), None, folder / "out")
    assert [f.space for f in made.facts] == ["rank", "prob"]


def test_a_stated_space_is_believed(folder: Path):
    made = blend_files(both(folder), None, folder / "out", settings=BlendSettings(spaces={"a": "logit", "b": "logit"}))
    assert made.by == "logit"
    assert "unlikely: true" in made.recipe.read_text(encoding="utf-8")


def test_probabilities_that_are_called_logits_are_refused(folder: Path):
    rng = np.random.default_rng(0)
    for name in ("p.csv", "q.csv"):
        (folder / name).write_text(table(rng.random(60).tolist(), recordings=2), encoding="utf-8")
    files, stated = [folder / "p.csv", folder / "q.csv"], BlendSettings(spaces={"p": "logit"})
    with pytest.raises(BlendkitError) as raised:
        blend_files(files, None, folder / "out", settings=stated)
    assert "they look like `space: prob`" in str(raised.value)
    assert "leave the space out" in str(raised.value)


def test_a_misspelt_class_is_named_with_the_one_that_was_meant():
    rows = rows_from_ids(["r_5"], 5.0, NameRule())
    made = {n: Scores.build(np.zeros((1, 2)), rows, ("x", n), "prob") for n in ("22961", "22691")}
    facts = [ScoreFacts(n, Path(n), None, "matrix", "prob", "", s, False, ()) for n, s in made.items()]
    assert classes_lacked(facts)[0].endswith("22691 (did you mean '22961'?)")


def test_a_new_recipe_lies_beside_its_files_and_runs(folder: Path):
    text = new_recipe(both(folder), folder / "r.yaml")
    assert "--data" not in text
    assert "a: {use: table, path: a.csv}" in text
    (folder / "r.yaml").write_text(text, encoding="utf-8")
    assert run(folder / "r.yaml", out=folder / "out").rows == 16


def test_a_new_recipe_lists_the_parameters_of_members(folder: Path):
    given = BlendFiles((folder / "a.csv",), members=("onnx",), audio=folder)
    text = new_recipe(given, folder / "r.yaml")
    assert "      use: onnx\n" in text
    assert "# model: REQUIRED" in text
    with pytest.raises(BlendkitError, match="cannot be used here") as found:
        blend_files(given, None, folder / "out")
    assert "onnx needs model" in found.value.problems[0]


def test_a_runs_folder_is_blended_with_the_space_that_it_says(folder: Path, run_text: Callable[..., object]):
    made = blend_files(both(folder), None, folder / "first", settings=BlendSettings(by="rank"))
    seen, file = look_into(folder / "first"), look_into(made.run.submission)
    assert (seen.rows, seen.classes, seen.space) == (file.rows, file.classes, file.space) == (16, ("x", "y"), "rank")
    again = blend_files([folder / "first", folder / "a.csv"], None, folder / "second")
    assert [(f.name, f.space, f.path.name) for f in again.facts] == [
        ("first", "rank", "submission.csv"), ("a", "prob", "a.csv"),
    ]  # fmt: skip
    assert again.by == "rank"
    member = "recipe: 1\nname: m\nmembers: {m: {use: table, path: first, space: rank}}\noutput: m\n"
    run_text(member, folder, folder / "third")
    assert read_scores(folder / "third").values.tolist() == read_scores(folder / "first").values.tolist()
    with pytest.raises(BlendkitError, match="is blended, and would be replaced"):
        blend_files([folder / "first", folder / "a.csv"], None, folder / "first")
    with pytest.raises(BlendkitError, match="its scores are rank, not prob"):
        read_scores(folder / "first", "prob")


def test_rows_that_a_file_lacks_get_its_median_where_that_is_asked_for(folder: Path):
    text = (folder / "b.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    (folder / "b.csv").write_text("".join(text[:-2]), encoding="utf-8")  # b's x are then 4 of .3, .4, 3 of .1, .35
    with pytest.raises(BlendkitError, match=r"b lacks r3_15, r3_20\n.*take --missing-rows median"):
        blend_files(both(folder), None, folder / "out")
    filled = BlendSettings(missing_rows="median", by="prob")
    made = blend_files(both(folder), None, folder / "out", settings=filled)
    last = (folder / "out/submission.csv").read_text().splitlines()[-1].split(",")
    assert float(last[1]) == pytest.approx((0.1 + 0.325) / 2)  # .1 x 3, .3 x 4, .35 x 3, .4 x 4: the 7th and the 8th
    assert "member 'b': 2 missing rows given the class's median" in made.notes
    assert "missing_rows: median" in new_recipe(both(folder), folder / "r.yaml", settings=filled)
    (folder / "b.csv").write_text(text[0] + "q_5,0.1,0.2\n", encoding="utf-8")
    with pytest.raises(BlendkitError, match="shares no row with b"):  # medians would be all of b
        blend_files(both(folder), None, folder / "out", settings=filled)


def test_classes_that_the_template_lacks_are_left_out_where_that_is_asked_for(folder: Path):
    (folder / "t.csv").write_text("row_id,x\nr0_5,0\n", encoding="utf-8")
    given = BlendFiles((folder / "a.csv", folder / "b.csv"), template=folder / "t.csv")
    with pytest.raises(BlendkitError, match="take --unknown-classes ignore"):
        blend_files(given, None, folder / "out")
    ignored = BlendSettings(unknown_classes="ignore", by="prob")
    made = blend_files(given, None, folder / "out", settings=ignored)
    assert (folder / "out/submission.csv").read_text().splitlines()[0] == "row_id,x"
    assert "member 'a': 1 class that the run lacks left out: y" in made.notes
    assert "unknown_classes: ignore" in new_recipe(given, folder / "r.yaml", settings=ignored)


BIRDNET = "Start (s),End (s),Scientific name,Common name,Confidence,File\n"


def test_chunks_that_a_table_of_detections_does_not_name_have_nothing_found(folder: Path):
    found = ["0,3,x,X,0.9,r0.wav", "5,8,y,Y,0.4,r0.wav", "15,18,x,X,0.7,r1.wav"]
    (folder / "b.csv").write_text(BIRDNET + "\n".join([*found, ""]), encoding="utf-8")
    made = blend_files(both(folder), None, folder / "out", settings=BlendSettings(by="prob"))
    scores = read_scores(made.run.submission)
    mean = dict(zip(scores.rows.ids(), scores.values.tolist(), strict=True))
    assert mean["r0_5"] == pytest.approx([(0.8 + 0.9) / 2, 0.2 / 2])
    assert mean["r0_10"] == pytest.approx([0.3 / 2, (0.7 + 0.4) / 2])
    assert mean["r1_20"] == pytest.approx([(0.1 + 0.7) / 2, 0.9 / 2])
    assert mean["r3_20"] == pytest.approx([0.1 / 2, 0.9 / 2])  # the table does not name r3
    assert "member 'b': 10 missing rows count as nothing found" in made.notes
    assert any(n.startswith("b: it holds detections: chunks that it does not name") for n in made.notes)
    assert "missing_rows: nothing" in made.recipe.read_text(encoding="utf-8")
    asked = BlendSettings(by="prob", missing_rows="median")
    assert "missing_rows: median" in new_recipe(both(folder), folder / "r.yaml", settings=asked)


def test_detections_are_compared_on_all_chunks_of_the_other(folder: Path):
    (folder / "b.csv").write_text(BIRDNET + "0,3,x,X,0.9,r0.wav\n0,3,y,Y,0.1,r1.wav\n", encoding="utf-8")
    for order in (("a.csv", "b.csv"), ("b.csv", "a.csv")):
        made = compare([folder / n for n in order], folder / "labels.csv")
        assert made.labelled_rows == 16
        assert "b: 6 labelled chunks after the last detection of a recording count as nothing found" in made.notes
        assert "b: 8 chunks that it does not name count as nothing found" in made.notes
        # x: of 8 chunks with it one has .9, all others 0; y: the one with .1 has x
        assert dict(zip([line.name for line in made.lines], made.to_frame()["macro_auc"], strict=True))["b"] == (
            pytest.approx(((1 / 8 + 7 / 8 / 2) + 7 / 8 / 2) / 2)
        )


def test_names_with_line_breaks_stay_in_their_comment(folder: Path):
    odd = folder / "a\nname: evil"
    odd.mkdir()
    (folder / "a.csv").rename(odd / "a.csv")
    (folder / "b.csv").rename(odd / "b.csv")
    made = blend_files([odd / "a.csv", odd / "b.csv"], None, folder / "out")
    assert made.run.rows == 16
    assert "\nname: evil" not in made.recipe.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda f: (f / "b.csv").write_text("row_id,z,q\nr0_5,0.1,0.2\n"), "a and b have no class in common"),
        (lambda f: (f / "b.csv").write_text((f / "b.csv").read_text().replace("\nr", "\nq")), "rows do not agree"),
        (lambda f: (f / "b.csv").write_bytes((f / "a.csv").read_bytes()), "hold the same scores"),
        (lambda f: (f / "b.csv").write_text("no table"), "no format fits"),
        (
            lambda f: (f / "b.csv").write_text("row_id,x\nr0_5,10\nr0_10,99\nr0_15,30.5\n"),
            "neither logits nor probabilities",
        ),
        (lambda f: (f / "labels.csv").write_text("filename,start,end,primary_label\nq,0,5,x\n"), "no label matches"),
        (lambda f: (f / "labels.csv").unlink(), "no such file"),
    ],
)
def test_what_cannot_be_blended_is_refused_and_nothing_is_written(
    folder: Path, change: Callable[[Path], object], says: str
):
    change(folder)
    with pytest.raises(BlendkitError) as found:
        blend_files(both(folder), folder / "labels.csv", folder / "out")
    assert says in str(found.value)
    assert not (folder / "out").exists()


@pytest.mark.parametrize(
    ("gain", "better", "judgement", "says"),
    [
        ((0.012, 0.004, 0.021), 0.99, "real", "is better than a alone: +.012 [+.004, +.021] (95%) on held-out recordings, "
         "better in 99 of 100 redraws of the recordings: real."),
        ((0.004, -0.002, 0.011), 0.7, "real", "is better than a alone: +.004 [-.002, +.011] (95%) on held-out "
         "recordings, better in 70 of 100 redraws of the recordings: real. The interval holds 0: enough to choose by, no "
         "proof."),
        ((0.004, -0.002, 0.011), 0.6, "undecided", "may be better than a alone: +.004 [-.002, +.011]"),
        ((-0.01, -0.025, 0.017), 0.33, "undecided", "is not told apart from a alone: -.010 [-.025, +.017]"),
        ((-0.012, -0.021, -0.004), 0.01, "not", "is no better than a alone: -.012 [-.021, -.004]"),
        ((math.nan, math.nan, math.nan), math.nan, "undecided", "cannot be judged"),
        ((0.0004, 0.0002, 0.0006), 1.0, "real", "+.0004 [+.0002, +.0006]"),
    ],
)  # fmt: skip
def test_verdicts_follow_one_rule(gain: tuple[float, float, float], better: float, judgement: str, says: str):
    found = verdict_on({"a": 3, "b": 2}, "a", Interval(*gain, 0.01, 0.5), better)
    assert found.judgement == judgement
    assert found.text.startswith("The blend 0.6 a + 0.4 b ")
    assert says in found.text


def test_verdicts_name_what_got_no_share():
    gain = Interval(0.012, 0.004, 0.021, 0.01, 0.5)
    assert verdict_on({"a": 3, "b": 2, "c": 0}, "a", gain, 0.99).text.startswith(
        "The blend 0.6 a + 0.4 b (no share for c) is better than a alone: +.012 [+.004, +.021]"
    )


def test_a_verdict_says_what_was_redrawn_and_at_which_level():
    gain = Interval(0.012, 0.004, 0.021, 0.01, 0.5)
    said = verdict_on({"a": 3, "b": 2}, "a", gain, 0.99, Judging(clusters="site", level=0.9, replicates=40)).text
    assert "(90%)" in said
    assert "in 99 of 100 redraws of the sites: real." in said


def test_a_verdict_on_what_a_member_learned_from_is_undecided():
    gain = Interval(0.012, 0.004, 0.021, 0.01, 0.5)
    found = verdict_on({"a": 3, "b": 2}, "a", gain, 0.99, seen=("b", "c"))
    assert found.judgement == "undecided"
    assert found.text.endswith(
        "But b learned from labelled recordings that were held out here: what the blend gains on new ones is undecided."
    )
    unused = verdict_on({"a": 3, "b": 2, "c": 0}, "a", gain, 0.99, seen=("c",))
    assert unused.judgement == "real"


def test_weights_are_shares():
    assert weights_text({"a": 5, "b": 0, "c": 15}) == "0.25 a + 0.75 c"
    assert signed(-0.5, Interval(-0.5, -0.5, -0.5, 0, 0)) == "-.500"


def test_arrays_and_folds_are_those_of_each_file(folder: Path):
    a, b = (read_scores(f, "prob") for f in both(folder))
    fold = [int(r[1:]) % 2 for r in a.rows.recording]
    np.savez(folder / "o.npz", probs=a.values, row_ids=a.rows.ids(), classes=a.classes, fold=fold)
    write_scores(a, folder / "t.parquet")
    np.savez(folder / "t.npz", late=b.values, row_ids=b.rows.ids(), classes=b.classes)
    given = BlendFiles((f"{folder}/o.npz:probs", folder / "b.csv"), (folder / "t.parquet", f"{folder}/t.npz:late"))
    settings = BlendSettings(names=ColumnNames(folds="fold"))
    made = blend_files(given, folder / "labels.csv", folder / "out", settings=settings)
    text = made.recipe.read_text(encoding="utf-8")
    assert "array: {oof: probs, test: null}, folds: {oof: fold, test: null}" in text
    assert "array: {oof: null, test: late}" in text
    again = run(made.recipe, made.data, folder / "again", on="test")
    assert again.submission.read_bytes() == made.run.submission.read_bytes()
    found = compare([f"{folder}/o.npz:probs", folder / "b.csv"], folder / "labels.csv", names=ColumnNames(folds="fold"))
    assert set(found.fold_means) == {"probs", "b"}


def test_weights_that_are_worse_than_equal_ones_beyond_the_interval_are_not_delivered(folder: Path):
    found = blend_files(both(folder), folder / "labels.csv", folder / "out", judging=Judging(replicates=50)).found
    assert found is not None
    worse = replace(found, gain=Interval(-0.03, -0.06, -0.01, 0.01, 0.01))
    draft = SimpleNamespace(facts=(), given=SimpleNamespace(members=()))
    verdict = verdict_on({"a": 0.4, "b": 0.6}, "a", Interval(0.1, 0.05, 0.2, 0.01, 0.01), 0.9)
    weights, why = file_blend._delivered(draft, {"a": 0.4, "b": 0.6}, verdict, worse)  # type: ignore[arg-type]
    assert weights == {"a": 1.0, "b": 1.0}
    assert why == [
        "equal weights did better than those that were found, by +.030 [+.010, +.060] on held-out recordings: "
        "they are delivered"
    ]
    same, why = file_blend._delivered(draft, {"a": 0.4, "b": 0.6}, verdict, found)  # type: ignore[arg-type]
    assert (same, why) == ({"a": 0.4, "b": 0.6}, [])


def test_texts_are_paths_as_everywhere(folder: Path):
    given = BlendFiles(tuple(map(str, both(folder))), taxonomy=str(folder / "none.csv"), audio=None)  # type: ignore[arg-type]
    assert given.taxonomy == folder / "none.csv"
    with pytest.raises(BlendkitError, match=r"none\.csv"):
        blend_files(given, None, folder / "out")
    with pytest.raises(BlendkitError, match="template: expected the path of a file, got an int"):
        BlendFiles(template=3)  # type: ignore[arg-type]


def test_two_tables_of_detections_have_the_rows_of_either(folder: Path):
    first = ["0,3,x,X,0.9,r0.wav", "10,13,x,X,0.4,r1.wav"]
    second = ["0,3,x,X,0.5,r0.wav", "15,18,x,X,0.95,r1.wav", "0,3,x,X,0.99,r3.wav"]
    for name, lines in (("a", first), ("b", second)):
        (folder / f"{name}.csv").write_text(BIRDNET + "\n".join([*lines, ""]), encoding="utf-8")
    made = blend_files(both(folder), None, folder / "out", settings=BlendSettings(by="prob"))
    scores = read_scores(made.run.submission)
    found = dict(zip(scores.rows.ids(), scores.values[:, 0].tolist(), strict=True))
    assert {r: v for r, v in found.items() if v} == pytest.approx(
        {"r0_5": 0.7, "r1_15": 0.2, "r1_20": 0.475, "r3_5": 0.495}
    )
