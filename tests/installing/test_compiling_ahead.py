"""Loops that are compiled beforehand, and where their machine code lies if the installation cannot be written."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from blendkit.core import distinct_counts, few
from blendkit.installing import compiling_ahead, warm_up
from blendkit.io.kernels import number_cells, number_texts
from blendkit.metrics.kernels import crossings, pair_counts, ranking, resampled_counts

PACKAGE = Path(__file__).parents[2] / "blendkit"
ONE_KERNEL = """
import json, numpy as np
from blendkit.ops.kernels.per_recording import negated_kernel
out = np.empty((1, 1))
negated_kernel(np.ones((1, 1)), out)
print(json.dumps([out[0, 0], sum(negated_kernel.dispatcher.stats.cache_hits.values()), str(negated_kernel.dispatcher.stats.cache_path)]))
"""


@pytest.mark.slow
def test_the_loops_of_the_metrics_are_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiling_ahead, "_tried", lambda name: name == "gaussian")
    done = warm_up()
    for kernel in (
        *(pair_counts._count_blocks, ranking._rank_columns, ranking._placed, ranking._placed_shares),
        *(resampled_counts._count_classes, crossings._pairs),
        *(number_texts.write_rows, number_cells.read_rows, distinct_counts._count),
    ):
        assert kernel.dispatcher.signatures
    assert len(ranking._rank_columns.dispatcher.signatures) >= 2  # float32 and float64
    assert "gaussian" not in done.ops
    assert "taxonomy_mean" in done.ops
    assert done.folders
    assert few(1)  # afterwards few cells are few again


def test_what_only_a_user_can_give_is_not_tried() -> None:
    assert not compiling_ahead._tried("range_mask")


@pytest.mark.slow
def test_an_installation_that_cannot_be_written_uses_the_users_cache(tmp_path: Path) -> None:
    site = tmp_path / "site"
    shutil.copytree(PACKAGE, site / "blendkit", ignore=shutil.ignore_patterns("__pycache__"))
    for folder in (site / "blendkit").rglob("*/"):
        if folder.is_dir():
            (folder / "__pycache__").touch()  # a file in its place: not even root can write there
    env = {**os.environ, "PYTHONPATH": str(site), "XDG_CACHE_HOME": str(tmp_path / "cache"), "HOME": str(tmp_path)}
    env.pop("NUMBA_CACHE_DIR", None)
    found = []
    for _ in range(2):
        done = subprocess.run([sys.executable, "-c", ONE_KERNEL], env=env, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        found.append(json.loads(done.stdout))
    assert [f[:2] for f in found] == [[-1.0, 0], [-1.0, 1]]  # compiled once, then loaded
    assert Path(found[0][2]).is_relative_to(tmp_path)
    assert not Path(found[0][2]).is_relative_to(site)
