from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from blendkit.errors import BlendkitError
from blendkit.metrics.auc import macro_auc
from blendkit.searching.coordinate_ascent import ascend, ascend_groups
from blendkit.searching.greedy_selection import greedy
from blendkit.searching.held_out_gain import divisions, guard, word_for

Scores = dict[str, NDArray[np.float64]]
RECORDINGS = [f"r{i // 6}" for i in range(120)]


def made(seed: int = 0, members: int = 4, digits: int = 1) -> tuple[NDArray[np.bool_], Scores]:
    """Tied scores of members that are each good at something else."""
    rng = np.random.default_rng(seed)
    y = np.repeat(rng.random((20, 5)) < 0.5, 6, axis=0) & (rng.random((120, 5)) < 0.6)
    return y, {
        f"m{i}": np.round(rng.standard_normal(y.shape) + y * rng.uniform(0.3, 1.5, 5), digits) for i in range(members)
    }


def oracle(y: NDArray[np.bool_], x: NDArray[Any]) -> float:
    return float(np.mean([roc_auc_score(y[:, c], x[:, c]) for c in range(y.shape[1]) if 0 < y[:, c].sum() < len(y)]))


def naive_greedy(y: NDArray[np.bool_], scores: Scores, steps: int) -> tuple[list[str], list[float]]:
    picks: list[str] = []
    curve = []
    total = np.zeros(y.shape)
    for _ in range(steps):
        tries = [(-round(oracle(y, total + x), 12), len({*picks, n}), i, n) for i, (n, x) in enumerate(scores.items())]
        best = min(tries)
        picks.append(best[3])
        total = total + scores[best[3]]
        curve.append(-best[0])
    return picks, curve


# --- greedy -------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(2))
def test_greedy_is_the_naive_loop(seed: int) -> None:
    y, scores = made(seed)
    whole = {n: np.rint(x * 10) for n, x in scores.items()}  # whole numbers: sums tie exactly in both
    found = greedy(y, whole, 12)
    picks, curve = naive_greedy(y, whole, 12)
    assert found.curve == pytest.approx(curve, abs=1e-11)
    best = max(range(12), key=lambda i: (round(curve[i], 11), -len(set(picks[: i + 1])), -i))
    assert found.picks == tuple(picks[: best + 1])
    assert found.weights == {n: found.picks.count(n) for n in scores}
    assert found.macro == macro_auc(y, np.sum([whole[n] for n in found.picks], axis=0)).macro


def test_ties_take_the_fewest_members_then_the_first() -> None:
    y, scores = made(1, members=1)
    twins = {"b": scores["m0"], "a": scores["m0"].copy()}
    found = greedy(y, twins, 5)
    assert found.picks == ("b",)  # all prefixes tie: the shortest, of the first member
    assert found.weights == {"b": 1, "a": 0}
    assert len(set(found.curve.tolist())) == 1


def test_greedy_learns_from_the_cells_that_count_alone() -> None:
    y, scores = made(2)
    rows = np.arange(120) < 66
    cut = greedy(y[rows], {n: x[rows] for n, x in scores.items()}, 6)
    for mask in (rows, np.repeat(rows[:, None], 5, axis=1)):
        hidden = {n: np.where(rows[:, None], x, np.nan) for n, x in scores.items()}
        found = greedy(y, hidden, 6, mask)
        assert (found.picks, found.macro) == (cut.picks, cut.macro)
    cells = np.ones(y.shape, bool)
    cells[:, 3] = False
    less = greedy(np.delete(y, 3, 1), {n: np.delete(x, 3, 1) for n, x in scores.items()}, 6)
    assert greedy(y, scores, 6, cells).picks == less.picks


def test_an_uncovered_class_is_nobodys_gain() -> None:
    y, scores = made(3, members=2)
    covered = {"m0": np.array([True] * 5), "m1": np.array([True, True, False, True, True])}
    filled = {n: np.where(covered[n], x, 0.0) for n, x in scores.items()}
    assert greedy(y, scores, 6, covered=covered).macro == greedy(y, filled, 6).macro


def test_arguments_stay_as_they_are() -> None:
    y, scores = made(4)
    before = {n: x.copy() for n, x in scores.items()}
    greedy(y, scores, 3)
    ascend(y, scores, grid=11)
    assert all(np.array_equal(before[n], x) for n, x in scores.items())


