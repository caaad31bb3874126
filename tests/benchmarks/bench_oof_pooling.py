"""Which out-of-fold figure says what unseen recordings give, and orders heads as they do.

    python -m tests.benchmarks.bench_oof_pooling [seeds]

Each seed makes a world: 48 labelled soundscapes of 6 chunks, 400 unseen ones, 10 classes of which half are rare, two
blocks of features, an offset per recording. Eight heads of differing quality are fitted in 5 folds. Every figure of
their out-of-fold logits is compared with the macro-AUC of the head of all rows on the unseen recordings: the mean
error, the mean absolute error, Kendall's tau over the heads of a seed (with its standard error over seeds), and the
share of pairs of heads in its order; then how often the printed intervals lie wholly above or below that figure.
With BLENDKIT_REAL_DATA the same figures are printed of real out-of-fold scores, which have no unseen recordings.
"""

import os
import sys
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import torch

from blendkit.core import Bools, Float64, Int64
from blendkit.metrics import macro_auc, percentile_rank
from blendkit.training.cross_fit import HeadFit, fit_seqhead, logits_of
from blendkit.training.examples import Examples
from blendkit.training.head_networks import HeadShape, Token
from blendkit.training.out_of_fold import judge
from blendkit.training.settings import HeadKind, Mixture, Schedule

CLASSES, CHUNKS = 10, 6
SHAPES = {"weak": (8,), "strong": (12,)}
HEADS: dict[str, tuple[HeadKind, tuple[str, ...], int, int]] = {  # kind, blocks, width, epochs
    "attention 32": ("attention", ("weak", "strong"), 32, 12),
    "attention 8": ("attention", ("weak", "strong"), 8, 12),
    "attention 32, 4 epochs": ("attention", ("weak", "strong"), 32, 4),
    "attention 32, strong": ("attention", ("strong",), 32, 12),
    "mix": ("scalarmix", ("weak", "strong"), 8, 12),
    "mix, 3 epochs": ("scalarmix", ("weak", "strong"), 8, 3),
    "mix, strong": ("scalarmix", ("strong",), 8, 12),
    "mix, weak": ("scalarmix", ("weak",), 8, 12),
}
Way = Callable[[Bools, Float64, Int64], float]


def world(seed: int, recordings: int, of: str) -> Examples:
    """Return chunks of soundscapes; the classes look alike in all worlds of a seed."""
    shared, rng = np.random.default_rng(seed), np.random.default_rng([seed, recordings])
    looks = {n: shared.standard_normal((CLASSES, *s)) for n, s in SHAPES.items()}
    chance = np.linspace(0.04, 0.3, CLASSES)
    here = rng.random((recordings, CLASSES)) < chance * 2  # a class is at a place or not: chunks are not independent
    name = np.repeat([f"{of}{i}" for i in range(recordings)], CHUNKS)
    targets = np.repeat(here, CHUNKS, axis=0) & (rng.random((len(name), CLASSES)) < 0.5)
    features = {}
    for n, noise in (("weak", 2.2), ("strong", 1.3)):
        offset = np.repeat(rng.standard_normal((recordings, *SHAPES[n])), CHUNKS, axis=0)
        x = targets @ looks[n] + offset + noise * rng.standard_normal((len(name), *SHAPES[n]))
        features[n] = x.astype(np.float32)
    ids = np.array([f"{r}_{i}" for i, r in enumerate(name)])
    classes = tuple(f"c{i}" for i in range(CLASSES))
    return Examples(features, targets.astype(np.float32), ids, name, name, np.full(len(name), "chunk"), classes)


def per_fold(change: Callable[[Float64], Float64]) -> Way:
    def way(truth: Bools, logits: Float64, fold: Int64) -> float:
        made = np.empty(logits.shape)
        for f in np.unique(fold):
            made[fold == f] = change(logits[fold == f])
        return macro_auc(truth, made).macro

    return way


def mean_of_folds(truth: Bools, logits: Float64, fold: Int64) -> float:
    return float(np.nanmean([macro_auc(truth[fold == f], logits[fold == f]).macro for f in np.unique(fold)]))


def pairs_within_folds(truth: Bools, logits: Float64, fold: Int64) -> float:
    """Each class's share of right pairs of one fold, over all folds; then the mean over classes."""
    right, pairs = np.zeros(truth.shape[1]), np.zeros(truth.shape[1])
    for f in np.unique(fold):
        t, x = truth[fold == f], logits[fold == f]
        auc = np.array([macro_auc(t[:, [c]], x[:, [c]]).macro for c in range(t.shape[1])])
        own = t.sum(axis=0) * (~t).sum(axis=0)
        right += np.where(own > 0, np.nan_to_num(auc) * own, 0)
        pairs += own
    return float(np.mean(right[pairs > 0] / pairs[pairs > 0]))


