"""Rounds as a user asks for them: which store is which, which protocol is delivered, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from blendkit.errors import BlendkitError
from blendkit.training.examples import Examples, stack
from blendkit.training.inflation_intervals import Judged, RoundFigures
from blendkit.training.jobs import noisy_student
from blendkit.training.jobs.noisy_student import RoundsRequest, _figures, fit_rounds
from blendkit.training.jobs.requests import HeadRequest, TrainingRows
from blendkit.training.rounds import Round
from blendkit.training.settings import GateRules, Rounds

Make = Callable[..., Examples]
A, B, S, U, T = (Path(n) for n in ("clips1", "clips2", "scapes", "unlabelled", "test"))
ROWS = TrainingRows(features=(A, B), soundscapes=S, labels=Path("l.csv"), unlabelled=U)


def one(counted: float, unseen: float | None, name: str = "") -> Round:
    figures = {} if unseen is None else {"chunk": {"macro_auc": [unseen, 0.0, 1.0]}}
    judged = None if unseen is None else RoundFigures((judged_at(counted, "r"),), (judged_at(unseen, "t"),))
    return Round(name, counted, {}, figures, 3, 4, judged)  # type: ignore[arg-type]


def judged_at(auc: float, prefix: str) -> Judged:
    """Rows of a positive and ten negatives per recording, of which it lies above a share."""
    x = np.tile(np.append(auc * 10, np.arange(10) + 0.5), 4)[:, None]
    truth = np.tile(np.append(True, np.zeros(10, bool)), 4)[:, None]
    return Judged(truth, x, np.repeat([f"{prefix}{i}" for i in range(4)], 11))


@pytest.fixture
def calls(make_examples: Make, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What each part is called with; stores stand for themselves by their folder."""
    seen: dict[str, Any] = {"rounds": []}
    ready = SimpleNamespace(examples=make_examples(4, 4), blocks=["a", "b"], job="job")

    def prepare(request: HeadRequest) -> Any:
        seen["prepared"] = request
        return ready

    def unlabelled(store: Path, blocks: list[str], classes: tuple[str, ...]) -> Examples:
        seen["unlabelled"] = store
        return make_examples(0, 3, "pseudo", prefix="u")

    def chunks(store: Path, blocks: Any, classes: Any, labels: Path, taxonomy: Any) -> Examples:
        seen["test"] = (store, labels)
        return make_examples(0, 3, prefix="t")

    def run(
        examples: Examples, rows: Examples, job: str, how: Rounds, path: Path, test: Any, emit: Any, k: int
    ) -> list[Round]:
        seen["rounds"].append((how, path, test))
        name = "naive" if how.naive else "honest"
        return [one(0.5, 0.5, f"{name} 0 {k}"), one(0.7 + 0.1 * k, 0.6, f"{name} 1 {k}")]

    for name, part in (
        ("prepare_fit", prepare), ("open_features", list), ("unlabelled_examples", unlabelled),
        ("chunk_examples", chunks), ("run_rounds", run),
        ("write_fit", lambda request, fit, ready: seen.update(delivered=fit)),
    ):  # fmt: skip
        monkeypatch.setattr(noisy_student, name, part)
    return seen


def test_the_honest_protocol_is_delivered(calls: dict[str, Any], tmp_path: Path) -> None:
    request = RoundsRequest(HeadRequest(tmp_path, ROWS), Rounds(rounds=1), True, T, Path("t.csv"), splits=2)
    made = fit_rounds(request)
    assert calls["delivered"] == "honest 1 0"
    assert calls["unlabelled"] == U
    assert calls["test"] == (T, Path("t.csv"))
    assert calls["prepared"].rows == replace(ROWS, unlabelled=None)
    (honest, one_path, test), (_, again, _), (naive, other_path, same), _ = calls["rounds"]
    assert (honest.naive, naive.naive) == (False, True)
    assert len({one_path, again, other_path}) == 3
    assert test is same
    assert test.recording.tolist() == ["t0", "t1", "t2"]
    assert json.loads((tmp_path / "rounds.json").read_text(encoding="utf-8")) == made
    assert made["kind"] == "chunk"
    # counted rose by 0.2 and 0.3 in the two splits, and by 0.1 on unseen recordings; all recordings are alike here
    first, last = (r["inflation"] for r in made["protocols"]["naive"])
    assert first == {"mean": 0, "low": 0, "high": 0, "by_split": [0, 0]}
    assert last["by_split"] == pytest.approx([0.1, 0.2])
    assert [last[n] for n in ("mean", "low", "high")] == pytest.approx([0.15, 0.1, 0.2])
    assert made["protocols"]["naive"][1]["mean"] == {
        "counted": pytest.approx(0.75),
        "labelled": None,
        "unseen": pytest.approx(0.6),
    }
    assert made["splits"] == 2


