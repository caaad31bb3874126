"""Few cells are left to plain numpy: the same bits as the compiled loops give."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from blendkit.core import compiled, compiled_only, compiling, few
from blendkit.core.compiling import Loop
from blendkit.metrics import count_pairs, doubled_ranks, paired_bootstrap, percentile_rank
from blendkit.metrics.kernels.resampled_counts import resampled_counts
from blendkit.ops import gaussian
from blendkit.ops.kernels.few_cells_sums import plain_group_means
from blendkit.ops.kernels.over_classes import group_mean_kernel
from blendkit.ops.kernels.window_ends import EdgeRule
from blendkit.ops.moving_windows import WINDOW_EDGES, smoothed

VALUES = st.one_of(
    st.integers(-3, 3).map(float), st.sampled_from([0.0, -0.0, np.inf, -np.inf, 1e-30]), st.floats(-9, 9, width=32)
)


@st.composite
def tables(draw: st.DrawFn, *, nan: bool = False) -> tuple[NDArray[Any], NDArray[np.bool_], NDArray[np.bool_] | None]:
    """Scores with ties (N, C), truth, and a mask of rows, of cells, or none."""
    shape = draw(st.tuples(st.integers(0, 20), st.integers(0, 4)))
    dtype = draw(st.sampled_from([np.float32, np.float64]))
    x = draw(hnp.arrays(dtype, shape, elements=VALUES | st.just(np.nan) if nan else VALUES))
    mask = draw(st.none() | hnp.arrays(bool, shape) | hnp.arrays(bool, shape[:1]))
    return np.asfortranarray(x) if draw(st.booleans()) else x, draw(hnp.arrays(bool, shape)), mask


def test_where_the_border_lies() -> None:
    assert few(20_000)
    assert not few(1_000_001)
    with compiled_only():
        assert not few(0)


def _loop(name: str, *, made: bool = False) -> Loop:
    """A loop that has machine code, or none."""

    def work() -> None: ...

    work.__qualname__ = name
    loop = compiled()(work)
    loop._dispatcher = SimpleNamespace(_cache=None, signatures=["()"] if made else [])
    return loop


def test_some_cells_are_left_to_numpy_until_compiling_is_worth_it() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compiling, "_LEFT_TO_NUMPY", {})
        cold = _loop("cold")
        found = [few(900_000, cold) for _ in range(24)]
        assert found == [True] * 22 + [False] * 2  # 22 x 900,000 are below 20 millions
        assert not few(20_001, cold)
        assert few(900_000, _loop("other"))
        assert not few(900_000, _loop("warm", made=True))
        assert not few(900_000, _loop("another"), _loop("warm", made=True))
        assert not few(900_000)  # nothing that could be compiled is named


@given(tables(nan=True))
def test_pairs(table: tuple[Any, Any, Any]) -> None:
    x, y, mask = table
    plain = count_pairs(y, x, mask)
    with compiled_only():
        loops = count_pairs(y, x, mask)
    bad = loops[:, 0] == -1  # where a NaN was found, the ties are of no use to anyone
    assert np.array_equal(plain[:, [0, 2, 3]], loops[:, [0, 2, 3]])
    assert np.array_equal(plain[~bad], loops[~bad])


def test_pairs_by_hand() -> None:
    x = np.array([[0.5], [0.5], [0.1], [0.9]])
    y = np.array([[True], [False], [True], [False]])
    # 0.5 against 0.5 and 0.9: 1 + 0; 0.1 against both: 0; one tie
    assert count_pairs(y, x).tolist() == [[1, 1, 2, 2]]


@given(tables())
def test_ranks(table: tuple[Any, Any, Any]) -> None:
    x = table[0]
    plain, shares = doubled_ranks(x), percentile_rank(x)
    with compiled_only():
        assert np.array_equal(plain, doubled_ranks(x))
        assert np.array_equal(shares, percentile_rank(x))
    assert plain.dtype == np.int32


@given(tables(), st.integers(0, 99))
def test_resampled_counts(table: tuple[Any, Any, Any], seed: int) -> None:
    x, y, mask = table
    keep = (
        np.ones(x.shape, bool) if mask is None else mask if mask.ndim == 2 else np.repeat(mask[:, None], x.shape[1], 1)
    )
    rng = np.random.default_rng(seed)
    cluster, weights = rng.integers(0, 3, len(x)), rng.integers(0, 4, (3, 5))
    live = np.flatnonzero((y & keep).any(axis=0))
    plain = resampled_counts(y & keep, x, keep, cluster, weights, live, jackknife=True)
    with compiled_only():
        loops = resampled_counts(y & keep, x, keep, cluster, weights, live, jackknife=True)
    for a, b in zip(plain, loops, strict=True):
        assert np.array_equal(a, b)


def test_a_bootstrap_is_the_same() -> None:
    rng = np.random.default_rng(2)
    y, x = rng.random((60, 3)) < 0.3, rng.standard_normal((60, 3))
    plain = paired_bootstrap(y, {"a": x}, np.repeat(np.arange(10), 6), replicates=50)
    with compiled_only():
        loops = paired_bootstrap(y, {"a": x}, np.repeat(np.arange(10), 6), replicates=50)
    assert np.array_equal(plain.replicates["a"], loops.replicates["a"])
    assert np.array_equal(plain.jackknife["a"], loops.jackknife["a"])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@given(
    seed=st.integers(0, 999), lengths=st.lists(st.integers(1, 15), max_size=4), sigma=st.floats(0.2, 4),
    edge=st.sampled_from(sorted(WINDOW_EDGES)),
)  # fmt: skip
def test_smoothing(dtype: type[Any], seed: int, lengths: list[int], sigma: float, edge: Any) -> None:
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    x = np.random.default_rng(seed).standard_normal((int(offsets[-1]), 3)).astype(dtype)
    plain = gaussian(x, offsets=offsets, sigma=sigma, edge=edge)
    with compiled_only():
        loops = gaussian(x, offsets=offsets, sigma=sigma, edge=edge)
    assert plain.dtype == dtype
    assert np.array_equal(plain, loops)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@given(seed=st.integers(0, 999), rows=st.integers(0, 9), classes=st.integers(1, 12))
def test_group_means(dtype: type[Any], seed: int, rows: int, classes: int) -> None:
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((rows, classes)).astype(dtype)
    groups = rng.integers(-1, min(4, classes), (2, classes))
    members, alphas, share = rng.random((2, classes)) < 0.7, rng.random(2), rng.random(rows)
    out = np.empty_like(x)
    group_mean_kernel(x, groups, members, alphas, share, out)
    assert np.array_equal(plain_group_means(x, groups, members, alphas, share).astype(dtype), out)


@given(seed=st.integers(0, 999), lengths=st.lists(st.integers(1, 9), max_size=4), edge=st.sampled_from(list(EdgeRule)))
def test_smoothing_without_a_weight_of_ones_own(seed: int, lengths: list[int], edge: EdgeRule) -> None:
    """Taps whose middle is far below the others: sums of differences would lose digits there."""
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    x = np.random.default_rng(seed).standard_normal((int(offsets[-1]), 3))
    taps = np.array([1e-9, 0.3, (0.7 - 1e-9) / 2 - 0.1])
    plain = smoothed(x, taps, offsets, edge)
    with compiled_only():
        loops = smoothed(x, taps, offsets, edge)
    assert np.array_equal(plain, loops)
