from __future__ import annotations

from typing import Any

import numba
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from scipy.stats import rankdata

from blendkit.errors import BlendkitError
from blendkit.metrics.kernels.ranking import doubled_ranks
from blendkit.metrics.ranks import percentile_rank
from blendkit.testing.op_checks import scores_strategy

INF = float("inf")
COLUMNS: list[tuple[list[float], list[int]]] = [
    ([3, 1, 2], [6, 2, 4]),
    ([1, 1, 2], [3, 3, 6]),
    ([2, 1, 2, 2], [6, 2, 6, 6]),
    ([5, 5, 5, 5], [5, 5, 5, 5]),
    ([7], [2]),
    ([0.0, -0.0], [3, 3]),
    ([-0.0, 0.0, -1, 1], [5, 5, 2, 8]),
    ([-1, -2, -3], [6, 4, 2]),
    ([INF, -INF, 0], [6, 2, 4]),
    ([INF, INF, -INF], [5, 5, 2]),
]
WIDE: list[tuple[list[float], list[int]]] = [  # only float64 can hold these
    ([1e300, -1e300, 0, 1e299], [8, 2, 4, 6]),
    ([5e-324, 0.0, -5e-324, -0.0], [8, 5, 2, 5]),
    ([1.0, 1.0 + 2**-52, 1.0 - 2**-53], [4, 6, 2]),
]
SINGLE = st.floats(width=32, allow_nan=False, allow_subnormal=True)


def oracle(x: NDArray[Any]) -> NDArray[np.float64]:
    # adding 0 turns -0.0 into 0.0; scipy then counts ties as any comparison would
    return 2 * rankdata(x + x.dtype.type(0), axis=0)


@pytest.mark.parametrize(("column", "expected"), COLUMNS)
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_ranks_by_hand(column: list[float], expected: list[int], kind: type) -> None:
    ranks = doubled_ranks(np.array([column], kind).T)
    assert ranks.dtype == np.int32
    assert ranks[:, 0].tolist() == expected


@pytest.mark.parametrize(("column", "expected"), WIDE)
def test_float64_keeps_what_float32_cannot(column: list[float], expected: list[int]) -> None:
    assert doubled_ranks(np.array([column]).T)[:, 0].tolist() == expected


def test_float32_subnormals_are_not_flushed_to_zero() -> None:
    tiny = np.float32(1e-45)
    column = np.array([[tiny], [0], [-tiny], [2 * tiny]], np.float32)
    assert doubled_ranks(column)[:, 0].tolist() == [6, 4, 2, 8]


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(1, 1), (2, 9), (63, 1), (64, 64), (65, 65), (400, 130), (5000, 3)])
@pytest.mark.parametrize("levels", [1, 2, 50, 10**6])
def test_ranks_equal_scipy(shape: tuple[int, int], kind: type, levels: int) -> None:
    """Around the tile and column-block edges, from constant columns to hardly any ties."""
    x = (np.random.default_rng(levels).integers(0, levels, shape) / 7 - 3).astype(kind)
    np.testing.assert_array_equal(doubled_ranks(x), oracle(x))


@settings(max_examples=25)
@given(scores_strategy(max_classes=10))
def test_ranks_equal_scipy_float64(x: NDArray[np.float64]) -> None:
    np.testing.assert_array_equal(doubled_ranks(x), oracle(x))


@settings(max_examples=25)
@given(hnp.arrays(np.float32, st.tuples(st.integers(1, 30), st.integers(1, 9)), elements=SINGLE))
def test_ranks_equal_scipy_float32(x: NDArray[np.float32]) -> None:
    np.testing.assert_array_equal(doubled_ranks(x), oracle(x))


@settings(max_examples=25)
@given(hnp.arrays(np.float64, st.integers(1, 40), elements=st.floats(allow_nan=False)))
def test_any_bits_of_float64_are_ordered(x: NDArray[np.float64]) -> None:
    np.testing.assert_array_equal(doubled_ranks(x[:, None]), oracle(x[:, None]))


@settings(max_examples=25)
@given(scores_strategy(), st.randoms(use_true_random=False))
def test_rows_and_classes_in_any_order(x: NDArray[np.float64], random: Any) -> None:
    rows, columns = list(range(len(x))), list(range(x.shape[1]))
    random.shuffle(rows)
    random.shuffle(columns)
    np.testing.assert_array_equal(doubled_ranks(x[np.ix_(rows, columns)]), doubled_ranks(x)[np.ix_(rows, columns)])


@settings(max_examples=25)
@given(scores_strategy())
def test_ranks_of_a_column_sum_to_n_times_n_plus_one(x: NDArray[np.float64]) -> None:
    n = len(x)
    assert (doubled_ranks(x).sum(axis=0, dtype=np.int64) == n * (n + 1)).all()


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_layout_of_the_array_does_not_matter(kind: type) -> None:
    x = np.random.default_rng(0).integers(0, 9, (200, 70)).astype(kind)
    expected = doubled_ranks(x)
    doubled = np.repeat(np.repeat(x, 2, axis=0), 2, axis=1)
    np.testing.assert_array_equal(doubled_ranks(np.asfortranarray(x)), expected)
    np.testing.assert_array_equal(doubled_ranks(doubled[::2, ::2]), expected)
    np.testing.assert_array_equal(doubled_ranks(x.astype(x.dtype.newbyteorder())), expected)


def test_the_number_of_threads_does_not_matter() -> None:
    x = np.random.default_rng(0).integers(0, 50, (3000, 70)) / 7
    before = numba.get_num_threads()
    expected = doubled_ranks(x)
    numba.set_num_threads(1)
    try:
        np.testing.assert_array_equal(doubled_ranks(x), expected)
    finally:
        numba.set_num_threads(before)


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0, 0)])
def test_empty_matrices(shape: tuple[int, int]) -> None:
    assert doubled_ranks(np.zeros(shape)).shape == shape
    assert percentile_rank(np.zeros(shape)).shape == shape


def test_the_input_is_only_read() -> None:
    x = np.array([[2.0, -0.0], [1.0, 0.0]])
    before = x.tobytes()
    x.setflags(write=False)
    doubled_ranks(x)
    assert x.tobytes() == before


def test_more_rows_than_int32_can_rank_are_refused() -> None:
    huge = np.broadcast_to(np.float32(0), (0x40000000, 1))  # no memory behind it
    with pytest.raises(ValueError, match=r"1073741824 rows.*int32"):
        doubled_ranks(huge)


@settings(max_examples=25)
@given(scores_strategy())
def test_percentile_ranks_equal_pandas_bit_for_bit(x: NDArray[np.float64]) -> None:
    expected = pd.DataFrame(x + 0.0).rank(pct=True).to_numpy()
    np.testing.assert_array_equal(percentile_rank(x), expected)


def test_percentile_ranks_by_hand() -> None:
    x = np.array([[1.0, 4.0], [2.0, 4.0], [2.0, 4.0], [9.0, 4.0]], np.float32)
    expected = [[0.25, 0.625], [0.625, 0.625], [0.625, 0.625], [1.0, 0.625]]  # constant: (N + 1) / 2N
    ranks = percentile_rank(x)
    assert ranks.dtype == np.float64
    assert ranks.tolist() == expected


def test_nan_has_no_rank() -> None:
    with pytest.raises(BlendkitError, match="NaN in 1 cells, first at row 2, class 1"):
        percentile_rank(np.array([[1.0, 2], [3, 4], [5, np.nan]]))