def standardised(x: Float64) -> Float64:
    return np.asarray((x - x.mean(axis=0)) / np.maximum(x.std(axis=0), 1e-9))


WAYS: dict[str, Way] = {
    "pooled": lambda truth, logits, fold: macro_auc(truth, logits).macro,
    "mean of folds": mean_of_folds,
    "pairs within folds": pairs_within_folds,
    "pooled ranks of folds": per_fold(percentile_rank),
    "pooled, folds standardised": per_fold(standardised),
}


def figures(seed: int) -> tuple[dict[str, list[float]], list[float], dict[str, list[float]]]:
    """Return {way: one figure per head}, the figures on unseen recordings, and on which side of them intervals lie."""
    labelled, unseen = world(seed, 48, "r"), world(seed, 400, "u")
    found: dict[str, list[float]] = {w: [] for w in WAYS}
    truth: list[float] = []
    side: dict[str, list[float]] = {"pooled": [], "mean of folds": []}
    for kind, blocks, width, epochs in HEADS.values():
        shapes = {b: SHAPES[b] for b in blocks}
        shape = HeadShape(kind, tuple(map(Token, blocks)), shapes, CLASSES, width)
        job = HeadFit(shape, Schedule(epochs=epochs, batch=64, rate=5e-3), Mixture(fewest=512), seed=seed)
        rows = replace(labelled, features={b: labelled.features[b] for b in blocks})
        fit = fit_seqhead(rows, job)
        for name, way in WAYS.items():
            found[name].append(way(rows.targets > 0.5, fit.oof.astype(np.float64), fit.fold))
        truth.append(macro_auc(unseen.targets > 0.5, logits_of(fit.head, unseen)).macro)
        told = judge(rows, fit.oof, fold=fit.fold)["chunk"]
        for name, (_, low, high) in (("pooled", told["macro_auc"]), ("mean of folds", told["by_fold"]["macro_auc"])):
            side[name].append(float(low > truth[-1]) - float(high < truth[-1]))
    return found, truth, side


def agreement(found: list[float], truth: list[float]) -> tuple[float, float]:
    """Return Kendall's tau (ties count nothing) and the share of pairs in the same order."""
    signs = [np.sign(found[i] - found[j]) * np.sign(truth[i] - truth[j]) for i, j in combinations(range(len(truth)), 2)]
    return float(np.mean(signs)), float(np.mean([(s + 1) / 2 for s in signs]))


def real(path: Path) -> None:
    with np.load(path) as held:
        truth, fold = held["labels"].astype(bool), held["fold"]
        print(f"\nreal out-of-fold scores, {len(truth)} chunks, {len(set(fold.tolist()))} folds")
        for name in ("sed_5s", "sed_20s", "noisy_student", "perch_zeroshot", "perch_probes"):
            x = held[name].astype(np.float64)
            print(f"{name:16s}", *(f"{w}: {way(truth, x, fold):.4f}" for w, way in WAYS.items()), sep="  ")


def main(seeds: int = 40) -> None:
    torch.set_num_threads(1)
    made = [figures(s) for s in range(seeds)]
    truth = np.array([t for _, t, _ in made])
    print(f"{seeds} seeds, {len(HEADS)} heads; unseen macro-AUC {truth.min():.3f} to {truth.max():.3f}")
    print(f"{'way':28s} mean error  absolute  tau            same order")
    for name in WAYS:
        error = np.array([f[name] for f, _, _ in made]) - truth
        every = np.array([agreement(f[name], t) for f, t, _ in made])
        (tau, same), spread = every.mean(axis=0), every[:, 0].std(ddof=1) / seeds**0.5
        print(f"{name:28s} {error.mean():+.4f}     {np.abs(error).mean():.4f}    {tau:.3f} +- {spread:.3f}  {same:.3f}")
    for name in made[0][2]:
        side = np.array([s[name] for _, _, s in made])
        print(f"95 % interval, {name:14s} above unseen {(side > 0).mean():.3f}, below {(side < 0).mean():.3f}")
    if folder := os.environ.get("BLENDKIT_REAL_DATA"):
        real(Path(folder) / "birdclef2026" / "oof_432.npz")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