@given(st.integers(0, 10_000))
def test_the_order_of_rows_and_classes_does_not_matter(seed: int) -> None:
    y, scores = made(seed % 50, members=3)
    rng = np.random.default_rng(seed)
    rows, classes = rng.permutation(120), rng.permutation(5)
    moved = {n: np.rint(x * 10)[rows][:, classes] for n, x in scores.items()}
    found = greedy(y, {n: np.rint(x * 10) for n, x in scores.items()}, 4)
    again = greedy(y[rows][:, classes], moved, 4)
    assert (found.picks, found.macro) == (again.picks, again.macro)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda y, s: greedy(y, s, 0), "at least one step"),
        (lambda y, s: greedy(y, {}), "needs scores"),
        (lambda y, s: greedy(np.zeros_like(y), s), "both positives and negatives"),
        (lambda y, s: greedy(y, {"m0": s["m0"][:, :2]}), "'m0'"),
        (lambda y, s: greedy(y, {"m0": np.full(y.shape, np.nan)}), "row 0, class 0"),
        (lambda y, s: ascend(y, s, grid=1), "at least two points"),
        (lambda y, s: ascend(y, s, start={"m9": 1}), "'m9'"),
        (lambda y, s: ascend(y, s, start={"m0": -1}), "negative"),
        (lambda y, s: ascend(y, s, start={"m0": 0}), "all weights are 0"),
        (lambda y, s: ascend_groups(y, s, ["a"]), "1 groups for 5 classes"),
    ],
)
def test_what_cannot_be_searched_is_refused(call: Any, says: str) -> None:
    y, scores = made()
    with pytest.raises(BlendkitError, match=says):
        call(y, scores)


# --- coordinate ascent --------------------------------------------------------------------------


def mean(scores: Scores, weights: Mapping[str, float]) -> NDArray[np.float64]:
    return np.asarray(sum(w * scores[n] for n, w in weights.items()))


@pytest.mark.parametrize("seed", range(3))
def test_ascent_is_never_below_where_it_started(seed: int) -> None:
    y, scores = made(seed, digits=6)
    found = ascend(y, scores)
    assert sum(round(w * 10**6) for w in found.weights.values()) == 10**6
    assert found.macro == pytest.approx(oracle(y, mean(scores, found.weights)), abs=1e-12)
    starts = [dict.fromkeys(scores, 0.25), *({n: float(n == m) for n in scores} for m in scores)]
    assert found.macro >= max(oracle(y, mean(scores, w)) for w in starts) - 1e-6
    assert found.weighed == 1001 * 4 * found.passes


def test_two_members_reach_the_best_point_of_their_line() -> None:
    y, scores = made(5, members=2, digits=6)
    found = ascend(y, scores, grid=41)
    line = [oracle(y, (1 - k / 40) * scores["m0"] + k / 40 * scores["m1"]) for k in range(41)]
    assert found.macro == pytest.approx(max(line), abs=1e-9)


def test_a_start_is_climbed_from() -> None:
    y, scores = made(6, digits=6)
    start = {"m0": 3, "m2": 1}
    found = ascend(y, scores, start=start, grid=11)
    assert found.macro >= oracle(y, mean(scores, {"m0": 0.75, "m2": 0.25})) - 1e-6


def test_groups_do_not_touch_each_other() -> None:
    y, scores = made(7, digits=6)
    groups = ["x", "y", "x", "y", "y"]
    found = ascend_groups(y, scores, groups, grid=51)
    for g in "xy":
        columns = [c for c in range(5) if groups[c] == g]
        alone = ascend(y[:, columns], {n: x[:, columns] for n, x in scores.items()}, grid=51)
        assert found[g].weights == alone.weights
    y[:, 0] = y[:, 2] = False
    assert set(ascend_groups(y, scores, groups, grid=11)) == {"y"}


# --- guard --------------------------------------------------------------------------------------


def searched(y: NDArray[np.bool_], scores: Scores) -> Any:
    def fit(cells: NDArray[np.bool_]) -> NDArray[np.float64]:
        return mean(scores, greedy(y, scores, 5, cells).weights)

    return fit


