from __future__ import annotations

import math
import sys
from fractions import Fraction

import numpy as np
import pytest

from blendkit.errors import BlendkitError
from blendkit.metrics.auc import macro_auc
from blendkit.metrics.breakpoints import weight_breakpoints
from blendkit.metrics.kernels.ranking import doubled_ranks
from blendkit.metrics.weight_paths import weight_path

MODULE = sys.modules["blendkit.metrics.weight_paths"]
WEIGHTS = [0, 0.05, 0.1, 0.25, 0.3, 0.5, 0.75, 0.9, 1.0]


def drawn(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray | None]:
    """Two streams: integer ranks with ties, float32, decimals that float64 rounds, saturated probabilities."""
    rng = np.random.default_rng(seed)
    shape = (int(rng.integers(4, 25)), 2)
    z = [rng.standard_normal(shape) for _ in "ab"]
    a, b = {
        0: lambda: [doubled_ranks(np.round(v * 2)) for v in z],
        1: lambda: [v.astype(np.float32) for v in z],
        2: lambda: [np.round(v * 5) / 10 for v in z],
        3: lambda: [1 / (1 + np.exp(-20 * v)) for v in z],
    }[seed % 4]()
    mask = (None, rng.random(shape[0]) < 0.8, rng.random(shape) < 0.8)[seed % 3]
    return rng.random(shape) < 0.4, a, b, mask


def brute(y: np.ndarray, a: np.ndarray, b: np.ndarray, w: float, mask: np.ndarray | None) -> list[int]:
    """2U per class of (1 - w) a + w b in exact fractions; 0 where there is no pair."""
    out, share = [], Fraction(str(w))
    for c in range(y.shape[1]):
        keep = np.ones(len(y), bool) if mask is None else mask if mask.ndim == 1 else mask[:, c]
        mixed = [
            (1 - share) * Fraction(float(p)) + share * Fraction(float(q)) for p, q in zip(a[:, c], b[:, c], strict=True)
        ]
        p, n = ([mixed[i] for i in np.flatnonzero(keep & (y[:, c] == side))] for side in (True, False))
        out.append(sum(2 * (i > j) + (i == j) for i in p for j in n))
    return out


@pytest.mark.parametrize("by_pairs", [True, False])
def test_integers_equal_brute_force_at_every_weight(by_pairs: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MODULE, "_PAIRS_PER_CELL", 1e9 if by_pairs else -1.0)
    for seed in range(40):
        y, a, b, mask = drawn(seed)
        path = weight_path(y, a, b, WEIGHTS, mask)
        assert (path.by_pairs == (by_pairs & (path.pairs > 0))).all()
        for g, w in enumerate(WEIGHTS):
            assert path.twice_u[g].tolist() == brute(y, a, b, w, mask), (seed, w)


def test_both_ways_agree_on_many_classes(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    y, a = rng.random((300, 40)) < 0.2, doubled_ranks(np.round(rng.standard_normal((300, 40)), 1))
    b, mask = doubled_ranks(np.round(rng.standard_normal((300, 40)), 1)), rng.random((300, 40)) < 0.9
    found = []
    for each in (1e9, -1.0):
        monkeypatch.setattr(MODULE, "_PAIRS_PER_CELL", each)
        found.append(weight_path(y, a, b, WEIGHTS, mask))
    assert found[0].by_pairs.all()
    assert not found[1].by_pairs.any()
    assert np.array_equal(found[0].twice_u, found[1].twice_u)


def test_both_ends_are_the_streams_themselves() -> None:
    y, a, b, mask = drawn(1)
    path = weight_path(y, a, b, np.linspace(0, 1, 1001), mask)
    assert path.macro[0] == macro_auc(y, a, mask).macro
    assert path.macro[-1] == macro_auc(y, b, mask).macro
    assert path.weights[437] == 0.437
    assert path.best == path.weights[np.argmax(path.macro)]


def test_a_path_by_hand() -> None:
    """One positive, two negatives: it falls behind the first at w = 1/2 and never passes the second."""
    y = np.array([[True], [False], [False]])
    a, b = np.array([[2.0], [1.0], [5.0]]), np.array([[1.0], [2.0], [5.0]])
    path = weight_path(y, a, b, [0, 0.25, 0.5, 0.75, 1])
    assert path.twice_u[:, 0].tolist() == [2, 2, 1, 0, 0]
    assert path.per_class[:, 0].tolist() == [0.5, 0.5, 0.25, 0.0, 0.0]
    points = weight_breakpoints(y, a, b)
    assert points.weights.tolist() == [0.5]
    assert points.between.tolist() == [0.5, 0.0]
    assert points.at.tolist() == [0.25]
    assert points.best == (0.5, 0.0, 0.5)


def test_breakpoints_refuse_what_is_not_finite_in_either_stream() -> None:
    good, bad = np.array([[0.1], [0.2]]), np.array([[0.1], [np.nan]])
    y = np.array([[True], [False]])
    for a, b in ((bad, good), (good, bad)):
        with pytest.raises(BlendkitError, match="breakpoints need finite values"):
            weight_breakpoints(y, a, b)


@pytest.mark.parametrize("seed", [0, 1, 4, 5, 8, 9, 12, 13])
def test_breakpoints_hold_between_each_two(seed: int) -> None:
    y, a, b, mask = drawn(seed)
    points = weight_breakpoints(y, a, b, mask)
    edges = np.concatenate([[0.0], points.weights, [1.0]])
    for w, figure in zip((edges[:-1] + edges[1:]) / 2, points.between, strict=True):
        expected = macro_auc(y, (1 - w) * a + w * b, mask).macro
        assert figure == pytest.approx(expected, abs=1e-9, nan_ok=True)


@pytest.mark.parametrize(
    ("weights", "value", "message"),
    [
        ([0.5, 1.2, -1], 0.0, "between 0 and 1, got 1.2, -1"),
        ([], 0.0, "got none"),
        ([1 / 3], 0.0, "at most 9 decimals"),
        ([0.5], np.inf, "row 1, class 0"),
        ([0.5], np.nan, "row 1, class 0"),
    ],
)
def test_bad_input_is_named(weights: list[float], value: float, message: str) -> None:
    y, a = np.array([[True], [False]]), np.array([[0.0], [value]])
    with pytest.raises(BlendkitError, match=message):
        weight_path(y, np.zeros((2, 1)), a, weights)


@pytest.mark.parametrize(
    ("fits", "does_not", "message"),
    [
        (2**53 - 1, 2**53, "whole numbers of 2"),
        (1 - 2**53, -(2**53), "whole numbers of 2"),
        (1e290, 1.1e290, "1 values are not finite"),
        (-1e-270, -0.9e-270, "first -9e-271 at row 1, class 0"),
        (0.0, math.inf, "first inf at row 1, class 0"),
    ],
)
def test_what_can_be_blended_exactly(fits: float, does_not: float, message: str) -> None:
    y, b = np.array([[True] * 2, [False] * 2]), np.array([[0.0, 0.0], [1.0, 1.0]])
    assert weight_path(y, np.array([[0, 0], [fits, 0]]), b, [0.0]).pairs.tolist() == [1, 1]
    with pytest.raises(BlendkitError, match=message):
        weight_path(y, np.array([[0, 0], [does_not, 0]]), b, [0.0])


def test_arguments_stay_as_they_were() -> None:
    y, a, b, mask = drawn(2)
    before = [v.copy() for v in (y, a, b)]
    weight_path(y, a, b, WEIGHTS, mask)
    assert all(np.array_equal(v, w) for v, w in zip((y, a, b), before, strict=True))
