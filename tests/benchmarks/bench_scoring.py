"""Scoring of recordings: what each piece of work costs, against the same done plainly.

    python -m tests.benchmarks.bench_scoring [tta] [folds] [parts] [busy]

Both sides of a ratio alternate in one process; the best of each is taken, in CPU seconds of the whole process unless the
unit says otherwise. On a machine that others use, `busy` counts threads that wait for a core as well as those that run.
"""

from __future__ import annotations

import json
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from blendkit.audio import Decoded, samples_at
from blendkit.core import NameRule, Scores, chunk_rows
from blendkit.graphs import open_session
from blendkit.member import TTA, Mel, Member, MemberContext, RecordingAudio, score_together
from blendkit.member.shift_mean import ShiftMean
from blendkit.member.window_places import cut_windows, place_windows, pool_windows, shifted_places, windows_in
from blendkit.scoring.cpus import cpu_count
from blendkit.scoring.standalone import one_member, score_audio
from blendkit.store import LogitStore, Stored
from blendkit_members.birdnet import birdnet
from blendkit_members.sed import sed
from blendkit_members.tone import tone
from tests.benchmarks.sed_graph import CLASSES, MELS, sed_graph
from tests.benchmarks.timing import best_of

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


def wall_of(*ways: Callable[[], Any], times: int = 3) -> list[float]:
    """The fewest seconds of each way, taken in turns: with threads that wait for each other, CPU time says too little."""
    best = [float("inf")] * len(ways)
    for _ in range(times):
        for i, way in enumerate(ways):
            best[i] = min(best[i], best_of(way, 1))
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


def folds() -> list[Row]:
    """A fold ensemble against its folds one after another on all threads, and one fold per thread."""
    cores, x = cpu_count(), sound(32000).samples.reshape(12, -1)
    with tempfile.TemporaryDirectory() as folder:
        paths = [str(sed_graph(Path(folder) / f"fold{i}.onnx", i)) for i in range(5)]
        ids = tuple(f"c{i}" for i in range(CLASSES))
        labels = Path(folder) / "labels.txt"
        labels.write_text("\n".join(ids) + "\n", encoding="utf-8")
        context, mel = MemberContext(classes=ids, threads=cores), Mel(mels=MELS)
        member = sed(context, folds=paths, classes=str(labels), mel=mel, gives="logit")
        wide, narrow = ([open_session(Path(p), t, "bench") for p in paths] for t in (cores, 1))
    pool, names = ThreadPoolExecutor(cores), ["clip", "frame"]

    def one_by_one() -> Any:
        pictures = mel(x)
        return [s.run(names, {"mel": pictures}) for s in wide]

    def fold_per_thread() -> Any:
        pictures = mel(x)
        return list(pool.map(lambda s: s.run(names, {"mel": pictures}), narrow))

    same = all(np.array_equal(a, b) for one, other in zip(one_by_one(), fold_per_thread(), strict=True)
               for a, b in zip(one, other, strict=True))  # fmt: skip
    ways = [lambda: member.predict(x), one_by_one, fold_per_thread]
    wall, cpu = wall_of(*ways, times=9), cpu_of(*ways, times=5)
    kinds = (f"1 x {cores} threads", f"{cores} x 1, a fold each")
    work = "SED, 5 folds of B0's size, 60 s"
    return [
        found
        for i, kind in enumerate(kinds, 1)
        for found in (
            row(f"{work}, against {kind}", wall[0], wall[i], "wall s", same_bits=same),
            row(f"{work}, against {kind}", cpu[0], cpu[i]),
        )
    ]


def parts() -> list[Row]:
    """A part of BirdNET's 6,522 classes and a group of eight minutes, against the inference it is written after."""
    member = birdnet(MemberContext(threads=cpu_count()))
    jobs = [RecordingAudio(f"r{i}", sound(member.info.rate), 12) for i in range(8)]
    rows_of = chunk_rows({j.recording: j.chunks for j in jobs}, 5.0, NameRule())
    entries = {j.recording: Stored("key", 12, "ok", "", 60.0) for j in jobs}
    (inference,) = cpu_of(lambda: score_together([member], jobs, 5.0, TTA()), times=1)
    values = score_together([member], jobs[:1], 5.0, TTA()).values[0]
    scores = Scores.build(np.tile(values, (8, 1)), rows_of, member.info.classes, "logit")
    with tempfile.TemporaryDirectory() as folder:
        store = LogitStore.create(Path(folder) / "s", "bench", member.info.classes, member.info.covered, {})
        store.write(scores, entries)  # the first write imports pandas through pyarrow
        (ours,) = cpu_of(lambda: store.write(scores, entries), times=7)
    return [row("a part of BirdNET's classes, against its inference", ours, inference)]


def busy() -> list[Row]:
    """The share of the cores for which this process had work, while recordings of 60 s are scored."""
    out = []
    for kind, count in (("tone", 120), ("birdnet", 16)):
        with tempfile.TemporaryDirectory() as folder:
            audio = Path(folder) / "audio"
            audio.mkdir()
            soundfile.write(audio / "r0.ogg", sound(32000).samples, 32000)
            for i in range(1, count):
                (audio / f"r{i}.ogg").write_bytes((audio / "r0.ogg").read_bytes())
            scorer = one_member(kind, [audio])
            shares: list[float] = []
            with sampling(shares):
                score_audio(scorer, Path(folder) / "out")
        share = float(np.mean(shares))
        out.append(row(f"{kind}, {count} recordings: cores with work", share * cpu_count(), cpu_count(), "cores"))
    return out


@contextmanager
def sampling(shares: list[float]) -> Iterator[None]:
    """Add, every 10 ms, the share of the cores that threads of this process run on or wait for."""
    done, cores = threading.Event(), cpu_count()

    def look() -> None:
        own = str(threading.get_native_id())
        while not done.wait(0.01):
            ready = 0
            for thread in Path("/proc/self/task").iterdir():
                with suppress(OSError):  # it has ended
                    state = (thread / "stat").read_text().rsplit(")", 1)[1].split()[0]
                    ready += thread.name != own and state == "R"
            shares.append(min(ready, cores) / cores)

    sampler = threading.Thread(target=look)
    sampler.start()
    try:
        yield
    finally:
        done.set()
        sampler.join()


PARTS: dict[str, Callable[[], list[Row]]] = {"tta": tta, "folds": folds, "parts": parts, "busy": busy}


def rows(names: list[str] | None = None) -> list[Row]:
    """Return the rows of the table: work, ours, plain, unit and their ratio."""
    return [found for name in names or list(PARTS) for found in PARTS[name]()]


if __name__ == "__main__":
    for found in rows(sys.argv[1:]):
        print(json.dumps(found))