def test_unlabelled_recordings_that_are_labelled_are_left_out_and_named(
    calls: dict[str, Any], make_examples: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    both = stack([make_examples(0, 2, "pseudo"), make_examples(0, 3, "pseudo", prefix="u")])  # r0 and r1 are labelled
    monkeypatch.setattr(noisy_student, "unlabelled_examples", lambda *args: both)
    made = fit_rounds(RoundsRequest(HeadRequest(tmp_path, ROWS), Rounds(rounds=1)))
    assert made["left_out"] == ["r0", "r1"]
    monkeypatch.setattr(noisy_student, "unlabelled_examples", lambda *args: make_examples(0, 2, "pseudo"))
    with pytest.raises(BlendkitError, match="every unlabelled recording is a labelled one"):
        fit_rounds(RoundsRequest(HeadRequest(tmp_path, ROWS), Rounds(rounds=1)))


def test_without_a_test_only_what_is_asked_runs(calls: dict[str, Any], tmp_path: Path) -> None:
    made = fit_rounds(RoundsRequest(HeadRequest(tmp_path, ROWS), Rounds(rounds=1)))
    assert list(made["protocols"]) == ["honest"]
    assert (made["splits"], len(calls["rounds"])) == (1, 1)
    assert calls["rounds"][0][2] is None
    assert "test" not in calls


def test_a_test_of_labelled_recordings_is_refused_before_anything_is_trained(
    calls: dict[str, Any], make_examples: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(noisy_student, "chunk_examples", lambda *args: make_examples(0, 3))  # r0 to r2 are labelled
    with pytest.raises(BlendkitError, match="--test: the rounds learn from 3"):
        fit_rounds(RoundsRequest(HeadRequest(tmp_path, ROWS), Rounds(), test=T, test_labels=Path("t.csv")))
    assert calls["rounds"] == []


@pytest.mark.parametrize(
    "change",
    [{"unlabelled": None}, {"pseudo": Path("p")}],
)
def test_rounds_make_their_own_pseudo_labels(tmp_path: Path, change: dict[str, Any]) -> None:
    with pytest.raises(BlendkitError, match="rounds make their own pseudo-labels"):
        fit_rounds(RoundsRequest(HeadRequest(tmp_path, replace(ROWS, **change))))


def test_a_test_needs_its_labels(tmp_path: Path) -> None:
    for one_of_two in ({"test": T}, {"test_labels": T}):
        with pytest.raises(BlendkitError) as caught:
            fit_rounds(RoundsRequest(HeadRequest(tmp_path, ROWS), **one_of_two))  # type: ignore[arg-type]
        assert "--test and --test-labels belong together" in caught.value.problems


def test_inflation_is_unknown_without_unseen_recordings() -> None:
    assert [r["inflation"] for r in _figures([[one(0.5, None), one(0.7, 0.6)]], "chunk")] == [None, None]
    assert [r["inflation"] for r in _figures([[one(0.5, 0.5), one(0.7, 0.6)]], "clip")] == [None, None]
    (first,) = _figures([[one(0.5, 0.5)]], "chunk")
    assert (first["rows"], first["cells"], first["counted"], first["inflation"]["mean"]) == (3, 4, 0.5, 0.0)


def test_rules_that_contradict_each_other_stop_the_rounds(calls: dict[str, Any], tmp_path: Path) -> None:
    rules = GateRules(least=0.5, floor=0.4, whole_rows=True, negative_below=0.1)
    with pytest.raises(BlendkitError, match="these gates cannot be made") as caught:
        fit_rounds(RoundsRequest(HeadRequest(tmp_path, ROWS), Rounds(rules=rules)))
    assert [p.split()[0] for p in caught.value.problems] == ["--floor", "--whole-rows"]
    assert "prepared" not in calls
