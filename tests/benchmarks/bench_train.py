"""An epoch of a sequence head on 20,000 stored rows at Perch's width, on the CPU; and what it costs beside.

    python -m tests.benchmarks.bench_train [rows]

Each is a whole `train` of 3 epochs less one of 1 epoch, halved, so that starting up does not count. The plain way is
the loop that a user would write: the same head, the same batches, no mixup, no average of weights, no class balance.
"""

import sys
import time

import numpy as np
import torch

from blendkit.training.examples import Examples
from blendkit.training.head_networks import HeadShape, Token, new_head
from blendkit.training.loop import Data, train
from blendkit.training.sampling import epoch_rows
from blendkit.training.settings import Mixture, Schedule

SHAPES = {"b21": (232,), "b24": (384,), "b25": (384,)}
CLASSES, BATCH = 234, 128


def rows(n: int) -> Examples:
    rng = np.random.default_rng(0)
    features = {k: rng.standard_normal((n, *s)).astype(np.float32) for k, s in SHAPES.items()}
    targets = np.eye(CLASSES, dtype=np.float32)[rng.integers(0, CLASSES, n)]
    names = np.array([f"r{i}" for i in range(n)])
    return Examples(features, targets, names, names, names, np.full(n, "clip"), tuple(map(str, range(CLASSES))))


def ours(e: Examples, kind: str, epochs: int) -> float:
    head = new_head(HeadShape(kind, tuple(map(Token, SHAPES)), SHAPES, CLASSES))  # type: ignore[arg-type]
    data = Data([torch.from_numpy(x) for x in e.features.values()], torch.from_numpy(e.targets))
    started = time.perf_counter()
    train(head, data, lambda rng: epoch_rows(e, Mixture(), rng), Schedule(epochs=40, batch=BATCH), 0, stop_after=epochs)
    return time.perf_counter() - started


def plain(e: Examples, kind: str) -> float:
    head = new_head(HeadShape(kind, tuple(map(Token, SHAPES)), SHAPES, CLASSES)).train()  # type: ignore[arg-type]
    optimiser = torch.optim.AdamW(head.parameters(), lr=2e-3)
    held = torch.utils.data.TensorDataset(*map(torch.from_numpy, [*e.features.values(), e.targets]))
    started = time.perf_counter()
    for *blocks, targets in torch.utils.data.DataLoader(held, BATCH, shuffle=True):
        loss = torch.nn.functional.binary_cross_entropy_with_logits(head(*blocks), targets)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return time.perf_counter() - started


def main(n: int = 20_000) -> None:
    e = rows(n)
    print(f"{n} rows, {len(SHAPES)} blocks, {CLASSES} classes, {torch.get_num_threads()} threads")
    for kind in ("scalarmix", "attention"):
        ours(e, kind, 1)
        own = (ours(e, kind, 3) - ours(e, kind, 1)) / 2
        bare = min(plain(e, kind) for _ in range(2))
        print(f"{kind:10s} {own:.2f} s an epoch; a plain DataLoader loop {bare:.2f} s ({bare / own:.2f}x)")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
