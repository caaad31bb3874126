"""A whole `fit_seqhead` of five folds at Perch's size: 26 taps, 234 classes, 20,000 rows; its minutes and its memory.

    python -m tests.benchmarks.bench_seqhead_size [rows] [cells]

The taps have the channels of the 26 blocks in `tests/perch_graph.py`; `cells` gives the last two of them that many
grid cells each (default: none, all are means), which is how a head gets many tokens. Two fits, of 1 and of 3 epochs,
tell what an epoch costs and what the rest; the 40 epochs of the default schedule are reckoned from them, without
stopping early. Memory is the process's highest (VmHWM), with the features themselves named apart.
"""

import sys
import time
from pathlib import Path

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
FEW, MORE = 1, 3


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
    seconds = {}
    shape = HeadShape(HeadChoice.kind, tuple(map(Token, shapes)), shapes, CLASSES, WIDTH)
    print(f"{rows} rows, {len(shapes)} taps, {sum(CHANNELS)} channels, {cells or 'no'} cells, {CLASSES} classes, "
          f"width {WIDTH}, {parameters_of(new_head(shape)):,} parameters, {torch.get_num_threads()} threads")  # fmt: skip
    for epochs in (FEW, MORE):
        started = time.perf_counter()
        fit_seqhead(e, HeadFit(shape, Schedule(epochs=epochs), folds=FOLDS))
        seconds[epochs] = time.perf_counter() - started
        print(f"{epochs} epochs a head: {seconds[epochs]:.0f} s", flush=True)
    epoch = (seconds[MORE] - seconds[FEW]) / (MORE - FEW)
    whole = seconds[FEW] + (DEFAULT - FEW) * epoch
    print(f"an epoch of all {FOLDS} + 1 heads {epoch:.1f} s, so {DEFAULT} epochs at most {whole / 60:.0f} min")
    print(f"features {own:.0f} MiB; highest memory {before:.0f} MiB before the fits, {highest_mib():.0f} MiB in all")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
