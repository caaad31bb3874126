"""When this process started, on the clock of `time.monotonic`: a time budget counts from there."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

STAT = Path("/proc/self/stat")
_START_FIELD = 19  # of the fields behind the name, as in proc(5): the start in ticks since boot


@dataclass(frozen=True)
class Started:
    """When the command started: a reading of `time.monotonic`."""

    at: float


def process_start(stat: Path = STAT) -> float:
    """Return the start of this process. Where the system does not tell, at least the processor time it used counts."""
    try:
        ticks = int(stat.read_text(encoding="utf-8").rpartition(")")[2].split()[_START_FIELD])
        age = time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError, AttributeError):
        age = 0.0
    return time.monotonic() - max(age, time.process_time())
