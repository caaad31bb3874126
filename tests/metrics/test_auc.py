from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from blendkit.errors import BlendkitError
from blendkit.metrics.auc import macro_auc
from blendkit.metrics.kernels.ranking import doubled_ranks
from blendkit.testing.op_checks import scores_strategy

Truth = NDArray[np.bool_]
Values = NDArray[np.float64]
BY_HAND: list[tuple[list[int], list[float], float]] = [
    ([0, 1], [0, 1], 1.0),
    ([1, 0], [0, 1], 0.0),
    ([1, 0], [3, 3], 0.5),
    ([1, 0, 0], [2, 2, 1], 0.75),  # one tie counts half, one pair won
    ([1, 1, 0, 0], [4, 2, 3, 1], 0.75),
    ([1, 0, 0, 0], [-0.0, 0.0, -1, 1], 0.5),  # -0.0 ties with 0.0
    ([1, 0], [math.inf, -math.inf], 1.0),
    ([0, 0, 1, 1, 1], [1, 2, 1, 2, 3], 4.0 / 6.0),
]


def oracle(y: NDArray[Any], x: NDArray[Any]) -> float:
    """Win, tie and lose over every pair; nan where there are none."""
    pairs = [(p, n) for p in x[y] for n in x[~y]]
    won = sum((2 if p > n else 1 if p == n else 0) for p, n in pairs)
    return float(Fraction(won, 2 * len(pairs))) if pairs else math.nan


def example(seed: int, n: int = 120, c: int = 6, levels: int = 15) -> tuple[Truth, Values]:
    rng = np.random.default_rng(seed)
    return rng.random((n, c)) < 0.2, np.round(rng.standard_normal((n, c)) * levels) / levels


@st.composite
def cases(draw: Any) -> tuple[Truth, Values]:
    x = draw(scores_strategy(max_rows=14, max_classes=5))
    return draw(hnp.arrays(np.bool_, x.shape)), x


@pytest.mark.parametrize(("y", "x", "expected"), BY_HAND)
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_auc_by_hand(y: list[int], x: list[float], expected: float, kind: type) -> None:
    result = macro_auc(np.array([y]).T == 1, np.array([x], kind).T)
    assert result.per_class.tolist() == [expected]
    assert result.macro == expected


@settings(max_examples=25)
@given(cases())
def test_every_class_equals_its_pair_counts_exactly(case: tuple[Truth, Values]) -> None:
    y, x = case
    expected = [oracle(y[:, c], x[:, c]) for c in range(y.shape[1])]
    np.testing.assert_array_equal(macro_auc(y, x).per_class, expected)


@pytest.mark.parametrize("seed", range(5))
def test_every_class_equals_sklearn(seed: int) -> None:
    y, x = example(seed)
    expected = [roc_auc_score(y[:, c], x[:, c]) for c in range(y.shape[1])]
    result = macro_auc(y, x)
    np.testing.assert_allclose(result.per_class, expected, rtol=0, atol=1e-15)
    assert result.macro == pytest.approx(roc_auc_score(y, x, average="macro"), abs=1e-15)


@settings(max_examples=25)
@given(cases(), st.randoms(use_true_random=False))
def test_macro_has_the_same_bits_in_any_order(case: tuple[Truth, Values], random: Any) -> None:
    y, x = case
    rows, columns = list(range(len(y))), list(range(y.shape[1]))
    random.shuffle(rows)
    random.shuffle(columns)
    there = macro_auc(y, x)
    shuffled = macro_auc(y[np.ix_(rows, columns)], x[np.ix_(rows, columns)])
    np.testing.assert_array_equal(shuffled.macro, there.macro)  # nan equals nan here
    np.testing.assert_array_equal(shuffled.per_class, there.per_class[columns])


def test_macro_does_not_depend_on_the_order_of_many_classes() -> None:
    y, x = example(1, n=80, c=203)
    orders = [np.random.default_rng(seed).permutation(203) for seed in range(20)]
    results = [macro_auc(y[:, order], x[:, order]) for order in orders]
    assert len({r.macro for r in results}) == 1
    assert len({float(np.nansum(r.per_class)) for r in results}) > 1  # a plain sum does depend on it


@settings(max_examples=25)
@given(cases())
def test_strictly_increasing_maps_change_nothing(case: tuple[Truth, Values]) -> None:
    y, x = case
    before = macro_auc(y, x).per_class
    ranks = doubled_ranks(x).astype(np.float64)
    for mapped in (ranks, np.exp2(ranks / 4), -1 / ranks, 1 / (1 + np.exp(-ranks / 8))):
        np.testing.assert_array_equal(macro_auc(y, mapped).per_class, before)


@settings(max_examples=25)
@given(cases())
def test_reversed_scores_give_the_complement(case: tuple[Truth, Values]) -> None:
    y, x = case
    np.testing.assert_allclose(macro_auc(y, -x).per_class, 1 - macro_auc(y, x).per_class, atol=1e-15)


def test_a_wrong_order_lowers_the_figure() -> None:
    """Guards the invariance tests above: a map that is not monotone is seen."""
    y, x = example(0)
    assert macro_auc(y, np.abs(x)).macro != macro_auc(y, x).macro


def test_classes_without_positives_or_negatives_are_skipped() -> None:
    y = np.array([[1, 0, 1, 0], [0, 0, 1, 1], [0, 0, 1, 0]], bool)
    x = np.array([[3.0, 1, 1, 1], [2, 1, 2, 0], [1, 1, 3, 1]])
    result = macro_auc(y, x)
    assert result.scored.tolist() == [0, 3]
    assert result.skipped.tolist() == [1, 2]
    np.testing.assert_array_equal(result.per_class, [1.0, math.nan, math.nan, 0.0])
    assert result.macro == 0.5


