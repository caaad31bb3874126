"""Windows that move along time: by hand, against scipy, pandas and loops, and their mirror images."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.ndimage import correlate1d, gaussian_filter1d, maximum_filter1d, median_filter, uniform_filter1d

from blendkit.core import compiled_only
from blendkit.errors import BlendkitError
from blendkit.ops.file_level import file_mean_max, file_noisy_or
from blendkit.ops.moving_windows import local_lse, moving_max, moving_mean, moving_median
from blendkit.ops.temporal import (
    adaptive_delta,
    conservative_delta,
    five_tap,
    gaussian,
    kernel,
    segment_mean,
    three_tap,
)

EDGES = ("nearest", "reflect", "zero", "available", "shrink", "keep")
MODES: dict[str, Any] = {"nearest": "nearest", "reflect": "reflect", "zero": "constant"}
LENGTHS = (1, 2, 3, 7, 12)
OFFSETS = np.concatenate([[0], np.cumsum(LENGTHS)]).astype(np.int64)
X = np.random.default_rng(5).random((OFFSETS[-1], 2))


def in_parts(function: Any) -> NDArray[np.float64]:
    return np.concatenate([function(part) for part in np.split(X, OFFSETS[1:-1])])


def column(op: Any, values: list[float], **params: Any) -> list[float]:
    return [round(v, 10) for v in op(np.array([values], float).T, **params)[:, 0].tolist()]


def test_the_reflected_gaussian_by_hand() -> None:
    out = gaussian(np.array([[0.0, 1, 0, 0, 0]]).T, sigma=0.7, edge="reflect")[:, 0]
    np.testing.assert_allclose(out, [0.2150, 0.5699, 0.2054, 0.0096, 0.0001], atol=5e-5)


def median_of(part: NDArray[np.float64], width: int, mode: Any) -> NDArray[np.float64]:
    """scipy's median, which leaves its own rule where a window reaches far beyond the array; numpy's padding there."""
    if width <= 5:
        return np.asarray(median_filter(part, (width, 1), mode=mode))
    names: dict[str, Any] = {"nearest": "edge", "reflect": "symmetric", "constant": "constant"}
    padded = np.pad(part, ((width // 2, width // 2), (0, 0)), mode=names[mode])
    return np.asarray(np.median(np.lib.stride_tricks.sliding_window_view(padded, width, axis=0), axis=-1))


@pytest.mark.parametrize("edge", MODES)
@pytest.mark.parametrize("width", [1, 3, 5, 25])
def test_windows_are_those_of_scipy(edge: Any, width: int) -> None:
    mode = MODES[edge]
    for op, oracle in (
        (moving_mean, lambda p: uniform_filter1d(p, width, axis=0, mode=mode)),
        (moving_median, lambda p: median_of(p, width, mode)),
        (moving_max, lambda p: maximum_filter1d(p, width, axis=0, mode=mode)),
    ):
        np.testing.assert_allclose(op(X, offsets=OFFSETS, width=width, edge=edge), in_parts(oracle), atol=1e-12)


@pytest.mark.parametrize("edge", MODES)
@pytest.mark.parametrize("sigma", [0.7, 3.0])
def test_gaussians_are_those_of_scipy(edge: Any, sigma: float) -> None:
    expected = in_parts(lambda p: gaussian_filter1d(p, sigma, axis=0, mode=MODES[edge]))
    np.testing.assert_allclose(gaussian(X, offsets=OFFSETS, sigma=sigma, edge=edge), expected, atol=1e-12)


@pytest.mark.parametrize("width", [3, 9])
def test_available_windows_are_those_of_pandas(width: int) -> None:
    for op, name in ((moving_mean, "mean"), (moving_median, "median"), (moving_max, "max")):
        expected = in_parts(
            lambda p, n=name: getattr(pd.DataFrame(p).rolling(width, center=True, min_periods=1), n)().to_numpy()
        )
        np.testing.assert_allclose(op(X, offsets=OFFSETS, width=width, edge="available"), expected, atol=1e-12)


@pytest.mark.parametrize(
    ("edge", "mean", "median", "highest"),
    [
        ("nearest", [3, 4.2, 5.4, 6.6], [3, 3, 6, 9], [6, 9, 9, 9]),
        ("reflect", [2.4, 4.2, 5.4, 6], [3, 3, 6, 6], [6, 9, 9, 9]),
        ("zero", [1.8, 3.6, 3.6, 3], [0, 3, 3, 0], [6, 9, 9, 9]),
        ("available", [3, 4.5, 4.5, 5], [3, 4.5, 4.5, 6], [6, 9, 9, 9]),
        ("shrink", [3, 3, 5, 9], [3, 3, 6, 9], [3, 6, 9, 9]),
        ("keep", [3, 0, 6, 9], [3, 0, 6, 9], [3, 0, 6, 9]),
    ],
)
def test_five_chunks_by_hand(edge: str, mean: list[float], median: list[float], highest: list[float]) -> None:
    for op, expected in ((moving_mean, mean), (moving_median, median), (moving_max, highest)):
        assert column(op, [3, 0, 6, 9], width=5, edge=edge) == expected


def test_taps_at_the_ends_by_hand() -> None:
    """0.8 and 0.2 at the ends of 0.2 0.6 0.2 are `nearest` at alpha 0.4; `available` keeps the chunk's own weight."""
    assert column(three_tap, [1, 0, 0], alpha=0.4) == [0.8, 0.2, 0]
    assert column(three_tap, [1, 0, 0], alpha=0.2, edge="available") == [0.8, 0.1, 0]
    assert column(five_tap, [1, 0, 0, 0, 0], edge="available") == [0.4, 0.24, 0.1, 0, 0]
    assert column(five_tap, [1, 0, 0, 0, 0], edge="shrink") == [1, 0.25, 0.1, 0, 0]
    assert column(five_tap, [1, 0, 0], edge="zero") == [0.4, 0.2, 0.1]


