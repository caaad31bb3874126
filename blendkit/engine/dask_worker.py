"""What a Dask worker holds of a job, and the task that it is given: a group of recordings."""

from __future__ import annotations

import multiprocessing
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from distributed import WorkerPlugin, get_worker

from blendkit._version import __version__
from blendkit.audio import Grid, Recording
from blendkit.errors import BlendkitError
from blendkit.scoring import GroupDone, HeldMembers, MemberOrder

_SEEN_S = 30.0  # after which a file that another machine wrote should be seen: shared file systems are late


@dataclass(frozen=True)
class Job:
    """What is the same for all groups of a scoring. Every worker gets it once, also one that comes later.

    threads: of each model; None: as many as the worker has. sees: files that every worker must see, as the machine that
    gives the work does.
    """

    orders: tuple[MemberOrder, ...]
    grid: Grid
    threads: int | None
    sees: tuple[Path, ...]
    version: str = __version__

    def problems(self) -> list[str]:
        """Return why this process cannot do the job."""
        found = []
        if self.version != __version__:
            found.append(f"its blendkit is {__version__}, that of the command {self.version}: install the same")
        if any(o.member.isolate for o in self.orders) and multiprocessing.current_process().daemon:
            found.append(
                "a member with `isolate: true` needs a worker that may start processes: start the workers with "
                "DASK_DISTRIBUTED__WORKER__DAEMON=false in their environment"
            )
        late = time.monotonic() + _SEEN_S
        for path in self.sees:
            while not path.exists() and time.monotonic() < late:
                time.sleep(0.2)
            if not path.exists():
                found.append(
                    f"it does not see {path}: recordings and stores must be in folders that all machines share"
                )
        return found


class HeldJob(WorkerPlugin):  # type: ignore[misc]
    """The members of a job on one worker."""

    def __init__(self, job: Job) -> None:
        """Begin with members that are not built."""
        self.job = job
        self.held: HeldMembers | None = None

    def setup(self, worker: Any) -> None:
        """Begin on a worker; nothing is loaded before the first group needs it."""
        threads = self.job.threads or worker.state.nthreads
        own = [replace(o, context=replace(o.context, threads=threads)) for o in self.job.orders]
        self.held = HeldMembers(own, self.job.grid)
        self.able = False

    def teardown(self, worker: Any) -> None:
        """End the job on a worker."""
        if self.held is not None:
            self.held.close()

    def score(self, recordings: Sequence[Recording], expected_s: dict[str, float]) -> GroupDone:
        """Score a group. Raises BlendkitError also for a worker that cannot do the job."""
        assert self.held is not None
        if not self.able and (problems := self.job.problems()):
            raise BlendkitError(f"the worker on {socket.gethostname()} cannot do the job", problems)
        self.able = True
        return self.held.score(recordings, expected_s)


def score_group(job: str, recordings: Sequence[Recording], expected_s: dict[str, float]) -> GroupDone:
    """Score a group of recordings on the worker that this runs on, which holds the job."""
    held: HeldJob = get_worker().plugins[job]
    return held.score(recordings, expected_s)
