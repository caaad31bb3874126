from __future__ import annotations

import math

import pytest

from blendkit.cli._p_values import at_the_border, p_cell, too_few_redraws
from blendkit.metrics import Interval


@pytest.mark.parametrize(
    ("raw", "adjusted", "expected"),
    [
        (2 / 301, 16 / 301, "<0.0532"),
        (4 / 301, 32 / 301, "0.1063"),
        (1.0, 1.0, "1.0000"),
        (2 / 301, 1.0, "<1.0000"),
        (math.nan, math.nan, "-"),
    ],
)
def test_a_p_value_that_redraws_bound_says_so(raw: float, adjusted: float, expected: str) -> None:
    assert p_cell(raw, adjusted, 300) == expected


def test_too_few_redraws_are_said_with_the_number_that_suffices() -> None:
    found = too_few_redraws(8, 300)
    assert found is not None
    assert "no p-value of 8 comparisons can be below 0.0532" in found
    assert "`--replicates 319`" in found
    assert 8 * 2 / 320 <= 0.05 < 8 * 2 / 319
    assert too_few_redraws(8, 319) is None
    assert too_few_redraws(0, 10) is None


def test_an_interval_and_its_p_value_may_part_at_the_border() -> None:
    changes = {
        "outside": Interval(-0.01, -0.0316, -0.0001, 0.01, 0.0519),  # 25 of 1,000 redraws: 2 * 26 / 1001
        "inside": Interval(-0.005, -0.01, 0.0001, 0.01, 0.0499),
        "below": Interval(-0.02, -0.03, -0.01, 0.01, 0.002),
        "none": Interval(-0.01, -0.03, 0.01, 0.01, 0.4),
    }
    said = at_the_border(changes, 0.95)
    assert said is not None
    assert said.startswith("outside, inside: interval and p-value part")
    assert at_the_border({n: changes[n] for n in ("below", "none")}, 0.95) is None
