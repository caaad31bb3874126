"""CPU quotas of containers count like affinity."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import blendkit.scoring.cpus
from blendkit.scoring.cpus import cpu_count, cpu_quota


@pytest.mark.parametrize(
    ("files", "quota"),
    [
        ({}, None),
        ({"cpu.max": "max 100000\n"}, None),
        ({"cpu.max": "150000 100000\n"}, 1.5),
        ({"cpu.max": "nonsense"}, None),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, None),
        ({"cpu/cpu.cfs_quota_us": "400000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 4.0),
        ({"cpu/cpu.cfs_quota_us": "400000\n", "cpu/cpu.cfs_period_us": "0\n"}, None),
    ],
)
def test_quotas_of_both_versions(tmp_path: Path, files: dict[str, str], quota: float | None) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="ascii")
    assert cpu_quota(tmp_path) == quota


@pytest.mark.parametrize(
    ("quota", "free", "count"), [("50000", 8, 1), ("250000", 8, 3), ("900000", 8, 8), ("max", 3, 3)]
)
def test_the_smaller_limit_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quota: str, free: int, count: int
) -> None:
    (tmp_path / "cpu.max").write_text(f"{quota} 100000", encoding="ascii")
    monkeypatch.setattr(blendkit.scoring.cpus, "CGROUP", tmp_path)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(free)), raising=False)
    assert cpu_count() == count
