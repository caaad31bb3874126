from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from blendkit.errors import BlendkitError
from blendkit.ops.temporal import (
    adaptive_delta,
    conservative_delta,
    dilate,
    five_tap,
    gaussian,
    local_max,
    segment_mean,
    three_tap,
)

SIGMAS = [0.1, 0.3, 0.5, 0.65, 1.0, 1.5, 2.5, 5.0]


def offsets_of(*lengths: int) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)


def noise(rows: int, classes: int = 3, kind: type = np.float64) -> Any:
    return np.random.default_rng(rows).standard_normal((rows, classes)).astype(kind)


@pytest.mark.parametrize("sigma", SIGMAS)
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_gaussian_equals_scipy_for_every_length(sigma: float, kind: type) -> None:
    """One call on recordings of 1 to 40 chunks: also those shorter than the kernel."""
    lengths = list(range(1, 41))
    x, offsets = noise(sum(lengths), kind=kind), offsets_of(*lengths)
    parts = np.split(x, offsets[1:-1])
    expected = [gaussian_filter1d(p, sigma, axis=0, mode="nearest", truncate=4) for p in parts]
    out = gaussian(x, offsets=offsets, sigma=sigma)
    assert out.dtype == kind
    np.testing.assert_allclose(out, np.concatenate(expected), atol=1e-6, rtol=0)


@pytest.mark.parametrize("sigma", SIGMAS)
def test_gaussian_equals_scipy_to_the_last_digits_in_float64(sigma: float) -> None:
    x = noise(37)
    expected = gaussian_filter1d(x, sigma, axis=0, mode="nearest", truncate=4)
    np.testing.assert_allclose(gaussian(x, sigma=sigma), expected, atol=1e-13, rtol=0)


def test_the_default_gaussian_has_sigma_one() -> None:
    x = noise(12)
    np.testing.assert_array_equal(gaussian(x), gaussian(x, sigma=1.0))
    assert not np.array_equal(gaussian(x), gaussian(x, sigma=1.1))


def test_gaussian_by_hand() -> None:
    """Sigma 0.3: three taps; e = exp(-1 / 0.18), and the edges repeat themselves."""
    e = np.exp(-0.5 / 0.09)
    side, mid = e / (1 + 2 * e), 1 / (1 + 2 * e)
    out = gaussian(np.array([[1.0], [0.0], [0.0], [2.0]]), sigma=0.3)
    expected = [mid + side, side, 2 * side, 2 * (mid + side)]
    np.testing.assert_allclose(out[:, 0], expected, rtol=1e-14)


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ([3.0], [3.0]),
        ([1.0, 3.0], [1.25, 2.75]),  # 3/4 + the neighbour's 1/8, and itself for the missing one
        ([0.0, 8.0, 0.0], [1.0, 6.0, 1.0]),
        ([8.0, 0.0, 0.0, 4.0], [7.0, 1.0, 0.5, 3.5]),
    ],
)
def test_three_tap_by_hand(column: list[float], expected: list[float]) -> None:
    assert three_tap(np.array([column]).T, alpha=0.25)[:, 0].tolist() == expected


def test_three_tap_default_alpha() -> None:
    np.testing.assert_allclose(three_tap(np.array([[0.0], [10.0], [0.0]]))[:, 0], [1.0, 8.0, 1.0], rtol=1e-15)


def test_three_tap_of_alpha_zero_changes_no_bit() -> None:
    x = noise(30, kind=np.float32)
    np.testing.assert_array_equal(three_tap(x, offsets=offsets_of(10, 20), alpha=0.0), x)


def test_three_tap_of_alpha_one_leaves_only_neighbours() -> None:
    out = three_tap(np.array([[2.0], [4.0], [8.0]]), alpha=1.0)
    assert out[:, 0].tolist() == [3.0, 5.0, 6.0]


@pytest.mark.parametrize("op", [gaussian, three_tap])
def test_recordings_do_not_reach_into_each_other(op: Any) -> None:
    x, offsets = noise(24), offsets_of(12, 12)
    other = x.copy()
    other[12:] += 100
    np.testing.assert_array_equal(op(other, offsets=offsets)[:12], op(x, offsets=offsets)[:12])
    assert not np.array_equal(op(other)[:12], op(x)[:12])  # without offsets all is one recording


