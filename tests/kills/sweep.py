"""Kill commands at every change of a file, run them again, and compare what is there with an undisturbed run.

`python -m tests.kills.sweep` kills at all points, which takes long; `--job run --points 20` at some of one command, and
`--workers 2` at two points at a time.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from dataclasses import dataclass
from pathlib import Path

from blendkit.temporaries import is_temporary
from tests.kills.jobs import JOBS, Job
from tests.processes import ForkServer, Kill, Process

NEVER = 1 << 30
KILLED = -9


@dataclass(frozen=True)
class Point:
    """What came of a kill before change number `event`: what is wrong afterwards, "" if nothing."""

    event: int
    wrong: str


class Sweep:
    """One command, killed at many points. Its folder is copied from `start` for every point.

    events: the changes of an undisturbed run; wanted: what it makes.
    """

    def __init__(self, server: ForkServer, job: Job, start: Path, place: Path) -> None:
        self.server, self.job, self.start, self.place = server, job, start, place
        whole = self._fresh()
        done = self._run(NEVER)
        assert done.returncode == 0, done.stderr
        self.wanted, self.events = contents(whole, job), int(self._count.read_text())

    def beside(self, server: ForkServer, place: Path) -> Sweep:
        """Return the same sweep by another server in another folder, to be run at the same time."""
        other = copy(self)
        other.server, other.place = server, place
        return other

    def points(self, events: Sequence[int]) -> Iterator[Point]:
        """Yield what came of a kill before each of these changes."""
        for event in events:
            yield Point(event, self._killed_at(event))

    def _killed_at(self, event: int) -> str:
        folder = self._fresh()
        first = self._run(event)
        if first.returncode != KILLED:
            return f"was not killed: {first.returncode} {first.stderr}"
        again = self._run(NEVER)
        if again.returncode not in (0, *self.job.also):
            return f"the second run failed: {again.stderr}"
        left = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if is_left(p))
        found = contents(folder, self.job)
        other = sorted(n for n in self.wanted.keys() | found.keys() if self.wanted.get(n) != found.get(n))
        return "; ".join(filter(None, [f"left behind: {left}" if left else "", f"other: {other}" if other else ""]))

    def _fresh(self) -> Path:
        shutil.rmtree(self.place, ignore_errors=True)
        shutil.copytree(self.start, self.place)
        (self.place / "tmp").mkdir()
        return self.place

    @property
    def _count(self) -> Path:
        return self.place.with_name("count")

    def _run(self, event: int) -> Process:
        return self.server.run(*self.job.args, cwd=self.place, kill=Kill(event, self.place, self._count))


def is_left(path: Path) -> bool:
    """Whether a file or folder should be gone once a command has ended."""
    return is_temporary(path.name) or path.name.endswith(".before") or path.parent.name == "tmp"


def contents(folder: Path, job: Job) -> dict[str, str]:
    """Return the hash of every file of a job's outputs; of a file that varies, that it is there."""
    files = (p for out in job.outputs for p in sorted((folder / out).rglob("*"), key=str) if p.is_file())
    return {p.relative_to(folder).as_posix(): _hash(p, job) for p in files}


def _hash(path: Path, job: Job) -> str:
    if path.name in job.varies or path.suffix in job.varies:
        return "there"
    data = path.read_bytes()
    if path.name == job.ledger:  # a second run adds what it measured once more
        data = b"".join(sorted(set(data.splitlines(keepends=True))))
    return hashlib.sha256(data).hexdigest()


def spread(events: int, points: int) -> list[int]:
    """Return so many numbers from 1 to `events`, evenly spread."""
    points = min(points, events)
    return sorted({1 + round(i * (events - 1) / max(1, points - 1)) for i in range(points)})


def swept(job: Job, base: Path, servers: Sequence[ForkServer], points: int) -> tuple[int, list[Point]]:
    """Kill one command at so many points; return how many changes it makes, and what came of the kills."""
    job.lay_out(base / "start", servers[0])
    first = Sweep(servers[0], job, base / "start", base / "0" / "work")
    sweeps = [first, *(first.beside(s, base / f"{i}" / "work") for i, s in enumerate(servers[1:], 1))]
    events, n = spread(first.events, points), len(servers)
    with ThreadPoolExecutor(n) as pool:
        found = pool.map(lambda i: list(sweeps[i].points(events[i::n])), range(n))
    return first.events, sorted((p for some in found for p in some), key=lambda p: p.event)


def main() -> int:
    """Sweep the commands; return 0 if every point ended well."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--job", action="append", choices=sorted(JOBS), help="default: all")
    given.add_argument("--points", type=int, default=NEVER, help="points per command (default: all)")
    given.add_argument("--workers", type=int, default=1, help="points at a time (default: 1)")
    asked, bad, total = given.parse_args(), 0, 0
    servers = [ForkServer() for _ in range(asked.workers)]
    for name in asked.job or JOBS:
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="kills-") as base:
            events, found = swept(JOBS[name], Path(base), servers, asked.points)
        wrong = [p for p in found if p.wrong]
        print(f"{name}: {events} changes, {len(found)} kills, {len(found) - len(wrong)} mended, "
              f"{time.monotonic() - began:.0f} s", flush=True)  # fmt: skip
        for point in wrong:
            print(f"  before change {point.event}: {point.wrong}", flush=True)
        bad, total = bad + len(wrong), total + len(found)
    for server in servers:
        server.close()
    print(f"{total} kills, {total - bad} mended")
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
