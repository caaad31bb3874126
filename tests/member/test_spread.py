"""A batch's work spread over threads: the same parts, order and values for any number of them."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blendkit.member.mel import Mel
from blendkit.member.spread import SpreadFront, Threads, in_parts, side_by_side


@given(st.integers(1, 60), st.integers(2, 9))
def test_parts_hold_all_windows_in_order_and_none_is_alone(count: int, size: int) -> None:
    batch = np.arange(2 * count, dtype=np.float32).reshape(count, 2)
    parts = in_parts(batch, size)
    assert np.array_equal(np.concatenate(parts), batch)
    sizes = [len(p) for p in parts]
    assert max(sizes) <= size
    assert min(sizes) > 1 or count == 1 or size == 2
    assert max(sizes) - min(sizes) <= 1


@pytest.mark.parametrize(
    ("threads", "jobs", "workers", "each"),
    [(1, 15, 1, 1), (2, 15, 2, 1), (16, 15, 15, 1), (16, 3, 3, 5), (16, 1, 1, 16), (4, 0, 1, 4)],
)
def test_workers_of_one_thread_unless_the_jobs_are_few(threads: int, jobs: int, workers: int, each: int) -> None:
    assert Threads.of(threads, jobs) == Threads(workers, each)


def test_jobs_run_side_by_side_and_answer_in_order() -> None:
    together = threading.Barrier(3, timeout=20)

    def work(job: int) -> int:
        together.wait()  # three at once, or this raises
        time.sleep(0.01 * (2 - job % 3))
        return job * job

    assert side_by_side(work, range(6), 3) == [0, 1, 4, 9, 16, 25]
    assert side_by_side(str, [7], 3) == ["7"]
    here = threading.get_ident()
    assert side_by_side(lambda _: threading.get_ident(), [1, 2], 1) == [here, here]


def test_what_a_job_raises_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        side_by_side(lambda job: 1 // job, [1, 0, 2], 2)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_a_spectrogram_has_the_same_bits_on_any_number_of_threads(count: int) -> None:
    mel = Mel(rate=8000, n_fft=256, hop=128, mels=16)
    x = np.random.default_rng(0).standard_normal((count, 4000)).astype(np.float32)
    for threads in (1, 2, 7):
        assert np.array_equal(SpreadFront(mel, threads)(x), mel(x))
    assert hash(SpreadFront(mel, 2)) == hash(SpreadFront(Mel(rate=8000, n_fft=256, hop=128, mels=16), 2))
