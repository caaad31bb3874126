"""Scoring of recordings: what each piece of work costs, against the same done plainly.

    python -m tests.benchmarks.bench_scoring [tta] [parts] [busy] [folds]

Both sides of a ratio alternate in one process, in CPU seconds of the whole process unless the work is a share of wall
time; the best of each is taken.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from blendkit.audio import Decoded, samples_at
from blendkit.member import TTA, Member, MemberContext, RecordingAudio, score_together
from blendkit.member.shift_mean import ShiftMean
from blendkit.member.window_places import cut_windows, place_windows, pool_windows, shifted_places, windows_in
from blendkit.scoring.cpus import cpu_count

SHIFTS = TTA((-2.0, -1.0, 0.0, 1.0, 2.0), "clamp")
Row = dict[str, Any]


def cpu_of(*ways: Callable[[], Any], times: int = 3) -> list[float]:
    """The fewest CPU seconds of each way, taken in turns."""
    best = [float("inf")] * len(ways)
    for _ in range(times):
        for i, way in enumerate(ways):
            started = time.process_time()
            way()
            best[i] = min(best[i], time.process_time() - started)
    return best


def row(work: str, ours: float, plain: float, unit: str = "CPU s", **more: Any) -> Row:
    """One row of the table."""
    return {"work": work, "ours": round(ours, 4), "plain": round(plain, 4), "unit": unit,
            "ratio": round(ours / plain, 3), **more}  # fmt: skip


def sound(rate: int, seconds: int = 60) -> Decoded:
    noise = np.random.default_rng(0).standard_normal(seconds * rate).astype(np.float32)
    return Decoded(0.05 * noise, rate, float(seconds), "ok")


def every_window(member: Member, jobs: list[RecordingAudio], chunk_s: float, tta: TTA) -> np.ndarray:
    """Every window at every shift through the model, also those that are the same."""
    info = member.info
    placed = [place_windows(info, chunk_s, j.chunks) for j in jobs]
    size = samples_at(info.window_s, info.rate)
    places = shifted_places(jobs, [s for s, _ in placed], size, info.rate, tta)
    mean = ShiftMean.empty(sum(len(s) for s, _ in placed), len(info.classes), tta.mean)
    buffer, at = np.empty((info.batch, size), np.float32), []
    for number, _, _, window in cut_windows(jobs, places, size, lambda _: False):
        buffer[len(at)] = window
        at.append((number, 1.0))
        if len(at) == info.batch:
            mean.add(at, member.predict(buffer))
            at = []
    if at:
        mean.add(at, member.predict(buffer[: len(at)]))
    pooled = mean.logits() if placed[0][1] is None else pool_windows(mean.logits(), info, chunk_s, placed, tta)
    return pooled.astype(np.float32)


def tta() -> list[Row]:
    """Five shifts, BirdNET's windows of 3 s and the tone member's of 5 s."""
    from blendkit_members.birdnet import birdnet
    from blendkit_members.tone import tone

    context = MemberContext(classes=tuple(f"c{i}" for i in range(234)), threads=cpu_count())
    made = {
        "BirdNET, 5 shifts, 60 s": (birdnet(MemberContext(threads=cpu_count())), SHIFTS),
        "tone, 5 shifts of whole chunks, 60 s": (tone(context), TTA((-10.0, -5.0, 0.0, 5.0, 10.0), "clamp")),
    }
    out = []
    for name, (member, shifts) in made.items():
        jobs = [RecordingAudio("r", sound(member.info.rate), 12)]
        every = len(list(shifted_places(jobs, [place_windows(member.info, 5.0, 12)[0]],
                                        samples_at(member.info.window_s, member.info.rate), member.info.rate, shifts)))  # fmt: skip
        got = score_together([member], jobs, 5.0, shifts).values[0]
        same = bool(np.array_equal(got, every_window(member, jobs, 5.0, shifts)))
        ours, plain = cpu_of(
            lambda m=member, j=jobs, t=shifts: score_together([m], j, 5.0, t),
            lambda m=member, j=jobs, t=shifts: every_window(m, j, 5.0, t),
        )
        windows = f"{windows_in(member.info, 5.0, jobs, shifts)} of {every}"
        out.append(row(name, ours, plain, windows=windows, same_bits=same))
    return out


PARTS: dict[str, Callable[[], list[Row]]] = {"tta": tta}


def rows(names: list[str] | None = None) -> list[Row]:
    """Return the rows of the table: work, ours, plain, unit and their ratio."""
    return [found for name in names or list(PARTS) for found in PARTS[name]()]


if __name__ == "__main__":
    for found in rows(sys.argv[1:]):
        print(json.dumps(found))
