"""Scores that fall where they should rise are named; chance alone is not."""

from __future__ import annotations

import numpy as np
import pytest

from blendkit.metrics import auc_of, wrong_way_round

PAIRS = np.full(4, 100)


@pytest.mark.parametrize(
    ("per_class", "low"),
    [
        ([0.2, 0.3, 0.4, 0.49], 4),  # mean 0.3475
        ([0.2, 0.3, 0.4, 0.6], 3),  # mean 0.375, three of four are below one half
        ([0.0, 0.1, 0.5, 0.5], 0),  # mean 0.275, but only half of the classes fall
        ([0.4, 0.4, 0.4, 0.4], 0),  # mean 0.4: chance may give that
        ([0.6, 0.7, 0.8, 0.9], 0),
    ],
)
def test_most_classes_and_a_low_mean_are_needed(per_class: list[float], low: int) -> None:
    auc = auc_of(np.rint(2 * PAIRS * np.array(per_class)).astype(np.int64), PAIRS)
    said = wrong_way_round(auc)
    assert len(said) == (low > 0)
    assert all(f"({low} of 4 have an AUC below 0.5)" in s for s in said)


def test_classes_without_a_figure_do_not_count() -> None:
    auc = auc_of(np.array([40, 0, 0, 0]), np.array([100, 0, 0, 0]))  # 0.2, and three without pairs
    assert "(1 of 1 have" in wrong_way_round(auc)[0]
