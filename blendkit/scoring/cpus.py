"""How many CPUs this process may use: of the machine, by affinity, the quota of its container, and its Slurm task."""

from __future__ import annotations

import math
import os
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")
OWN_GROUP = Path("/proc/self/cgroup")


def cpu_count() -> int:
    """Return the CPUs this process may use, which schedulers (affinity) and containers (cgroup quotas) limit.

    A task of Slurm has those that it asked for (`--cpus-per-task`), also on a cluster that does not bind it to them.
    """
    free = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota, asked = cpu_quota(CGROUP, OWN_GROUP), os.environ.get("SLURM_CPUS_PER_TASK", "")
    limits = [math.ceil(quota)] if quota is not None else []
    limits += [int(asked)] if asked.isascii() and asked.isdecimal() else []
    return max(1, min([free, *limits]))


def cpu_quota(root: Path, own: Path) -> float | None:
    """Return the CPUs that quotas allow this process, as a share of time; None without a quota.

    root: the mounted cgroup file system; own: the file that says which group of it is this process's
    (/proc/self/cgroup). The quota of any group above counts as well. Sources: the kernel's cgroup-v2 (`cpu.max`) and
    sched-bwc (`cpu.cfs_*_us`, version 1) documents.
    """
    try:
        lines = own.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        lines = []
    found = [_quota(f) for f in [root, root / "cpu", *(f for line in lines for f in _folders(root, line))]]
    return min((q for q in found if q is not None), default=None)


def _folders(root: Path, line: str) -> list[Path]:
    """Return the folders of a group, `number:controllers:/path`, and of all above it."""
    _, _, rest = line.partition(":")
    controllers, _, path = rest.partition(":")
    if controllers and "cpu" not in controllers.split(","):
        return []
    top = root / "cpu" if controllers else root
    inner = top / path.lstrip("/")
    return [inner, *(p for p in inner.parents if p.is_relative_to(top))]


def _quota(folder: Path) -> float | None:
    """Return the quota of one group, of either version of the file system; None if it has none."""
    try:
        quota, period = (folder / "cpu.max").read_text(encoding="ascii").split()
        return None if quota == "max" else int(quota) / int(period)
    except (OSError, ValueError, ZeroDivisionError):
        pass
    try:
        times = [int((folder / f"cpu.cfs_{n}_us").read_text(encoding="ascii")) for n in ("quota", "period")]
        return times[0] / times[1] if times[0] > 0 else None
    except (OSError, ValueError, ZeroDivisionError):
        return None
