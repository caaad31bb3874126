from __future__ import annotations

import numpy as np
import pytest

from blendkit.errors import BlendkitError
from blendkit.training.pseudo_label_gates import (
    percentile_thresholds,
    rank_gates,
    sharpened,
    top_of_recordings,
)


def test_other_gates() -> None:
    x = np.array([[0.1, 0.9], [0.5, 0.2], [0.4, 0.3], [0.3, 0.8]])
    assert np.array_equal(top_of_recordings(x, ["a", "a", "b", "b"], 1), [[0, 1], [1, 0], [1, 0], [0, 1]])
    assert percentile_thresholds(x, 50).tolist() == pytest.approx([0.35, 0.55])
    assert np.array_equal(rank_gates({"o": x}, {"o": 0.75}), [[0, 1], [1, 0], [1, 0], [0, 1]])
    assert sharpened(np.array([0.5, 1.0]), 2).tolist() == [0.25, 1]
    for call in (
        lambda: percentile_thresholds(x, 100),
        lambda: sharpened(x, 0),
    ):
        with pytest.raises(BlendkitError):
            call()


def test_the_highest_chunks_of_a_recording_are_never_more_than_asked_for() -> None:
    x = np.array([[0.4, 0.9, 1.0], [0.4, 0.7, 1.0], [0.4, 0.7, 1.0], [0.4, 0.1, 0.2]])
    of_one = top_of_recordings(x, ["a"] * 4, 2)
    assert of_one.T.tolist() == [[False] * 4, [True, True, False, False], [True, True, False, False]]
    assert top_of_recordings(x[:2], ["a", "a"], 2).all()  # no more chunks than may be
    assert top_of_recordings(x, ["a", "b", "a", "b"], 1)[:, 1].tolist() == [True, True, False, False]
