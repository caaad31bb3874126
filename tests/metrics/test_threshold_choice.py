from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blendkit.core import text_hash
from blendkit.errors import BlendkitError
from blendkit.metrics import out_of_fold_thresholds
from blendkit.metrics.out_of_fold_thresholds import chosen_thresholds, precision_thresholds


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


def test_a_precision_that_is_met_exactly_counts() -> None:
    # 11 of 20: 0.55 x 20 is 11.000000000000002
    y, x = np.repeat([True, False], [11, 9])[:, None], np.ones((20, 1))
    assert precision_thresholds(y, x, 0.55)[0] == 1


@pytest.mark.parametrize("precision", [0.0, -1.0, 1.1, float("nan")])
def test_precisions_that_cannot_be(precision: float) -> None:
    y, x = np.ones((4, 1), bool), np.ones((4, 1))
    with pytest.raises(BlendkitError, match=r"precision lies in \(0, 1\]"):
        precision_thresholds(y, x, precision)
    with pytest.raises(BlendkitError, match=r"precision lies in \(0, 1\]"):
        chosen_thresholds(y, x, list("aabb"), precision)


def test_a_clear_class_by_hand() -> None:
    # four recordings alike: true at 9, 8, 7 and false at 5, 1. Any two recordings give 7: 6 of 6, but 6 of 8 from 5 on
    recording = np.repeat(["a", "b", "c", "d"], 5)
    x, y = np.tile([9.0, 8, 7, 5, 1], 4)[:, None], np.tile([1, 1, 1, 0, 0], 4).astype(bool)[:, None]
    (found,) = chosen_thresholds(y, x, recording.tolist(), 0.9, folds=2)
    assert (found.threshold, found.positives, found.recordings) == (7, 12, 4)
    assert (found.precision, found.recall, found.aim) == (1, 1, 0.9)
    # Wilson of 4 of 4 recordings: 4 / (4 + 1.959964^2)
    assert (found.low, found.high) == (pytest.approx(4 / (4 + 3.841459), abs=1e-6), 1)


def test_too_few_positives_or_recordings_give_none() -> None:
    x = np.arange(8.0)[:, None]
    y = (x > 3)[:, :1]
    few = chosen_thresholds(y, x, list("abababab"), 0.5, fewest=5)[0]
    assert np.isinf(few.threshold)
    assert (few.positives, few.recordings) == (4, 2)
    alone = chosen_thresholds(y, x, list("bbbbaaaa"), 0.5, fewest=2)[0]
    assert np.isinf(alone.threshold)
    assert alone.recordings == 1
    with pytest.raises(BlendkitError, match="at least 2 folds"):
        chosen_thresholds(y, x, list("abababab"), 0.5, folds=1)


def test_noise_gets_no_threshold() -> None:
    rng = np.random.default_rng(0)
    y, x = rng.random((400, 1)) < 0.2, rng.random((400, 1))
    (found,) = chosen_thresholds(y, x, [f"r{i // 10}" for i in range(400)], 0.9)
    assert np.isinf(found.threshold)
    assert not found.precision >= 0.9


def slow(y: np.ndarray, x: np.ndarray, names: list[str], precision: float, folds: int) -> tuple[float, float, float]:
    """(threshold, precision, recall) of one class, by trying every threshold on every part."""

    def lowest(rows: np.ndarray, aim: float) -> float:
        good = [
            t for t in set(x[rows].tolist())
            if y[rows & (x >= t)].sum() >= 3 and y[rows & (x >= t)].mean() >= aim - 1e-9
        ]  # fmt: skip
        return min(good, default=np.inf)

    holds = {n for n, t in zip(names, y, strict=True) if t}
    order = sorted(set(names), key=lambda n: (n not in holds, text_hash(n)))
    fold = np.array([order.index(n) % folds for n in names])
    aims = [precision + (1 - precision) * k / 10 for k in range(11)]
    for aim in aims:
        at = {f: lowest(fold != f, aim) for f in set(fold.tolist())}
        kept = np.array([v >= at[f] for v, f in zip(x, fold.tolist(), strict=True)])
        whole = lowest(np.ones(len(y), bool), aim)
        if kept.any() and y[kept].mean() >= precision - 1e-9 and np.isfinite(whole):
            return whole, float(y[kept].mean()), float((y & kept).sum() / y.sum())
    return np.inf, np.nan, np.nan


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 4), st.sampled_from([0.5, 0.7, 0.9, 1.0]))
def test_as_a_slow_version_and_as_the_order_of_rows_and_the_scale_do_not_matter(
    seed: int, folds: int, precision: float
) -> None:
    rng = np.random.default_rng(seed)
    y = rng.random(60) < 0.5
    x = np.round(y * 2 + rng.standard_normal(60), 1)  # with ties
    names = [f"r{i % 7}" for i in range(60)]
    (found,) = chosen_thresholds(y[:, None], x[:, None], names, precision, folds=folds, fewest=1)
    threshold, share, recall = slow(y, x, names, precision, folds)
    assert found.threshold == threshold
    if np.isfinite(threshold):
        assert (found.precision, found.recall) == (pytest.approx(share), pytest.approx(recall))
        assert found.low <= found.precision <= found.high
    at = rng.permutation(60)
    mixed = chosen_thresholds(y[at, None], x[at, None], [names[i] for i in at], precision, folds=folds, fewest=1)[0]
    assert mixed == found or (np.isnan(found.precision) and np.isnan(mixed.precision))
    (scaled,) = chosen_thresholds(y[:, None], np.exp(x)[:, None], names, precision, folds=folds, fewest=1)
    assert scaled.threshold == np.exp(found.threshold)


def test_a_precision_that_is_reached_exactly_counts() -> None:
    y = np.array([True] * 7 + [False] * 18)  # 7 of 25 are 0.28, and 0.28 x 25 is 7.000000000000001
    x = np.array([0.5] * 25)
    assert out_of_fold_thresholds._lowest(y, x, np.array([0.28, 0.29]), 3).tolist() == [0.5, np.inf]
