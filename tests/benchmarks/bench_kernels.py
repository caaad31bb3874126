"""The kernels behind evaluation, in CPU seconds, against what a user would otherwise write, in one process.

    python -m tests.benchmarks.bench_kernels

Where the plain way would take minutes a few of its evaluations are timed and multiplied; the row says so.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from blendkit.metrics.auc import macro_auc
from blendkit.metrics.kernels.ranking import doubled_ranks
from blendkit.metrics.ranks import percentile_rank
from blendkit.metrics.weight_paths import weight_path
from tests.benchmarks.bench_evaluation import CLASSES, WEIGHTS, plain_auc, world

Row = dict[str, Any]


def cpu_of(work: Callable[[], Any], times: int = 3) -> float:
    """Return the least CPU seconds of some tries, of all threads."""
    spent = []
    for _ in range(times):
        began = time.process_time()
        work()
        spent.append(time.process_time() - began)
    return min(spent)


def row(work: str, plain: float, ours: float, how: str = "") -> Row:
    """Return one row; how: what of the plain way was timed."""
    return {"work": work + how, "ours": ours, "plain": plain, "unit": "CPU s", "ratio": ours / plain}


def auc(n: int) -> Row:
    y, (x,), _ = world(n)
    macro_auc(y, x)
    return row(f"macro-AUC, {n} x {CLASSES}, scikit-learn", cpu_of(lambda: plain_auc(y, x), 1),
               cpu_of(lambda: macro_auc(y, x)))  # fmt: skip


def ranks(n: int) -> Row:
    import pandas as pd

    _, (x,), _ = world(n)
    rows_major = np.ascontiguousarray(x)
    percentile_rank(rows_major)
    frame = pd.DataFrame(rows_major)
    return row(f"percentile ranks, {n} x {CLASSES}, pandas", cpu_of(lambda: frame.rank(pct=True), 1),
               cpu_of(lambda: percentile_rank(rows_major)))  # fmt: skip


def path(n: int) -> Row:
    y, (a, b), _ = world(n, 2)
    weight_path(y, a, b, WEIGHTS)
    plain = cpu_of(lambda: plain_auc(y, 0.37 * a + 0.63 * b), 1) * len(WEIGHTS)
    ours = cpu_of(lambda: weight_path(y, a, b, WEIGHTS))
    return row(f"exact weight path, 1,001 points, {n} x {CLASSES}, scikit-learn", plain, ours, " (1 of 1,001)")


def path_of_ranks(n: int) -> Row:
    y, (a, b), _ = world(n, 2)
    y, a, b = y[:, :4], doubled_ranks(a[:, :4]), doubled_ranks(b[:, :4])
    weights = [k / 10 for k in range(11)]
    weight_path(y, a, b, weights)
    plain = cpu_of(lambda: plain_auc(y, 0.3 * a + 0.7 * b), 1) * len(weights)
    ours = cpu_of(lambda: weight_path(y, a, b, weights))
    return row(f"weight path of ranks, 11 points, {n} x 4, scikit-learn", plain, ours, " (1 of 11)")


def rows() -> list[Row]:
    """Return the rows of the table: work, ours, plain, unit and their ratio."""
    return [auc(4_008), auc(50_004), ranks(50_004), path(4_008), path_of_ranks(500_004)]


if __name__ == "__main__":
    for found in rows():
        print(found)
