from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import gmean, pmean

from blendkit.metrics.ranks import percentile_rank
from blendkit.ops.power_and_order_means import geometric_mean, maximum, median, minimum, power_mean, quantile_mix


def column(*weights: float, classes: int = 3) -> NDArray[np.float64]:
    return np.repeat(np.array([weights], np.float64).T, classes, axis=1)


def probs(seed: int) -> NDArray[np.float64]:
    return np.random.default_rng(seed).uniform(0.01, 0.99, (8, 3))


A, B, C = (probs(s) for s in range(3))


def test_geometric_equals_scipy() -> None:
    out = geometric_mean(A, B, C, weights=column(1, 2, 3))
    np.testing.assert_allclose(
        out, gmean([A, B, C], axis=0, weights=np.array([1, 2, 3])[:, None, None] * np.ones_like(A))
    )


@pytest.mark.parametrize("e", [-3.0, -1.0, 0.5, 1.0, 2.0, 40.0])
def test_power_mean_equals_scipy(e: float) -> None:
    weights = np.array([1, 2, 3])[:, None, None] * np.ones_like(A)
    np.testing.assert_allclose(
        power_mean(A, B, C, weights=column(1, 2, 3), exponent=e), pmean([A, B, C], e, axis=0, weights=weights)
    )


def test_power_mean_does_not_underflow() -> None:
    tiny = np.full((1, 3), 1e-200)
    np.testing.assert_allclose(power_mean(tiny, tiny, weights=column(1, 1), exponent=3.0), tiny)


def test_zeros() -> None:
    zero = np.zeros((1, 3))
    half = np.full((1, 3), 0.5)
    assert geometric_mean(zero, half, weights=column(1, 1)).tolist() == [[0, 0, 0]]
    assert power_mean(zero, half, weights=column(1, 1), exponent=-1.0).tolist() == [[0, 0, 0]]
    assert power_mean(zero, zero, weights=column(1, 1), exponent=2.0).tolist() == [[0, 0, 0]]
    np.testing.assert_allclose(power_mean(zero, half, weights=column(1, 1)), 0.5 / np.sqrt(2))


def test_order_statistics() -> None:
    every = column(1, 0.2, 5)
    assert np.array_equal(maximum(A, B, C, weights=every), np.max([A, B, C], axis=0))
    assert np.array_equal(minimum(A, B, C, weights=every), np.min([A, B, C], axis=0))
    assert np.array_equal(median(A, B, C, weights=every), np.median([A, B, C], axis=0))
    two = column(1, 0, 1)
    assert np.array_equal(maximum(A, B, C, weights=two), np.maximum(A, C))
    np.testing.assert_allclose(median(A, B, C, weights=two), (A + C) / 2)


def test_a_class_without_weight_is_constant() -> None:
    weights = column(1, 1)
    weights[:, 1] = 0
    for blend in (geometric_mean, power_mean, maximum, minimum, median, quantile_mix):
        out = blend(A, B, weights=weights)
        assert out[:, 1].tolist() == [0.5] * 8
        assert np.isfinite(out).all()


def test_quantile_mix_by_formula() -> None:
    ranks = 0.25 * percentile_rank(A) + 0.75 * percentile_rank(B)
    out = quantile_mix(A, B, weights=column(1, 3), alpha=0.3)
    np.testing.assert_allclose(out, 0.3 * (0.25 * A + 0.75 * B) + 0.7 * ranks)


@given(st.integers(1, 4), st.floats(-5, 5))
def test_a_mean_of_equals_is_itself(copies: int, e: float) -> None:
    out = power_mean(*[A] * copies, weights=column(*range(1, copies + 1)), exponent=e)
    np.testing.assert_allclose(out, A, rtol=1e-9)
