"""What `--loss soft-auc` and averages over folds give on recordings that nothing has seen.

    python -m tests.benchmarks.bench_seqhead_loss [seeds]

The worlds are those of `bench_oof_pooling`: 48 labelled soundscapes, 400 unseen ones. All figures are macro-AUC on the
unseen ones, against the head of all rows that `bce` gives. Averages over the heads of five folds: of their logits, and
of their weights, which makes one head of five. Its figures stand in docs/training.md.
"""

from __future__ import annotations

import copy
import sys

import numpy as np
import torch

from blendkit.metrics import macro_auc
from blendkit.training.cross_fit import HeadFit, fit_seqhead, logits_of
from blendkit.training.examples import Examples
from blendkit.training.head_networks import HeadShape, Mean, Token
from blendkit.training.settings import LossName, Mixture, Schedule
from tests.benchmarks.bench_oof_pooling import CLASSES, HEADS, SHAPES, world

KINDS = ("attention 32", "mix")
LOSSES: tuple[LossName, ...] = ("bce", "soft-auc")


def averaged(heads: tuple[Mean, ...]) -> torch.nn.Module:
    """Return one head with the mean of the heads' weights."""
    states = [h.each[0].state_dict() for h in heads]
    made = copy.deepcopy(heads[0].each[0])
    made.load_state_dict({k: torch.stack([s[k].float() for s in states]).mean(0) for k in states[0]})
    return made


def figures(seed: int, kind: str) -> dict[str, float]:
    """Return the macro-AUC on unseen recordings of every way."""
    known, unseen = world(seed, 48, "r"), world(seed, 400, "u")
    name, blocks, width, epochs = HEADS[kind]
    shape = HeadShape(name, tuple(map(Token, blocks)), {b: SHAPES[b] for b in blocks}, CLASSES, width)
    out = {}
    for loss in LOSSES:
        schedule = Schedule(epochs=epochs, batch=64, rate=5e-3, loss=loss)
        fit = fit_seqhead(known, HeadFit(shape, schedule, Mixture(fewest=512), seed=seed))
        out[f"{loss}, all rows"] = auc(unseen, logits_of(fit.head, unseen))
        out[f"{loss}, mean logits of folds"] = auc(unseen, np.mean([logits_of(h, unseen) for h in fit.heads], axis=0))
        out[f"{loss}, mean weights of folds"] = auc(unseen, logits_of(averaged(fit.heads), unseen))
    return out


def auc(unseen: Examples, logits: np.ndarray) -> float:
    """Return the macro-AUC of logits on the unseen recordings."""
    return macro_auc(unseen.targets > 0.5, logits).macro


if __name__ == "__main__":
    torch.set_num_threads(1)
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 12
    for which in KINDS:
        found = [figures(s, which) for s in range(seeds)]
        for way in found[0]:
            change = np.array([f[way] - f["bce, all rows"] for f in found])
            error = change.std(ddof=1) / len(change) ** 0.5 if len(change) > 1 else float("nan")
            mean = np.mean([f[way] for f in found])
            print(f"{which:14s} {way:32s} {mean:.4f}  {change.mean():+.4f} +- {error:.4f}  "
                  f"higher in {(change > 0).sum()} of {len(change)}", flush=True)  # fmt: skip