@pytest.mark.parametrize("op", [gaussian, three_tap])
@given(lengths=st.lists(st.integers(1, 15), min_size=1, max_size=6), random=st.randoms(use_true_random=False))
def test_shards_equal_the_whole_bit_for_bit(op: Any, lengths: list[int], random: Any) -> None:
    x, offsets = noise(sum(lengths), 5, np.float32), offsets_of(*lengths)
    parts = np.split(op(x, offsets=offsets), offsets[1:-1])
    for recording, expected in zip(np.split(x, offsets[1:-1]), parts, strict=True):
        columns = random.sample(range(5), 2)
        np.testing.assert_array_equal(op(recording), expected)
        np.testing.assert_array_equal(op(recording[:, columns]), expected[:, columns])


@pytest.mark.parametrize("op", [gaussian, three_tap])
@given(value=st.floats(-1e6, 1e6), length=st.integers(1, 20))
def test_a_steady_recording_stays_steady(op: Any, value: float, length: int) -> None:
    np.testing.assert_allclose(op(np.full((length, 2), value)), value, rtol=1e-12, atol=1e-300)


@pytest.mark.parametrize("op", [gaussian, three_tap])
@given(seed=st.integers(0, 99))
def test_smoothing_stays_between_the_extremes(op: Any, seed: int) -> None:
    x = np.random.default_rng(seed).random((17, 4))
    out = op(x)
    assert (out <= x.max(axis=0) + 1e-12).all()
    assert (out >= x.min(axis=0) - 1e-12).all()


@pytest.mark.parametrize("op", [gaussian, three_tap])
def test_layout_and_arguments(op: Any) -> None:
    x, offsets = noise(20), offsets_of(7, 13)
    before = x.copy()
    x.setflags(write=False)
    expected = op(x, offsets=offsets)
    np.testing.assert_array_equal(op(np.asfortranarray(x), offsets=offsets), expected)
    np.testing.assert_array_equal(x, before)
    assert op(np.zeros((0, 3)), offsets=np.zeros(1, np.int64)).shape == (0, 3)


@pytest.mark.parametrize("edge", ["nearest", "available", "keep"])
def test_three_tap_edges_against_loops(edge: Any) -> None:
    x, alpha = noise(6), 0.2
    out = three_tap(x, offsets=offsets_of(4, 1, 1), alpha=alpha, edge=edge)
    expected = x.copy()
    for t in range(4):
        beside = [x[s] for s in (t - 1, t + 1) if 0 <= s < 4]
        if len(beside) == 2:
            expected[t] = (1 - alpha) * x[t] + alpha / 2 * (beside[0] + beside[1])
        elif edge == "nearest":
            expected[t] = (1 - alpha) * x[t] + alpha / 2 * (x[t] + beside[0])
        elif edge == "available":
            expected[t] = (1 - alpha) * x[t] + alpha * beside[0]
    np.testing.assert_allclose(out, expected, atol=1e-12)


@pytest.mark.parametrize("edge", ["nearest", "available", "keep"])
@pytest.mark.parametrize("length", [1, 2, 3, 4, 5, 9])
def test_five_tap_edges_against_loops(edge: Any, length: int) -> None:
    x = noise(length)
    taps = {-2: 0.1, -1: 0.2, 0: 0.4, 1: 0.2, 2: 0.1}
    out = five_tap(x, edge=edge)
    for t in range(length):
        inside = {d: w for d, w in taps.items() if 0 <= t + d < length}
        if edge == "nearest":
            value = sum(w * x[min(max(t + d, 0), length - 1)] for d, w in taps.items())
        elif len(inside) == 5:
            value = sum(w * x[t + d] for d, w in taps.items())
        elif edge == "keep" or len(inside) == 1:
            value = x[t]
        else:
            beside = {d: w for d, w in inside.items() if d}
            value = 0.4 * x[t] + 0.6 * sum(w * x[t + d] for d, w in beside.items()) / sum(beside.values())
        np.testing.assert_allclose(out[t], value, atol=1e-12)


def test_five_tap_divides_by_its_sum() -> None:
    x = noise(7)
    np.testing.assert_allclose(five_tap(x, centre=4, near=2, far=1), five_tap(x), atol=1e-12)
    assert np.array_equal(five_tap(x, centre=0, near=0, far=0), x)


