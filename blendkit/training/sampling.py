"""Which rows make up an epoch: clips by class, a stated share of soundscape chunks, and pseudo-labels."""

from __future__ import annotations

import numpy as np

from blendkit.core import Float32, Float64
from blendkit.training.examples import Examples, Index
from blendkit.training.settings import Mixture


def epoch_rows(examples: Examples, mix: Mixture, rng: np.random.Generator) -> Index:
    """Return the rows of one epoch, shuffled: as many as there are labelled rows, and `fewest` at least.

    Where a kind is missing, its share goes to the others.
    """
    clips, chunks, pseudo = (examples.of_kind(k) for k in ("clip", "chunk", "pseudo"))
    total = max(len(clips) + len(chunks), mix.fewest)
    from_pseudo = round(total * mix.pseudo) if len(pseudo) else 0
    rest = total - from_pseudo
    from_chunks = rest if not len(clips) else (round(rest * mix.soundscape) if len(chunks) else 0)
    drawn = [
        _weighted(examples, clips, rest - from_chunks, mix.balance, rng),
        _uniform(chunks, from_chunks, rng),
        _uniform(pseudo, from_pseudo, rng),
    ]
    return rng.permutation(np.concatenate(drawn))


def class_balance(targets: Float32) -> Float64:
    """Return (N,) chances that make every class come up equally often; rows without a class share one chance.

    targets (N, C). A row of several classes gets the mean of theirs.
    """
    positive = targets > 0.5
    count = positive.sum(axis=0)
    worth = positive @ (1 / np.maximum(count, 1)) / np.maximum(positive.sum(axis=1), 1)
    empty = ~positive.any(axis=1)
    worth[empty] = 1 / max(1, int(empty.sum()))
    return np.asarray(worth / worth.sum())


def _weighted(examples: Examples, rows: Index, count: int, balance: bool, rng: np.random.Generator) -> Index:
    if not count:
        return rows[:0]
    return rng.choice(rows, count, p=class_balance(examples.targets[rows]) if balance else None)


def _uniform(rows: Index, count: int, rng: np.random.Generator) -> Index:
    """Draw rows so that each comes once before any comes again."""
    repeats = -(-count // len(rows)) if count else 0
    return np.concatenate([rows[:0], *(rng.permutation(rows) for _ in range(repeats))])[:count]
