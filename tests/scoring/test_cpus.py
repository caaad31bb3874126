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
        ({"cpu/cpu.cfs_quota_us": "0\n", "cpu/cpu.cfs_period_us": "100000\n"}, None),
    ],
)
def test_quotas_of_both_versions(tmp_path: Path, files: dict[str, str], quota: float | None) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="ascii")
    assert cpu_quota(tmp_path, tmp_path / "no_file") == quota


@pytest.mark.parametrize(
    ("quota", "free", "count"), [("50000", 8, 1), ("250000", 8, 3), ("900000", 8, 8), ("max", 3, 3)]
)
def test_the_smaller_limit_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quota: str, free: int, count: int
) -> None:
    (tmp_path / "cpu.max").write_text(f"{quota} 100000", encoding="ascii")
    monkeypatch.setattr(blendkit.scoring.cpus, "CGROUP", tmp_path)
    monkeypatch.setattr(blendkit.scoring.cpus, "OWN_GROUP", tmp_path / "no_file")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(free)), raising=False)
    assert cpu_count() == count


@pytest.mark.parametrize(
    ("own", "file", "text"),
    [
        ("0::/user.slice/job.scope\n", "user.slice/job.scope/cpu.max", "150000 100000"),
        ("0::/user.slice/job.scope\n", "user.slice/cpu.max", "150000 100000"),  # a quota above counts, too
        ("1:name=systemd:/x\n5:cpu,cpuacct:/batch/job\n", "cpu/batch/job/cpu.cfs_quota_us", "150000"),
    ],
)
def test_quotas_below_the_root(tmp_path: Path, own: str, file: str, text: str) -> None:
    (tmp_path / file).parent.mkdir(parents=True)
    (tmp_path / file).write_text(text, encoding="ascii")
    if file.endswith("_us"):
        (tmp_path / file).with_name("cpu.cfs_period_us").write_text("100000", encoding="ascii")
    (tmp_path / "own").write_text(own, encoding="ascii")
    assert cpu_quota(tmp_path, tmp_path / "own") == 1.5


@pytest.mark.parametrize(("asked", "count"), [("2", 2), ("64", 3), ("", 3), ("all", 3), ("0", 1)])
def test_a_task_of_slurm_has_the_cpus_it_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: str, count: int
) -> None:
    monkeypatch.setattr(blendkit.scoring.cpus, "CGROUP", tmp_path)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(3)), raising=False)
    monkeypatch.setenv("SLURM_CPUS_PER_TASK", asked)
    assert cpu_count() == count
