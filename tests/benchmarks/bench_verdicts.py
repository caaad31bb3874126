"""How often the words `real`, `undecided` and `not` are right: searches judged, then measured on unseen recordings.

A trial searches weights on some recordings, judges them there by `guard` as every search does, and measures the same
weights on recordings that nothing has seen: 250 others of a made world, or the other half of real ones. Run it as
`python -m tests.benchmarks.bench_verdicts 100` (made worlds), `... 100 oof_432.npz` (halves of a file's recordings,
members in arrays of its own as in the README's example), `... 100 noise` (worlds whose members know nothing) or
`... 100 useless` (the first member alone knows something). Its figures stand in docs/verdicts.md.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np

from blendkit.core import Bools, Float64
from blendkit.metrics import doubled_ranks, paired_bootstrap
from blendkit.searching import ascend, divisions, guard

CHUNKS, UNSEEN, GRID, REPLICATES = 12, 250, 21, 200
WORLDS = {"made": None, "noise": 0, "useless": 1}
Data = tuple[Bools, list[str], dict[str, Float64]]


@dataclass(frozen=True)
class Trial:
    """The word and the share of redraws with a gain; truth: the gain on unseen recordings; blended: of two or more.

    high: the upper end of the truth's own 90 % interval: below 0, the gain is no loss by chance.
    """

    judgement: str
    better: float
    claimed: float
    truth: float
    high: float
    blended: bool


def made(seed: int, knowing: int | None = None) -> tuple[Data, int]:
    """Return a world of 16 to 66 recordings and 250 unseen ones, and how many are not unseen.

    Members differ in strength from class to class, and share from none to nine tenths of their errors. knowing: how
    many of them know anything (None: all); the others, and none of 0, are errors alone, and these are not shared.
    """
    rng = np.random.default_rng(seed)
    known, classes, members = int(rng.choice([16, 24, 40, 66])), int(rng.choice([20, 50])), int(rng.choice([2, 3, 5]))
    shared, base = float(rng.choice([0, 0.3, 0.6, 0.9])), rng.uniform(0.8, 2.2)
    shape = (known + UNSEEN, CHUNKS, classes)
    there = rng.random((shape[0], 1, classes)) < rng.beta(0.6, 6, classes)
    y = there & (rng.random(shape) < rng.uniform(0.2, 0.9, (shape[0], 1, classes)))
    common = _errors(rng, shape)
    scores = {}
    for i in range(members):
        weaker = 0 if i == 0 else rng.choice([0, 0.3, 0.8, 1.5])
        strength = np.clip(base + rng.normal(0, 0.4, classes) - weaker, 0, None)
        if knowing is not None:
            shared, strength = 0.0, strength if i < knowing else np.zeros(classes)
        x = strength * y + np.sqrt(shared) * common + np.sqrt(1 - shared) * _errors(rng, shape)
        scores[f"m{i}"] = x.reshape(-1, classes)
    names = [f"r{i}" for i in range(shape[0]) for _ in range(CHUNKS)]
    return (y.reshape(-1, classes), names, scores), known


def _errors(rng: np.random.Generator, shape: tuple[int, int, int]) -> Float64:
    """Errors of a chunk, and of a whole recording."""
    return np.asarray(0.6 * rng.standard_normal((shape[0], 1, shape[2])) + 0.8 * rng.standard_normal(shape))


def real(path: Path) -> Data:
    """Return truth, recordings and members of an NPZ file with row_ids and labels."""
    with np.load(path) as data:
        y = data["labels"].astype(bool)
        names = [str(r).rpartition("_")[0] for r in data["row_ids"]]
        members = {n: np.asarray(data[n], np.float64) for n in data.files if data[n].shape == y.shape and n != "labels"}
    return (y, names, members)


def judge(data: Data, known: Bools, seed: int) -> Trial:
    """Search and judge on the known rows (N,), and measure the weights found on all others."""
    y, names, scores = data
    ranks = {n: doubled_ranks(x).astype(np.int64) for n, x in scores.items()}
    inside = {n: x[known] for n, x in ranks.items()}
    own = [n for n, k in zip(names, known.tolist(), strict=True) if k]

    def weights(cells: Bools) -> dict[str, float]:
        return ascend(y[known], inside, mask=cells, grid=GRID).weights

    def fit(cells: Bools) -> Float64:
        return _blend(inside, weights(cells))

    found = guard(y[known], inside, fit, divisions(own, seed=seed), own, replicates=REPLICATES, seed=seed)
    of = weights(np.ones(y[known].shape, bool))
    rest = {n: x[~known] for n, x in ranks.items()}
    pair = {"blend": _blend(rest, of), "best": np.asarray(rest[found.best_member], np.float64)}
    unseen = [n for n, k in zip(names, known.tolist(), strict=True) if not k]
    truth = paired_bootstrap(y[~known], pair, unseen, replicates=REPLICATES, seed=seed).difference("blend", "best", 0.9)
    blended = sum(w > 0 for w in of.values()) > 1
    return Trial(found.judgement, found.better, found.gain.estimate, truth.estimate, truth.high, blended)


def _blend(scores: dict[str, Float64], weights: dict[str, float]) -> Float64:
    return np.asarray(sum(w * scores[n] for n, w in weights.items()), np.float64)


def trials(count: int, of: str, first: int) -> list[Trial]:
    """Run trials with seeds from `first` on; of real members (a file), every set of two and more in turn."""
    out = []
    for seed in range(first, first + count):
        if of in WORLDS:
            data, known = made(seed, WORLDS[of])
            rows = np.arange(len(data[1])) < known * CHUNKS
        else:
            y, names, scores = real(Path(of))
            sets = [c for k in range(2, len(scores) + 1) for c in combinations(scores, k)]
            data = y, names, {n: scores[n] for n in sets[seed % len(sets)]}
            distinct = sorted(set(names))
            half = set(np.random.default_rng(seed).permutation(distinct)[: len(distinct) // 2].tolist())
            rows = np.array([n in half for n in names])
        out.append(judge(data, rows, seed))
        print(".", end="", file=sys.stderr, flush=True)
    return out


def report(found: list[Trial]) -> str:
    """Say how often each word was right."""
    claimed, truth, high = (np.array([getattr(t, k) for t in found]) for k in ("claimed", "truth", "high"))
    word = np.array([t.judgement if t.blended else "not" for t in found])
    lines = [f"{len(found)} searches; claimed gain less the true one: {(claimed - truth).mean():+.4f} on average"]
    large = truth >= 0.005
    for name in ("real", "undecided", "not"):
        own = word == name
        below, surely = int((truth[own] < 0).sum()), int((high[own] < 0).sum())
        lines.append(
            f"{name}: {int(own.sum())}, of these {below} worse on unseen recordings ({surely} beyond the noise of that "
            f"figure, by its 90 % interval), {int(large[own].sum())} a gain of .005 or more"
        )
    found_real = int((word[large] == "real").sum())
    lines.append(f"gains of .005 or more called real: {found_real} of {int(large.sum())}")
    return "\n".join(lines)


if __name__ == "__main__":
    given = sys.argv[1:]
    number = int(given[0]) if given else 100
    print(report(trials(number, given[1] if len(given) > 1 else "made", int(given[2]) if len(given) > 2 else 0)))
