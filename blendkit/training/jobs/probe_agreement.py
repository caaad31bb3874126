"""Whether a head weighs its tokens as the probe ranked them, and how likely chance alone would agree as well."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import permutations

import numpy as np

FEWEST_TOKENS = 5  # of four tokens in perfect agreement, chance agrees as well in 2 of 24 orders: nothing to report
_DRAWS = 9999


def probe_agreement(weights: Mapping[str, Sequence[float]], probed: Mapping[str, float]) -> dict[str, float] | None:
    """Return {rho, p, tokens}: Spearman's rank correlation of learned shares and the probe's top-1.

    weights {token: (share, deviation)}, probed {token: top-1}. p: the share of orders of the tokens whose correlation
    is as far from 0, of all orders up to 7 tokens, else of 9,999 drawn ones. None for fewer than five tokens that both
    have, and where all shares or all top-1 are equal.
    """
    both = sorted(n for n in weights if n in probed)
    if len(both) < FEWEST_TOKENS:
        return None
    from scipy.stats import rankdata

    a, b = (rankdata(x) - (len(both) + 1) / 2 for x in ([weights[n][0] for n in both], [probed[n] for n in both]))
    if not a.any() or not b.any():
        return None
    if len(both) <= 7:
        orders, known = np.array(list(permutations(range(len(both))))), 0
    else:
        rng = np.random.default_rng(0)
        orders, known = rng.permuted(np.tile(np.arange(len(both)), (_DRAWS, 1)), axis=1), 1  # 1: the order found
    found = float(a @ b)
    as_far = int((np.abs(b[orders] @ a) >= abs(found) - 1e-9).sum())
    rho = found / float(np.sqrt((a @ a) * (b @ b)))
    return {"rho": rho, "p": (as_far + known) / (len(orders) + known), "tokens": len(both)}
