from __future__ import annotations

import numpy as np
import pytest

from blendkit.errors import BlendkitError
from blendkit.training.pseudo_label_gates import (
    percentile_thresholds,
    precision_thresholds,
    rank_gates,
    sharpened,
    top_of_recordings,
)


def test_precision_thresholds_by_hand() -> None:
    # sorted scores 9 8 7 6 5 4 with truth 1 1 0 1 1 0: precision 1 1 2/3 3/4 4/5 4/6
    x = np.array([[4.0], [9.0], [7.0], [6.0], [8.0], [5.0]])
    y = np.array([[0], [1], [0], [1], [1], [1]], bool)
    assert precision_thresholds(y, x, 0.8)[0] == 5
    assert precision_thresholds(y, x, 0.75)[0] == 5
    assert precision_thresholds(y, x, 1.0, fewest=2)[0] == 8
    assert precision_thresholds(y, x, 1.0, fewest=3)[0] == np.inf
    assert precision_thresholds(y, x, 0.8, mask=np.array([1, 1, 0, 1, 1, 1], bool))[0] == 4


def test_tied_scores_count_together() -> None:
    x, y = np.array([[2.0], [2.0], [1.0]]), np.array([[1], [0], [1]], bool)
    assert precision_thresholds(y, x, 0.9, fewest=1)[0] == np.inf


def test_other_gates() -> None:
    x = np.array([[0.1, 0.9], [0.5, 0.2], [0.4, 0.3], [0.3, 0.8]])
    assert np.array_equal(top_of_recordings(x, ["a", "a", "b", "b"], 1), [[0, 1], [1, 0], [1, 0], [0, 1]])
    assert percentile_thresholds(x, 50).tolist() == pytest.approx([0.35, 0.55])
    assert np.array_equal(rank_gates({"o": x}, {"o": 0.75}), [[0, 1], [1, 0], [1, 0], [0, 1]])
    assert sharpened(np.array([0.5, 1.0]), 2).tolist() == [0.25, 1]
    for call in (
        lambda: precision_thresholds(x > 0, x, 0),
        lambda: percentile_thresholds(x, 100),
        lambda: sharpened(x, 0),
    ):
        with pytest.raises(BlendkitError):
            call()
