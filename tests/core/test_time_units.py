"""Units of times: lengths of windows tell them, and times that all lie in the beginning of their recordings."""

from __future__ import annotations

import numpy as np
import pytest

from blendkit.core.time_units import looks_small, unit_of_lengths, unit_of_times

FIVE = 5.0 * np.arange(12)


@pytest.mark.parametrize(
    ("scale", "unit"),
    [
        (1, ""), (1000, "milliseconds"), (1e6, "microseconds"), (32_000, "samples at 32000 Hz"),
        (48_000, "samples at 48000 Hz"), (1 / 86400, "fractions of a day"),
    ],
)  # fmt: skip
def test_units_of_five_second_windows(scale: float, unit: str) -> None:
    assert unit_of_times(FIVE * scale, (FIVE + 5) * scale) == unit
    assert unit_of_times(FIVE * scale, (FIVE + 3) * scale) == unit


def test_spans_of_several_lengths() -> None:
    start = np.array([0.0, 7e6, 9e6])
    assert unit_of_times(start, start + [1e6, 2.5e5, 1.4e6]) == "milliseconds"  # all on multiples of 500
    assert unit_of_times(start, start + [1e6 + 1, 2.5e5, 1.4e6]) == "milliseconds, microseconds or samples"
    assert unit_of_times(np.array([0.0, 2.0]), np.array([600.0, 3.0])) == ""
    assert unit_of_lengths(np.array([7000.0])) == ""
    assert unit_of_lengths(np.array([7000.0]), 7.0) == "milliseconds"


def test_minutes_and_numbers_of_chunks() -> None:
    start, reach = np.tile(FIVE, 2), np.full(24, 60.0)
    for divisor, expected in ((60, True), (5, True), (1, False)):
        assert looks_small(start / divisor, (start + 5) / divisor, reach, 5.0) is expected
    ones = np.arange(24.0) / 2 // 1  # windows of one second in the first fifth of a longer recording
    assert not looks_small(ones, ones + 1, np.full(24, 600.0), 5.0)
    early = np.arange(24.0)  # a detector of 3 s in the first seconds of a day
    assert not looks_small(early, early + 3, np.full(24, 86400.0), 5.0)
    assert not looks_small(FIVE[:3] / 60, (FIVE[:3] + 5) / 60, np.full(3, 60.0), 5.0)  # too few to tell
