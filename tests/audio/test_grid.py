from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blendkit.audio.grid import (
    Overlaps,
    edges,
    frames_onto_chunks,
    onto_chunks,
    overlaps,
    place,
    samples_at,
    window_starts,
)
from blendkit.errors import BlendkitError

RATES = st.sampled_from([8000, 22050, 32000, 44100, 48000])
STEPS = st.sampled_from([0.1, 0.3, 0.96, 1.0, 1.5, 2.0, 2.5, 3.0, 5.0, 20.0])


def test_nothing_drifts_over_a_day() -> None:
    # 0.1 s has no exact float: sums of it, and products with it, wander off
    assert samples_at(0.1, 48000, 864_000) == 24 * 3600 * 48000
    assert samples_at(0.96, 16000, 90_000) == 24 * 3600 * 16000
    assert edges(864_000, 0.1, 44100)[-1] == 24 * 3600 * 44100
    assert edges(3, 0.1, 22050).tolist() == [0, 2205, 4410, 6615]
    assert edges(3, 1 / 3, 8000).tolist() == [0, 2667, 5333, 8000]  # each edge rounded by itself


@given(
    st.integers(0, 40),
    st.floats(0.001, 60) | st.sampled_from([0.5, 0.25, 1 / 3]),
    st.sampled_from([1, 3, 8000, 11025, 44100]),
)
def test_edges_are_the_samples_of_each_step(count: int, step_s: float, rate: int) -> None:
    assert edges(count, step_s, rate).tolist() == [samples_at(step_s, rate, k) for k in range(count + 1)]


def test_windows_end_with_the_recording() -> None:
    assert window_starts(60 * 10, 3, 3, 10).tolist() == list(range(0, 600, 30))
    assert window_starts(50, 3, 3, 10).tolist() == [0, 30]  # the second reaches beyond
    assert window_starts(50, 3, 1, 10).tolist() == [0, 10, 20]
    assert window_starts(50, 20, 5, 10).tolist() == [0]
    assert window_starts(0, 3, 3, 10).tolist() == [0]


def three_on_five() -> Overlaps:
    starts = window_starts(100, 3, 3, 10)
    return overlaps(starts, starts + 30, edges(2, 5, 10))


def test_three_seconds_on_five_by_hand() -> None:
    pairs = three_on_five()
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
    starts = window_starts(300, 5, 5, 10)
    pairs = overlaps(starts, starts + 50, edges(6, 5, 10))
    values = np.random.default_rng(0).standard_normal((6, 3))
    assert pairs.chunk.tolist() == pairs.window.tolist() == list(range(6))
    for pool in ("mean", "max"):
        assert np.array_equal(onto_chunks(values, pairs, pool), values)  # type: ignore[arg-type]


@given(RATES, STEPS, STEPS, STEPS, st.integers(1, 30))
def test_overlaps_are_those_of_every_pair(rate: int, window: float, hop: float, chunk: float, chunks: int) -> None:
    hop = min(hop, window)
    bounds = edges(chunks, chunk, rate)
    starts, size = window_starts(int(bounds[-1]), window, hop, rate), samples_at(window, rate)
    pairs = overlaps(starts, starts + size, bounds)
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
        place(edges(6, 5, 10), 1, 10, 10, "recording")


def test_windows_anchored_to_chunks_by_hand() -> None:
    starts, pairs = place(edges(2, 5, 10), 3, 2, 10, "chunk")
    assert starts.tolist() == [0, 20, 50, 70]  # none crosses into the next chunk
    assert pairs.chunk.tolist() == [0, 0, 1, 1]
    assert pairs.samples.tolist() == [30, 30, 30, 30]
    starts, pairs = place(edges(2, 5, 10), 3, 3, 10, "chunk")
    assert starts.tolist() == [0, 30, 50, 80]
    assert pairs.samples.tolist() == [30, 20, 30, 20]  # what reaches beyond counts for its own chunk alone


def test_windows_centred_on_chunks_by_hand() -> None:
    starts, pairs = place(edges(3, 5, 10), 10, 10, 10, "centre")
    assert starts.tolist() == [-25, 25, 75]
    assert list(zip(pairs.chunk.tolist(), pairs.window.tolist(), pairs.samples.tolist(), strict=True)) == [
        (0, 0, 50), (0, 1, 25), (1, 0, 25), (1, 1, 50), (1, 2, 25), (2, 1, 25), (2, 2, 50),
    ]  # fmt: skip


def test_nothing_to_place() -> None:
    for anchor in ("recording", "chunk", "centre"):
        starts, pairs = place(edges(0, 5, 10), 3, 3, 10, anchor)  # type: ignore[arg-type]
        assert len(starts) == pairs.chunks == 0


def test_overlap_average_max_by_hand() -> None:
    # windows of 4 s with a frame a second, centred on chunks of 2 s: from -1, 1 and 3 s
    frames = np.array([[9, 1, 2, 4], [4, 0, 6, 0], [2, 2, 1, 5]], np.float64)[:, :, None]
    got = frames_onto_chunks(frames, np.array([-10, 10, 30]), 40, edges(3, 2, 10))[0]
    # timeline from 0 s: 1, (2 + 4) / 2, (4 + 0) / 2, (6 + 2) / 2, (0 + 2) / 2, 1; the frame before 0 s is nobody's
    assert got.ravel().tolist() == [3, 4, 1]


def test_frames_that_are_no_whole_samples() -> None:
    rng = np.random.default_rng(0)
    frames = rng.random((12, 313, 2))
    bounds = edges(12, 5, 32000)
    starts, _ = place(bounds, 20, 20, 32000, "centre")
    got = frames_onto_chunks(frames, starts, 640_000, bounds)[0]
    step = 640_000 / 313
    timeline: dict[int, list[np.ndarray]] = {}
    for window, start in zip(frames, starts.tolist(), strict=True):
        for t, frame in enumerate(window):
            timeline.setdefault(round(start / step) + t, []).append(frame)
    for k in range(12):
        inside = [
            np.mean(v, axis=0) for n, v in timeline.items() if k * 160_000 <= (n + 0.5) * step < (k + 1) * 160_000
        ]
        assert np.allclose(got[k], np.max(inside, axis=0))


def test_chunks_shorter_than_a_frame() -> None:
    with pytest.raises(BlendkitError, match="chunk 1 holds no whole frame"):
        frames_onto_chunks(np.zeros((1, 2, 1)), np.array([0]), 100, edges(3, 2, 10))
