from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.stats import binomtest, chi2

from blendkit.metrics.count_intervals import RedrawnEffort, clustered_share, redrawn, wilson


@pytest.mark.parametrize(("hits", "size"), [(0, 5), (3, 10), (10, 10), (40, 90)])
def test_wilson_as_scipy(hits: int, size: int) -> None:
    other = binomtest(hits, size).proportion_ci(0.9, "wilson")
    assert wilson(hits / size, size, 0.9) == (pytest.approx(other.low), pytest.approx(other.high))


def test_a_share_by_hand() -> None:
    # 3 of 4, 1 of 4: p 1/2; residuals 1 and -1: v = 2 x 2 / 64 = 1/16, and 1/4 / (1/16) = 4 of the 8 counts are left
    p, low, high = clustered_share(np.array([3.0, 1, 0]), np.array([4.0, 4, 0]))
    assert p == 0.5
    assert (low, high) == wilson(0.5, 4)
    # 2 of 4 in both: no spread, and two recordings count as two
    assert clustered_share(np.array([2, 2]), np.array([4, 4]))[1:] == wilson(0.5, 2)
    assert all(np.isnan(clustered_share(np.zeros(2), np.zeros(2))))


@example([(0, 1)] * 7)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=8))
def test_an_interval_holds_its_share_and_the_order_does_not_matter(pairs: list[tuple[int, int]]) -> None:
    hits, shown = np.array([min(p) for p in pairs]), np.array([max(p) for p in pairs])
    found = clustered_share(hits, shown)
    if shown.sum():
        assert 0 <= found[1] <= found[0] <= found[2] <= 1
        assert clustered_share(hits[::-1], shown[::-1]) == pytest.approx(found)


def test_rates_by_hand() -> None:
    # every draw written down: recording 0 twice, both once, recording 1 twice
    draws = np.array([[2.0, 0], [1, 1], [0, 2]])
    counts, effort = np.array([[4.0, 1, 3], [0, 1, 0]]), np.array([[1.0, 2, 1], [1, 2, 0]])
    low, high = RedrawnEffort.of(effort, draws).rate_bounds(counts, 0.999999)
    assert low[:2] == pytest.approx([0, 0.5], abs=1e-5)  # rates 4, 2, 0; and always 1/2
    assert high[:2] == pytest.approx([-np.log(0.0000005) / 2, -np.log(0.0000005) / 4])  # above those of the draws
    low, high = RedrawnEffort.of(effort, draws).rate_bounds(100 * counts, 0.999999)
    assert high[:2] == pytest.approx([400, 50], abs=1e-2)
    assert np.isnan([low[2], high[2]]).all()  # one recording alone


def test_a_rate_without_a_count_has_an_upper_bound() -> None:
    # Garwood's bound of a Poisson count of 0 at 95 % is 3.689; in 2 + 3 hours that is 0.738 an hour
    effort = np.array([[2.0, 1], [3, 0]])
    low, high = RedrawnEffort.of(effort, redrawn(2, 50)).rate_bounds(np.zeros((2, 2)))
    assert low[0] == 0
    assert high[0] == pytest.approx(chi2.ppf(0.975, 2) / 2 / 5)
    assert np.isnan([low[1], high[1]]).all()  # one recording alone


def test_draws_hold_as_many_recordings() -> None:
    draws = redrawn(5, 20, seed=1)
    assert draws.shape == (20, 5)
    assert (draws.sum(axis=1) == 5).all()
    assert np.array_equal(draws, redrawn(5, 20, seed=1))
    assert not np.array_equal(draws, redrawn(5, 20, seed=2))
