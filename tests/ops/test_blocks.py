from __future__ import annotations

import subprocess
import sys
import threading
from typing import Any

import numpy as np
import pytest

from blendkit.ops import parallel as blocks


@pytest.mark.parametrize(("n", "width"), [(0, 3), (1, 3), (7, 0), (100, 3), (1000, 400_000)])
def test_every_row_is_worked_on_once(n: int, width: int) -> None:
    seen = np.zeros(n, int)

    def work(part: slice) -> None:
        seen[part] += 1

    blocks.in_blocks(n, width, work)
    assert (seen == 1).all()


def test_blocks_run_side_by_side(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "loop_threads", lambda: 2)
    meet = threading.Barrier(2, timeout=20)
    blocks.in_blocks(2, 10**9, lambda part: meet.wait())  # type: ignore[arg-type, return-value]


def test_one_block_imports_no_compiler() -> None:
    code = (
        "import sys, numpy as np; from blendkit.ops.moving_windows import moving_median\n"
        "assert moving_median(np.array([[1.0], [9.0], [2.0]])).tolist() == [[1.0], [2.0], [2.0]]\n"
        "assert 'numba' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("threads", [1, 2])
def test_what_a_block_raises_is_raised(threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "loop_threads", lambda: threads)

    def work(part: slice) -> None:
        if part.start >= 2:
            raise ValueError(f"row {part.start}")

    with pytest.raises(ValueError, match="row 2"):
        blocks.in_blocks(4, 10**9, work)


def test_row_by_row_takes_any_layout() -> None:
    def kernel(x: Any, factor: float, out: Any) -> None:
        out[:] = factor * x

    x = np.arange(12.0, dtype=np.float32).reshape(4, 3)
    for own in (x, np.asfortranarray(x), x[::2, ::2]):
        out = blocks.row_by_row(kernel, own, 2.0)
        np.testing.assert_array_equal(out, 2 * own)
        assert out.dtype == np.float32
        assert out.flags.c_contiguous
