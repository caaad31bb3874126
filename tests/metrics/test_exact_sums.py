"""Sums and blends that are exact, against `math.fsum`, fractions, and the functions they take the place of."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from blendkit.core import compiled_only
from blendkit.errors import BlendkitError
from blendkit.metrics.bootstrap import paired_bootstrap
from blendkit.metrics.kernels.exact_blends import exact_blend
from blendkit.metrics.kernels.exact_sums import rounded_sums
from blendkit.metrics.leaderboard import bootstrap_and_split, simulate_split

TINY = 2.0**-53


@pytest.mark.parametrize(
    "x",
    [
        np.random.default_rng(0).random((234, 50)),
        np.random.default_rng(1).random((234, 50)) ** 40,
        np.random.default_rng(2).integers(0, 2, (5, 4000))
        * 2.0 ** -np.random.default_rng(3).integers(0, 75, (5, 4000)),
        np.array([[1.0, 1, 1], [1 - TINY, 2 * TINY, TINY], [TINY / 2, TINY, 0]]),  # halfway between two numbers
        np.zeros((0, 3)),
        np.ones((5000, 2)),
    ],
    ids=["any", "small", "powers", "halfway", "none", "long"],
)
def test_columns_are_summed_as_fsum_sums_one(x: np.ndarray) -> None:
    assert rounded_sums(x).tolist() == [math.fsum(c) for c in x.T.tolist()]


@pytest.mark.parametrize("loops", [False, True])
def test_a_blend_keeps_what_one_float_would_lose(loops: bool) -> None:
    rng = np.random.default_rng(5)
    a, b = (np.asfortranarray(rng.standard_normal((60, 3)) * 2.0 ** rng.integers(-30, 30, (60, 3))) for _ in range(2))
    a[:, 0], b[:, 0] = rng.integers(0, 99, (2, 60))
    if loops:
        with compiled_only():
            high, low, rounded = exact_blend(a, b, 700.0, 300.0)
    else:
        high, low, rounded = exact_blend(a, b, 700.0, 300.0)
    assert rounded.tolist() == [False, True, True]
    for i, j in np.ndindex(a.shape):
        exact = Fraction(a[i, j]) * 700 + Fraction(b[i, j]) * 300
        assert high[i, j] == float(exact)
        assert abs(Fraction(high[i, j]) + Fraction(low[i, j]) - exact) <= abs(exact) * Fraction(1, 2**100)


def test_a_bootstrap_and_a_split_together_are_those_alone() -> None:
    rng = np.random.default_rng(6)
    y = rng.random((60, 4)) < 0.3
    scores = {n: y + rng.standard_normal(y.shape) for n in "ab"}
    clusters = np.arange(60) // 6
    boot, split = bootstrap_and_split(y, scores, clusters, (30, 20, 1), 0.4)
    one, other = paired_bootstrap(y, scores, clusters, 30, 1), simulate_split(y, scores, clusters, 0.4, 20, 1)
    for n in scores:
        np.testing.assert_array_equal(boot.replicates[n], one.replicates[n])
        np.testing.assert_array_equal(boot.jackknife[n], one.jackknife[n])
        np.testing.assert_array_equal(split.public[n], other.public[n])
        np.testing.assert_array_equal(split.private[n], other.private[n])
    assert (boot.estimate, boot.scored.tolist()) == (one.estimate, one.scored.tolist())
    np.testing.assert_array_equal(split.shares, other.shares)
    with pytest.raises(BlendkitError, match="a bootstrap needs scores and replicates, got 2 and 0"):
        bootstrap_and_split(y, scores, clusters, (0, 20, 1), 0.4)