@pytest.mark.parametrize("edge", MODES)
def test_kernels_of_any_width_are_those_of_scipy(edge: Any) -> None:
    weights = np.array([1, 2, 3, 4, 3, 2, 1]) / 16
    expected = in_parts(lambda p: correlate1d(p, weights, axis=0, mode=MODES[edge]))
    np.testing.assert_allclose(kernel(X, taps=[4, 3, 2, 1], offsets=OFFSETS, edge=edge), expected, atol=1e-12)
    np.testing.assert_array_equal(kernel(X, taps=[0.4, 0.2, 0.1], edge=edge), five_tap(X, edge=edge))
    assert (kernel(X, taps=[0.0, 0.0], edge=edge) == X).all()


def test_a_soft_maximum_by_hand() -> None:
    soft = np.log((np.exp(2) + 1 + 1) / 3) / 2
    np.testing.assert_allclose(local_lse(np.array([[1.0, 0, 0, 0]]).T, beta=2)[1, 0], soft)
    np.testing.assert_allclose(local_lse(np.array([[1.0, 0, 0, 0]]).T, beta=2, alpha=0.25)[1, 0], 0.25 * soft)
    np.testing.assert_allclose(local_lse(X, width=5, beta=1e-6), moving_mean(X, width=5), atol=1e-5)
    np.testing.assert_allclose(local_lse(X, width=5, beta=1e5), moving_max(X, width=5), atol=1e-4)


def test_a_local_mean_does_not_reach_over_a_change_point() -> None:
    values = [0.10, 0.14, 0.18, 0.22, 0.9, 0.9]
    assert column(segment_mean, values, alpha=1.0, radius=1) == [0.12, 0.14, 0.18, 0.2, 0.9, 0.9]
    assert column(segment_mean, values, alpha=1.0) == [0.16, 0.16, 0.16, 0.16, 0.9, 0.9]


def test_an_even_width_is_refused() -> None:
    with pytest.raises(BlendkitError, match="width 4 is even") as caught:
        moving_median(X, width=4)
    assert "write width 3 or 5" in caught.value.problems


SMOOTHERS: dict[str, Any] = {
    **{
        f"{op.__name__} {e}": lambda x, op=op, e=e: op(x, edge=e)
        for op in (gaussian, three_tap, five_tap)
        for e in EDGES
    },
    **{f"moving {e}": lambda x, e=e: moving_mean(x, width=5, edge=e) for e in EDGES},
    "a kernel": lambda x: kernel(x, taps=[0.4, 0.3, 0.3, 0.1], edge="available"),
    "no own weight": lambda x: five_tap(x, centre=0),
    "median": lambda x: moving_median(x, width=5),
    "maximum": lambda x: moving_max(x, width=5, edge="available"),
    "soft maximum": lambda x: local_lse(x, width=5, edge="available"),
    "adaptive": lambda x: adaptive_delta(x, edge="available"),
    "conservative": conservative_delta,
    "segments": lambda x: segment_mean(x, threshold=0.3),
    "segments near": lambda x: segment_mean(x, threshold=0.3, radius=1),
    "mean and maximum": file_mean_max,
    "noisy or": file_noisy_or,
}
COLUMNS = st.lists(st.one_of(st.floats(0, 1), st.sampled_from([0.1, 0.3, 0.7])), min_size=1, max_size=14)


@pytest.mark.parametrize("name", SMOOTHERS)
@given(values=COLUMNS, kind=st.sampled_from([np.float32, np.float64]))
@settings(max_examples=15)
def test_a_mirror_image_gives_the_mirrored_bits(name: str, values: list[float], kind: Any) -> None:
    x = np.array([values, values[::-1]], kind).T
    out = SMOOTHERS[name](x)
    assert out[::-1, 0].tobytes() == out[:, 1].tobytes()


@pytest.mark.parametrize("name", sorted(set(SMOOTHERS) - {"no own weight", "noisy or", "mean and maximum"}))
@given(value=st.floats(0, 1), length=st.integers(1, 14))
@settings(max_examples=15)
def test_equal_neighbours_stay_equal(name: str, value: float, length: int) -> None:
    if "zero" not in name:
        assert (SMOOTHERS[name](np.full((length, 1), value)) == value).all()


@pytest.mark.parametrize("edge", EDGES)
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_compiled_and_plain_sums_have_the_same_bits(edge: Any, kind: Any) -> None:
    x = X.astype(kind)

    def made() -> list[bytes]:
        found = [
            gaussian(x, offsets=OFFSETS, sigma=1.3, edge=edge),
            three_tap(x, offsets=OFFSETS, alpha=0.3, edge=edge),
            five_tap(x, offsets=OFFSETS, centre=0, edge=edge),
            moving_mean(x, offsets=OFFSETS, width=9, edge=edge),
        ]
        return [f.tobytes() for f in found]

    plain = made()
    with compiled_only():
        assert made() == plain
