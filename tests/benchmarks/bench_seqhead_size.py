"""A whole `fit_seqhead` of five folds at Perch's size: 26 taps, 234 classes, 20,000 rows; its minutes and its memory.

    python -m tests.benchmarks.bench_seqhead_size [rows] [cells]

The taps have the channels of the 26 blocks in `tests/perch_graph.py`; with `cells`, the last two of them alone, as
grids of so many cells, which is how a head gets many tokens. One fit of one epoch a head: events tell what the epochs
cost and what the rest; the 40 epochs of the default schedule, without stopping early, are reckoned from them. Seconds
are of the processor on one thread, so that others on the machine do not count. Memory is the process's highest
(VmHWM), with the features themselves named apart.
"""

import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from blendkit.training.cross_fit import HeadFit, fit_seqhead
from blendkit.training.examples import Examples
from blendkit.training.head_networks import HeadShape, Token, new_head, parameters_of
from blendkit.training.settings import HeadChoice, Schedule
from tests.perch_graph import STAGES

CHANNELS = [width for _, width, repeats, _, _ in STAGES for _ in range(repeats)]
CLASSES, WIDTH, CHUNKS = 234, 192, 4  # chunks of a recording
FOLDS, DEFAULT = 5, Schedule().epochs


def shapes_of(cells: int) -> dict[str, tuple[int, ...]]:
    """Return {tap: shape}: every tap a mean; if there are cells, the last two taps alone, as grids."""
    means: dict[str, tuple[int, ...]] = {f"b{i}": (c,) for i, c in enumerate(CHANNELS)}
    return means if not cells else {n: (cells, 1, *s) for n, s in list(means.items())[-2:]}


def examples_of(rows: int, shapes: dict[str, tuple[int, ...]]) -> Examples:
    """Four fifths clips, one fifth soundscape chunks; noise, since time and memory do not depend on the values."""
    rng = np.random.default_rng(0)
    features = {n: rng.standard_normal((rows, *s), np.float32) for n, s in shapes.items()}
    targets = np.eye(CLASSES, dtype=np.float32)[rng.integers(0, CLASSES, rows)]
    recording = np.array([f"r{i // CHUNKS}" for i in range(rows)])
    kind = np.where(np.arange(rows) < rows * 4 // 5, "clip", "chunk")
    names = np.array([f"r{i // CHUNKS}_{i % CHUNKS}" for i in range(rows)])
    return Examples(features, targets, names, recording, recording, kind, tuple(map(str, range(CLASSES))))


def highest_mib() -> float:
    (line,) = [t for t in Path("/proc/self/status").read_text().splitlines() if t.startswith("VmHWM")]
    return int(line.split()[1]) / 1024


def main(rows: int = 20_000, cells: int = 0) -> None:
    shapes = shapes_of(cells)
    e = examples_of(rows, shapes)
    own = sum(x.nbytes for x in e.features.values()) / 2**20
    before = highest_mib()
    torch.set_num_threads(1)
    shape = HeadShape(HeadChoice.kind, tuple(map(Token, shapes)), shapes, CLASSES, WIDTH)
    print(f"{rows} rows, {len(shapes)} taps, {sum(s[-1] for s in shapes.values())} channels, {cells or 'no'} cells, "
          f"{CLASSES} classes, width {WIDTH}, {parameters_of(new_head(shape)):,} parameters", flush=True)  # fmt: skip
    at, epochs = [time.process_time()], []

    def heard(name: str, facts: Any) -> None:
        if name == "training":
            at.append(time.process_time())
        elif name == "epoch":
            epochs.append(time.process_time() - at[-1])
            print(f"{facts['name']}: {epochs[-1]:.1f} s, highest memory {highest_mib():.0f} MiB", flush=True)

    fit_seqhead(e, HeadFit(shape, Schedule(epochs=1), folds=FOLDS), emit=heard)
    whole, epoch = time.process_time() - at[0], sum(epochs)
    most = (whole + (DEFAULT - 1) * epoch) / 60
    print(f"an epoch of all {FOLDS} + 1 heads {epoch:.0f} s, the rest {whole - epoch:.0f} s: "
          f"{DEFAULT} epochs at most {most:.0f} min of one core")  # fmt: skip
    print(f"features {own:.0f} MiB; highest memory {before:.0f} MiB before the fit, {highest_mib():.0f} MiB in all")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
