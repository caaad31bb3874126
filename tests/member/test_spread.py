"""A batch's work spread over threads: the same parts, order and values for any number of them."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blendkit.member.mel import Mel
from blendkit.member.protocol import MemberContext
from blendkit.member.spread import SpreadFront, Threads, in_parts, of_each_on_parts


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
    assert Threads.of(MemberContext(threads=threads), jobs) == Threads(workers, each)
    assert Threads.of(MemberContext(threads=threads, provider="cuda"), jobs) == Threads(1, threads)


def test_models_and_parts_run_side_by_side_and_answer_in_order() -> None:
    together = threading.Barrier(3, timeout=20)

    def work(model: int, part: Any) -> Any:
        together.wait()  # three at once, or this raises
        return part * model

    batch = np.arange(7.0, dtype=np.float32)
    one, other, last = of_each_on_parts(work, [1, 10, 100], batch, 4, 3)
    assert (one.tolist(), other.tolist()) == (batch.tolist(), (10 * batch).tolist())
    assert last[-1] == 600


@pytest.mark.parametrize("count", [1, 2, 5])
def test_a_spectrogram_has_the_same_bits_on_any_number_of_threads(count: int) -> None:
    mel = Mel(rate=8000, n_fft=256, hop=128, mels=16)
    x = np.random.default_rng(0).standard_normal((count, 4000)).astype(np.float32)
    for threads in (1, 2, 7):
        assert np.array_equal(SpreadFront(mel, threads)(x), mel(x))
    assert hash(SpreadFront(mel, 2)) == hash(SpreadFront(Mel(rate=8000, n_fft=256, hop=128, mels=16), 2))
