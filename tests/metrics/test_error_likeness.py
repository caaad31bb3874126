from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import rankdata

from blendkit.errors import BlendkitError
from blendkit.metrics.error_likeness import error_correlation


def test_ranks_are_correlated_inside_each_truth() -> None:
    y = np.array([[1], [1], [0], [0]], bool)
    a = np.array([[4.0], [3.0], [2.0], [1.0]])
    found, used = error_correlation(y, {"a": a, "same": a * 2, "other": a[[1, 0, 3, 2]]})
    assert used.tolist() == [0]
    # in each truth the two ranks differ by one place: alike in `same`, turned round in `other`
    assert found == pytest.approx(np.array([[1, 1, -1], [1, 1, -1], [-1, -1, 1]]))


def test_it_is_the_mean_of_pearson_over_classes() -> None:
    rng = np.random.default_rng(0)
    y = rng.random((60, 4)) < 0.3
    y[:, 3] = False  # skipped: no positives
    a, b = rng.integers(0, 9, (2, 60, 4)).astype(np.float64)
    expected = []
    for c in range(3):
        errors = []
        for x in (a, b):
            ranks = rankdata(x[:, c])
            for side in (y[:, c], ~y[:, c]):
                ranks[side] -= ranks[side].mean()
            errors.append(ranks)
        expected.append(np.corrcoef(*errors)[0, 1])
    found, used = error_correlation(y, {"a": a, "b": b})
    assert used.tolist() == [0, 1, 2]
    assert found[0, 1] == found[1, 0] == pytest.approx(np.mean(expected))


def test_a_constant_leaves_its_class_out() -> None:
    y = np.array([[1, 1], [0, 0], [1, 1], [0, 0]], bool)
    a = np.arange(8.0).reshape(4, 2)
    b = a.copy()
    b[:, 0] = 1
    found, used = error_correlation(y, {"a": a, "b": b})
    assert used.tolist() == [1]
    assert found[0, 1] == pytest.approx(1)
    nothing, none = error_correlation(y, {"a": a, "b": np.ones((4, 2))})
    assert none.tolist() == []
    assert np.isnan(nothing).all()


def test_nan_is_refused() -> None:
    with pytest.raises(BlendkitError, match="NaN"):
        error_correlation(np.ones((1, 1), bool), {"a": np.array([[np.nan]])})
