from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blendkit.errors import BlendkitError
from blendkit.grid import edges, onto_chunks, overlaps, samples_at, window_starts

RATES = st.sampled_from([8000, 22050, 32000, 44100, 48000])
STEPS = st.sampled_from([0.1, 0.3, 0.96, 1.0, 1.5, 2.0, 2.5, 3.0, 5.0, 20.0])


def test_nothing_drifts_over_a_day() -> None:
    # 0.1 s has no exact float: sums of it, and products with it, wander off
    assert samples_at(0.1, 48000, 864_000) == 24 * 3600 * 48000
    assert samples_at(0.96, 16000, 90_000) == 24 * 3600 * 16000
    assert edges(864_000, 0.1, 44100)[-1] == 24 * 3600 * 44100
    assert edges(3, 0.1, 22050).tolist() == [0, 2205, 4410, 6615]
    assert edges(3, 1 / 3, 8000).tolist() == [0, 2667, 5333, 8000]  # each edge rounded by itself


def test_windows_end_with_the_recording() -> None:
    assert window_starts(60 * 10, 3, 3, 10).tolist() == list(range(0, 600, 30))
    assert window_starts(50, 3, 3, 10).tolist() == [0, 30]  # the second reaches beyond
    assert window_starts(50, 3, 1, 10).tolist() == [0, 10, 20]
    assert window_starts(50, 20, 5, 10).tolist() == [0]
    assert window_starts(0, 3, 3, 10).tolist() == [0]


def test_three_seconds_on_five_by_hand() -> None:
    pairs = overlaps(window_starts(100, 3, 3, 10), 30, edges(2, 5, 10))
    assert list(zip(pairs.chunk.tolist(), pairs.window.tolist(), pairs.samples.tolist(), strict=True)) == [
        (0, 0, 30), (0, 1, 20), (1, 1, 10), (1, 2, 30), (1, 3, 10),
    ]  # fmt: skip
    values = np.array([[1.0, -4], [2, 0], [3, 0], [9, 0]])
    assert onto_chunks(values, pairs, "mean").tolist() == [
        [pytest.approx((30 * 1 + 20 * 2) / 50), pytest.approx(30 * -4 / 50)],
        [pytest.approx((10 * 2 + 30 * 3 + 10 * 9) / 50), 0],
    ]
    assert onto_chunks(values, pairs, "max").tolist() == [[2, 0], [9, 0]]


def test_a_window_as_long_as_a_chunk_is_the_chunk() -> None:
    pairs = overlaps(window_starts(300, 5, 5, 10), 50, edges(6, 5, 10))
    values = np.random.default_rng(0).standard_normal((6, 3))
    assert pairs.chunk.tolist() == pairs.window.tolist() == list(range(6))
    for pool in ("mean", "max"):
        assert np.array_equal(onto_chunks(values, pairs, pool), values)  # type: ignore[arg-type]


@given(RATES, STEPS, STEPS, STEPS, st.integers(1, 30))
def test_overlaps_are_those_of_every_pair(rate: int, window: float, hop: float, chunk: float, chunks: int) -> None:
    hop = min(hop, window)
    bounds = edges(chunks, chunk, rate)
    starts, size = window_starts(int(bounds[-1]), window, hop, rate), samples_at(window, rate)
    pairs = overlaps(starts, size, bounds)
    wanted = [
        (k, w, int(shared))
        for k in range(chunks)
        for w in range(len(starts))
        if (shared := min(starts[w] + size, bounds[k + 1]) - max(starts[w], bounds[k])) > 0
    ]
    assert list(zip(pairs.chunk.tolist(), pairs.window.tolist(), pairs.samples.tolist(), strict=True)) == wanted
    even = onto_chunks(np.full((len(starts), 2), 3.25), pairs, "mean")
    assert np.allclose(even, 3.25, rtol=1e-15)
    assert (onto_chunks(np.full((len(starts), 2), 3.25), pairs, "max") == 3.25).all()


def test_a_hop_that_leaves_a_chunk_without_a_window_is_refused() -> None:
    with pytest.raises(BlendkitError, match="chunk 2"):
        overlaps(window_starts(300, 1, 10, 10), 10, edges(6, 5, 10))
