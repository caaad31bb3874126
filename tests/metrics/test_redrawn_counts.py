"""Pair counts of redraws from tables of clusters: those of the compiled sweep, and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blendkit.core import compiling
from blendkit.metrics import redrawn_counts as module
from blendkit.metrics.kernels import resampled_counts as kernel
from blendkit.metrics.kernels.few_cells import plain_resampled
from blendkit.metrics.kernels.resampled_counts import resampled_counts
from blendkit.metrics.redrawn_counts import redrawn_counts


def test_two_clusters_by_hand() -> None:
    # cluster 0: a positive 2, a negative 1; cluster 1: a positive 1, a negative 3
    x, y = np.array([[2.0], [1.0], [1.0], [3.0]]), np.array([[True], [False], [True], [False]])
    cluster, keep, live = np.array([0, 0, 1, 1]), np.ones((4, 1), bool), np.array([0])
    weights = np.array([[1, 2, 0], [1, 0, 3]])
    # 2U within 0: 2; of 0's positive against 1's negative: 0; of 1's against 0's: a tie, 1; within 1: 0
    found, alone = redrawn_counts(y, x, keep, cluster, weights, live, jackknife=True)
    assert found.tolist() == [[2 + 0 + 1 + 0, 4 * 2, 0]]
    assert alone.tolist() == [[0, 2]]  # without 0, and without 1


@settings(max_examples=40)
@given(st.integers(0, 2**32 - 1), st.integers(8, 60), st.integers(2, 8), st.sampled_from([np.float32, np.float64]))
def test_tables_count_what_the_sweep_counts(seed: int, n: int, k: int, dtype: type) -> None:
    rng = np.random.default_rng(seed)
    x = rng.integers(-3, 4, (n, 3)).astype(dtype)
    x[rng.random(x.shape) < 0.1] = np.inf
    y, keep = rng.random((n, 3)) < 0.3, rng.random((n, 3)) < 0.8
    x[~keep & (rng.random(x.shape) < 0.5)] = np.nan  # what does not count may be anything
    cluster, weights = rng.integers(0, k, n), rng.integers(0, 5, (k, 7))
    live = np.flatnonzero((y & keep).any(axis=0))
    found, alone = redrawn_counts(y & keep, x, keep, cluster, weights, live, jackknife=True)
    assert np.array_equal(found, plain_resampled(y & keep, x, keep, cluster, weights, live))
    without = 1 - np.eye(k, dtype=np.int64)
    assert np.array_equal(alone, plain_resampled(y & keep, x, keep, cluster, without, live))
    assert redrawn_counts(y & keep, x, keep, cluster, weights, live)[1].shape == (len(live), 0)


@pytest.mark.parametrize(("n", "clusters", "most"), [(5000, 2, 3), (100, 40, 3), (100, 5, 2**26)])
def test_what_tables_cannot_hold_is_swept(monkeypatch: pytest.MonkeyPatch, n: int, clusters: int, most: int) -> None:
    asked = []
    monkeypatch.setattr(module, "resampled_counts", lambda *given, **_: asked.append(given))
    y, cluster = np.zeros((n, 1), bool), np.arange(n) % clusters
    redrawn_counts(y, np.zeros((n, 1)), ~y, cluster, np.full((clusters, 2), most), np.zeros(0, np.int64))
    assert len(asked) == 1


@pytest.mark.parametrize(("n", "clusters"), [(4000, 2), (100, 20)])
def test_few_clusters_need_no_compiled_sweep(monkeypatch: pytest.MonkeyPatch, n: int, clusters: int) -> None:
    monkeypatch.delattr(module, "resampled_counts")
    cluster, keep, live = np.arange(n) % clusters, np.ones((n, 1), bool), np.array([0])
    y = np.arange(n)[:, None] >= n - 10  # ten positives, each above all n - 10 negatives
    x, weights = np.arange(float(n))[:, None], np.ones((clusters, 1), np.int64)
    assert redrawn_counts(y, x, keep, cluster, weights, live)[0].tolist() == [[2 * 10 * (n - 10)]]


def test_weights_whose_counts_do_not_fit_are_refused() -> None:
    y, x = np.array([[True], [False]]), np.array([[0.5], [0.1]])
    keep, cluster, live = np.ones((2, 1), bool), np.array([0, 1]), np.array([0])
    weights = np.array([[2**30], [0]])
    with pytest.raises(ValueError, match="the counts do not fit in int32"):
        resampled_counts(y, x, keep, cluster, weights, live)
    found, _ = resampled_counts(y, x, keep, cluster, np.array([[2**29], [1]]), live)
    assert found.tolist() == [[2 * 2**29]]  # every copy of the positive is above the one negative


@pytest.mark.parametrize(
    ("rows", "classes", "replicates", "cost"),
    [
        (192, 24, 1000, 192 * 24),  # a tenth of a second
        (432, 54, 1000, 432 * 54 * 40),  # half a second: left to numpy some times
        (708, 234, 1000, 708 * 234 * 40),  # four seconds: never
    ],
)
def test_numpy_is_asked_by_what_the_replicates_cost_it(
    monkeypatch: pytest.MonkeyPatch, rows: int, classes: int, replicates: int, cost: int
) -> None:
    asked: list[int] = []
    monkeypatch.setattr(kernel, "few", lambda cells, *_: asked.append(cells) or True)
    monkeypatch.setattr(kernel, "plain_resampled", lambda *given: np.zeros((len(given[-1]), given[-2].shape[1])))
    y = np.zeros((rows, classes), bool)
    weights, live = np.ones((2, replicates), np.int64), np.zeros(0, np.int64)
    resampled_counts(y, np.zeros((rows, classes)), ~y, np.zeros(rows, np.int64), weights, live)
    assert asked == [cost]
    assert (cost > compiling._SOME_CELLS) == (rows == 708)
