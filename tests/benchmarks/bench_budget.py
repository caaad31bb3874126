"""Random time budgets: how many runs deliver a valid submission in time, in quiet and beside a busy machine.

    python -m tests.benchmarks.bench_budget            # 100 budgets
    python -m tests.benchmarks.bench_budget 20 6       # 20 budgets, on 6 recordings

Half of the runs share the machine with a loop on every core. A budget is drawn between the least that a run itself
prints (the high end of its range, measured in quiet or beside the loops as the run will be) and 1.2 times what
everything takes. Every run is a process of its own with an empty store; its time is that of the whole process.
"""

from __future__ import annotations

import csv
import json
import math
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

RECIPE = """
recipe: 1
name: budget
recording_s: 60
members:
  table: {use: table, path: protossm_sed.csv, space: prob}
  main: {use: perch-seqhead, backbone: models/perch_v2.onnx, head: models/seqhead.onnx, tta: {shifts_s: [-1, 0, 1]}}
  extra: {use: perch-seqhead, backbone: models/perch_v2.onnx, head: models/seqhead.onnx, tta: {shifts_s: [0, 2]},
          optional: true}
blends:
  all: {by: rank, of: {table: 0.6, main: 0.3, extra: 0.1}}
output: all
"""
BUSY = "while True: pass"


@contextmanager
def busy(on: bool) -> Iterator[None]:
    """Keep every core busy, if asked."""
    loops = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(os.cpu_count() or 1) if on]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


def call(world: Path, out: Path, budget_s: float) -> tuple[float, int, list[dict[str, object]], str]:
    """Run once; return the seconds, the exit code, the events and what was said of errors."""
    command = [sys.executable, "-m", "blendkit.cli.main", "run", str(world / "budget.yaml"), "--data", str(world)]
    started = time.monotonic()
    done = subprocess.run(
        [*command, "--out", str(out), "--json", "--budget", f"{budget_s:.3f}"],
        capture_output=True,
        text=True,
        check=False,
    )
    spent = time.monotonic() - started
    return spent, done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr


def is_valid(world: Path, out: Path) -> bool:
    """Return whether a submission has the template's rows and columns, and finite values."""
    with (
        (world / "sample_submission.csv").open(encoding="utf-8") as a,
        (out / "submission.csv").open(encoding="utf-8") as b,
    ):
        wanted, made = list(csv.reader(a)), list(csv.reader(b))
    rows = [r[0] for r in made] == [r[0] for r in wanted]
    return rows and made[0] == wanted[0] and all(math.isfinite(float(v)) for r in made[1:] for v in r[1:])


def least(world: Path, folder: Path, on: bool) -> tuple[float, float]:
    """Return the least that a run prints, and what everything takes, in seconds (the high ends of their ranges)."""
    with busy(on):
        _, _, events, said = call(world, folder / f"least{on}", 0.001)
    told = next((e["payload"] for e in events if e["event"] == "budget"), None)
    assert isinstance(told, dict), said
    return told["minimum_s"][1], told["whole_s"][1]


def main(runs: int = 100, recordings: int = 8) -> None:
    """Draw budgets, run, and print what became of them."""
    draw, counts, closest = random.Random(0), Counter[str](), math.inf
    with tempfile.TemporaryDirectory(prefix="bench-budget-") as made:
        folder = Path(made)
        world = folder / "world"
        subprocess.run(
            [sys.executable, "-m", "blendkit.cli.main", "sample", str(world), "--test", str(recordings)], check=True
        )
        (world / "budget.yaml").write_text(RECIPE, encoding="utf-8")
        call(world, folder / "warm", 600)  # the cut graph and the compiled kernels are cached
        bounds = {on: least(world, folder, on) for on in (False, True)}
        print({("busy" if on else "quiet"): [round(b, 1) for b in bounds[on]] for on in bounds})
        for i in range(runs):
            on = i % 2 == 1
            budget = draw.uniform(bounds[on][0], 1.2 * bounds[on][1])
            with busy(on):
                spent, code, _, said = call(world, folder / f"run{i}", budget)
            told = json.loads((folder / f"run{i}/run.json").read_text(encoding="utf-8"))["budget"] if code == 0 else {}
            state = "refused" if code == 3 else "failed" if code else "late" if spent > budget else "in time"
            if code == 0 and not is_valid(world, folder / f"run{i}"):
                state = "invalid"
            counts[f"{'busy' if on else 'quiet'}: {state}"] += 1
            closest = min(closest, budget - spent) if code == 0 else closest
            left_out = [*told.get("dropped_members", []), *(f"{n} shifts" for n in told.get("dropped_shifts", []))]
            cut = len(told.get("cut_recordings", []))
            print(
                f"{i} {'busy' if on else 'quiet'} {budget:.1f} s: {spent:.1f} s, {state}",
                left_out,
                f"{cut} cut",
                said[-300:] if code else "",
                flush=True,
            )
    print(dict(counts), f"closest to the deadline: {closest:.1f} s before it")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