def test_adaptive_delta_moves_the_unsure() -> None:
    x = np.array([[1.0, 0.2], [0.0, 0.4], [0.5, 0.0]])
    out = adaptive_delta(x, alpha=0.5)
    np.testing.assert_allclose(out[0], x[0])  # sure of its first class
    a = 0.5 * (1 - 0.4)
    np.testing.assert_allclose(out[1], (1 - a) * x[1] + a * (x[0] + x[2]) / 2)
    a = 0.5 * (1 - 0.5)
    np.testing.assert_allclose(out[2], (1 - a) * x[2] + a * (x[1] + x[2]) / 2)
    np.testing.assert_allclose(adaptive_delta(x, alpha=0.5, edge="keep")[2], x[2])
    np.testing.assert_allclose(adaptive_delta(x, alpha=0.5, edge="available")[2], (1 - a) * x[2] + a * x[1])


def test_neighbourhood_maxima() -> None:
    x = np.array([[1.0], [5.0], [2.0], [0.0], [9.0]])
    at = offsets_of(4, 1)
    assert dilate(x, offsets=at)[:, 0].tolist() == [5, 5, 5, 2, 9]
    np.testing.assert_allclose(local_max(x, offsets=at, alpha=0.25)[:, 0], [2, 5, 2.75, 0.5, 9])
    assert dilate(x, offsets=at, radius=3)[:, 0].tolist() == [5, 5, 5, 5, 9]


def test_what_a_class_without_coverage_holds_does_not_count() -> None:
    x = np.array([[0.5, 0.2], [0.5, 0.4], [0.5, 0.1]])  # a logit of 0 where nobody scores the first class
    out = adaptive_delta(x, alpha=0.5, covered=np.array([False, True]))
    np.testing.assert_allclose(out[1, 1], 0.4 + 0.5 * (1 - 0.4) * (0.15 - 0.4))


def test_conservative_delta_by_hand_and_against_loops() -> None:
    x = np.array([[0.1, 0.1], [0.3, 0.2], [0.2, 0.3], [0.635, 0.0], [0.9, 0.9], [0.7, 0.6], [0.95, 0.1]])
    out = conservative_delta(x, alpha=0.5)
    np.testing.assert_array_equal(out[[0, 6]], x[[0, 6]])  # the ends
    np.testing.assert_allclose(out[1], x[1] + 0.5 * (np.array([0.15, 0.2]) - x[1]))  # wholly unsure
    np.testing.assert_allclose(out[3], x[3] + 0.25 * (np.array([0.55, 0.6]) - x[3]))  # half way to sure
    assert out[4].tolist() == [0.9, 0.9]  # outstanding: above 0.65 and 1.25 times its neighbours
    mean = np.array([0.925, 0.5])
    np.testing.assert_allclose(out[5], x[5] + 0.5 * (0.92 - 0.7) / 0.57 * (mean - x[5]))
    y = np.random.default_rng(3).random((24, 5))
    made = conservative_delta(y, offsets=offsets_of(10, 1, 13), keep_above=0.4)
    for first, last in ((0, 10), (10, 11), (11, 24)):
        for t in range(first, last):
            u = min(max((0.92 - y[t].max()) / (0.92 - 0.35), 0), 1)
            for c in range(5):
                value = y[t, c]
                if first < t < last - 1:
                    m = (y[t - 1, c] + y[t + 1, c]) / 2
                    value = value if value > 0.4 and value > 1.25 * m else value + 0.08 * u * (m - value)
                assert made[t, c] == pytest.approx(value, abs=1e-12)
    with pytest.raises(BlendkitError, match="not below"):
        conservative_delta(x, unsure=0.9, sure=0.9)


def test_segments_end_at_steps_and_at_recordings() -> None:
    x = np.array([[0.10], [0.14], [0.18], [0.50], [0.52], [0.9], [0.9]])
    out = segment_mean(x, offsets=offsets_of(6, 1), threshold=0.06, alpha=1.0)[:, 0]
    np.testing.assert_allclose(out, [0.14, 0.14, 0.14, 0.51, 0.51, 0.9, 0.9])
    half = segment_mean(x, offsets=offsets_of(6, 1), threshold=0.06, alpha=0.5)[:, 0]
    np.testing.assert_allclose(half, (x[:, 0] + out) / 2)
    both = segment_mean(np.hstack([x, x[::-1]]), threshold=0.0)  # each class has segments of its own
    np.testing.assert_array_equal(both[:, 1], segment_mean(x[::-1].copy(), threshold=0.0)[:, 0])
    assert segment_mean(x[:0], offsets=offsets_of()).shape == (0, 1)
