"""What `pseudolabel gate` refuses before it scores anything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from blendkit.core import NameRule, Saw, Scores, Taxonomy, chunk_rows
from blendkit.engine import Beforehand, look_beforehand
from blendkit.errors import BlendkitError
from blendkit.io import Provenance, Truth, write_side_provenance
from blendkit.recipe import parse_recipe
from blendkit.training.jobs import labelling
from blendkit.training.jobs.gate_checks import OutOfFold, _folds_of, _thresholds, checked_gate, refuse_contradictions
from blendkit.training.jobs.gate_inflation import gate_inflation
from blendkit.training.jobs.label_requests import GateChoice, PseudoLabelRequest, TeacherCheck, TeacherSource
from blendkit.training.jobs.labelling import pseudo_label
from blendkit.training.settings import GateRules

RECIPE = "recipe: 1\nname: r\nmembers:\n  m: {use: tone}\nblends:\n  b: {by: rank, of: {m: 1}}\noutput: b\n"


@pytest.fixture
def request_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Make requests of a recipe that must never run."""

    def never(*args: Any, **more: Any) -> None:
        raise AssertionError("nothing may be scored")

    monkeypatch.setattr(labelling, "run", never)
    (tmp_path / "r.yaml").write_text(RECIPE, encoding="utf-8")
    (tmp_path / "l.csv").write_text("filename,start,end,primary_label\nt1.ogg,0,5,x\nt2.ogg,0,5,y\n", encoding="utf-8")
    (tmp_path / "oof.csv").write_text("row_id,x,y\nt1_5,0.5,0.1\nt2_5,0.4,0.8\n", encoding="utf-8")
    check = {"oof": (str(tmp_path / "oof.csv"),), "oof_space": "prob", "labels": tmp_path / "l.csv"}

    def make(gates: GateChoice, check: dict[str, Any] = check, **teacher: Any) -> PseudoLabelRequest:
        source = TeacherSource(str(tmp_path / "r.yaml"), tmp_path, **teacher)
        return PseudoLabelRequest(tmp_path / "o", source, gates, TeacherCheck(**check))

    return make


def known(monkeypatch: pytest.MonkeyPatch, *recordings: str, space: Any = "prob", saw: Saw = Saw()) -> None:  # noqa: B008
    monkeypatch.setattr(labelling, "look_beforehand", lambda *args: Beforehand(recordings, space, saw))


def test_all_contradictions_are_told_at_once(request_of: Any) -> None:
    gates = GateChoice(agree=("m", "=0.5", "m=2"))
    with pytest.raises(BlendkitError) as caught:
        refuse_contradictions(request_of(gates, {"oof": ("o.csv",), "seen_audio": "t"}))
    assert [p.split(":")[0] for p in caught.value.problems] == ["--agree m", "--agree =0.5", "--agree m=2", "no gate", "--oof needs --labels"]  # fmt: skip


