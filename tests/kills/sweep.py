"""Kill commands at every change of a file, run them again, and compare what is there with an undisturbed run.

`python -m tests.kills.sweep` kills at all points, which takes long; `--job run --points 20` at some of one command.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
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
    """One command, killed at many points. Its folder is copied from `start` for every point."""

    def __init__(self, server: ForkServer, job: Job, start: Path, place: Path) -> None:
        self.server, self.job, self.start, self.place = server, job, start, place
        whole = self._fresh()
        done = self._run(NEVER)
        assert done.returncode == 0, done.stderr
        self.wanted, self.events = contents(whole, job), int(self._count.read_text())

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


def main() -> int:
    """Sweep the commands; return 0 if every point ended well."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--job", action="append", choices=sorted(JOBS), help="default: all")
    given.add_argument("--points", type=int, default=NEVER, help="points per command (default: all)")
    asked, bad, total = given.parse_args(), 0, 0
    with tempfile.TemporaryDirectory(prefix="kills-") as held:
        server = ForkServer()
        for name in asked.job or JOBS:
            began, job, base = time.monotonic(), JOBS[name], Path(held) / name
            job.lay_out(base / "start", server)
            sweep = Sweep(server, job, base / "start", base / "work")
            found = list(sweep.points(spread(sweep.events, asked.points)))
            wrong = [p for p in found if p.wrong]
            print(f"{name}: {sweep.events} changes, {len(found)} kills, {len(found) - len(wrong)} mended, "
                  f"{time.monotonic() - began:.0f} s", flush=True)  # fmt: skip
            for point in wrong:
                print(f"  before change {point.event}: {point.wrong}")
            bad, total = bad + len(wrong), total + len(found)
        server.close()
    print(f"{total} kills, {total - bad} mended")
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