def test_a_table_of_the_classes() -> None:
    found = macro_auc(np.array([[1, 1], [0, 1]]), np.array([[0.9, 0.1], [0.2, 0.1]])).to_frame(["owl", "frog"])
    assert list(found.columns) == ["auc"]
    assert found.index.name == "class"
    assert found.loc["owl", "auc"] == 1
    assert math.isnan(found.loc["frog", "auc"])


def test_nothing_to_score_gives_nan() -> None:
    result = macro_auc(np.zeros((4, 2), bool), np.zeros((4, 2)))
    assert math.isnan(result.macro)
    assert result.skipped.tolist() == [0, 1]
    assert result.scored.tolist() == []


def test_all_tied_is_exactly_half() -> None:
    y, _ = example(2)
    assert macro_auc(y, np.full(y.shape, 0.1)).per_class.tolist() == [0.5] * y.shape[1]


def test_nan_is_refused_with_its_row_and_class() -> None:
    y, x = example(0, n=10, c=4)
    x[7, 2] = x[8, 1] = math.nan
    with pytest.raises(BlendkitError, match=r"NaN in 2 cells.*row 7.*class 2"):
        macro_auc(y, x)


@pytest.mark.parametrize(("truth", "scores"), [((3, 2), (3, 1)), ((3, 2), (2, 2)), ((3,), (3,))])
def test_other_shapes_are_refused_with_both(truth: tuple[int, ...], scores: tuple[int, ...]) -> None:
    with pytest.raises(BlendkitError) as caught:
        macro_auc(np.zeros(truth, bool), np.zeros(scores))
    assert str(truth) in str(caught.value)
    assert str(scores) in str(caught.value)


def test_a_row_mask_equals_leaving_the_rows_out() -> None:
    y, x = example(4)
    mask = np.random.default_rng(0).random(len(y)) < 0.5
    result, expected = macro_auc(y, x, mask), macro_auc(y[mask], x[mask])
    np.testing.assert_array_equal(result.per_class, expected.per_class)
    assert result.macro == expected.macro
    assert result.macro != macro_auc(y, x).macro


def test_a_cell_mask_leaves_out_other_rows_per_class() -> None:
    y, x = example(5)
    mask = np.random.default_rng(1).random(y.shape) < 0.5
    mask[:, 2] = False  # nothing known of this class
    expected = [oracle(y[m, c], x[m, c]) for c, m in enumerate(mask.T)]
    result = macro_auc(y, x, mask)
    np.testing.assert_array_equal(result.per_class, expected)
    assert 2 in result.skipped


def test_a_full_mask_changes_nothing() -> None:
    y, x = example(6)
    for mask in (np.ones(len(y), bool), np.ones(y.shape, bool)):
        np.testing.assert_array_equal(macro_auc(y, x, mask).per_class, macro_auc(y, x).per_class)


def test_an_empty_mask_skips_every_class() -> None:
    y, x = example(6)
    assert len(macro_auc(y, x, np.zeros(len(y), bool)).scored) == 0


def test_pair_counts_do_not_overflow() -> None:
    n = 200_000  # 2 P N = 2e10 does not fit in 32 bits
    y = (np.arange(n) >= n // 2)[:, None]
    assert macro_auc(y, np.arange(n, dtype=np.float64)[:, None]).macro == 1.0
    assert macro_auc(y, np.zeros((n, 1), np.float32)).macro == 0.5


def test_nothing_is_written_to_its_arguments() -> None:
    y, x = example(7)
    mask = np.ones(y.shape, bool)
    for array in (y, x, mask):
        array.setflags(write=False)
    assert 0 < macro_auc(y, x, mask).macro < 1


@pytest.mark.parametrize(
    ("y", "says"),
    [
        ([[math.nan], [0], [1], [0]], "truth is nan at row 0, class 0"),
        ([[0], [0], [2], [0]], "truth is 2 at row 2, class 0"),
        ([[0.3], [0.1], [1], [0]], "truth comes first, scores come second"),
    ],
)
def test_truth_is_0_or_1(y: list[list[float]], says: str) -> None:
    scores = np.array([[0.1], [0.2], [0.3], [0.4]])
    with pytest.raises(BlendkitError, match=says):
        macro_auc(np.array(y), scores)
    assert macro_auc(np.array([[0.0], [0], [1], [1]]), scores).macro == 1  # type: ignore[arg-type]


@pytest.mark.parametrize("given", [[[True], [False]], {"x": [1, 0]}])
def test_what_is_no_array_is_named(given: Any) -> None:
    x = np.array([[0.1], [0.2]])
    with pytest.raises(BlendkitError, match=f"truth is a {type(given).__name__}, expected an array"):
        macro_auc(given, x)
    with pytest.raises(BlendkitError, match="scores is a list, expected an array"):
        macro_auc(x > 0.15, x.tolist())  # type: ignore[arg-type]


def test_whole_numbers_that_float64_cannot_hold_apart_are_refused() -> None:
    y, x = np.array([[False], [True]]), np.array([[0], [1]])
    assert macro_auc(y, x + 2**52).macro == 1.0
    with pytest.raises(BlendkitError, match=r"beyond 2\^53"):
        macro_auc(y, x + 2**60)
