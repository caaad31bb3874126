"""Rates by hour, smoothed around the clock as public chains do it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d

from blendkit.ops.fitted.shared import round_the_clock_of_rates

SHARE = np.array([[1.0], [0.0], [0.5], [1.0]])  # of four recordings
OVERALL = np.array([0.25])


def test_two_hours_are_not_smoothed_and_an_hour_without_labels_gets_the_overall_rate() -> None:
    found = round_the_clock_of_rates(SHARE, np.array([5, 5, 5, 9]), 24, OVERALL, 1.0, sigma=2.0)
    assert found[5, 0] == pytest.approx(0.75 * 0.5 + 0.25 * 0.25)  # three recordings, shrunk by one more
    assert found[9, 0] == pytest.approx(0.5 * 1.0 + 0.5 * 0.25)
    assert found[[4, 6, 8, 10], 0].tolist() == [0.25] * 4


def test_a_width_of_zero_smooths_nothing() -> None:
    found = round_the_clock_of_rates(SHARE, np.array([5, 6, 7, 9]), 24, OVERALL, 1.0, sigma=0.0)
    assert found[[5, 6, 7, 9], 0].tolist() == [0.625, 0.125, 0.375, 0.625]


def test_three_hours_are_smoothed_as_scipy_does() -> None:
    found = round_the_clock_of_rates(SHARE, np.array([5, 6, 7, 23]), 24, OVERALL, 1.0, sigma=1.5)
    rates = np.zeros(24)
    rates[[5, 6, 7, 23]] = [1, 0, 0.5, 1]
    wanted = gaussian_filter1d(rates, 1.5, mode="wrap")
    assert found[[5, 6, 7, 23], 0] == pytest.approx((wanted[[5, 6, 7, 23]] + 0.25) / 2)
    assert found[0, 0] == 0.25
