from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score

from blendkit.errors import BlendkitError
from blendkit.metrics.precision_metrics import average_precision, padded_cmap, recall_at_precision, top_one


def column(*values: float) -> NDArray[np.float64]:
    return np.array(values)[:, None]


def tied(seed: int, n: int = 60, c: int = 5) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    rng = np.random.default_rng(seed)
    y = rng.random((n, c)) < 0.3
    y[0], y[1] = True, False
    return y, np.round(rng.standard_normal((n, c)) + y, 1)


@pytest.mark.parametrize(
    ("truth", "scores", "ap"),
    [
        ((1, 0, 1, 0), (4, 3, 2, 1), 0.5 * 1 + 0.5 * 2 / 3),
        ((1, 0, 1, 0), (1, 1, 1, 1), 0.5),  # all tied: one threshold, precision 2 of 4
        ((1, 0, 0, 1), (3, 3, 2, 1), 0.5 * 1 / 2 + 0.5 * 2 / 4),  # a tie at the top enters at once
        ((1, 1), (0.1, 0.2), 1.0),
        ((0, 1), (1, 0), 0.5),
    ],
)
def test_average_precision_by_hand(truth: tuple[int, ...], scores: tuple[float, ...], ap: float) -> None:
    found = average_precision(column(*truth).astype(bool), column(*scores))
    assert found.per_class[0] == pytest.approx(ap, abs=1e-15)
    assert found.macro == found.per_class[0]


@pytest.mark.parametrize("seed", range(5))
def test_parity_with_scikit_learn(seed: int) -> None:
    y, x = tied(seed)
    found = average_precision(y, x)
    for c in range(5):
        assert found.per_class[c] == pytest.approx(average_precision_score(y[:, c], x[:, c]), abs=1e-14)
    mask = np.random.default_rng(seed).random(y.shape) < 0.8
    mask[:2] = True
    masked = average_precision(y, np.where(mask, x, np.nan), mask)  # what is masked may hold anything
    for c in range(5):
        m = mask[:, c]
        assert masked.per_class[c] == pytest.approx(average_precision_score(y[m, c], x[m, c]), abs=1e-14)


def test_a_class_without_positives_is_skipped_not_zero() -> None:
    y, x = tied(0)
    y[:, 2] = False
    found = average_precision(y, x)
    assert found.skipped.tolist() == [2]
    assert math.isnan(found.per_class[2])
    assert found.macro == pytest.approx(np.mean(found.per_class[[0, 1, 3, 4]]), abs=1e-15)
    assert math.isnan(average_precision(np.zeros((3, 1), bool), np.zeros((3, 1))).macro)


@given(st.integers(0, 2**32 - 1))
def test_the_order_of_rows_and_classes_does_not_matter(seed: int) -> None:
    y, x = tied(seed % 1000, n=20)
    rng = np.random.default_rng(seed)
    rows, classes = rng.permutation(20), rng.permutation(5)
    a, b = average_precision(y, x), average_precision(y[rows][:, classes], x[rows][:, classes])
    assert a.macro == b.macro
    assert a.per_class[classes].tolist() == b.per_class.tolist()


def test_nan_is_named() -> None:
    y, x = tied(0)
    x[7, 3] = np.nan
    for figure in (average_precision, top_one, recall_at_precision):
        with pytest.raises(BlendkitError, match="row 7, class 3"):
            figure(y, x)


@pytest.mark.parametrize("seed", range(3))
def test_padded_cmap_is_scikit_learns_macro_on_padded_arrays(seed: int) -> None:
    y, x = tied(seed)
    y[:, 1] = False  # without positives, and it counts all the same
    p = 1 / (1 + np.exp(-x))
    ones = np.ones((5, 5))
    expected = average_precision_score(np.concatenate([y, ones]), np.concatenate([p, ones]), average="macro")
    found = padded_cmap(y, p)
    assert found.macro == pytest.approx(expected, abs=1e-14)
    assert len(found.skipped) == 0
    mask = np.arange(60) < 40
    assert padded_cmap(y, p, mask).macro == padded_cmap(y[:40], p[:40]).macro


def test_padded_cmap_takes_probabilities_only() -> None:
    y, x = tied(0)
    p = 1 / (1 + np.exp(-x))
    p[3, 2] = 1.5
    with pytest.raises(BlendkitError, match=r"probabilities: 1 values.*1\.5 at row 3, class 2"):
        padded_cmap(y, p)


def test_top_one_by_hand() -> None:
    y = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 0], [1, 1, 0]], bool)
    x = np.array([[3.0, 2, 1], [3, 2, 1], [9, 9, 9], [2, 2, 2]])
    assert top_one(y, x) == pytest.approx((1 + 0 + 2 / 3) / 3)  # the silent row counts nowhere, the tie by its share
    assert top_one(y, x, np.array([True, False, True, False])) == 1
    cells = np.ones((4, 3), bool)
    cells[1, 0] = False  # without it the true class is the highest
    assert top_one(y, x, cells) == pytest.approx((1 + 1 + 2 / 3) / 3)
    assert math.isnan(top_one(np.zeros((2, 2), bool), np.zeros((2, 2))))


def brute_recall(y: NDArray[Any], x: NDArray[Any], precision: float) -> float:
    best = 0.0
    for t in set(x.tolist()):
        taken = x >= t
        if y[taken].mean() >= precision:
            best = max(best, y[taken].sum() / y.sum())
    return best


@pytest.mark.parametrize("precision", [0.3, 0.5, 0.9, 1.0])
def test_recall_at_precision_by_every_threshold(precision: float) -> None:
    for seed in range(4):
        y, x = tied(seed)
        found = recall_at_precision(y, x, precision)
        assert found.per_class.tolist() == [brute_recall(y[:, c], x[:, c], precision) for c in range(5)]


@pytest.mark.parametrize("precision", [0.0, -1, 1.1, math.nan])
def test_a_precision_lies_in_its_range(precision: float) -> None:
    y, x = tied(0)
    with pytest.raises(BlendkitError, match="precision must be"):
        recall_at_precision(y, x, precision)
