from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import expit

from blendkit.core.rows import fold_of
from blendkit.metrics import macro_auc
from blendkit.training import rounds
from blendkit.training.cross_fit import Fit, logits_of
from blendkit.training.examples import Examples
from blendkit.training.inflation_intervals import inflation_of
from blendkit.training.rounds import _Ensemble, _pseudo_behind, _teachers, label, run_rounds
from blendkit.training.settings import GateRules, Rounds

Make = Callable[..., Examples]
NONE = np.empty(0)
BARE = Fit(NONE, NONE, NONE, (), None, [], [], NONE)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def unlabelled(make_examples: Make) -> Examples:
    e = make_examples(0, 24, "pseudo", seed=4, prefix="u")
    return replace(e, targets=np.zeros_like(e.targets))


def test_sure_cells_become_soft_targets(fitted: Any, unlabelled: Examples) -> None:
    made = label(fitted.head, unlabelled, GateRules(least=0.6, percentile=50.0, power=2.0, soft=True)).examples
    p = expit(logits_of(fitted.head, unlabelled).astype(np.float64))
    cells = (p >= 0.6) & (p >= np.percentile(p, 50, axis=0))
    rows = np.flatnonzero(cells.any(axis=1))
    assert made.row_ids.tolist() == unlabelled.row_ids[rows].tolist()
    np.testing.assert_allclose(made.targets, np.where(cells, p**2, 0)[rows], atol=1e-6)
    assert len(label(fitted.head, unlabelled, GateRules(least=1.0)).examples) == 0


def test_an_honest_fold_has_its_own_teacher(fitted: Any, unlabelled: Examples) -> None:
    how = Rounds()
    pseudo, dealt = _teachers(fitted, unlabelled, how, 3)
    assert dealt is None
    for f in range(3):
        own = label(fitted.heads[f], unlabelled, how.rules)
        np.testing.assert_array_equal(pseudo[f].examples.targets, own.examples.targets)
    whole = label(fitted.head, unlabelled, how.rules)
    np.testing.assert_array_equal(pseudo[None].examples.targets, whole.examples.targets)


def test_the_naive_teacher_has_seen_every_fold(fitted: Any, unlabelled: Examples) -> None:
    pseudo, dealt = _teachers(fitted, unlabelled, Rounds(naive=True), 3)
    everyone = pseudo[None].examples
    mean = np.mean([logits_of(h, unlabelled) for h in fitted.heads], axis=0)
    np.testing.assert_allclose(logits_of(_Ensemble(fitted.heads), unlabelled), mean, atol=1e-5)
    at = fold_of(sorted(set(everyone.recording.tolist())), 3)
    assert dealt is not None
    for f, part in dealt.items():
        assert {at[r] for r in part.examples.recording.tolist()} <= {f}
        assert f not in {at[r] for r in pseudo[f].examples.recording.tolist()}


def test_rounds_report_what_they_count(
    make_examples: Make, head_fit: Any, unlabelled: Examples, tmp_path: Path
) -> None:
    short = replace(head_fit, schedule=replace(head_fit.schedule, epochs=2))
    test = make_examples(0, 18, seed=7, prefix="t")
    honest = run_rounds(make_examples(), unlabelled, short, Rounds(rounds=1), tmp_path / "h", test)
    naive = run_rounds(make_examples(), unlabelled, short, Rounds(rounds=1, naive=True), tmp_path / "n", test)
    assert honest[0].rows == 0
    assert honest[1].rows > 0
    assert honest[1].cells >= honest[1].rows
    assert honest[0].counted == naive[0].counted
    assert set(honest[0].unseen) == {"chunk"}
    assert honest[1].counted != naive[1].counted
    e, fit = make_examples(), honest[1].fit
    own = [(e.kind == "chunk") & (fit.fold == f) for f in range(3)]  # of the kind that is judged on, fold by fold
    assert honest[1].counted == pytest.approx(np.mean([macro_auc(e.targets[m] > 0.5, fit.oof[m]).macro for m in own]))
    over = inflation_of([[r.judged for r in honest]])  # type: ignore[misc]
    fold_heads = [[macro_auc(test.targets > 0.5, logits_of(h, test)).macro for h in r.fit.heads] for r in honest]
    rise = [r.counted - np.mean(u) for r, u in zip(honest, fold_heads, strict=True)]
    assert over[1]["mean"] == pytest.approx(rise[1] - rise[0])
    assert over[1]["low"] <= over[1]["mean"] <= over[1]["high"]
    other = run_rounds(make_examples(), unlabelled, short, Rounds(rounds=1), tmp_path / "o", test, split=1)
    assert not np.array_equal(other[0].fit.fold, honest[0].fit.fold)
    names = [{c for p in r[0].judged.counted for c in p.cluster} for r in (other, honest)]  # type: ignore[union-attr]
    assert names[0] == names[1]
    assert sorted(p.name for p in (tmp_path / "h").iterdir()) == ["round0", "round1"]


