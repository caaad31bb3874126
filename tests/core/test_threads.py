from __future__ import annotations

import os
import threading

import pytest

from blendkit.core import side_by_side


@pytest.mark.parametrize("n", [0, 1, 2, 50])
@pytest.mark.parametrize("threads", [1, 3])
def test_every_part_is_worked_on_once(n: int, threads: int) -> None:
    seen: list[int] = []
    side_by_side(seen.append, n, threads)
    assert sorted(seen) == list(range(n))


def test_work_may_share_out_work_of_its_own() -> None:
    seen: list[tuple[int, int]] = []
    side_by_side(lambda i: side_by_side(lambda j: seen.append((i, j)), 4, 2), 4, 2)
    assert sorted(seen) == [(i, j) for i in range(4) for j in range(4)]


def test_what_a_helper_raises_is_raised() -> None:
    meet = threading.Barrier(2, timeout=20)

    def work(i: int) -> None:
        meet.wait()  # one part each
        if threading.current_thread() is not threading.main_thread():
            raise ValueError(f"part {i}")

    with pytest.raises(ValueError, match="part"):
        side_by_side(work, 2, 2)


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork.*:DeprecationWarning")
def test_a_forked_process_has_threads_of_its_own() -> None:
    side_by_side(lambda i: None, 2, 2)
    child = os.fork()
    if not child:
        meet = threading.Barrier(2, timeout=20)
        side_by_side(lambda i: meet.wait() and None, 2, 2)
        os._exit(7)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
