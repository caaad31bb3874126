from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from blendkit.metrics.kernels.ranking import doubled_ranks
from blendkit.ops.blends import direct, integer_weights, logit_mean, logit_sum, prob_mean, rank_mean

MEANS = [logit_mean, prob_mean, direct]


def column(*weights: float, classes: int = 1) -> NDArray[np.float64]:
    """Relative weights (K, C), the same for every class."""
    return np.repeat(np.array([weights], np.float64).T, classes, axis=1)


def ranks(*streams: Sequence[float]) -> list[NDArray[np.int32]]:
    return [doubled_ranks(np.array([s], np.float64).T) for s in streams]


def exact_mean(streams: list[NDArray[np.int32]], weights: Sequence[Fraction]) -> list[float]:
    """The weighted percentile rank of every row of one class, in exact arithmetic, rounded once."""
    n = len(streams[0])
    cells = np.concatenate(streams, axis=1).tolist()
    return [float(sum(w * r for w, r in zip(weights, row, strict=True)) / (2 * n * sum(weights))) for row in cells]


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        ((0.93, 0.07), [93, 7]),
        ((93, 7), [93, 7]),
        ((9.3, 0.7), [93, 7]),
        ((1, 1), [1, 1]),
        ((2, 4, 6), [1, 2, 3]),
        ((0.1, 0.2, 0.7), [1, 2, 7]),
        ((0, 0), [0, 0]),
        ((0, 5), [0, 1]),
        ((1e-9,), [1]),
        ((0.123456789, 1), [123456789, 1000000000]),
        ((1 / 3, 2 / 3), None),
        ((0.1234567891, 1), None),
        ((1e-10, 1), None),
    ],
)
def test_weights_become_the_smallest_integers(weights: tuple[float, ...], expected: list[int] | None) -> None:
    whole = integer_weights(column(*weights))
    assert (whole if whole is None else whole[:, 0].tolist()) == expected


def test_rank_mean_by_hand() -> None:
    # percentile ranks 1/3, 2/3, 1 and 1, 1/2, 1/2
    blend = rank_mean(*ranks([1, 2, 3], [9, 5, 5]), weights=column(3, 1))
    assert blend[:, 0].tolist() == [float(Fraction(1, 2)), float(Fraction(5, 8)), float(Fraction(7, 8))]
    assert blend.dtype == np.float64


def test_one_stream_gives_its_percentile_ranks() -> None:
    blend = rank_mean(*ranks([5, 1, 1, 7]), weights=column(0.3))
    assert blend[:, 0].tolist() == [0.75, 0.375, 0.375, 1.0]


def test_equal_blends_tie_exactly() -> None:
    """Seven ranks less of the first weigh as much as 93 more of the second; float sums miss it."""
    first = np.array([[28], [21], [14], [7]], np.int32)
    second = np.array([[2], [95], [188], [281]], np.int32)
    blend = rank_mean(first, second, weights=column(0.93, 0.07))
    assert len(set(blend[:, 0].tolist())) == 1
    naive = 0.93 * (first / 8) + 0.07 * (second / 8)
    assert len(set(naive[:, 0].tolist())) > 1  # the trap is real


@given(
    st.lists(st.tuples(st.integers(-3, 3), st.integers(-3, 3), st.integers(-3, 3)), min_size=1, max_size=30),
    st.lists(st.integers(0, 10**9), min_size=3, max_size=3).filter(any),
)
def test_rank_mean_is_exact_and_ties_exactly(rows: list[tuple[int, int, int]], billionths: list[int]) -> None:
    streams = ranks(*zip(*rows, strict=True))
    weights = [Fraction(b, 10**9) for b in billionths]
    blend = rank_mean(*streams, weights=column(*map(float, weights)))[:, 0].tolist()
    # every integer stays below 2**53, so a single division rounds once
    assert blend == exact_mean(streams, weights)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=2, max_size=40))
def test_weights_in_any_unit_give_the_same_bits(rows: list[tuple[int, int]]) -> None:
    streams = ranks(*zip(*rows, strict=True))
    blends = [rank_mean(*streams, weights=column(*w)).tobytes() for w in ((0.93, 0.07), (93, 7), (9.3, 0.7))]
    assert len(set(blends)) == 1


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=2, max_size=40),
    st.randoms(use_true_random=False),
)
def test_row_order_gives_the_same_bits(rows: list[tuple[int, int]], random: Any) -> None:
    order = list(range(len(rows)))
    random.shuffle(order)
    weights = column(0.93, 0.07)
    there = rank_mean(*ranks(*zip(*rows, strict=True)), weights=weights)
    reordered = rank_mean(*ranks(*zip(*[rows[i] for i in order], strict=True)), weights=weights)
    assert reordered.tobytes() == there[order].tobytes()


def test_order_of_streams_gives_the_same_bits() -> None:
    a, b, c = ranks([1, 2, 3, 3], [4, 4, 1, 2], [9, 8, 7, 9])
    there = rank_mean(a, b, c, weights=column(0.5, 0.3, 0.2))
    assert rank_mean(c, a, b, weights=column(0.2, 0.5, 0.3)).tobytes() == there.tobytes()


def test_longer_weights_fall_back_to_float64() -> None:
    streams = ranks([1, 2, 3, 4], [4, 3, 3, 1])
    blend = rank_mean(*streams, weights=column(1 / 3, 2 / 3))
    np.testing.assert_allclose(blend[:, 0], exact_mean(streams, [Fraction(1), Fraction(2)]), rtol=1e-15)