def test_a_guarded_search_is_the_loop_by_hand() -> None:
    y, scores = made(8)
    halves = divisions(RECORDINGS, 2, 2)
    fit = searched(y, scores)
    found = guard(y, scores, fit, halves, RECORDINGS, before=scores["m1"], replicates=50)
    everything = np.ones(y.shape, bool)
    wins = {"nested": np.zeros(y.shape[1]), "alone": np.zeros(y.shape[1])}
    for half in halves:
        for part in "01":
            out = np.array(half) == part
            seen = everything & ~out[:, None]
            best = max(scores, key=lambda n: macro_auc(y, scores[n], seen).macro)
            for name, x in (("nested", fit(seen)), ("alone", scores[best])):
                for c in range(y.shape[1]):
                    above = x[y[:, c] & out, c][:, None] - x[~y[:, c], c]
                    wins[name][c] += ((above > 0) + 0.5 * (above == 0)).sum() / 2
    pairs = y.sum(axis=0) * (~y).sum(axis=0)
    nested, alone = (float((wins[n] / pairs).mean()) for n in ("nested", "alone"))
    assert found.nested == pytest.approx(nested, abs=1e-15)
    assert found.alone == pytest.approx(alone, abs=1e-15)
    assert found.gain.estimate == pytest.approx(nested - alone, abs=1e-15)
    assert found.gain_over_before is not None
    assert found.gain_over_before.estimate == pytest.approx(nested - macro_auc(y, scores["m1"]).macro, abs=1e-15)
    assert found.in_sample == macro_auc(y, fit(everything)).macro
    assert found.optimism == found.in_sample - found.nested
    best = max(scores, key=lambda n: macro_auc(y, scores[n]).macro)
    assert (found.best_member, found.parts) == (best, 4)


def test_noise_is_no_gain_and_errors_that_cancel_are_one() -> None:
    rng = np.random.default_rng(0)
    y, scores = made(9, digits=6)
    noise = {"good": scores["m0"], **{f"n{i}": rng.standard_normal(y.shape) for i in range(8)}}
    halves = divisions(RECORDINGS, 4, 2)
    assert guard(y, noise, searched(y, noise), halves, RECORDINGS, replicates=200).judgement != "real"
    shared = rng.standard_normal(y.shape)
    pair = {"a": y + 2 * shared, "b": y - 2 * shared + 0.1 * rng.standard_normal(y.shape)}
    found = guard(y, pair, searched(y, pair), halves, RECORDINGS, replicates=200)
    assert found.judgement == "real"
    assert found.gain.low > 0


@pytest.mark.parametrize(
    ("better", "expected"),
    [(1.0, "real"), (0.7, "real"), (0.69, "undecided"), (0.31, "undecided"), (0.3, "not"), (0, "not"),
     (float("nan"), "undecided")],
)  # fmt: skip
def test_one_rule_gives_the_word(better: float, expected: str) -> None:
    assert word_for(better) == expected


def test_parts_are_of_whole_recordings_in_any_order() -> None:
    first, second = divisions(RECORDINGS, 4, 2)
    assert first != second
    for parts in (first, second):
        assert set(parts) == set("0123")
        assert all(len({p for p, r in zip(parts, RECORDINGS, strict=True) if r == n}) == 1 for n in set(RECORDINGS))
        assert {parts.count(p) for p in "0123"} == {30}  # five recordings of six chunks
    assert divisions(RECORDINGS[::-1], 4, 2) == [first[::-1], second[::-1]]
    assert divisions(RECORDINGS, 4, 1, seed=1) != [first]
    assert sorted(divisions(["a", "b"], 4, 1)[0]) == ["0", "1"]


def test_a_division_without_labels_on_one_side_is_not_used() -> None:
    y, scores = made()
    y[:] = False
    y[:3, 0] = True  # in one recording: without it nothing is left to search
    with pytest.raises(BlendkitError, match="too few labels to hold any out"):
        guard(y, scores, searched(y, scores), divisions(RECORDINGS, 2, 3), RECORDINGS)


@pytest.mark.parametrize(
    ("folds", "says"),
    [
        ([0] * 120, "at least two folds to hold out, found 1"),
        ([i % 2 for i in range(120)], "20 clusters are split over several folds"),
    ],
)
def test_folds_that_hold_nothing_out_are_refused(folds: list[int], says: str) -> None:
    y, scores = made()
    with pytest.raises(BlendkitError, match=says):
        guard(y, scores, searched(y, scores), [folds], RECORDINGS)
