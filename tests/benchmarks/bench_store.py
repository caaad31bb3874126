"""Saved logits: what journals cost, and how fast a packed store is read, against one plain Parquet file.

    python -m tests.benchmarks.bench_store [recordings]

Recordings (default 4000) of 60 s, 12 chunks and 234 classes, saved in groups of eight as a run saves them. The plain
file holds the same rows; it is read with pyarrow into one array, without row ids.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from blendkit.core import NameRule, Scores, chunk_rows
from blendkit.store import LogitStore, Stored
from tests.benchmarks.timing import best_of

CLASSES = tuple(f"c{j:03}" for j in range(234))
PER_GROUP, CHUNKS, FEW = 8, 12, 8
CONTENT = {"whole": "0" * 64, "levels": "8" * 32, "marks": "a1b2c3d4e5f6" * 20}


def group(first: int) -> tuple[Scores, dict[str, Stored]]:
    """Return the logits and the entries of eight recordings."""
    names = [
        f"BC2026_Test_{i:06}_S{i // 1000 % 100:02}_{20250101 + i % 28}_{i % 24:02}{i % 60:02}00"
        for i in range(first, first + PER_GROUP)
    ]
    values = np.random.default_rng(first).standard_normal((PER_GROUP * CHUNKS, len(CLASSES)), np.float32)
    rows = chunk_rows(dict.fromkeys(names, CHUNKS), 5.0, NameRule())
    entry = Stored("0" * 64 + ":0", CHUNKS, "ok", "", 60.0, CONTENT)
    return Scores.build(values, rows, CLASSES, "logit"), dict.fromkeys(names, entry)


def write(store: LogitStore, recordings: int) -> None:
    """Save all recordings; print what parts and journal cost."""
    parts = journal = 0.0
    add = store.manifest.add

    def timed(*args: object) -> None:
        nonlocal journal
        started = time.perf_counter()
        add(*args)  # type: ignore[arg-type]
        journal += time.perf_counter() - started

    store.manifest.add = timed  # type: ignore[method-assign]
    for first in range(0, recordings, PER_GROUP):
        scores, entries = group(first)
        started = time.perf_counter()
        store.write(scores, entries)
        parts += time.perf_counter() - started
    per = 1e5 / recordings
    print(
        f"saved: {parts:.2f} s, of which journal {journal:.2f} s; at 10^5 recordings {journal * per:.1f} s of journal"
    )


def read(folder: Path, classes: tuple[str, ...] | None = None) -> None:
    """Read a store, or some of its classes."""
    LogitStore.open(folder).read(NameRule(), None, classes)


def plain(path: Path) -> np.ndarray:
    """Read one Parquet file of the same rows into an array, class by class."""
    table = pq.read_table(path)
    values = np.empty((len(CLASSES), len(table)), np.float32)
    for j, name in enumerate(CLASSES):
        np.concatenate([c.to_numpy() for c in table[name].chunks], out=values[j])
    return values


def main(recordings: int) -> None:
    """Save, open, pack and read, and print each step's time."""
    with tempfile.TemporaryDirectory() as temporary:
        folder, one = Path(temporary) / "store", Path(temporary) / "one.parquet"
        store = LogitStore.create(folder, "h" * 64, CLASSES, [True] * len(CLASSES), {"use": "bench"})
        write(store, recordings)
        opened = best_of(lambda: LogitStore.open(folder), 3)
        print(f"opened from its journal: {opened:.2f} s, {opened / recordings * 1e6:.1f} microseconds a recording")
        small = best_of(lambda: read(folder), 1)
        started = time.perf_counter()
        store.finish()
        print(f"packed: {time.perf_counter() - started:.2f} s, into {len(list(folder.glob('part-*')))} parts")
        opened = best_of(lambda: LogitStore.open(folder), 3)
        print(f"opened from its index: {opened:.2f} s, {opened / recordings * 1e6:.1f} microseconds a recording")
        tables = [pq.read_table(p) for p in sorted(folder.glob("part-*"))]
        pq.write_table(pa.concat_tables(tables), one, use_dictionary=["recording"], compression="zstd")
        del tables
        every, few, file = (
            best_of(lambda: read(folder), 3),
            best_of(lambda: read(folder, CLASSES[:FEW]), 3),
            best_of(lambda: plain(one), 3),
        )
        print(f"read: {every:.2f} s ({every / file:.2f} of the one file's {file:.2f} s; unpacked {small:.2f} s)")
        print(f"read {FEW} of {len(CLASSES)} classes: {few:.3f} s, {every / few:.1f} times faster than all")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 4000)
