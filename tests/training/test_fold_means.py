"""The mean of folds' own figures: what it is by hand, and that its intervals redraw whole groups within folds."""

from __future__ import annotations

import numpy as np
import pytest

from blendkit.metrics import macro_auc
from blendkit.training.fold_means import FoldMeans, fold_means

# Every row three times, each a group of its own: figures stay as they are, and few draws lack a kind of rows.
TRUTH = np.array([[1, 0], [0, 1], [0, 0], [1, 0], [0, 0], [1, 0]], bool).repeat(3, axis=0)
SCORES = np.array([[1, 5], [0, 6], [2, 4], [9, 0], [8, 0], [7, 0]], np.float64).repeat(3, axis=0)
FOLD = np.repeat([0, 1], 9)
NAMES = np.array(list("abcdefghijklmnopqr"))


def test_every_fold_is_measured_by_itself() -> None:
    found = fold_means(TRUTH, {"": SCORES, "turned": -SCORES}, FOLD, NAMES, 50)
    assert found is not None
    # fold 0: class 0 wins one pair of two, class 1 both; fold 1: class 0 wins one pair of two, class 1 has no positive
    assert found.each == {"": [0.75, 0.5], "turned": [0.25, 0.5]}
    assert found.interval("")[0] == 0.625
    assert found.interval("", "turned")[0] == 0.25


def test_masked_cells_count_nowhere() -> None:
    mask = np.ones(TRUTH.shape, bool)
    mask[6:9, 0] = mask[15:, 0] = (
        False  # of class 0 a negative that wins in fold 0, and a positive that loses in fold 1
    )
    found = fold_means(TRUTH, {"": SCORES}, FOLD, NAMES, 50, mask)
    assert found is not None
    assert found.each == {"": [1.0, 1.0]}


def test_another_scale_in_a_fold_changes_nothing() -> None:
    rng = np.random.default_rng(0)
    truth, fold = rng.random((60, 3)) < 0.4, np.repeat([0, 1, 2], 20)
    x = truth + rng.standard_normal(truth.shape)
    moved = x + np.array([0.0, 50.0, -50.0])[fold][:, None]
    names = np.array([f"g{i // 4}" for i in range(60)])
    found = fold_means(truth, {"": x, "moved": moved}, fold, names, 200)
    assert found is not None
    assert found.interval("") == found.interval("moved")
    assert found.interval("", "moved") == [0, 0, 0]
    assert macro_auc(truth, moved).macro < macro_auc(truth, x).macro  # pooled, it does
    assert found.each[""][1] == macro_auc(truth[20:40], x[20:40]).macro
    estimate, low, high = found.interval("")
    assert low < estimate < high


def test_intervals_are_students_around_the_estimate() -> None:
    found = FoldMeans({"": [0.5, 0.7], "o": [0.4, 0.5]}, {"": np.array([0.7, 0.9]), "o": np.array([0.5, 0.5])}, 3)
    away = (
        3.182446 * 0.2 / 2**0.5
    )  # the 97.5 % quantile of t with 3 degrees of freedom, and the deviation of 0.7 and 0.9
    assert found.interval("") == pytest.approx([0.6, 0.6 - away, 1.0])
    assert found.interval("", "o") == pytest.approx([0.15, 0.15 - away, 0.15 + away])
    measured = fold_means(TRUTH, {"": SCORES}, FOLD, NAMES, 50)
    assert measured is not None
    assert measured.freedom == 16


def test_groups_are_redrawn_whole() -> None:
    rng = np.random.default_rng(1)
    place = np.repeat(rng.standard_normal(24), 10)  # recordings differ in the scores of all of their rows
    truth = (place + rng.standard_normal(240) > 0)[:, None]
    x, fold = place[:, None] + 0.0, np.repeat([0, 1], 120)
    rows = fold_means(truth, {"": x}, fold, np.arange(240).astype(str))
    groups = fold_means(truth, {"": x}, fold, np.repeat(np.arange(24), 10).astype(str))
    assert rows is not None
    assert groups is not None
    narrow, wide = (f.interval("")[2] - f.interval("")[1] for f in (rows, groups))
    assert wide > 1.3 * narrow


def test_what_cannot_be_redrawn_has_no_figure() -> None:
    scores = {"": np.zeros((18, 2))}
    assert fold_means(TRUTH, scores, FOLD, NAMES, 10) is not None
    assert fold_means(TRUTH, scores, np.zeros(18, np.int64), NAMES, 10) is None  # one fold
    assert fold_means(TRUTH, scores, FOLD, np.array(list("abcdefghi") + ["j"] * 9), 10) is None  # fold 1 is one group
    silent = TRUTH & (FOLD == 0)[:, None]
    assert fold_means(silent, scores, FOLD, NAMES, 10) is None  # fold 1 has no class to measure
    two_clips = np.array([[1, 0], [0, 1], [1, 0], [0, 1]], bool)  # of one class each: one of them alone has no figure
    assert fold_means(two_clips, {"": np.zeros((4, 2))}, np.array([0, 0, 1, 1]), NAMES[:4], 10) is None
