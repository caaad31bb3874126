from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.special import expit, logsumexp, softmax

from blendkit.metrics.kernels.ranking import doubled_ranks
from blendkit.ops.file_level import (
    file_lse,
    file_max_mix,
    file_mean_max,
    file_noisy_or,
    file_top_scale,
    low_rank_power,
    power,
    softmax_richness,
)

P = np.array([[0.8, 0.1], [0.4, 0.2], [0.2, 0.4], [0.5, 0.0]])
TWO = np.array([0, 3, 4])  # a recording of three chunks and one of one


def noise(rows: int, classes: int = 5) -> NDArray[np.float64]:
    return np.random.default_rng(rows).standard_normal((rows, classes)) * 4


def test_top_scale_by_hand() -> None:
    out = file_top_scale(P, space="prob", offsets=TWO, n=2, power=1.0)
    np.testing.assert_allclose(out, [[0.48, 0.03], [0.24, 0.06], [0.12, 0.12], [0.25, 0.0]])
    rank_aware = file_top_scale(P, space="prob", offsets=TWO, n=1, power=0.5)
    np.testing.assert_allclose(rank_aware, P * np.sqrt([[0.8, 0.4]] * 3 + [[0.5, 0.0]]))
    assert file_top_scale(P, space="prob", offsets=TWO, n=9, power=0.0).tolist() == P.tolist()


@pytest.mark.parametrize(("n", "q"), [(1, 0.6), (2, 0.4), (3, 1.0), (40, 0.5)])
def test_top_scale_on_logits_is_that_on_probabilities(n: int, q: float) -> None:
    z = noise(9)
    at = np.array([0, 4, 5, 9])
    from_logits = expit(file_top_scale(z, space="logit", offsets=at, n=n, power=q))
    np.testing.assert_allclose(from_logits, file_top_scale(expit(z), space="prob", offsets=at, n=n, power=q), rtol=1e-9)


def test_logits_neither_underflow_nor_saturate() -> None:
    """In probabilities 1e-200 times 1e-200 is 0, and sigmoid(40) is 1: here order survives both."""
    z = np.array([[-900.0], [-901.0], [-900.5], [45.0], [40.0], [50.0]])
    out = file_top_scale(z, space="logit", offsets=np.array([0, 3, 6]), n=2, power=1.0)
    assert len(np.unique(out)) == 6
    assert np.isfinite(out).all()
    assert np.array_equal(doubled_ranks(out[:3]), doubled_ranks(z[:3]))


@pytest.mark.parametrize("value", [-1000.0, -40.0, -1.0, 0.0, 1.0, 36.0, 700.0, 1e6])
def test_power_nought_leaves_logits(value: float) -> None:
    z = np.array([[value], [value - 1]])
    out = file_top_scale(z, space="logit", n=1, power=0.0)
    np.testing.assert_allclose(out, np.minimum(z, 745), rtol=1e-3 if value > 700 else 1e-12, atol=1e-15)


def test_anchors_by_hand() -> None:
    np.testing.assert_allclose(file_max_mix(P, offsets=TWO, alpha=0.5)[:, 0], [0.8, 0.6, 0.5, 0.5])
    mean = (1.4 / 3 + 0.8) / 2
    np.testing.assert_allclose(file_mean_max(P, offsets=TWO, alpha=1.0)[:, 0], [mean] * 3 + [0.5])
    either = 1 - 0.2 * 0.6 * 0.8
    np.testing.assert_allclose(file_noisy_or(P, offsets=TWO, alpha=1.0)[:, 0], [either] * 3 + [0.5])
    soft = (logsumexp(4.5 * P[:3], axis=0) - np.log(3)) / 4.5
    np.testing.assert_allclose(file_lse(P, offsets=TWO, alpha=1.0, beta=4.5)[:3], [soft] * 3)


def test_noisy_or_with_a_sure_chunk() -> None:
    x = np.array([[1.0, 0.0], [0.3, 0.0]])
    assert file_noisy_or(x, alpha=1.0).tolist() == [[1.0, 0.0], [1.0, 0.0]]


def test_adding_the_maximum_is_the_same_order() -> None:
    x, at = expit(noise(12)), np.array([0, 5, 12])
    high = np.repeat([x[:5].max(axis=0), x[5:].max(axis=0)], [5, 7], axis=0)
    mixed = file_max_mix(x, offsets=at, alpha=0.1 / 1.1)
    np.testing.assert_allclose(mixed * 1.1, x + 0.1 * high)


def test_low_rank_power_by_hand() -> None:
    x = np.array([[0.9, 0.5, 0.2, 0.5], [0.1, 0.4, 0.3, 0.1]])
    out = low_rank_power(x, keep=2, power=2.0)  # maxima .9 .5 .3 .5: the second is level with the fourth
    np.testing.assert_allclose(out, [[0.9, 0.5, 0.04, 0.5], [0.1, 0.4, 0.09, 0.1]])
    assert low_rank_power(x, keep=4).tolist() == x.tolist()


def test_softmax_richness_equals_scipy() -> None:
    x = expit(noise(7))
    np.testing.assert_allclose(softmax_richness(x, tau=0.12), x * softmax(x / 0.12, axis=1))


@given(st.lists(st.integers(0, 20), min_size=2, max_size=30), st.floats(0.1, 5))
def test_power_keeps_the_order(tenths: list[int], q: float) -> None:
    x = np.array([tenths]).T / 20
    assert np.array_equal(doubled_ranks(power(x, power=q)), doubled_ranks(x))


@pytest.mark.parametrize("op", [file_max_mix, file_mean_max, file_noisy_or, file_lse, low_rank_power])
def test_constant_columns_and_no_rows(op: Any) -> None:
    x = np.full((4, 3), 0.25)
    out = op(x, offsets=TWO)
    assert np.allclose(out.std(axis=0)[:], out.std(axis=0)[0])
    assert op(np.empty((0, 3)), offsets=np.zeros(1, np.int64)).shape == (0, 3)
    scaled = file_top_scale(np.empty((0, 3)), space="logit", offsets=np.zeros(1, np.int64))
    assert scaled.shape == (0, 3)


def test_what_a_class_without_coverage_holds_does_not_count() -> None:
    covered = np.array([True, True, True, False])
    x = np.array([[0.9, 0.2, 0.3, 0.5], [0.1, 0.2, 0.1, 0.5]])
    out = softmax_richness(x, covered=covered, tau=0.12)
    np.testing.assert_allclose(out[:, :3], x[:, :3] * softmax(x[:, :3] / 0.12, axis=1))
    assert out[:, 3].tolist() == [0.5, 0.5]
    power = low_rank_power(x, covered=covered, keep=2)
    assert power[0].tolist() == [0.9, pytest.approx(0.04), 0.3, 0.5]
    assert low_rank_power(x, covered=covered, keep=3) is x
    uncovered = np.zeros(4, bool)
    assert softmax_richness(x, covered=uncovered) is low_rank_power(x, covered=uncovered)
