"""How many CPUs this process may use: of the machine, by affinity, and by the quota of its container."""

from __future__ import annotations

import math
import os
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")


def cpu_count() -> int:
    """Return the CPUs this process may use, which schedulers (affinity) and containers (cgroup quotas) limit."""
    free = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = cpu_quota(CGROUP)
    return free if quota is None else max(1, min(free, math.ceil(quota)))


def cpu_quota(root: Path) -> float | None:
    """Return the CPUs that a container's quota allows, as a share of time; None without a quota.

    root: the mounted cgroup file system. Sources: the kernel's cgroup-v2 (`cpu.max`) and sched-bwc (`cpu.cfs_*_us`,
    version 1) documents.
    """
    try:
        quota, period = (root / "cpu.max").read_text(encoding="ascii").split()
        return None if quota == "max" else int(quota) / int(period)
    except (OSError, ValueError, ZeroDivisionError):
        pass
    try:
        times = [int((root / "cpu" / f"cpu.cfs_{n}_us").read_text(encoding="ascii")) for n in ("quota", "period")]
        return times[0] / times[1] if times[0] > 0 else None
    except (OSError, ValueError, ZeroDivisionError):
        return None
