"""The commands that are killed, and the folders that they start from."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from blendkit.core import NameRule
from blendkit.sample import WorldConfig, make_world
from blendkit.store import LogitStore
from tests.cli.oof_folder import oof_world
from tests.processes import ForkServer

TONES = """\
recipe: 1
name: tones
members:
  t: {use: tone, classes: [low, mid, high]}
  u: {use: tone, classes: [low, mid, high], low_hz: 400}
blends:
  both: {by: rank, of: {t: 1, u: 1}}
output: both
also: [t]
"""
RECORDINGS = 65  # nine parts of a store; tests are content with fewer
WORLD = WorldConfig(train_recordings=6, test_recordings=3, focal_clips=3, unlabelled=2, train_audio=True)
PERCH = ("--set", "model=world/models/perch_v2.onnx", "--set", "labels=world/models/perch_labels.csv")
QUICK = ("--epochs", 1, "--folds", 3, "--width", 16, "--blocks", "block5_add", "--seeds", 1)


@dataclass(frozen=True)
class Job:
    """A command. outputs: the folders that it writes; varies: names and suffixes of files that differ between runs.

    also: further exit codes of a second run, which may find that all is done. ledger: a file that is only added to.
    """

    args: tuple[object, ...]
    lay_out: Callable[[Path, ForkServer], None]
    outputs: tuple[str, ...]
    varies: tuple[str, ...] = ()
    also: tuple[int, ...] = ()
    ledger: str = ""


def _audio(folder: Path, rate: int, count: int = 0) -> None:
    """Write so many recordings of 5 s of noise, RECORDINGS by default."""
    folder.mkdir(parents=True)
    for i in range(count or RECORDINGS):
        noise = np.random.default_rng(i).standard_normal(5 * rate) * 0.1
        soundfile.write(folder / f"rec{i}.wav", noise.astype(np.float32), rate)


def _tones(folder: Path, server: ForkServer) -> None:
    _audio(folder / "data" / "test_soundscapes", 8000)
    (folder / "tones.yaml").write_text(TONES, encoding="utf-8")


def _earlier_run(folder: Path, server: ForkServer) -> None:
    """A run of other streams, which the next one replaces: its logits are saved, `u.csv` is to go."""
    _tones(folder, server)
    _ok(server, folder, *RUN, "--set", "also=[u]", "--set", "blends.both.of.t=3")


def _world(folder: Path, server: ForkServer) -> None:
    make_world(folder / "world", WORLD)


def _noise(folder: Path, server: ForkServer) -> None:
    _world(folder, server)
    _audio(folder / "audio", 32000, 33)


def _features(folder: Path, server: ForkServer) -> None:
    _world(folder, server)
    for audio in ("train_audio", "train_soundscapes"):
        _ok(server, folder, "fit", "features", "perch", f"world/{audio}", "--out", audio, *PERCH)


def _oof(folder: Path, server: ForkServer) -> None:
    oof_world(folder / "w")


def _teacher(folder: Path, server: ForkServer) -> None:
    _tones(folder, server)
    _ok(server, folder, *RUN, "--set", "output=t", "--set", "also=[both]")


def _unpacked(folder: Path, server: ForkServer) -> None:
    """All logits are saved, in small parts that ended processes list in two journals: only packing is left."""
    _tones(folder, server)
    _ok(server, folder, *RUN)
    for store in sorted((folder / "out" / "logits").iterdir()):
        _take_apart(store)
    (folder / "out" / "submission.csv").unlink()


def _take_apart(store: Path) -> None:
    packed, apart = LogitStore.open(store), store.with_name("apart")
    known = packed.recordings()
    for i in (0, 1):
        new = LogitStore.create(apart, packed.made_by, packed.classes, packed.covered, packed.about)
        for first in range(i * 4, len(known), 8):
            own = {r: known[r] for r in list(known)[first : first + 4]}
            new.write(packed.read(NameRule(), list(own)), own)
        new.manifest.end()
    shutil.rmtree(store)
    apart.rename(store)


def _shards(folder: Path, server: ForkServer) -> None:
    _tones(folder, server)
    for i in (1, 2):
        _ok(server, folder, "score", "tone", "data", "--shard", f"{i}/2", "--out", f"s{i}")


def _run_shards(folder: Path, server: ForkServer) -> None:
    _tones(folder, server)
    for i in (1, 2):
        _ok(server, folder, *RUN[:-1], f"r{i}", "--shard", f"{i}/2")


def _damaged(folder: Path, server: ForkServer) -> None:
    """A store of two parts, of which a disk has damaged one, but neither its size nor its time."""
    _shards(folder, server)
    _ok(server, folder, "score", "tone", "data", "--shard", "2/2", "--out", "s1")
    part = max((folder / "s1").glob("part-*"), key=lambda p: p.name)
    times, data = part.stat(), bytearray(part.read_bytes())
    data[len(data) // 2] ^= 1
    part.write_bytes(data)
    os.utime(part, ns=(times.st_atime_ns, times.st_mtime_ns))


def _empty(folder: Path, server: ForkServer) -> None:
    folder.mkdir(parents=True)


def _ok(server: ForkServer, folder: Path, *args: object) -> None:
    done = server.run(*args, cwd=folder)
    assert done.returncode == 0, done.stderr


RUN = ("run", "tones.yaml", "--data", "data", "--out", "out")
SMALL = ("--train", 4, "--test", 2, "--unlabelled", 1, "--clips", 2)
HEAD = ("train_audio", "--soundscapes", "train_soundscapes", "--labels", "world/train_soundscapes_labels.csv",
        "--taxonomy", "world/taxonomy.csv")  # fmt: skip
CHECKED = "checked.json"  # times at which a store looked at its parts
JOBS = {
    "run": Job(RUN, _tones, ("out",), ("timings.json", CHECKED)),
    "run again": Job(RUN, _earlier_run, ("out",), ("timings.json", CHECKED)),
    "score": Job(("score", "tone", "data", "--out", "store"), _tones, ("store",), (CHECKED,)),
    "pack": Job(RUN, _unpacked, ("out",), ("timings.json", CHECKED)),
    "merge": Job(("merge", "s1", "s2", "--out", "m"), _shards, ("m", "s1", "s2"), (CHECKED,)),
    "merge in place": Job(("merge", "s1", "s2", "--out", "s1"), _shards, ("s1", "s2"), (CHECKED,)),
    "shard": Job((*RUN, "--shard", "1/2"), _tones, ("out",), (CHECKED,)),
    "merge runs": Job(("merge", "r1", "r2", "--out", "out"), _run_shards, ("r1", "r2", "out"), (CHECKED,)),
    "verify": Job(("score", "tone", "data", "--verify", "--out", "s1"), _damaged, ("s1",), (CHECKED,)),
    "features": Job(
        ("fit", "features", "perch", "audio", "--out", "made", *PERCH), _noise, ("made", "cache"), (CHECKED,)
    ),
    "seqhead": Job(("fit", "seqhead", *HEAD, *QUICK, "--out", "head"), _features, ("head",)),
    "search": Job(
        ("search", "greedy", "w/trio.yaml", "--steps", 4, "--replicates", 40), _oof, ("out",), ledger="ledger.jsonl"
    ),
    "stack": Job(
        ("search", "stack", "w/trio.yaml", "--replicates", 40, "--out", "out/coefficients.npz"),
        _oof,
        ("out",),
        ledger="ledger.jsonl",
    ),
    "run --memory": Job((*RUN, "--memory", "500M"), _earlier_run, ("out",), ("timings.json", CHECKED)),
    "gate": Job(("pseudolabel", "gate", "out", "--least", 0.3, "--out", "pl"), _teacher, ("pl",)),
    "sample": Job(("sample", "world", *SMALL), _empty, ("world",), (".ogg", "world.json"), also=(2,)),
}