def test_sums_beyond_int64_fall_back_to_float64() -> None:
    streams = ranks(range(20), range(20, 0, -1))
    blend = rank_mean(*streams, weights=column(1e9, 1e-9))
    expected = exact_mean(streams, [Fraction(10**18), Fraction(1)])
    np.testing.assert_allclose(blend[:, 0], expected, rtol=1e-15)


def test_a_total_weight_beyond_int64_falls_back_to_float64() -> None:
    """Ten of the largest weights a recipe allows: their very sum does not fit in int64."""
    streams = ranks(*[range(4)] * 11)
    blend = rank_mean(*streams, weights=column(*[1e9] * 10, 1e-9))
    np.testing.assert_allclose(blend[:, 0], [0.25, 0.5, 0.75, 1.0], rtol=1e-12)


def test_weights_are_normalised_per_class() -> None:
    """The second stream does not cover class 1, the first not class 2, neither covers class 3."""
    a = doubled_ranks(np.array([[1.0, 1, 5, 2], [2, 2, 5, 1]]))
    b = doubled_ranks(np.array([[2.0, 5, 2, 5], [1, 5, 1, 5]]))
    weights = np.array([[0.5, 0.5, 0.0, 0.0], [0.5, 0.0, 0.5, 0.0]])
    assert rank_mean(a, b, weights=weights).tolist() == [[0.75, 0.5, 1.0, 0.5], [0.75, 1.0, 0.5, 0.5]]


@pytest.mark.parametrize(("blend", "empty"), [(logit_mean, 0.0), (prob_mean, 0.5), (direct, 0.5)])
def test_a_class_without_weight_is_constant(blend: Any, empty: float) -> None:
    x = np.array([[0.25, 0.75], [0.5, 0.125]], np.float32)
    out = blend(x, x, weights=np.array([[0.0, 0.0], [0.0, 2.0]]))
    assert out.tolist() == [[empty, 0.75], [empty, 0.125]]


@pytest.mark.parametrize("blend", MEANS)
def test_means_by_hand(blend: Any) -> None:
    a, b = np.array([[0.5, 0.25], [1.0, 0.0]]), np.array([[0.25, 0.5], [0.0, 1.0]])
    out = blend(a, b, weights=np.array([[3.0, 0.0], [1.0, 2.0]]))
    assert out.tolist() == [[0.4375, 0.5], [0.75, 1.0]]


@pytest.mark.parametrize("blend", MEANS)
@pytest.mark.parametrize("rows", [1, 511, 512, 513, 1500])
def test_means_equal_numpy_across_block_edges(blend: Any, rows: int) -> None:
    rng = np.random.default_rng(rows)
    xs = [rng.standard_normal((rows, 3)).astype(np.float32) for _ in range(3)]
    weights = rng.random((3, 3)) + 0.1
    expected = np.average(np.array(xs, np.float64), axis=0, weights=np.repeat(weights[:, None], rows, axis=1))
    np.testing.assert_allclose(blend(*xs, weights=weights), expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("rows", [1, 511, 512, 513, 1500])
def test_rank_mean_equals_numpy_across_block_edges(rows: int) -> None:
    rng = np.random.default_rng(rows)
    streams = [doubled_ranks(rng.integers(0, 99, (rows, 3)) / 7) for _ in range(2)]
    expected = (0.9 * streams[0] + 0.1 * streams[1]) / (2 * rows)
    np.testing.assert_allclose(rank_mean(*streams, weights=column(0.9, 0.1, classes=3)), expected, rtol=1e-12)


@pytest.mark.parametrize("blend", MEANS)
def test_blends_of_float32_are_float64_and_make_no_ties(blend: Any) -> None:
    step = np.float32(2.0**-24)
    a, b = np.array([[0.75], [0.75]], np.float32), np.array([[0.5], [np.float32(0.5) + step]], np.float32)
    out = blend(a, b, weights=column(0.99, 0.01))
    assert out.dtype == np.float64
    assert out[0, 0] < out[1, 0]
    assert np.float32(out[0, 0]) == np.float32(out[1, 0])  # float32 would have tied them


def test_sum_is_not_normalised_and_takes_negatives() -> None:
    a, b = np.array([[1.0, 2.0]], np.float32), np.array([[4.0, -2.0]], np.float32)
    out = logit_sum(a, b, weights=np.array([[2.0, 1.0], [-0.5, 0.0]]))
    assert out.tolist() == [[0.0, 2.0]]
    assert out.dtype == np.float64


@pytest.mark.parametrize("blend", [*MEANS, logit_sum])
@given(seed=st.integers(0, 99))
def test_part_of_the_rows_and_classes_gives_the_same_bits(blend: Any, seed: int) -> None:
    rng = np.random.default_rng(seed)
    xs = [rng.standard_normal((600, 5)) for _ in range(3)]
    weights = rng.random((3, 5))
    rows, classes = np.sort(rng.choice(600, 40, replace=False)), rng.permutation(5)[:3]
    whole = blend(*xs, weights=weights)
    part = blend(*[x[np.ix_(rows, classes)] for x in xs], weights=weights[:, classes])
    np.testing.assert_array_equal(part, whole[np.ix_(rows, classes)])


@pytest.mark.parametrize("blend", [*MEANS, logit_sum])
def test_no_rows_give_no_rows(blend: Any) -> None:
    assert blend(np.zeros((0, 2)), np.zeros((0, 2)), weights=np.ones((2, 2))).shape == (0, 2)
    assert rank_mean(np.zeros((0, 2), np.int32), weights=np.ones((1, 2))).shape == (0, 2)