def test_a_precision_of_ranks_is_refused(request_of: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    known(monkeypatch, "u1", space="rank")
    monkeypatch.setattr("blendkit.training.jobs.gate_checks._thresholds", lambda *args: {"x": 0.5})
    with pytest.raises(BlendkitError, match="thresholds of ranks"):
        pseudo_label(request_of(GateChoice(precision=0.9)))


def test_soft_targets_of_ranks_are_refused(request_of: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    known(monkeypatch, "u1", space="rank")
    for given in ({"soft": True}, {"whole_rows": True}):
        with pytest.raises(BlendkitError, match="a rank is no probability"):
            pseudo_label(request_of(GateChoice(GateRules(top=1, **given)), {}))


def test_rules_that_exclude_or_need_each_other() -> None:
    gates = GateChoice(GateRules(floor=0.5, cap=0.4, top=1, whole_rows=True, negative_below=0.1))
    with pytest.raises(BlendkitError) as caught:
        refuse_contradictions(PseudoLabelRequest(Path("o"), TeacherSource("t.csv"), gates))
    assert [p[:14] for p in caught.value.problems] == ["--floor and --", "--floor 0.5 li", "--whole-rows k"]


def test_a_teacher_that_saw_everything_by_name_is_refused(request_of: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    known(monkeypatch, "a/u1", "u2", saw=Saw.of(["U1.ogg", "u2"]))
    with pytest.raises(BlendkitError, match="learned from all 2 recordings"):
        pseudo_label(request_of(GateChoice(GateRules(least=0.5)), {}))


def test_files_are_read_first(request_of: Any, tmp_path: Path) -> None:
    with pytest.raises(BlendkitError, match=r"absent\.csv"):
        pseudo_label(request_of(GateChoice(GateRules(least=0.5)), {"labels": tmp_path / "absent.csv"}))
    with pytest.raises(BlendkitError, match=r"absent\.csv"):
        pseudo_label(request_of(GateChoice(GateRules(least=0.5)), {}, saw=tmp_path / "absent.csv"))
    with pytest.raises(BlendkitError, match=r"no class reaches a precision of 0\.9") as caught:
        pseudo_label(request_of(GateChoice(precision=0.9)))
    assert caught.value.problems[0] == "classes with positive rows: x (1), y (1)"


def test_out_of_fold_scores_must_be_that(request_of: Any, tmp_path: Path) -> None:
    (tmp_path / "none.csv").write_text("filename,start,end,primary_label\n", encoding="utf-8")
    with pytest.raises(BlendkitError, match=r"--saw .*none\.csv: it names no recording"):
        pseudo_label(request_of(GateChoice(GateRules(least=0.5)), {}, saw=tmp_path / "none.csv"))

    def say(*saw: str, kind: Any = "unknown", known: bool = True) -> None:
        write_side_provenance(tmp_path / "oof.csv", Provenance("prob", Saw.of(saw, known=known), kind))

    say("t1", "t3")
    with pytest.raises(
        BlendkitError, match=r"oof\.csv: not out-of-fold: .* learned from 1 of the 2 labelled"
    ) as caught:
        pseudo_label(request_of(GateChoice(precision=0.1)))
    assert caught.value.problems[0] == "t1"
    say("t1", "t2", kind="oof")
    (claim,) = checked_gate(request_of(GateChoice()), None).claims
    assert claim.notes(Saw.of(["t1"])) == claim.notes(Saw.of(["t1", "z"], known=False)) == []
    assert (
        "1 of the 2 recordings that the teacher learned from are not behind them" in claim.notes(Saw.of(["t1", "z"]))[0]
    )
    say(known=False)
    (claim,) = checked_gate(request_of(GateChoice()), None).claims
    assert "nothing says that these scores are out-of-fold" in claim.notes(Saw())[0]


def test_labelled_audio_without_out_of_fold_scores_is_refused(
    request_of: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    known(monkeypatch, "u1", "u2")
    check = {"oof": (str(tmp_path / "oof.csv"),), "oof_space": "prob", "labels": tmp_path / "l.csv", "seen_audio": "t"}
    with pytest.raises(BlendkitError, match="--seen-audio t: none of its recordings has an out-of-fold score"):
        pseudo_label(request_of(GateChoice(GateRules(least=0.5)), check))


def test_thresholds_are_found_on_labelled_rows() -> None:
    # y: true rows 0.9 0.8 0.7, false 0.6; x: nothing true
    rows = chunk_rows({"r1": 2, "r2": 2}, 5.0, NameRule())
    scores = Scores.build(np.array([[0.5, 0.9], [0.5, 0.8], [0.5, 0.7], [0.5, 0.6]]), rows, ("x", "y"), "prob")
    truth = np.array([[0, 1], [0, 1], [0, 1], [0, 0]], bool)

    def of(labelled: list[int]) -> OutOfFold:
        return OutOfFold(scores, Truth(truth, np.array(labelled, bool), Taxonomy({}), ()))

    assert _thresholds([of([1, 1, 1, 1])], 1.0) == {"x": np.inf, "y": 0.7}
    with pytest.raises(BlendkitError, match="no class reaches"):
        _thresholds([of([1, 1, 0, 1])], 1.0)


def test_a_run_is_looked_at_without_being_run(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "taxonomy.csv").write_text("primary_label\nx\n", encoding="utf-8")
    recipe = parse_recipe(RECIPE, "r.yaml", ["audio=[a]"])
    with pytest.raises(BlendkitError, match="no audio below"):
        look_beforehand(recipe, tmp_path, tmp_path / "o")
    (tmp_path / "a" / "u1.wav").write_bytes(b"RIFF not decoded here")
    found = look_beforehand(recipe, tmp_path, tmp_path / "o")
    assert (found.recordings, found.space, found.saw) == (("u1",), "rank", Saw())
    assert not (tmp_path / "o").exists()


def test_the_inflation_is_the_mean_over_splits() -> None:
    rows = chunk_rows({f"r{i}": 2 for i in range(6)}, 5.0, NameRule())
    truth = np.tile([True, False], 6)[:, None]

    def scores(values: np.ndarray) -> Scores:
        return Scores.build(values[:, None], rows, ("x",), "prob")

    right, wrong = truth[:, 0] * 0.5 + 0.25, 0.75 - truth[:, 0] * 0.5
    half = np.where(np.arange(12) < 6, right, wrong)
    known = Truth(truth, np.ones(12, bool), Taxonomy({}), ())
    splits = [OutOfFold(scores(half), known), OutOfFold(scores(wrong), known)]
    found = gate_inflation(scores(right), splits)
    # three recordings right and three wrong, whose values tie: 9 + 9 / 2 + 9 / 2 of 36 pairs; then all wrong, 0
    assert (found["seen"], found["unseen"], found["by_split"]) == (1.0, 0.25, [0.5, 1.0])
    assert found["gain"][0] == 0.75
    assert 0 <= found["gain"][1] < 0.75 < found["gain"][2] <= 1
    assert gate_inflation(scores(right), splits[1:])["gain"] == [1, 1, 1]


def test_the_inflation_is_that_of_each_fold_by_itself() -> None:
    # every fold ranks its own rows right, on a scale of its own: pooled, half the pairs of two folds are wrong
    rows = chunk_rows({f"r{i}": 2 for i in range(4)}, 5.0, NameRule())
    truth = np.tile([True, False], 4)[:, None]
    own = np.where(truth[:, 0], 0.2, 0.1) + np.repeat([0.0, 0.5], 4)
    oof = Scores.build(own[:, None], rows, ("x",), "prob")
    known = Truth(truth, np.ones(8, bool), Taxonomy({}), ())
    folds = {i: k // 4 for k, i in enumerate(rows.ids())}
    assert gate_inflation(oof, [OutOfFold(oof, known, folds)])["unseen"] == 1.0
    assert gate_inflation(oof, [OutOfFold(oof, known)])["unseen"] == 0.75


def test_folds_are_those_of_the_table(tmp_path: Path) -> None:
    np.savez(tmp_path / "oof.npz", row_ids=["r_5", "s_5"], fold=[1, 0], logits=np.zeros((2, 1)))
    assert _folds_of(f"{tmp_path / 'oof.npz'}:logits") == {"r_5": 1, "s_5": 0}
    assert _folds_of(str(tmp_path / "oof.npz")) == {"r_5": 1, "s_5": 0}
    for fold in (["f0", "f1"], [0.0, np.nan], 1, [[0, 1]], [0]):  # of other programs
        np.savez(tmp_path / "other.npz", row_ids=["r_5", "s_5"], fold=fold)
        assert _folds_of(f"{tmp_path / 'other.npz'}:logits") == {}
    np.savez(tmp_path / "plain.npz", row_ids=["r_5"], logits=np.zeros((1, 1)))
    assert _folds_of(f"{tmp_path / 'plain.npz'}:logits") == {}
    assert _folds_of(str(tmp_path / "oof.csv")) == {}


def test_an_inflation_that_cannot_be_measured_is_refused() -> None:
    rows = chunk_rows({"r1": 2, "r2": 2}, 5.0, NameRule())
    values = np.linspace(0.1, 0.9, 4)[:, None]
    oof = Scores.build(values, rows, ("x",), "prob")

    def split(truth: list[int], folds: dict[str, int]) -> OutOfFold:
        known = Truth(np.array(truth, bool)[:, None], np.ones(4, bool), Taxonomy({}), ())
        return OutOfFold(oof, known, folds)

    by_recording = dict(zip(rows.ids(), (0, 0, 1, 1), strict=True))
    with pytest.raises(BlendkitError, match="no class has labelled chunks"):
        gate_inflation(oof, [split([1, 1, 1, 1], {})])
    assert gate_inflation(oof, [split([0, 0, 1, 1], by_recording)])["unseen"] == 1.0  # no fold by itself has both
