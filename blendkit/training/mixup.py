"""Mixup: rows of a batch blended with other rows (Zhang et al. 2018)."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from blendkit.core import Float32
from blendkit.training.examples import Index


def mixup_shares(rows: int, alpha: float, rng: np.random.Generator) -> tuple[Float32, Index]:
    """Return (rows,) shares and partners of mixup (Zhang et al. 2018): x = share x + (1 - share) x[partner].

    Half of the rows are mixed. alpha 0 mixes nothing.
    """
    share = np.ones(rows, np.float32)
    if alpha > 0:
        chosen = rng.random(rows) < 0.5
        share[chosen] = rng.beta(alpha, alpha, int(chosen.sum())).astype(np.float32)
    return share, rng.permutation(rows).astype(np.int64)


def mixed(x: Tensor, share: Tensor, partner: Tensor) -> Tensor:
    """Return x (rows, ...) with each row blended with its partner by its share."""
    if bool((share == 1).all()):
        return x
    by = share.reshape(-1, *[1] * (x.dim() - 1))
    return by * x + (1 - by) * x[partner]


def mixed_counts(counts: Tensor, share: Tensor, partner: Tensor) -> Tensor:
    """Return which cells (rows, C) of blended rows have a known target: of a blend, those that are known in both."""
    return counts & (counts[partner] | (share == 1)[:, None])
