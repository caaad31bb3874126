"""Run commands on a disk that is nearly full, then with room again, and compare with an undisturbed run.

`sudo python -m tests.kills.full_disk` mounts a small disk in memory (Linux, root), and for every command leaves so many
bytes free: the message must name a file and say that there is no space, what was there before must stay as it was, and
the next run must make what an undisturbed one does.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.kills.jobs import JOBS, Job
from tests.kills.sweep import NEVER, contents, is_left
from tests.processes import ForkServer, Kill, Process

FREE = (0, 4096, 16384, 65536, 262144, 1 << 20, 1 << 22)
FULL = 3  # the exit code of a machine that lacks something


@contextmanager
def small_disk(megabytes: int) -> Iterator[Path]:
    """Yield a folder on a disk of its own."""
    with tempfile.TemporaryDirectory(prefix="small-disk-") as folder:
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", folder], check=True)
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", folder], check=True)


class FullDisk:
    """One command on a small disk. wanted: what an undisturbed run makes; before: what is there at the start."""

    def __init__(self, server: ForkServer, job: Job, start: Path, disk: Path) -> None:
        self.server, self.job, self.start, self.disk = server, job, start, disk
        self.count = start.with_name("count")
        self.before = self._fresh()
        done = self._run()
        assert done.returncode == 0, done.stderr
        self.wanted = contents(disk / "work", job)

    def wrong_with(self, free: int) -> str:
        """Return what is wrong when so many bytes are free, "" if nothing, "enough" if the command can do with them."""
        self._fresh()
        self._fill(free)
        done = self._run()
        if done.returncode == 0:
            return "enough"
        after = contents(self.disk / "work", self.job)
        problems = [] if done.returncode == FULL else [f"exit {done.returncode}"]
        problems += [] if "No space left on device: " in done.stderr else [done.stderr[-400:]]
        damaged = {n for n, h in self.before.items() if "/part-" in n and self.wanted.get(n) not in (h, None)}
        kept = (n for n in self.before if n in self.wanted.keys() - damaged and "/logits/" not in n)
        changed = [n for n in kept if after.get(n) != self.before[n]]
        problems += [f"changed: {changed}"] if changed else []
        (self.disk / "filler").unlink()
        again = self._run()
        if again.returncode not in (0, *self.job.also):
            return "; ".join([*problems, f"the next run failed: {again.stderr[-400:]}"])
        found = contents(self.disk / "work", self.job)
        other = sorted(n for n in self.wanted.keys() | found.keys() if self.wanted.get(n) != found.get(n))
        left = sorted(p.name for p in (self.disk / "work").rglob("*") if is_left(p))
        return "; ".join([*problems, *([f"other: {other}"] if other else []), *([f"left: {left}"] if left else [])])

    def _fresh(self) -> dict[str, str]:
        for path in self.disk.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        shutil.copytree(self.start, self.disk / "work")
        (self.disk / "work" / "tmp").mkdir()
        return contents(self.disk / "work", self.job)

    def _fill(self, free: int) -> None:
        room = shutil.disk_usage(self.disk).free
        with (self.disk / "filler").open("wb") as handle:
            for size in [1 << 20] * ((room - free) >> 20) + [(room - free) % (1 << 20)]:
                handle.write(b"\0" * size)

    def _run(self) -> Process:
        work = self.disk / "work"
        return self.server.run(*self.job.args, cwd=work, kill=Kill(NEVER, work, self.count))


def main() -> int:
    """Try the commands; return 0 if all ended well."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--job", action="append", choices=sorted(JOBS), help="default: all")
    given.add_argument("--megabytes", type=int, default=256)
    asked, bad = given.parse_args(), 0
    server = ForkServer()
    for name in asked.job or JOBS:
        with tempfile.TemporaryDirectory(prefix="full-") as base, small_disk(asked.megabytes) as disk:
            JOBS[name].lay_out(Path(base) / "start", server)
            tried = FullDisk(server, JOBS[name], Path(base) / "start", disk)
            found = {free: tried.wrong_with(free) for free in FREE}
        wrong = {free: w for free, w in found.items() if w not in ("", "enough")}
        full = sum(w != "enough" for w in found.values())
        print(f"{name}: {full} full disks, {full - len(wrong)} as they should be", flush=True)
        for free, what in wrong.items():
            print(f"  {free} bytes free: {what}", flush=True)
        bad += len(wrong)
    server.close()
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