def test_a_rounds_heads_saw_what_their_teachers_saw() -> None:
    def fit(*seen: str) -> Fit:
        each = {f: frozenset(s.split()) for f, s in zip((0, 1, None), seen, strict=True)}
        return replace(BARE, pseudo_recordings=each)

    first, second = fit("a", "b", "a b"), fit("c", "", "d")
    assert _pseudo_behind(second, first, naive=False) == {0: {"a", "c"}, 1: {"b"}, None: {"a", "b", "d"}}
    assert _pseudo_behind(second, first, naive=True) == {0: {"a", "b", "c"}, 1: {"a", "b"}, None: {"a", "b", "d"}}
    assert _pseudo_behind(first, BARE, naive=False) == first.pseudo_recordings


def test_every_round_adds_its_recordings(
    fitted: Any, make_examples: Make, head_fit: Any, unlabelled: Examples, tmp_path: Path, monkeypatch: Any
) -> None:
    calls: list[Any] = []

    def fit_seqhead(*args: Any, pseudo: Any = None, **more: Any) -> Fit:
        calls.append(pseudo)
        seen = {0: frozenset({f"round{len(calls) - 1}"}), None: frozenset[str]()} if pseudo else {}
        return replace(fitted, pseudo_recordings=seen)

    monkeypatch.setattr(rounds, "fit_seqhead", fit_seqhead)
    made = run_rounds(make_examples(), unlabelled, head_fit, Rounds(rounds=2), tmp_path)
    assert [r.fit.pseudo_recordings.get(0) for r in made] == [None, {"round1"}, {"round1", "round2"}]


def test_unsure_cells_are_masked_in_rounds_too(fitted: Any, unlabelled: Examples) -> None:
    p = expit(logits_of(fitted.head, unlabelled).astype(np.float64))
    made = label(fitted.head, unlabelled, GateRules(least=0.6, negative_below=0.3, soft=True))
    rows = np.flatnonzero((p >= 0.6).any(axis=1))
    assert made.examples.counts is not None
    np.testing.assert_array_equal(made.examples.counts, ((p >= 0.6) | (p < 0.3))[rows])
    np.testing.assert_array_equal(made.cells, (p >= 0.6)[rows])


def test_whole_rows_have_soft_targets_and_the_same_labels(
    fitted: Any, make_examples: Make, unlabelled: Examples
) -> None:
    rules = GateRules(least=0.6, whole_rows=True, soft=True)
    made = label(fitted.head, unlabelled, rules)
    assert (made.examples.targets > 0).all()
    assert made.examples.counts is None
    assert not made.cells.all()
    # the naive protocol judges on the labels, not on whatever is above 0
    judged = rounds._counted(make_examples(), fitted, 0, _teachers(fitted, unlabelled, Rounds(1, rules, True), 3)[1])
    own = (make_examples().kind == "chunk") & (fitted.fold == 0)
    dealt = _teachers(fitted, unlabelled, Rounds(1, rules, True), 3)[1]
    assert dealt is not None
    np.testing.assert_array_equal(judged.truth[int(own.sum()) :], dealt[0].cells)


def test_masked_cells_of_its_own_labels_do_not_count(fitted: Any, make_examples: Make, unlabelled: Examples) -> None:
    rules = GateRules(least=0.6, negative_below=0.3, soft=True)
    dealt = _teachers(fitted, unlabelled, Rounds(1, rules, True), 3)[1]
    assert dealt is not None
    judged = rounds._counted(make_examples(), fitted, 0, dealt)
    made = dealt[0].examples
    assert made.counts is not None
    assert judged.counts is not None
    assert not made.counts.all()
    np.testing.assert_array_equal(judged.counts[-len(made) :], made.counts)
